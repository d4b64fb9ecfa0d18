/*
 * test_tf.c - the operations in TensorFlow's manner, in every variant
 *
 * Colours are held against HSV as textbooks have it, in double; the variants against each
 * other, in every bit. Whole recipes are redone in NumPy by tests/cli/ss-augment.t.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "image/image_work.h"
#include "image/tf.h"

static const double LIMIT = 2e-6;	/* of an error: some 16 roundings to float near 1 */

/* Colours from -0.5 to 1.5 on a lattice, many of them gray, of an odd size. */
static struct ss_floats
picture(int channels, int height, int width)
{
	struct ss_floats m = { NULL, channels, height, width, ss_image_plane(height, width) };

	m.data = ss_alloc((size_t)channels * m.plane, sizeof(float));
	assert_non_null(m.data);
	for (size_t c = 0; c < (size_t)channels; c++) {
		for (size_t i = 0; i < (size_t)(height * width); i++) {
			const size_t step = c == 0 ? i : c == 1 ? i / 9 : i / 81;

			m.data[c * m.plane + i] = (float)(step % 9) / 4 - 0.5f;
		}
	}
	return m;
}

/* hue in sixths */
static void
to_hsv(const double c[3], double *hue, double *saturation, double *value)
{
	const double low = fmin(c[0], fmin(c[1], c[2]));
	double range;

	*value = fmax(c[0], fmax(c[1], c[2]));
	range = *value - low;
	*saturation = *value > 0 ? range / *value : 0;
	*hue = range <= 0 ? 0 : *value == c[0] ? (c[1] - c[2]) / range
	    : *value == c[1] ? (c[2] - c[0]) / range + 2 : (c[0] - c[1]) / range + 4;
}

static void
from_hsv(double c[3], double hue, double saturation, double value)
{
	const double chroma = saturation * value;
	const double h = hue - 6 * floor(hue / 6), x = chroma * (1 - fabs(fmod(h, 2) - 1));
	const double corner[6][3] = { { chroma, x, 0 }, { x, chroma, 0 }, { 0, chroma, x },
	    { 0, x, chroma }, { x, 0, chroma }, { chroma, 0, x } };

	for (int i = 0; i < 3; i++)
		c[i] = corner[(int)h % 6][i] + value - chroma;
}

static void
check_colours(const struct ss_pixels *px, bool hue, double by)
{
	struct ss_floats m = picture(3, 27, 27), was = picture(3, 27, 27);

	if (hue)
		ss_tf_hue(&m, (float)by, px);
	else
		ss_tf_saturation(&m, (float)by, px);
	for (size_t i = 0; i < 27 * 27; i++) {
		double c[3], h, s, v;

		for (size_t k = 0; k < 3; k++)
			c[k] = was.data[k * was.plane + i];
		to_hsv(c, &h, &s, &v);
		if (hue && v <= 0)	/* black when clamped; HSV has no hue for it */
			continue;
		if (hue)
			from_hsv(c, h + 6 * by, s, v);
		else
			from_hsv(c, h, fmin(1, s * by), v);
		for (size_t k = 0; k < 3; k++)
			assert_true(fabs(m.data[k * m.plane + i] - c[k]) < LIMIT);
	}
	free(m.data);
	free(was.data);
}

static void
test_colours(void **state)
{
	const struct ss_pixels *px;

	(void)state;
	for (int i = 0; (px = ss_pixels_variant(i)) != NULL; i++) {
		for (int k = 0; k <= 20; k++) {
			check_colours(px, false, k / 4.0);
			check_colours(px, true, k / 20.0 - 0.5);
		}
	}
}

static void
test_plain(void **state)
{
	const struct ss_pixels *px;

	(void)state;
	for (int i = 0; (px = ss_pixels_variant(i)) != NULL; i++) {
		struct ss_floats m = picture(3, 13, 7), was = picture(3, 13, 7);
		const size_t n = 13 * 7;
		double mean = 0;

		for (size_t k = 0; k < n; k++)
			mean += was.data[was.plane + k] / (double)n;
		ss_tf_contrast(&m, 1.75f, px);
		for (size_t k = 0; k < n; k++)
			assert_true(fabs(m.data[m.plane + k]
			    - ((was.data[was.plane + k] - mean) * 1.75 + mean)) < LIMIT);
		memcpy(m.data, was.data, 3 * m.plane * sizeof(float));
		ss_tf_brightness(&m, -0.25f, px);
		for (size_t k = 0; k < n; k++)
			assert_true(m.data[k] == was.data[k] - 0.25f);
		memcpy(m.data, was.data, 3 * m.plane * sizeof(float));
		ss_tf_gray(&m, px);
		for (size_t k = 0; k < n; k++) {
			double l = 0.2989 * was.data[k] + 0.587 * was.data[was.plane + k]
			    + 0.114 * was.data[2 * was.plane + k];

			assert_true(fabs(m.data[k] - l) < LIMIT);
			assert_true(m.data[m.plane + k] == m.data[k] && m.data[2 * m.plane + k] == m.data[k]);
		}
		free(m.data);
		free(was.data);
	}
}

/* Bytes come back as they were; what tf.image cuts off, and what is rounded in the end. */
static void
test_rounding(void **state)
{
	const struct ss_pixels *px;

	(void)state;
	for (int i = 0; (px = ss_pixels_variant(i)) != NULL; i++) {
		struct ss_floats m = picture(1, 16, 16);
		uint8_t out[256 + SS_PIXELS_SPARE];

		for (int k = 0; k < 256; k++)
			m.data[k] = (float)k * (1 / 255.0f);
		ss_tf_settle(&m, SS_TF_BYTES, px);
		ss_tf_bytes(out, &m, 0, px);
		for (int k = 0; k < 256; k++)
			assert_int_equal(out[k], k);
		for (int k = 0; k < 256; k++)
			m.data[k] = ((float)k + 0.6f) / 255;
		ss_tf_settle(&m, SS_TF, px);		/* does nothing */
		ss_tf_bytes(out, &m, 0, px);
		for (int k = 0; k < 256; k++)
			assert_int_equal(out[k], k < 255 ? k + 1 : 255);
		ss_tf_settle(&m, SS_TF_BYTES, px);	/* 255.5 x: 0.6 and what is added stay below 1 up to here */
		ss_tf_bytes(out, &m, 0, px);
		for (int k = 0; k < 256; k++)
			assert_int_equal(out[k], k < 204 ? k : k < 255 ? k + 1 : 255);
		m.data[0] = -3;
		m.data[1] = 2;
		ss_tf_settle(&m, SS_TF_CLAMP, px);
		assert_true(m.data[0] == 0 && m.data[1] == 1);
		free(m.data);
	}
}

/* All operations, one after the other, in the same bits whatever the vectors' width. */
static void
test_variants(void **state)
{
	static const int sizes[][2] = { { 1, 1 }, { 1, 17 }, { 5, 3 }, { 13, 29 }, { 32, 32 } };
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct ss_floats first = { 0 };

		for (int i = 0; ss_pixels_variant(i) != NULL; i++) {
			const struct ss_pixels *px = ss_pixels_variant(i);
			struct ss_floats m = picture(3, sizes[s][0], sizes[s][1]);
			struct ss_image_work *w = ss_image_work_create(px);

			ss_tf_brightness(&m, 0.1f, px);
			ss_tf_contrast(&m, 1.3f, px);
			ss_tf_saturation(&m, 0.7f, px);
			ss_tf_hue(&m, 0.06f, px);
			assert_int_equal(ss_tf_blur(&m, 1.3f, 5, w, &e), 0);
			ss_tf_solarize(&m, 128, px);
			for (size_t c = 0; i > 0 && c < 3; c++)
				assert_memory_equal(m.data + c * m.plane, first.data + c * m.plane,
				    (size_t)(m.height * m.width) * sizeof(float));
			ss_image_work_free(w);
			if (i > 0)
				free(m.data);
			else
				first = m;
		}
		free(first.data);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_variants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
