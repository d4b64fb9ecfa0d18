/*
 * jpegfile.c - pictures from JPEG files, through libjpeg-turbo
 *
 * The segments in front of the image are walked here, as only two numbers of them are
 * wanted: libjpeg would keep them all in memory. It reports errors by a function that may
 * not return, so a long jump starts and ends here: between setjmp and the jump no
 * frame but libjpeg's own and ours is on the stack, and no local variable changes
 * that is read after it.
 */
#include <stdbool.h>
#include <stdio.h>		/* jpeglib.h needs it before */
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <jpeglib.h>
#include <jerror.h>

#include "exif.h"
#include "jpegfile.h"

enum {
	SOI = 0xd8, EOI = 0xd9, SOS = 0xda, APP1 = 0xe1, SEGMENT_MAX = 65533,
	/* For each pixel, progressive files keep 4 components of 2 bytes; beside that tables and odd borders. */
	PIXEL_MEMORY = 8, OTHER_MEMORY = 64 << 20
};

static int
ended(FILE *f, const char *name, struct ss_err *e)
{
	if (ferror(f))
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", name);
	return ss_fail(e, SS_EDATA, "'%s': damaged JPEG: ends at offset %ld", name, ftell(f));
}

/* The next marker; below 0: an error. */
static int
next_marker(FILE *f, const char *name, struct ss_err *e)
{
	int c = getc(f);

	if (c == EOF)
		return ended(f, name, e);
	if (c != 0xff)
		return ss_fail(e, SS_EDATA, "'%s': damaged JPEG: no marker at offset %ld", name, ftell(f) - 1);
	do {
		c = getc(f);
	} while (c == 0xff);
	return c == EOF ? ended(f, name, e) : c;
}

/* SOF0 to SOF15 without the three that are something else. */
static bool
is_frame(int marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static int
take_frame(const uint8_t *p, size_t n, const char *name, struct ss_jpeg_head *h, struct ss_err *e)
{
	if (n < 6)
		return ss_fail(e, SS_EDATA, "'%s': damaged JPEG: a frame header of %zu bytes", name, n);
	if (p[0] != 8)
		return ss_fail(e, SS_EDATA, "'%s': a JPEG of %d bits; only those of 8 can be read", name, p[0]);
	h->size[0] = (uint32_t)(p[1] << 8 | p[2]);
	h->size[1] = (uint32_t)(p[3] << 8 | p[4]);
	return 0;
}

int
ss_jpeg_head(FILE *f, const char *name, struct ss_jpeg_head *h, struct ss_err *e)
{
	uint8_t *segment = malloc(SEGMENT_MAX);
	bool exif = false;
	int r = 0, marker;

	h->orientation = SS_UPRIGHT;
	if (segment == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	while ((marker = next_marker(f, name, e)) >= 0) {
		if (marker == SOI && ftell(f) == 2)
			continue;
		if (marker == SOI || marker == EOI || marker == SOS || marker < 0xc0) {
			r = ss_fail(e, SS_EDATA, "'%s': damaged JPEG: marker %02x at offset %ld, before the image's size",
			    name, marker, ftell(f) - 2);
			break;
		}
		const int high = getc(f), low = getc(f);

		if (low == EOF) {
			r = ended(f, name, e);
			break;
		}
		const int length = high << 8 | low;

		if (length < 2) {
			r = ss_fail(e, SS_EDATA, "'%s': damaged JPEG: a segment of %d bytes at offset %ld", name,
			    length, ftell(f) - 4);
			break;
		}
		const size_t n = (size_t)length - 2;

		if (fread(segment, 1, n, f) != n) {
			r = ended(f, name, e);
			break;
		}
		if (marker == APP1 && !exif && n >= 6 && memcmp(segment, "Exif\0\0", 6) == 0) {
			exif = true;
			h->orientation = ss_exif_orientation(segment, n);
		}
		if (is_frame(marker)) {
			r = take_frame(segment, n, name, h, e);
			break;
		}
	}
	free(segment);
	return marker < 0 ? marker : r;
}

/* What libjpeg's callbacks find their way back by. */
struct pull {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr error;
	struct jpeg_progress_mgr progress;
	jmp_buf back;
	uint8_t *wide;		/* room for a row of CMYK; NULL: the picture has other colours */
	FILE *f;
	const char *name;
	int code;
	struct ss_err *e;
};

/* Where libjpeg is: what it has in its buffer it has not read yet. */
static long
offset(const struct pull *p)
{
	const size_t ahead = p->jpeg.src != NULL ? p->jpeg.src->bytes_in_buffer : 0;

	return ftell(p->f) - (long)ahead;
}

static _Noreturn void
failed(j_common_ptr jpeg)
{
	struct pull *p = jpeg->client_data;
	char why[JMSG_LENGTH_MAX];

	p->error.format_message(jpeg, why);
	if (p->error.msg_code == JERR_OUT_OF_MEMORY)
		p->code = ss_fail(p->e, SS_EIO, "out of memory for '%s'", p->name);
	else if (ferror(p->f))
		p->code = ss_fail_errno(p->e, SS_EIO, "cannot read '%s'", p->name);
	else if (p->error.msg_code == JERR_NO_BACKING_STORE)
		p->code = ss_fail(p->e, SS_EDATA, "'%s': a JPEG that takes more memory than its size allows", p->name);
	else
		p->code = ss_fail(p->e, SS_EDATA, "'%s': damaged JPEG: %s, near offset %ld", p->name, why, offset(p));
	longjmp(p->back, 1);
}

/* level -1: the data are damaged, but something could be made up in their place. */
static void
warned(j_common_ptr jpeg, int level)
{
	if (level < 0)
		failed(jpeg);
}

/* Called now and then while the file is read: each scan of a progressive one costs a pass over all of the picture. */
static void
count_scans(j_common_ptr jpeg)
{
	struct pull *p = jpeg->client_data;

	if (p->jpeg.input_scan_number <= SS_JPEG_SCANS)
		return;
	p->code = ss_fail(p->e, SS_EDATA, "'%s': a JPEG of more than %d scans", p->name, SS_JPEG_SCANS);
	longjmp(p->back, 1);
}

/* A row of CMYK, 255 being no ink, to red, green and blue. */
static void
to_rgb(uint8_t *to, const uint8_t *from, size_t width)
{
	for (size_t x = 0; x < width; x++, from += 4, to += 3) {
		const unsigned k = from[3];

		for (int c = 0; c < 3; c++)
			to[c] = (uint8_t)((from[c] * k + 127) / 255);
	}
}

static void
read_rows(struct pull *p, uint8_t *pixels)
{
	struct jpeg_decompress_struct *j = &p->jpeg;
	const size_t pitch = (size_t)j->output_width * 3;

	while (j->output_scanline < j->output_height) {
		uint8_t *row = pixels + j->output_scanline * pitch;
		JSAMPROW to = p->wide != NULL ? p->wide : row;

		if (jpeg_read_scanlines(j, &to, 1) == 1 && p->wide != NULL)
			to_rgb(row, p->wide, j->output_width);
	}
}

/* All that may jump. */
static int
decode(struct pull *p, const uint32_t size[2], int eighths, uint8_t *pixels)
{
	struct jpeg_decompress_struct *j = &p->jpeg;

	if (setjmp(p->back) != 0)
		return -1;
	jpeg_create_decompress(j);
	j->client_data = p;
	j->progress = &p->progress;
	j->mem->max_memory_to_use = (long)((size_t)size[0] * size[1] * PIXEL_MEMORY + OTHER_MEMORY);
	jpeg_stdio_src(j, p->f);
	jpeg_read_header(j, TRUE);
	if (j->image_height != size[0] || j->image_width != size[1]) {
		p->code = ss_fail(p->e, SS_EDATA, "'%s': damaged JPEG: it states its size twice", p->name);
		return -1;
	}
	j->scale_num = (unsigned)eighths;
	j->scale_denom = 8;
	if (j->jpeg_color_space == JCS_CMYK || j->jpeg_color_space == JCS_YCCK) {
		j->out_color_space = JCS_CMYK;
		p->wide = j->mem->alloc_large((j_common_ptr)j, JPOOL_IMAGE, (size_t)size[1] * 4);
	} else {
		j->out_color_space = JCS_RGB;
	}
	jpeg_start_decompress(j);
	SS_BUG_IF(j->output_height != ss_jpeg_part(size[0], eighths) || j->output_width != ss_jpeg_part(size[1], eighths));
	SS_BUG_IF(j->output_components != (p->wide != NULL ? 4 : 3));
	read_rows(p, pixels);
	jpeg_finish_decompress(j);
	return 0;
}

int
ss_jpeg_read(FILE *f, const char *name, const uint32_t size[2], int eighths, uint8_t *pixels,
    struct ss_err *e)
{
	struct pull *p = calloc(1, sizeof(*p));
	int code;

	if (p == NULL)
		return ss_fail(e, SS_EIO, "out of memory for '%s'", name);
	p->f = f;
	p->name = name;
	p->e = e;
	p->jpeg.err = jpeg_std_error(&p->error);
	p->jpeg.client_data = p;
	p->error.error_exit = failed;
	p->error.emit_message = warned;
	p->progress.progress_monitor = count_scans;
	if (decode(p, size, eighths, pixels) < 0)
		SS_BUG_IF(p->code == 0);
	jpeg_destroy_decompress(&p->jpeg);
	code = p->code;
	free(p);
	return code;
}
