/*
 * imagefile.c - a picture in a file of its own, as red, green and blue of 8 bits
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "exif.h"
#include "image/image.h"
#include "imagefile.h"
#include "jpegfile.h"
#include "pngfile.h"

enum {
	MAGIC_MAX = 8,
	GAP = 2		/* what is left to the filter of a JPEG that is decoded smaller than it is */
};

/* A picture as its file has it. */
struct stored {
	uint32_t size[2];	/* height, width */
	int orientation;
};

struct ss_imagefile_work {
	struct ss_image_work *image;
	uint8_t *rgb, *planes, *scaled;
	size_t rgb_room, planes_room, scaled_room;
};

static int
png_head(FILE *f, const char *name, struct stored *s, struct ss_err *e)
{
	s->orientation = SS_UPRIGHT;
	return ss_png_size(f, name, s->size, e);
}

static int
png_read(FILE *f, const char *name, const struct stored *s, int eighths, int32_t background,
    uint8_t *rgb, struct ss_err *e)
{
	(void)eighths;
	return ss_png_read(f, name, s->size, background, rgb, e);
}

static int
jpeg_head(FILE *f, const char *name, struct stored *s, struct ss_err *e)
{
	struct ss_jpeg_head h;
	const int r = ss_jpeg_head(f, name, &h, e);

	if (r < 0)
		return r;
	*s = (struct stored){ { h.size[0], h.size[1] }, h.orientation };
	return 0;
}

static int
jpeg_read(FILE *f, const char *name, const struct stored *s, int eighths, int32_t background,
    uint8_t *rgb, struct ss_err *e)
{
	(void)background;
	return ss_jpeg_read(f, name, s->size, eighths, rgb, e);
}

/* A format without functions is known but not read: its files get a message that says so. */
static const struct format {
	const char *name;
	size_t length;
	unsigned char magic[MAGIC_MAX];
	bool parts;		/* can be decoded to 1, 2 or 4 eighths */
	/* f stands at its beginning; name is for messages; rgb comes (height,width,3) */
	int (*head)(FILE *f, const char *name, struct stored *s, struct ss_err *e);
	int (*read)(FILE *f, const char *name, const struct stored *s, int eighths, int32_t background,
	    uint8_t *rgb, struct ss_err *e);
} formats[] = {
	{ "PNG", 8, { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' }, false, png_head, png_read },
	{ "JPEG", 3, { 0xff, 0xd8, 0xff }, true, jpeg_head, jpeg_read },
	{ "GIF", 4, { 'G', 'I', 'F', '8' }, false, NULL, NULL },
	{ "TIFF", 4, { 'I', 'I', '*', 0 }, false, NULL, NULL },
	{ "TIFF", 4, { 'M', 'M', 0, '*' }, false, NULL, NULL },
	{ "WebP", 4, { 'R', 'I', 'F', 'F' }, false, NULL, NULL },
	{ "BMP", 2, { 'B', 'M' }, false, NULL, NULL }
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

int
ss_imagefile_open(FILE **f, const char *path, struct ss_err *e)
{
	*f = fopen(path, "rbe");
	if (*f == NULL && (errno == ENOENT || errno == ELOOP))
		return ss_fail(e, SS_EDATA, "'%s': no image: a link that leads nowhere", path);
	if (*f == NULL)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	return 0;
}

static int
find_format(FILE *f, const char *name, const struct format **out, struct ss_err *e)
{
	unsigned char head[MAGIC_MAX] = { 0 };
	const size_t n = fread(head, 1, sizeof(head), f);

	if (ferror(f))
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", name);
	if (n == 0)
		return ss_fail(e, SS_EDATA, "'%s': no image: the file is empty", name);
	for (*out = formats; *out < formats + FORMATS; (*out)++)
		if (n >= (*out)->length && memcmp(head, (*out)->magic, (*out)->length) == 0)
			break;
	if (*out == formats + FORMATS)
		return ss_fail(e, SS_EDATA, "'%s': no image: it begins with %02x %02x %02x %02x", name,
		    head[0], head[1], head[2], head[3]);
	if ((*out)->read == NULL)
		return ss_fail(e, SS_EDATA, "'%s': a %s file; only JPEG and PNG can be read", name, (*out)->name);
	rewind(f);
	return 0;
}

/* The size of the picture upright and, if asked for, scaled; not yet cropped. */
static void
find_size(const struct stored *s, const struct ss_imagefile_how *how, uint64_t size[2])
{
	const int turned = ss_exif_turned(s->orientation);

	size[0] = s->size[turned];
	size[1] = s->size[!turned];
	const int longer = size[1] > size[0];
	const uint64_t least = size[!longer];

	if (how->side == 0)
		return;
	size[longer] = size[longer] * how->side / least;
	size[!longer] = how->side;
}

/* All that is known before the picture is read; f stands at its beginning again. */
static int
look(FILE *f, const char *name, const struct ss_imagefile_how *how, const struct format **format,
    struct stored *s, uint64_t size[2], struct ss_err *e)
{
	int r = find_format(f, name, format, e);

	if (r < 0 || (r = (*format)->head(f, name, s, e)) < 0)
		return r;
	rewind(f);
	const uint64_t most = how->side != 0 || how->pixels < SS_IMAGEFILE_PIXELS ? how->pixels : SS_IMAGEFILE_PIXELS;

	if (s->size[0] == 0 || s->size[1] == 0 || s->size[1] > most / s->size[0])
		return ss_fail(e, SS_EDATA, "'%s': an image of %u x %u pixels; from 1 to %llu can be read",
		    name, s->size[1], s->size[0], (unsigned long long)most);
	find_size(s, how, size);
	if (size[1] > SS_IMAGEFILE_PIXELS / size[0])
		return ss_fail(e, SS_EDATA, "'%s': an image of %u x %u pixels, scaled to %llu x %llu: more than %zu",
		    name, s->size[1], s->size[0], (unsigned long long)size[1], (unsigned long long)size[0],
		    SS_IMAGEFILE_PIXELS);
	return 0;
}

int
ss_imagefile_size(FILE *f, const char *name, const struct ss_imagefile_how *how, uint32_t size[2],
    struct ss_err *e)
{
	const struct format *format;
	struct stored s;
	uint64_t whole[2];
	const int r = look(f, name, how, &format, &s, whole, e);

	if (r < 0)
		return r;
	size[0] = how->crop ? how->side : (uint32_t)whole[0];
	size[1] = how->crop ? how->side : (uint32_t)whole[1];
	return 0;
}

struct ss_imagefile_work *
ss_imagefile_work_create(void)
{
	struct ss_imagefile_work *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->image = ss_image_work_create(ss_pixels())) == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

void
ss_imagefile_work_free(struct ss_imagefile_work *w)
{
	if (w == NULL)
		return;
	ss_image_work_free(w->image);
	free(w->rgb);
	free(w->planes);
	free(w->scaled);
	free(w);
}

/* Makes *p, of *room bytes, hold at least n; what it held is lost. */
static int
widen(uint8_t **p, size_t *room, size_t n, const char *name, struct ss_err *e)
{
	if (n <= *room)
		return 0;
	free(*p);
	*p = malloc(n);
	*room = *p == NULL ? 0 : n;
	return *p != NULL ? 0 : ss_fail(e, SS_EIO, "out of memory for '%s'", name);
}

/*
 * How small a picture may be decoded. The filter has to have something left to do; and where the last
 * row or column comes to be from less than the others, it has to be the last in the upright one too.
 */
static int
choose_eighths(const struct format *format, const struct stored *s, const struct ss_imagefile_how *how)
{
	const uint32_t shorter = s->size[0] < s->size[1] ? s->size[0] : s->size[1];
	int eighths = 8;

	for (int part = 4; part > 0 && format->parts && how->side != 0; part /= 2) {
		const bool even = s->size[0] * (uint64_t)part % 8 == 0 && s->size[1] * (uint64_t)part % 8 == 0;

		if (ss_jpeg_part(shorter, part) / GAP < how->side)
			break;
		if (even || s->orientation == 1 || s->orientation == 5)
			eighths = part;
	}
	return eighths;
}

/* The stored picture into w->rgb; size[] gets what it is then, upright. */
static int
read_stored(FILE *f, const char *name, const struct ss_imagefile_how *how, const struct format *format,
    const struct stored *s, int eighths, struct ss_imagefile_work *w, uint32_t size[2], struct ss_err *e)
{
	const int turned = ss_exif_turned(s->orientation);
	int r;

	size[0] = ss_jpeg_part(s->size[turned], eighths);
	size[1] = ss_jpeg_part(s->size[!turned], eighths);
	if ((r = widen(&w->rgb, &w->rgb_room, (size_t)3 * size[0] * size[1], name, e)) < 0)
		return r;
	return format->read(f, name, s, eighths, how->background, w->rgb, e);
}

/*
 * w->planes, of this size, to what is wanted: scaled to whole[], or the middle of that. The last
 * row and column of a picture decoded smaller may have come to be from less than the others.
 */
static int
scale(const char *name, const struct ss_imagefile_how *how, const uint32_t size[2], const double counted[2],
    const uint64_t whole[2], struct ss_imagefile_work *w, uint8_t *pixels, struct ss_err *e)
{
	const int height = (int)whole[0], width = (int)whole[1], side = (int)how->side;
	const struct ss_image in = { w->planes, 3, (int)size[0], (int)size[1], (size_t)size[0] * size[1] };
	struct ss_image out = { NULL, 3, height, width, ss_image_plane(height, width) };
	/* as torchvision's CenterCrop: halves go to the even number */
	const int top = (height - side + (height - side) / 2 % 2) / 2, left = (width - side + (width - side) / 2 % 2) / 2;
	int r = widen(&w->scaled, &w->scaled_room, 3 * out.plane, name, e);

	if (r < 0)
		return r;
	out.data = w->scaled;
	if ((r = ss_image_scale(&out, &in, counted[0], counted[1], SS_BILINEAR, w->image, e)) < 0)
		return r;
	for (size_t c = 0; c < 3; c++) {
		const uint8_t *from = out.data + c * out.plane;

		if (!how->crop) {
			memcpy(pixels + c * (size_t)height * (size_t)width, from, (size_t)height * (size_t)width);
			continue;
		}
		for (int y = 0; y < side; y++, pixels += side)
			memcpy(pixels, from + (size_t)(top + y) * (size_t)width + left, (size_t)side);
	}
	return 0;
}

int
ss_imagefile_read(FILE *f, const char *name, const struct ss_imagefile_how *how, const uint32_t size[2],
    struct ss_imagefile_work *w, uint8_t *pixels, struct ss_err *e)
{
	const struct ss_pixels *px = ss_image_work_pixels(w->image);
	const struct format *format;
	struct stored s;
	uint64_t whole[2];
	uint32_t part[2];
	int r = look(f, name, how, &format, &s, whole, e);

	if (r < 0)
		return r;
	if (how->crop ? size[0] != how->side || size[1] != how->side : size[0] != whole[0] || size[1] != whole[1])
		return ss_fail(e, SS_EDATA, "'%s': its size has changed", name);
	const int eighths = choose_eighths(format, &s, how), turned = ss_exif_turned(s.orientation);
	const double counted[2] = { s.size[turned] * eighths / 8.0, s.size[!turned] * eighths / 8.0 };

	if ((r = read_stored(f, name, how, format, &s, eighths, w, part, e)) < 0)
		return r;
	if (how->side == 0) {
		ss_exif_upright(pixels, part, w->rgb, s.orientation, px);
		return 0;
	}
	if ((r = widen(&w->planes, &w->planes_room, (size_t)3 * part[0] * part[1], name, e)) < 0)
		return r;
	ss_exif_upright(w->planes, part, w->rgb, s.orientation, px);
	return scale(name, how, part, counted, whole, w, pixels, e);
}
