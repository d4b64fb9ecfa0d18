/*
 * canvas.c - lines, rectangles, marks and text on pixels
 *
 * The share of a pixel that a form covers is taken from the distance of the pixel's middle to
 * the form's edge: 1/2 on it, 0 and 1 half a pixel to either side. That is exact for edges
 * along the axes, and a few hundredths off for others.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/canvas.h"
#include "image/font.h"

enum { PIXELS_MAX = (1 << 30) / 9 };

int
ss_canvas_create(struct ss_canvas *c, int width, int height, struct ss_err *e)
{
	size_t pixels;

	if (width < 1 || height < 1 || !ss_mul((size_t)width, (size_t)height, &pixels) ||
	    pixels > PIXELS_MAX)
		return ss_fail(e, SS_EUSAGE, "a picture of %d x %d pixels is too large", width, height);
	*c = (struct ss_canvas){ width, height, malloc(3 * pixels) };
	if (c->rgb == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a picture of %d x %d pixels", width, height);
	memset(c->rgb, 255, 3 * pixels);
	return 0;
}

void
ss_canvas_free(struct ss_canvas *c)
{
	free(c->rgb);
	c->rgb = NULL;
}

/* share: of the pixel, 0..1 */
static void
blend(struct ss_canvas *c, int x, int y, struct ss_colour colour, double share)
{
	const uint8_t to[3] = { colour.r, colour.g, colour.b };
	uint8_t *p = c->rgb + 3 * ((size_t)y * (size_t)c->width + (size_t)x);

	for (int i = 0; i < 3; i++)
		p[i] = (uint8_t)(p[i] + (to[i] - p[i]) * share + 0.5);
}

static double
clamp(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

static int
within(double v, int most)
{
	return v < 0 ? 0 : v > most ? most : (int)v;
}

/* How much of the pixel that begins at `at` lies between lo and hi. */
static double
overlap(double lo, double hi, int at)
{
	return clamp(fmin(hi, at + 1) - fmax(lo, at));
}

void
ss_canvas_rectangle(struct ss_canvas *c, double x0, double y0, double x1, double y1,
    struct ss_colour colour, double opacity)
{
	const double left = fmin(x0, x1), right = fmax(x0, x1), top = fmin(y0, y1), bottom = fmax(y0, y1);

	for (int y = within(top, c->height); y < within(ceil(bottom), c->height); y++)
		for (int x = within(left, c->width); x < within(ceil(right), c->width); x++)
			blend(c, x, y, colour, opacity * overlap(left, right, x) * overlap(top, bottom, y));
}

void
ss_canvas_line(struct ss_canvas *c, double x0, double y0, double x1, double y1, double width,
    struct ss_colour colour, double opacity)
{
	const double dx = x1 - x0, dy = y1 - y0, square = dx * dx + dy * dy;
	const double reach = fmax(width, 1) / 2 + 0.5;		/* thinner than a pixel: as wide as one, but paler */
	const int top = within(fmin(y0, y1) - reach, c->height), left = within(fmin(x0, x1) - reach, c->width);
	const int bottom = within(fmax(y0, y1) + reach + 1, c->height);
	const int right = within(fmax(x0, x1) + reach + 1, c->width);

	for (int y = top; y < bottom; y++) {
		for (int x = left; x < right; x++) {
			const double px = x + 0.5 - x0, py = y + 0.5 - y0;
			const double t = square > 0 ? clamp((px * dx + py * dy) / square) : 0;
			const double share = clamp(reach - hypot(px - t * dx, py - t * dy));

			if (share > 0)
				blend(c, x, y, colour, opacity * share * fmin(width, 1));
		}
	}
}

/* How far (x,y) is outside of a mark of area pi r^2 around the origin; negative: inside. */
static double
outside(enum ss_mark mark, double r, double x, double y)
{
	static const double root = 0.70710678118654752;		/* of 1/2 */
	const double side = r * 1.7724538509055160;		/* root of pi: the side of a square */
	const double third = r * 0.77756015077810672;	/* its inner radius: the root of pi / (3 root of 3) */

	switch (mark) {
	case SS_SQUARE:
		return fmax(fabs(x), fabs(y)) - side / 2;
	case SS_DIAMOND:
		return (fabs(x) + fabs(y)) * root - side / 2;
	case SS_TRIANGLE:	/* one corner up */
		return fmax(y, fabs(x) * 0.86602540378443865 - y / 2) - third;
	default:
		return hypot(x, y) - r;
	}
}

void
ss_canvas_mark(struct ss_canvas *c, double x, double y, double radius, enum ss_mark mark,
    struct ss_colour colour, double opacity)
{
	const double reach = 1.6 * radius + 1;	/* a triangle's corner is farthest: 2 * 0.778 radius */
	const int right = within(x + reach + 1, c->width), bottom = within(y + reach + 1, c->height);

	for (int j = within(y - reach, c->height); j < bottom; j++) {
		for (int i = within(x - reach, c->width); i < right; i++) {
			double share = clamp(0.5 - outside(mark, radius, i + 0.5 - x, j + 0.5 - y));

			if (share > 0)
				blend(c, i, j, colour, opacity * share);
		}
	}
}

static int
dot(const uint8_t rows[SS_FONT_HEIGHT], int x, int y)
{
	return x >= 0 && x < SS_FONT_WIDTH && y >= 0 && y < SS_FONT_HEIGHT &&
	    (rows[y] >> (SS_FONT_WIDTH - 1 - x) & 1);
}

/*
 * The share of the glyph's pixel (x,y), scale of which make a dot. Dots that touch by a corner
 * alone are joined by filling the half of each empty dot between them that lies at the corner.
 */
static double
glyph_share(const uint8_t rows[SS_FONT_HEIGHT], int scale, int x, int y)
{
	const int i = x / scale, j = y / scale;		/* of the dot */
	const int across = 2 * (x % scale) < scale ? -1 : 1, down = 2 * (y % scale) < scale ? -1 : 1;
	const int u = across < 0 ? x % scale : scale - 1 - x % scale;	/* from the nearest corner */
	const int v = down < 0 ? y % scale : scale - 1 - y % scale;

	if (dot(rows, i, j))
		return 1;
	if (!dot(rows, i + across, j) || !dot(rows, i, j + down) || dot(rows, i + across, j + down))
		return 0;
	return clamp(scale / 2.0 - (u + v) - 0.5);
}

void
ss_canvas_text(struct ss_canvas *c, int x, int y, const char *text, int scale, int up,
    struct ss_colour colour)
{
	uint8_t rows[SS_FONT_HEIGHT];

	for (int cell = 0; *text != '\0'; cell += SS_FONT_WIDTH * scale) {
		ss_font_glyph(&text, rows);
		for (int j = 0; j < SS_FONT_HEIGHT * scale; j++) {
			for (int i = 0; i < SS_FONT_WIDTH * scale; i++) {
				const double share = glyph_share(rows, scale, i, j);
				const int px = up ? x + j : x + cell + i, py = up ? y - cell - i - 1 : y + j;

				if (share > 0 && px >= 0 && py >= 0 && px < c->width && py < c->height)
					blend(c, px, py, colour, share);
			}
		}
	}
}
