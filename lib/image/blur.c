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

enum { PASSES = 3, SOME_ROWS = 8 };

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
repeat_ends(uint16_t *row, size_t rows, size_t wide, size_t pad)
{
	for (uint16_t *end = row + rows * wide; row != end; row += wide) {
		const uint16_t first = row[pad], last = row[wide - pad - 1];

		for (size_t i = 0; i < pad; i++) {
			row[i] = first;
			row[wide - 1 - i] = last;
		}
	}
}

struct boxes {
	int radius;
	uint32_t whole, edge;
	size_t pad;			/* pixels repeated beyond each border */
	uint16_t *a;			/* room for some rows with these, twice */
	const struct ss_pixels *px;
};

/*
 * Along the rows of a plane, from bytes to 16 bits, in which they stay until all is done. Some rows
 * at a time, borders included, which stay near; what comes out of the borders is nonsense, and is
 * overwritten before the next pass.
 */
static void
blur_rows(struct boxes *x, uint16_t *out, const uint8_t *plane, size_t height, size_t width)
{
	const size_t pad = x->pad, wide = width + 2 * pad;
	uint16_t *from = x->a, *to = x->a + SOME_ROWS * wide + SS_PIXELS_SPARE, *t;

	for (size_t y = 0, n; y < height; y += n) {
		n = ss_least(SOME_ROWS, height - y);
		for (size_t i = 0; i < n; i++)
			x->px->widen(from + i * wide + pad, plane + (y + i) * width, width);
		for (int pass = 0; pass < PASSES; pass++) {
			repeat_ends(from, n, wide, pad);
			x->px->box(to + pad, from + pad, n * wide - 2 * pad, 1, x->radius, x->whole, x->edge);
			t = from, from = to, to = t;
		}
		for (size_t i = 0; i < n; i++)
			memcpy(out + (y + i) * width, from + i * wide + pad, width * sizeof *out);
	}
}

/* Along the columns of in, which has room for the repeated rows above and below. */
static void
blur_columns(struct boxes *x, uint8_t *plane, uint16_t *in, uint16_t *other, size_t height, size_t width)
{
	uint16_t *t;

	for (int pass = 0; pass < PASSES; pass++) {
		const uint16_t *last = in + (height - 1) * width;

		for (size_t i = 1; i <= x->pad; i++) {
			memcpy(in - i * width, in, width * sizeof *in);
			memcpy(in + (height - 1 + i) * width, last, width * sizeof *in);
		}
		x->px->box(other, in, height * width, (ptrdiff_t)width, x->radius, x->whole, x->edge);
		t = in, in = other, other = t;
	}
	x->px->narrow(plane, in, height * width);
}

static int
blur_pillow(struct ss_image *m, float sigma, struct ss_image_work *w, struct ss_err *e)
{
	const float length = box_radius(sigma);
	const int radius = (int)length;
	const uint32_t whole = (uint32_t)((float)(1 << 24) / (length * 2 + 1));
	const uint32_t edge = ((1u << 24) - (uint32_t)(radius * 2 + 1) * whole) / 2;
	const size_t height = (size_t)m->height, width = (size_t)m->width;
	const size_t pad = (size_t)radius + 1, rows = 2 * (SOME_ROWS * (width + 2 * pad) + SS_PIXELS_SPARE);
	const size_t columns = (height + 2 * pad) * width;
	uint16_t *a = ss_work_room(w, 0, (columns > rows ? columns : rows) * sizeof *a);
	uint16_t *b = ss_work_room(w, 1, columns * sizeof *b);
	struct boxes x = { radius, whole, edge, pad, a, w->px };

	if (a == NULL || b == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	for (int c = 0; c < m->channels; c++) {
		uint8_t *plane = m->data + (size_t)c * m->plane;

		blur_rows(&x, b + pad * width, plane, height, width);
		blur_columns(&x, plane, b + pad * width, a + pad * width, height, width);
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
