/*
 * test_health - measures of representations against their definitions, written plainly
 *
 * tests/cli/ss-health.t holds them to numpy's.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "ssl/health.h"

struct views {
	size_t n, d;
	float *a, *b;
	double *room;
};

/* Normal numbers; b is a plus noise. */
static struct views
make(size_t n, size_t d, double noise)
{
	struct views v = { n, d, ss_alloc(n * d, sizeof(float)), ss_alloc(n * d, sizeof(float)),
		ss_alloc(ss_health_room(n, d), sizeof(double)) };
	struct ss_rng r;

	assert_true(v.a != NULL && v.b != NULL && v.room != NULL);
	ss_rng_init(&r, 8, SS_RNG_SAMPLE, (uint32_t)n, d, 0);
	for (size_t i = 0; i < n * d; i++) {
		v.a[i] = (float)ss_rng_normal(&r);
		v.b[i] = (float)((double)v.a[i] + noise * ss_rng_normal(&r));
	}
	return v;
}

static void
drop(struct views *v)
{
	free(v->a);
	free(v->b);
	free(v->room);
}

static double
cosine(const float *x, const float *y, size_t d)
{
	double xy = 0, xx = 0, yy = 0;

	for (size_t k = 0; k < d; k++) {
		xy += (double)x[k] * (double)y[k];
		xx += (double)x[k] * (double)x[k];
		yy += (double)y[k] * (double)y[k];
	}
	return xx == 0 || yy == 0 ? 0 : xy / sqrt(xx * yy);
}

static double
length(const float *x, size_t d)
{
	double sum = 0;

	for (size_t k = 0; k < d; k++)
		sum += (double)x[k] * (double)x[k];
	return sqrt(sum);
}

/* Two passes over each channel, of unit rows or of the rows themselves. */
static double
deviation(const struct views *v, size_t k, bool unit)
{
	double mean = 0, sum = 0;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->n; i++) {
			const double norm = unit ? fmax(length(v->a + i * v->d, v->d), 1e-12) : 1;
			const double x = (double)v->a[i * v->d + k] / norm;

			if (pass == 0)
				mean += x / (double)v->n;
			else
				sum += (x - mean) * (x - mean);
		}
	return sqrt(sum / (double)v->n);
}

static double
plain_contrast(const struct views *v, size_t batch)
{
	size_t anchors = 0, hits = 0;

	for (size_t at = 0; at + batch <= v->n; at += batch)
		for (size_t i = 0; i < 2 * batch; i++) {
			double own = 0, best = -2;

			for (size_t j = 0; j < 2 * batch; j++) {
				const float *x = (i < batch ? v->a : v->b) + (at + i % batch) * v->d;
				const float *y = (j < batch ? v->a : v->b) + (at + j % batch) * v->d;
				const double c = cosine(x, y, v->d);

				if (j == (i + batch) % (2 * batch))
					own = c;
				else if (j != i)
					best = fmax(best, c);
			}
			anchors++;
			hits += own > best;
		}
	return (double)hits / (double)anchors;
}

/* All measures, at sizes around the borders of pieces and tiles. */
static void
test_definitions(void **state)
{
	static const size_t sizes[][2] = { { 2, 1 }, { 3, 5 }, { 64, 64 }, { 65, 63 }, { 200, 130 }, { 130, 300 } };

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		struct views v = make(sizes[s][0], sizes[s][1], 1);
		const size_t n = v.n, d = v.d;
		double std = 0, norm = 0, cos = 0, repel = 0, align = 0;
		struct ss_err e = SS_ERR_INIT;
		struct ss_health h;

		for (size_t i = 0; i < n; i++) {		/* a constant channel, a channel of nothing, a row of nothing */
			v.a[i * d] += d > 60 ? 100 : 0;
			v.a[i * d + d / 2] = d > 2 ? 1e6f : v.a[i * d + d / 2];
			v.a[i * d + d - 1] = d > 3 ? 0 : v.a[i * d + d - 1];
		}
		if (n == 200)
			memset(v.a + 3 * d, 0, d * sizeof(float));
		for (size_t k = 0; k < d; k++)
			std += deviation(&v, k, true);
		for (size_t i = 0; i < n; i++) {
			norm += length(v.a + i * d, d) / (double)n;
			align += (length(v.a + i * d, d) > 0) + 1 - 2 * cosine(v.a + i * d, v.b + i * d, d);
			for (size_t j = 0; j < n; j++) {
				const double c = cosine(v.a + i * d, v.a + j * d, d);
				const double own = (length(v.a + i * d, d) > 0) + (length(v.a + j * d, d) > 0);

				cos += i == j ? 0 : c / (double)(n * (n - 1));
				repel += i == j ? 0 : exp(-2 * (own - 2 * c)) / (double)(n * (n - 1));
			}
		}
		ss_health_rows(&h, v.a, v.b, n, d, v.room, NULL);
		assert_true(isnan(h.rank) && isnan(h.uniformity) && isnan(h.contrast));
		assert_int_equal(ss_health_pairs(&h, v.a, v.b, n, n, NULL, &e), 0);
		assert_true(h.n == n && h.d == d);
		assert_true(fabs(h.std_ratio - std / sqrt((double)d)) < 1e-7);
		assert_true(fabs(h.norm / norm - 1) < 1e-12);
		assert_true(fabs(h.cosine - cos) < 1e-9);
		assert_true(h.dead == (n == 200 ? 1 : d > 3 ? 2 : d > 2 ? 1 : 0));
		assert_true(fabs(h.alignment - align / (double)n) < 1e-9);
		assert_true(fabs(h.uniformity - log(repel)) < 1e-5);
		assert_true(h.rank > 1 - 1e-6 && h.rank < (double)ss_least(n, d) + 1e-3);
		drop(&v);
	}
}

static void
test_std_ratio(void **state)
{
	struct views v = make(512, 96, 0);
	struct ss_health h;

	(void)state;
	ss_health_rows(&h, v.a, NULL, v.n, v.d, v.room, NULL);
	assert_true(fabs(h.std_ratio - 1) < 0.02 && h.dead == 0 && isnan(h.alignment));
	for (size_t i = 0; i < v.n; i++)			/* half of the channels dead */
		memset(v.a + i * v.d, 0, v.d / 2 * sizeof(float));
	ss_health_rows(&h, v.a, NULL, v.n, v.d, v.room, NULL);
	assert_true(fabs(h.std_ratio - sqrt(0.5)) < 0.02 && h.dead == v.d / 2);
	for (size_t i = 1; i < v.n; i++)			/* constant but for the length, which does not count */
		for (size_t k = 0; k < v.d; k++)
			v.a[i * v.d + k] = v.a[k] * (float)i;
	ss_health_rows(&h, v.a, NULL, v.n, v.d, v.room, NULL);
	assert_true(h.std_ratio < 1e-3 && fabs(h.cosine - 1) < 1e-6);
	memset(v.a, 0, v.n * v.d * sizeof(float));
	ss_health_rows(&h, v.a, NULL, v.n, v.d, v.room, NULL);
	assert_true(h.std_ratio == 0 && h.cosine == 0 && h.dead == v.d);
	v.a[5] = NAN;
	ss_health_rows(&h, v.a, NULL, v.n, v.d, v.room, NULL);
	assert_true(isnan(h.std_ratio));
	drop(&v);
}

/* Orthogonal rows have known singular values, by rows as by columns. */
static void
test_rank(void **state)
{
	enum { K = 6 };
	static const size_t sizes[][2] = { { 40, 9 }, { 9, 40 }, { K, K } };
	const double eps = 1e-7;
	struct ss_err e = SS_ERR_INIT;
	double rank;

	(void)state;
	for (size_t s = 0; s < 3; s++) {
		const size_t n = sizes[s][0], d = sizes[s][1], most = ss_least(n, d);
		float *z = ss_alloc(n * d, sizeof(*z));
		double entropy = 0;

		assert_non_null(z);
		for (size_t i = 0; i < K; i++)		/* 1, 2 .. 6, of 21 in all */
			z[(i * 5 % n) * d + i] = (float)(i + 1);
		for (size_t i = 0; i < most; i++) {
			const double p = (i < K ? (double)(i + 1) / 21 : 0) + eps;

			entropy -= p * log(p);
		}
		assert_int_equal(ss_rankme(&rank, z, n, d, NULL, &e), 0);
		assert_true(fabs(rank / exp(entropy) - 1) < 1e-7);
		memset(z, 0, n * d * sizeof(*z));
		assert_int_equal(ss_rankme(&rank, z, n, d, NULL, &e), 0);
		assert_true(rank == 1);
		z[1] = INFINITY;
		assert_int_equal(ss_rankme(&rank, z, n, d, NULL, &e), SS_ENONFINITE);
		assert_true(isnan(rank));
		free(z);
	}
}

/* The best possible, chance, batches, ties, and nothing but one image. */
static void
test_contrast(void **state)
{
	struct ss_err e = SS_ERR_INIT;
	double c, far = 0;

	(void)state;
	for (size_t batch = 7; batch <= 211; batch += 68) {
		struct views v = make(211, 20, 1.2);

		assert_int_equal(ss_contrast(&c, v.a, v.b, v.n, v.d, batch, NULL, &e), 0);
		assert_true(fabs(c - plain_contrast(&v, batch)) < 1e-12 && c > 0.1 && c < 0.95);
		assert_int_equal(ss_contrast(&c, v.a, v.a, v.n, v.d, batch, NULL, &e), 0);
		assert_true(c == 1);
		for (size_t i = 0; i < v.n * v.d; i++)		/* all images the same, up to float's rounding */
			v.a[i] = v.b[i] = (float)(1 + i % v.d) * (float)(1 + i / v.d % 7);
		assert_int_equal(ss_contrast(&c, v.a, v.b, v.n, v.d, batch, NULL, &e), 0);
		assert_true(fabs(c - ss_contrast_chance(v.n, batch)) < 1e-12);
		drop(&v);
	}
	for (size_t d = 3; d < 23; d++) {			/* views that have nothing in common */
		struct views v = make(64, d, 1000);

		assert_int_equal(ss_contrast(&c, v.a, v.b, v.n, v.d, 1000, NULL, &e), 0);
		far += c / 20;
		drop(&v);
	}
	assert_true(fabs(far - ss_contrast_chance(64, 1000)) < 0.008);
}

/* Evenly spaced rows stand for all: those of one class are not the first. */
static void
test_uniformity(void **state)
{
	struct views v = make(4000, 8, 0);
	struct ss_err e = SS_ERR_INIT;
	double all, some;

	(void)state;
	for (size_t i = 0; i < v.n / 2; i++)
		memcpy(v.a + i * v.d, v.a, v.d * sizeof(float));
	assert_int_equal(ss_uniformity(&all, v.a, v.n, v.d, v.n, NULL, &e), 0);
	assert_int_equal(ss_uniformity(&some, v.a, v.n, v.d, 1000, NULL, &e), 0);
	assert_true(all < -1 && fabs(all - some) < 0.02);
	assert_int_equal(ss_uniformity(&some, v.a, 1000, v.d, 1000, NULL, &e), 0);
	assert_true(fabs(some) < 1e-6);
	assert_int_equal(ss_uniformity(&some, v.a, 1, v.d, 1000, NULL, &e), 0);
	assert_true(isnan(some));
	drop(&v);
}

static void
test_threads(void **state)
{
	struct views v = make(300, 150, 1);
	struct ss_err e = SS_ERR_INIT;
	struct ss_health h[2];

	(void)state;
	for (int t = 0; t < 2; t++) {
		struct ss_pool *pool = ss_pool_create(1 + 2 * t);

		memset(&h[t], 0, sizeof(h[t]));
		ss_health_rows(&h[t], v.a, v.b, v.n, v.d, v.room, pool);
		assert_int_equal(ss_health_pairs(&h[t], v.a, v.b, 64, 250, pool, &e), 0);
		ss_pool_free(pool);
	}
	assert_memory_equal(&h[0], &h[1], sizeof(h[0]));
	drop(&v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_std_ratio),
		cmocka_unit_test(test_rank),
		cmocka_unit_test(test_contrast),
		cmocka_unit_test(test_uniformity),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
