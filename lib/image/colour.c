/*
 * colour.c - brightness, contrast, saturation, hue, gray
 *
 * The first three blend an image with a degenerate one: black, its mean gray, its
 * gray version. An image of one channel has no colour to change.
 */
#include <string.h>

#include "image/image.h"

static size_t
pixels_of(const struct ss_image *m)
{
	return (size_t)m->height * (size_t)m->width;
}

static void
blend_all(struct ss_image *m, int base, float factor, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++)
		px->blend(m->data + (size_t)c * m->plane, pixels_of(m), base, factor);
}

void
ss_image_brightness(struct ss_image *m, float factor, const struct ss_pixels *px)
{
	blend_all(m, 0, factor, px);
}

/* The mean of the gray version, rounded to a whole level. */
static int
mean_gray(const struct ss_image *m, const struct ss_pixels *px)
{
	const uint8_t *r = m->data, *g = r + m->plane, *b = g + m->plane;
	const size_t n = pixels_of(m);
	uint8_t gray[4096 + SS_PIXELS_SPARE];
	uint64_t sum = 0;

	if (m->channels == 1)
		sum = px->sum(m->data, n);
	for (size_t at = 0, k; m->channels == 3 && at < n; at += k) {
		k = n - at < 4096 ? n - at : 4096;
		px->gray(gray, r + at, g + at, b + at, k);
		sum += px->sum(gray, k);
	}
	return (int)((double)sum / (double)n + 0.5);
}

void
ss_image_contrast(struct ss_image *m, float factor, const struct ss_pixels *px)
{
	blend_all(m, mean_gray(m, px), factor, px);
}

void
ss_image_saturation(struct ss_image *m, float factor, const struct ss_pixels *px)
{
	if (m->channels == 3)
		px->saturate(m->data, m->data + m->plane, m->data + 2 * m->plane, pixels_of(m),
		    factor);
}

void
ss_image_hue(struct ss_image *m, float turn, const struct ss_pixels *px)
{
	/* torchvision multiplies in double and cuts off, towards zero on either side */
	const int shift = (int)((double)turn * 255.0) & 255;

	if (m->channels == 3)
		px->turn(m->data, m->data + m->plane, m->data + 2 * m->plane, pixels_of(m), shift);
}

void
ss_image_gray(struct ss_image *m, const struct ss_pixels *px)
{
	uint8_t *r = m->data, *g = r + m->plane, *b = g + m->plane;

	if (m->channels != 3)
		return;
	px->gray(r, r, g, b, pixels_of(m));
	memcpy(g, r, pixels_of(m));
	memcpy(b, r, pixels_of(m));
}
