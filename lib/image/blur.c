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

/* Repeats the ends of each row, which is wide in all, pad times. */
static void
repeat_ends(uint8_t *row, size_t rows, size_t wide, size_t pad)
{
	for (uint8_t *end = row + rows * wide; row != end; row += wide) {
		const uint8_t first = row[pad], last = row[wide - pad - 1];

		for (size_t i = 0; i < pad; i++) {
			row[i] = first;
			row[wide - 1 - i] = last;
		}
	}
}

/*
 * Each pass goes over a whole plane at once, borders included; what comes out of
 * the borders is nonsense, and is overwritten before the next pass.
 */
static int
blur_pillow(struct ss_image *m, float sigma, struct ss_image_work *w, struct ss_err *e)
{
	const float length = box_radius(sigma);
	const int radius = (int)length;
	const uint32_t whole = (uint32_t)((float)(1 << 24) / (length * 2 + 1));
	const uint32_t edge = ((1u << 24) - (uint32_t)(radius * 2 + 1) * whole) / 2;
	const size_t height = (size_t)m->height, width = (size_t)m->width;
	const size_t pad = (size_t)radius + 1, wide = width + 2 * pad;
	uint8_t *a = ss_work_room(w, 0, (height + 2 * pad) * wide);
	uint8_t *b = ss_work_room(w, 1, (height + 2 * pad) * wide), *t;

	if (a == NULL || b == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	for (int c = 0; c < m->channels; c++) {
		uint8_t *plane = m->data + (size_t)c * m->plane, *row;

		for (size_t y = 0; y < height; y++)
			memcpy(a + y * wide + pad, plane + y * width, width);
		for (int pass = 0; pass < PASSES; pass++) {
			repeat_ends(a, height, wide, pad);
			w->px->box(b + pad, a + pad, height * wide - 2 * pad, 1, radius, whole,
			    edge);
			t = a, a = b, b = t;
		}
		row = b + pad * width;
		for (size_t y = 0; y < height; y++)
			memcpy(row + y * width, a + y * wide + pad, width);
		for (int pass = 0; pass < PASSES; pass++) {
			uint8_t *out = pass < PASSES - 1 ? a + pad * width : plane;
			const uint8_t *last = row + (height - 1) * width;

			for (size_t i = 1; i <= pad; i++) {
				memcpy(row - i * width, row, width);
				memcpy(row + (height - 1 + i) * width, last, width);
			}
			w->px->box(out, row, height * width, (ptrdiff_t)width, radius, whole, edge);
			row = out;
			t = a, a = b, b = t;
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

void
ss_gaussian(float *coef, int kernel, float sigma)
{
	const int middle = kernel / 2;
	float sum = 0;

	for (int k = 0; k < kernel; k++) {
		float x = (float)(k - middle) / sigma;

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
	const size_t height = (size_t)m->height, width = (size_t)m->width;
	const size_t reach = (size_t)kernel / 2, wide = width + 2 * reach;
	uint8_t *in = ss_work_room(w, 0, (height + 2 * reach) * wide);
	float *tall = ss_work_room(w, 1, (height * wide + 2 * reach) * sizeof(float));
	float *coef = ss_work_room(w, 2, (size_t)kernel * sizeof(float));

	SS_BUG_IF(kernel % 2 == 0 || reach >= height || reach >= width);
	if (in == NULL || tall == NULL || coef == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	ss_gaussian(coef, kernel, sigma);
	for (int c = 0; c < m->channels; c++) {
		uint8_t *plane = m->data + (size_t)c * m->plane, *row = in;

		for (size_t y = 0; y < height + 2 * reach; y++, row += wide) {
			memcpy(row + reach, plane
			    + reflect((ptrdiff_t)(y - reach), height) * width, width);
			for (size_t i = 1; i <= reach; i++) {
				row[reach - i] = row[reach + i];
				row[reach + width - 1 + i] = row[reach + width - 1 - i];
			}
		}
		w->px->convolve(tall, in, height * wide, wide, coef, kernel);
		w->px->convolve_back(in, tall, height * wide, coef, kernel);
		for (size_t y = 0; y < height; y++)
			memcpy(plane + y * width, in + y * wide, width);
	}
	return 0;
}

int
ss_image_blur(struct ss_image *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e)
{
	return kernel == 0 ? blur_pillow(m, sigma, w, e) : blur_torch(m, sigma, kernel, w, e);
}
