/*
 * sheet.c - a contact sheet: records in a grid, the pictures of each side by side
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/sheet.h"

enum {
	MARGIN = 12,		/* around all */
	GAP = 12,		/* between records */
	THIN = 3,		/* between pictures of a record, which belong together */
	BACKGROUND = 0xe8,	/* lighter than most pictures, and no glare */
	BYTES_MAX = 1 << 30
};

/* Pixels that n cells of this size take up. */
static size_t
extent(const struct ss_sheet *s, int n, int cell)
{
	const size_t room = (size_t)n * (size_t)cell;

	return s->tight ? room : 2 * MARGIN + room + (size_t)(n - 1) * GAP;
}

/* Where the k-th of them begins. */
static size_t
place(const struct ss_sheet *s, size_t k, int cell)
{
	return s->tight ? k * (size_t)cell : MARGIN + k * (size_t)(cell + GAP);
}

int
ss_sheet_fitting(int pixels, int cell)
{
	int n = (pixels - 2 * MARGIN + GAP) / (cell + GAP);

	return n < 1 ? 1 : n;
}

int
ss_sheet_measure(struct ss_sheet *s, struct ss_err *e)
{
	size_t bytes;

	SS_BUG_IF(s->columns < 1 || s->rows < 1);
	SS_BUG_IF(s->pictures < 1 || s->pictures > SS_SHEET_PICTURES);
	s->cell_height = 0;
	s->cell_width = s->tight ? 0 : (s->pictures - 1) * THIN;
	for (int k = 0; k < s->pictures; k++) {
		s->cell_width += s->width[k];
		if (s->height[k] > s->cell_height)
			s->cell_height = s->height[k];
	}
	s->total_height = extent(s, s->rows, s->cell_height);
	s->total_width = extent(s, s->columns, s->cell_width);
	SS_BUG_IF(s->total_height == 0 || s->total_width == 0);
	if (!ss_mul(s->total_height, s->total_width, &bytes) || bytes > BYTES_MAX / 3)
		return ss_fail(e, SS_EUSAGE, "a sheet of %zu x %zu pixels is too large",
		    s->total_width, s->total_height);
	return 0;
}

int
ss_sheet_create(struct ss_sheet *s, struct ss_err *e)
{
	int r = ss_sheet_measure(s, e);

	if (r < 0)
		return r;
	/* black is left to calloc, so that room for pictures that do not come costs nothing */
	s->rgb = calloc(s->total_height * s->total_width, 3);
	if (s->rgb == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a sheet of %zu x %zu pixels",
		    s->total_width, s->total_height);
	if (!s->tight)
		memset(s->rgb, BACKGROUND, 3 * s->total_height * s->total_width);
	return 0;
}

void
ss_sheet_free(struct ss_sheet *s)
{
	free(s->rgb);
	s->rgb = NULL;
}

/* Each pixel becomes a square of zoom by zoom. */
static void
paint(struct ss_sheet *s, size_t top, size_t left, const struct ss_image *m, int zoom)
{
	const uint8_t *r = m->data;
	const uint8_t *g = m->channels == 3 ? r + m->plane : r;
	const uint8_t *b = m->channels == 3 ? g + m->plane : r;
	const size_t pitch = 3 * s->total_width, z = (size_t)zoom;

	for (size_t y = 0; y < (size_t)m->height; y++) {
		uint8_t *row = s->rgb + (top + y * z) * pitch + 3 * left, *to = row;

		for (size_t x = 0; x < (size_t)m->width; x++, r++, g++, b++) {
			for (int i = 0; i < zoom; i++, to += 3) {
				to[0] = *r;
				to[1] = *g;
				to[2] = *b;
			}
		}
		for (size_t i = 1; i < z; i++)
			memcpy(row + i * pitch, row, (size_t)(to - row));
	}
}

int
ss_sheet_put(struct ss_sheet *s, size_t n, int k, const struct ss_image *m,
    struct ss_image_work *w, struct ss_err *e)
{
	const size_t column = n % (size_t)s->columns, line = n / (size_t)s->columns;
	const int height = s->height[k], width = s->width[k];
	size_t top = place(s, line, s->cell_height), left = place(s, column, s->cell_width);
	struct ss_image fitted = *m;
	int zoom = height / m->height, r = 0;

	SS_BUG_IF(k >= s->pictures || line >= (size_t)s->rows);
	for (int i = 0; i < k; i++)
		left += (size_t)(s->width[i] + (s->tight ? 0 : THIN));
	if (zoom * m->height == height && zoom * m->width == width) {
		paint(s, top, left, m, zoom);
		return 0;
	}
	/* whichever side is the tighter one fills its place */
	if ((double)m->width * height > (double)m->height * width) {
		fitted.width = width;
		fitted.height = (int)((double)m->height * width / m->width + 0.5);
	} else {
		fitted.height = height;
		fitted.width = (int)((double)m->width * height / m->height + 0.5);
	}
	fitted.height = fitted.height < 1 ? 1 : fitted.height;
	fitted.width = fitted.width < 1 ? 1 : fitted.width;
	fitted.plane = ss_image_plane(fitted.height, fitted.width);
	fitted.data = ss_alloc((size_t)m->channels, fitted.plane);
	if (fitted.data == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a picture");
	r = ss_image_resize(&fitted, m, (struct ss_box){ 0, 0, m->height, m->width }, SS_BILINEAR,
	    false, w, e);
	if (r == 0)
		paint(s, top + (size_t)(height - fitted.height) / 2, left
		    + (size_t)(width - fitted.width) / 2, &fitted, 1);
	free(fitted.data);
	return r;
}

void
ss_sheet_trim(struct ss_sheet *s, size_t n)
{
	const size_t rows = (n + (size_t)s->columns - 1) / (size_t)s->columns;
	const size_t old = 3 * s->total_width;

	SS_BUG_IF(n == 0);
	if (rows < (size_t)s->rows) {
		s->rows = (int)rows;
		s->total_height = extent(s, s->rows, s->cell_height);
	}
	if (n < (size_t)s->columns) {
		size_t now = extent(s, (int)n, s->cell_width);

		s->columns = (int)n;
		s->total_width = now;
		for (size_t y = 0; y < s->total_height; y++)
			memmove(s->rgb + y * 3 * now, s->rgb + y * old, 3 * now);
	}
}
