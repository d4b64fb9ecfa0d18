/*
 * pngfile.c - pictures as PNG files, through libpng
 *
 * libpng reports errors by a long jump. It starts and ends here: between setjmp
 * and the jump no frame but libpng's own and ours is on the stack, and no local
 * variable changes that is read after it.
 */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "outfile.h"
#include "pngfile.h"

/* What libpng's callbacks are given. */
struct sink {
	struct ss_outfile *file;	/* NULL: standard output */
	int code;			/* of the first failure */
	struct ss_err *e;
};

static _Noreturn void
failed(png_structp png, png_const_charp message)
{
	struct sink *s = png_get_error_ptr(png);

	if (s->code == 0)
		s->code = ss_fail(s->e, SS_EIO, "cannot write PNG: %s", message);
	png_longjmp(png, 1);
}

static void
warned(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static int
write_all(const uint8_t *p, size_t n, struct ss_err *e)
{
	while (n > 0) {
		ssize_t k = write(STDOUT_FILENO, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return ss_fail_errno(e, SS_EIO, "cannot write standard output");
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

static void
put(png_structp png, png_bytep data, size_t n)
{
	struct sink *s = png_get_io_ptr(png);
	int r;

	if (s->file == NULL)
		r = write_all(data, n, s->e);
	else
		r = ss_outfile_write(s->file, data, n, s->e);
	if (r < 0) {
		s->code = r;
		png_error(png, "write error");
	}
}

static void
flush(png_structp png)
{
	(void)png;
}

/* All that may jump. */
static int
encode(png_structp png, png_infop info, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels)
{
	const size_t pitch = (size_t)width * (size_t)channels;

	if (setjmp(png_jmpbuf(png)) != 0)
		return -1;
	png_set_IHDR(png, info, width, height, 8,
	    channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
	    PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (uint32_t y = 0; y < height; y++)
		png_write_row(png, pixels + y * pitch);
	png_write_end(png, info);
	return 0;
}

static int
write_to(struct sink *s, const uint8_t *pixels, uint32_t width, uint32_t height, int channels)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, s, failed, warned);
	png_infop info = png == NULL ? NULL : png_create_info_struct(png);

	if (info == NULL) {
		s->code = ss_fail(s->e, SS_EIO, "out of memory for a PNG");
	} else {
		png_set_write_fn(png, s, put, flush);
		if (encode(png, info, pixels, width, height, channels) < 0 && s->code == 0)
			s->code = ss_fail(s->e, SS_EIO, "cannot write PNG");
	}
	png_destroy_write_struct(&png, &info);
	return s->code;
}

int
ss_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels, struct ss_err *e)
{
	struct sink s = { NULL, 0, e };
	int r;

	SS_BUG_IF(width == 0 || height == 0 || (channels != 1 && channels != 3));
	if (path == NULL || strcmp(path, "-") == 0)
		return write_to(&s, pixels, width, height, channels);
	r = ss_outfile_open(&s.file, path, e);
	if (r < 0)
		return r;
	r = write_to(&s, pixels, width, height, channels);
	if (r == 0)
		return ss_outfile_commit(s.file, e);
	ss_outfile_discard(s.file);
	return r;
}
