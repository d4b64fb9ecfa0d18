/*
 * blur.c - the two Gaussian blurs that people use
 *
 * Pillow's: three passes of a box filter, first along all rows, then along all
 * columns, rounded to bytes after each. The box has the width for which three
 * passes have the variance of the Gaussian, its two ends counted in part
 * (Gwosdek et al., SSVM 2011, "Theoretical foundations of Gaussian convolution by
 * extended box filtering"). torchvision's: the sampled Gaussian, in float.
 */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "image/image_work.h"

enum { PASSES = 3 };

/* Equations 7, 11 and 14 of the paper, in Pillow's mixture of float and double. */
static float
box_radius(float sigma)
{
	float variance = sigma * sigma / PASSES;
	float length = (float)sqrt(12.0 * variance + 1.0);
	float whole = (float)floor((length - 1.0) / 2.0);
	float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);

	part /= 6 * (variance - (whole + 1) * (whole + 1));
	return whole + part;
}

/* A row with its ends repeated pad times. */
static void
pad_row(uint8_t *out, const uint8_t *row, size_t n, size_t pad)
{
	memset(out, row[0], pad);
	memcpy(out + pad, row, n);
	memset(out + pad + n, row[n - 1], pad);
}

static int
blur_pillow(struct ss_image *m, float sigma, struct ss_image_work *w, struct ss_err *e)
{
	const float length = box_radius(sigma);
	const int radius = (int)length;
	const uint32_t whole = (uint32_t)((float)(1 << 24) / (length * 2 + 1));
	const uint32_t edge = ((1u << 24) - (uint32_t)(radius * 2 + 1) * whole) / 2;
	const size_t height = (size_t)m->height, width = (size_t)m->width;
	const size_t pad = (size_t)radius + 1, wide = width + 2 * pad;
	uint8_t *space = ss_work_room(w, 0, (height + 2 * pad) * wide);

	if (space == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	for (int c = 0; c < m->channels; c++) {
		uint8_t *plane = m->data + (size_t)c * m->plane;

		for (int pass = 0; pass < PASSES; pass++) {
			for (size_t y = 0; y < height; y++)
				pad_row(space + y * wide, plane + y * width, width, pad);
			for (size_t y = 0; y < height; y++)
				w->px->box(plane + y * width, space + y * wide + pad, width, 1,
				    radius, whole, edge);
		}
		for (int pass = 0; pass < PASSES; pass++) {
			uint8_t *row = space;

			for (size_t i = 0; i < pad; i++, row += width)
				memcpy(row, plane, width);
			memcpy(row, plane, height * width);
			row += height * width;
			for (size_t i = 0; i < pad; i++, row += width)
				memcpy(row, plane + (height - 1) * width, width);
			w->px->box(plane, space + pad * width, height * width, (ptrdiff_t)width,
			    radius, whole, edge);
		}
	}
	return 0;
}

/* 3 2 1 | 0 1 2 3 | 2 1 0: the index of pixel i of a line of n whose ends are mirrors */
static size_t
reflect(ptrdiff_t i, size_t n)
{
	if (i < 0)
		i = -i;
	return (size_t)(i < (ptrdiff_t)n ? i : 2 * (ptrdiff_t)n - 2 - i);
}

static void
gaussian(float *coef, int kernel, float sigma)
{
	float sum = 0;

	for (int k = 0; k < kernel; k++) {
		float x = (float)(k - kernel / 2) / sigma;

		coef[k] = expf(-0.5f * (x * x));
		sum += coef[k];
	}
	for (int k = 0; k < kernel; k++)
		coef[k] /= sum;
}

static int
blur_torch(struct ss_image *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e)
{
	const size_t height = (size_t)m->height, width = (size_t)m->width, n = height * width;
	const size_t reach = (size_t)kernel / 2, line = width + 2 * reach + SS_PIXELS_SPARE;
	float *tall = ss_work_room(w, 0, (height + 2 * reach) * width * sizeof(float));
	float *flat = ss_work_room(w, 1, (n + SS_PIXELS_SPARE) * sizeof(float));
	float *rest = ss_work_room(w, 2, ((size_t)kernel + 2 * line) * sizeof(float));
	float *coef = rest, *padded, *row;

	SS_BUG_IF(kernel % 2 == 0 || reach >= height || reach >= width);
	if (tall == NULL || flat == NULL || rest == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	padded = rest + kernel;
	row = padded + line;
	gaussian(coef, kernel, sigma);
	for (int c = 0; c < m->channels; c++) {
		uint8_t *plane = m->data + (size_t)c * m->plane;

		for (size_t y = 0; y < height + 2 * reach; y++) {
			const uint8_t *from = plane
			    + reflect((ptrdiff_t)(y - reach), height) * width;

			for (size_t x = 0; x < width; x++)
				tall[y * width + x] = from[x];
		}
		w->px->convolve(flat, tall, n, width, coef, kernel);
		for (size_t y = 0; y < height; y++) {
			for (size_t x = 0; x < width + 2 * reach; x++)
				padded[x] = flat[y * width + reflect((ptrdiff_t)(x - reach), width)];
			w->px->convolve(row, padded, width, 1, coef, kernel);
			for (size_t x = 0; x < width; x++) {
				float v = rintf(row[x]);

				plane[y * width + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
			}
		}
	}
	return 0;
}

int
ss_image_blur(struct ss_image *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e)
{
	return kernel == 0 ? blur_pillow(m, sigma, w, e) : blur_torch(m, sigma, kernel, w, e);
}
