/*
 * pngfile.c - pictures as PNG files, written and read through libpng
 *
 * libpng reports errors by a long jump. It starts and ends here: between setjmp
 * and the jump no frame but libpng's own and ours is on the stack, and no local
 * variable changes that is read after it.
 */
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pngfile.h"

/* What libpng's callbacks are given. */
struct sink {
	struct ss_outfile *file;
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

static void
put(png_structp png, png_bytep data, size_t n)
{
	struct sink *s = png_get_io_ptr(png);
	int r = ss_outfile_write(s->file, data, n, s->e);

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

int
ss_png_write_to(struct ss_outfile *file, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels, struct ss_err *e)
{
	struct sink s = { file, 0, e };
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &s, failed, warned);
	png_infop info = png == NULL ? NULL : png_create_info_struct(png);

	SS_BUG_IF(width == 0 || height == 0 || (channels != 1 && channels != 3));
	if (info == NULL) {
		s.code = ss_fail(e, SS_EIO, "out of memory for a PNG");
	} else {
		png_set_write_fn(png, &s, put, flush);
		if (encode(png, info, pixels, width, height, channels) < 0 && s.code == 0)
			s.code = ss_fail(e, SS_EIO, "cannot write PNG");
	}
	png_destroy_write_struct(&png, &info);
	return s.code;
}

int
ss_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels, struct ss_err *e)
{
	struct ss_outfile *file;
	int r = ss_outfile_open(&file, path, e);

	if (r < 0)
		return r;
	r = ss_png_write_to(file, pixels, width, height, channels, e);
	if (r == 0)
		return ss_outfile_commit(file, e);
	ss_outfile_discard(file);
	return r;
}

/* What libpng's callbacks are given when it reads. */
struct pull {
	FILE *f;
	const char *name;
	int code;			/* of the first failure */
	struct ss_err *e;
};

static int
ended(FILE *f, const char *name, struct ss_err *e)
{
	if (ferror(f))
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", name);
	return ss_fail(e, SS_EDATA, "'%s': damaged PNG: ends at offset %ld", name, ftell(f));
}

static _Noreturn void
damaged(png_structp png, png_const_charp message)
{
	struct pull *p = png_get_error_ptr(png);

	if (p->code == 0 && strstr(message, "memory") != NULL)
		p->code = ss_fail(p->e, SS_EIO, "'%s': %s", p->name, message);
	else if (p->code == 0)
		p->code = ss_fail(p->e, SS_EDATA, "'%s': damaged PNG: %s, near offset %ld", p->name,
		    message, ftell(p->f));
	png_longjmp(png, 1);
}

static void
get(png_structp png, png_bytep data, size_t n)
{
	struct pull *p = png_get_io_ptr(png);

	if (fread(data, 1, n, p->f) == n)
		return;
	p->code = ended(p->f, p->name, p->e);
	png_error(png, "read error");
}

int
ss_png_size(FILE *f, const char *name, uint32_t size[2], struct ss_err *e)
{
	enum { HEAD = 33 };	/* signature, and the IHDR chunk with its checksum */
	unsigned char head[HEAD];

	if (fread(head, 1, HEAD, f) != HEAD)
		return ended(f, name, e);
	if (png_get_uint_32(head + 8) != 13 || memcmp(head + 12, "IHDR", 4) != 0 ||
	    png_get_uint_32(head + 29) != crc32(0, head + 12, 17))
		return ss_fail(e, SS_EDATA, "'%s': damaged PNG: no sound IHDR at offset 8", name);
	size[0] = png_get_uint_32(head + 20);
	size[1] = png_get_uint_32(head + 16);
	return 0;
}

/* What is under way; alpha is what is freed after a jump. */
struct canvas {
	const uint32_t *size;
	int32_t background;
	uint8_t *pixels;
	uint8_t *alpha;		/* (height,width,4) of a picture that is laid over a background */
};

/* n pixels with alpha over a colour: each channel to the nearest level. */
static void
lay_over(uint8_t *rgb, const uint8_t *rgba, size_t n, int32_t background)
{
	for (size_t i = 0; i < n; i++, rgb += 3, rgba += 4)
		for (int c = 0; c < 3; c++) {
			const unsigned behind = (unsigned)background >> (16 - 8 * c) & 255, a = rgba[3];

			rgb[c] = (uint8_t)((rgba[c] * a + behind * (255 - a) + 127) / 255);
		}
}

/* How libpng is to deliver pixels; false: without alpha. */
static bool
choose_transforms(png_structp png, png_infop info, int32_t background)
{
	const bool clear = (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) != 0 ||
	    png_get_valid(png, info, PNG_INFO_tRNS) != 0;

	png_set_expand(png);
	png_set_strip_16(png);
	png_set_gray_to_rgb(png);
	if (background < 0 || !clear)
		png_set_strip_alpha(png);
	return background >= 0 && clear;
}

/* All that may jump. */
static int
decode(png_structp png, png_infop info, struct canvas *to)
{
	const uint32_t *size = to->size;

	if (setjmp(png_jmpbuf(png)) != 0)
		return -1;
	png_set_user_limits(png, size[1], size[0]);
	/* Texts, profiles and the like are passed over, transparency is not; libpng would take memory for what they claim. */
	png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_read_info(png, info);
	if (png_get_image_height(png, info) != size[0] || png_get_image_width(png, info) != size[1])
		png_error(png, "its size has changed");
	const size_t channels = choose_transforms(png, info, to->background) ? 4 : 3, pitch = size[1] * channels;
	const int passes = png_set_interlace_handling(png);

	png_read_update_info(png, info);
	SS_BUG_IF(png_get_rowbytes(png, info) != pitch);
	if (channels == 4 && (to->alpha = calloc(size[0], pitch)) == NULL)
		png_error(png, "out of memory");
	for (int pass = 0; pass < passes; pass++)
		for (uint32_t y = 0; y < size[0]; y++)
			png_read_row(png, (channels == 4 ? to->alpha : to->pixels) + y * pitch, NULL);
	png_read_end(png, NULL);
	if (channels == 4)
		lay_over(to->pixels, to->alpha, (size_t)size[0] * size[1], to->background);
	return 0;
}

int
ss_png_read(FILE *f, const char *name, const uint32_t size[2], int32_t background, uint8_t *pixels,
    struct ss_err *e)
{
	struct pull p = { f, name, 0, e };
	struct canvas to = { size, background, pixels, NULL };
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &p, damaged, warned);
	png_infop info = png == NULL ? NULL : png_create_info_struct(png);

	if (info == NULL) {
		p.code = ss_fail(e, SS_EIO, "out of memory for '%s'", name);
	} else {
		png_set_read_fn(png, &p, get);
		if (decode(png, info, &to) < 0)
			SS_BUG_IF(p.code == 0);
	}
	png_destroy_read_struct(&png, &info, NULL);
	free(to.alpha);
	return p.code;
}
