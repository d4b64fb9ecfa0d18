/*
 * imagefile.c - a picture in a file of its own, as red, green and blue of 8 bits
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imagefile.h"
#include "pngfile.h"

enum { MAGIC_MAX = 8 };

/* A format without functions is known but not read: its files get a message that says so. */
static const struct format {
	const char *name;
	size_t length;
	unsigned char magic[MAGIC_MAX];
	/* f stands at its beginning; name is for messages; pixels come (height,width,3) */
	int (*size)(FILE *f, const char *name, uint32_t size[2], struct ss_err *e);
	int (*read)(FILE *f, const char *name, const uint32_t size[2], uint8_t *pixels, struct ss_err *e);
} formats[] = {
	{ "PNG", 8, { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' }, ss_png_size, ss_png_read },
	{ "JPEG", 3, { 0xff, 0xd8, 0xff }, NULL, NULL },
	{ "GIF", 4, { 'G', 'I', 'F', '8' }, NULL, NULL },
	{ "TIFF", 4, { 'I', 'I', '*', 0 }, NULL, NULL },
	{ "TIFF", 4, { 'M', 'M', 0, '*' }, NULL, NULL },
	{ "WebP", 4, { 'R', 'I', 'F', 'F' }, NULL, NULL },
	{ "BMP", 2, { 'B', 'M' }, NULL, NULL }
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int
find_format(FILE *f, const char *path, const struct format **out, struct ss_err *e)
{
	unsigned char head[MAGIC_MAX] = { 0 };
	const size_t n = fread(head, 1, sizeof(head), f);

	if (ferror(f))
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", path);
	if (n == 0)
		return ss_fail(e, SS_EDATA, "'%s': no image: the file is empty", path);
	for (*out = formats; *out < formats + FORMATS; (*out)++)
		if (n >= (*out)->length && memcmp(head, (*out)->magic, (*out)->length) == 0)
			break;
	if (*out == formats + FORMATS)
		return ss_fail(e, SS_EDATA, "'%s': no image: it begins with %02x %02x %02x %02x", path,
		    head[0], head[1], head[2], head[3]);
	if ((*out)->read == NULL)
		return ss_fail(e, SS_EDATA, "'%s': a %s file; only PNG can be read", path, (*out)->name);
	rewind(f);
	return 0;
}

static int
open_image(const char *path, FILE **f, const struct format **format, struct ss_err *e)
{
	int r;

	*f = fopen(path, "rbe");
	if (*f == NULL && (errno == ENOENT || errno == ELOOP))
		return ss_fail(e, SS_EDATA, "'%s': no image: a link that leads nowhere", path);
	if (*f == NULL)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	if ((r = find_format(*f, path, format, e)) < 0)
		fclose(*f);
	return r;
}

int
ss_imagefile_size(const char *path, uint32_t size[2], struct ss_err *e)
{
	const struct format *format;
	FILE *f;
	int r = open_image(path, &f, &format, e);

	if (r < 0)
		return r;
	r = format->size(f, path, size, e);
	fclose(f);
	if (r == 0 && (size[0] == 0 || size[1] == 0 || size[1] > SS_IMAGEFILE_PIXELS / size[0]))
		return ss_fail(e, SS_EDATA, "'%s': an image of %u x %u pixels; from 1 to %zu can be read",
		    path, size[1], size[0], SS_IMAGEFILE_PIXELS);
	return r;
}

int
ss_imagefile_read(const char *path, const uint32_t size[2], uint8_t *pixels, struct ss_err *e)
{
	const size_t plane = (size_t)size[0] * size[1];
	const struct format *format;
	uint8_t *rgb;
	FILE *f;
	int r = open_image(path, &f, &format, e);

	if (r < 0)
		return r;
	if ((rgb = malloc(3 * plane)) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory for '%s'", path);
	else
		r = format->read(f, path, size, rgb, e);
	for (size_t i = 0; r == 0 && i < plane; i++)
		for (size_t c = 0; c < 3; c++)
			pixels[c * plane + i] = rgb[3 * i + c];
	free(rgb);
	fclose(f);
	return r;
}
