/*
 * tf.c - colours and blur in TensorFlow's manner
 *
 * An image of one channel has no saturation, hue or gray to change.
 */
#include <string.h>

#include "base/size.h"
#include "image/image_work.h"
#include "image/tf.h"

enum { SUMS = 16 };

static size_t
pixels_of(const struct ss_floats *m)
{
	return (size_t)m->height * (size_t)m->width;
}

/* In as many partial sums, whatever the vector width, so that all variants agree. */
static float
mean(const float *px, size_t n)
{
	double sum[SUMS] = { 0 };
	size_t i = 0;

	for (; i + SUMS <= n; i += SUMS)
		for (size_t k = 0; k < SUMS; k++)
			sum[k] += px[i + k];
	for (; i < n; i++)
		sum[i % SUMS] += px[i];
	for (size_t k = 1; k < SUMS; k++)
		sum[0] += sum[k];
	return (float)(sum[0] / (double)n);
}

void
ss_tf_brightness(struct ss_floats *m, float more, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++)
		px->spread(m->data + (size_t)c * m->plane, pixels_of(m), 0, 1, more);
}

void
ss_tf_contrast(struct ss_floats *m, float factor, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++) {
		float *plane = m->data + (size_t)c * m->plane;

		px->spread(plane, pixels_of(m), mean(plane, pixels_of(m)), factor, 0);
	}
}

void
ss_tf_saturation(struct ss_floats *m, float factor, const struct ss_pixels *px)
{
	if (m->channels == 3)
		px->saturate_floats(m->data, m->data + m->plane, m->data + 2 * m->plane,
		    pixels_of(m), factor);
}

void
ss_tf_hue(struct ss_floats *m, float turn, const struct ss_pixels *px)
{
	if (m->channels == 3)
		px->turn_floats(m->data, m->data + m->plane, m->data + 2 * m->plane,
		    pixels_of(m), turn);
}

void
ss_tf_gray(struct ss_floats *m, const struct ss_pixels *px)
{
	if (m->channels == 3)
		px->gray_floats(m->data, m->data + m->plane, m->data + 2 * m->plane,
		    pixels_of(m));
}

void
ss_tf_solarize(struct ss_floats *m, int threshold, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++)
		px->solarize_floats(m->data + (size_t)c * m->plane, pixels_of(m),
		    (float)threshold / 255);
}

/* Along the rows of a plane with black columns beside it, then along the columns. */
int
ss_tf_blur(struct ss_floats *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e)
{
	const size_t height = (size_t)m->height, width = (size_t)m->width;
	const size_t reach = (size_t)kernel / 2, wide = width + 2 * reach;
	const size_t rows = (height + 2 * reach) * width, columns = height * wide;
	float *in = ss_work_room(w, 0, (columns + 2 * reach) * sizeof *in);
	float *tall = ss_work_room(w, 1, (rows + 2 * reach) * sizeof *tall);
	float *coef = ss_work_room(w, 2, (size_t)kernel * sizeof *coef);

	if (in == NULL || tall == NULL || coef == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a blur");
	ss_gaussian(coef, kernel, sigma);
	for (int c = 0; c < m->channels; c++) {
		float *plane = m->data + (size_t)c * m->plane;

		memset(in, 0, columns * sizeof *in);
		for (size_t y = 0; y < height; y++)
			memcpy(in + y * wide + reach, plane + y * width, width * sizeof *in);
		memset(tall, 0, rows * sizeof *tall);
		for (size_t y = 0; y < height; y++)
			w->px->convolve_floats(tall + (reach + y) * width, in + y * wide, width, 1,
			    coef, kernel);
		/* the last row was written past its end */
		memset(tall + (reach + height) * width, 0, reach * width * sizeof *tall);
		w->px->convolve_floats(plane, tall, height * width, width, coef, kernel);
	}
	return 0;
}

void
ss_tf_settle(struct ss_floats *m, enum ss_dialect dialect, const struct ss_pixels *px)
{
	for (int c = 0; c < m->channels; c++) {
		float *plane = m->data + (size_t)c * m->plane;

		if (dialect == SS_TF_CLAMP)
			px->clamp_floats(plane, pixels_of(m));
		else if (dialect == SS_TF_BYTES)
			px->cut_floats(plane, pixels_of(m));
	}
}

void
ss_tf_bytes(uint8_t *out, const struct ss_floats *m, int channel, const struct ss_pixels *px)
{
	px->to_bytes(out, m->data + (size_t)channel * m->plane, pixels_of(m));
}
