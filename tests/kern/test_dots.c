/*
 * test_dots - every variant's products of rows with rows, its search for large values, and its sums of forces
 *
 * Small integers must give the exact result, reals are held to a limit relative to the
 * sum of absolute products. Operands lie against forbidden pages; what lies between the rows of
 * the result must stay.
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "planes.h"

enum { A, B, C, X, AT, GAP = 5 };

static const int depths[] = { 1, 2, 3, 7, 16, 64, 257, 512 };
static const int counts[] = { 0, 1, 3, 4, 7, 8, 15, 16, 17, 31, 33, 64, 100, 1024 };

static void
check_dots(const struct ss_kernels *k, int d, bool integers, bool accumulate, enum end end)
{
	const int rows = k->dots_rows, cols = k->dots_cols, ldc = cols + GAP;
	const size_t size = (size_t)(rows * ldc - GAP);
	float *a = slot(A, (size_t)(d * rows) * sizeof(float), end);
	float *b = slot(B, (size_t)(d * cols) * sizeof(float), end);
	float *c = slot(C, size * sizeof(float), end);
	struct ss_rng r;

	ss_rng_init(&r, 1, SS_RNG_WEIGHTS, (uint32_t)d, (uint64_t)rows, integers);
	for (int i = 0; i < d * rows; i++)
		a[i] = integers ? (float)ss_rng_below(&r, 9) - 4 : (float)ss_rng_normal(&r);
	for (int i = 0; i < d * cols; i++)
		b[i] = integers ? (float)ss_rng_below(&r, 9) - 4 : (float)ss_rng_normal(&r);
	for (size_t i = 0; i < size; i++)
		c[i] = accumulate || i % (size_t)ldc >= (size_t)cols ? 7 : NAN;
	k->dots(d, a, b, accumulate, c, (size_t)ldc);
	for (int i = 0; i < rows; i++)
		for (int j = 0; j < cols; j++) {
			double want = accumulate ? 7 : 0, bound = want, diff;

			for (int p = 0; p < d; p++) {
				const double product = (double)a[p * rows + i] * (double)b[p * cols + j];

				want += product;
				bound += fabs(product);
			}
			diff = fabs((double)c[i * ldc + j] - want);
			/* Each of d + 1 roundings is at most UNIT of a partial sum, which is at most the bound. */
			if (!(diff <= (integers ? 0 : UNIT * (d + 1) * bound)))
				fail_msg("%s, d %d: [%d][%d] is %.9g, not %.9g", k->name, d, i, j,
				    (double)c[i * ldc + j], want);
		}
	for (size_t i = 0; i < size; i++)
		if (i % (size_t)ldc >= (size_t)cols)
			assert_true(c[i] == 7);
}

static void
test_dots(void **state)
{
	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t i = 0; i < COUNT(depths); i++)
			for (unsigned o = 0; o < 8; o++)
				check_dots(*k, depths[i], o & 1, o & 2, o & 4 ? FRONT : BACK);
}

static void
check_above(const struct ss_kernels *k, int n, float least, enum end end)
{
	float *x = slot(X, (size_t)n * sizeof(float), end);
	uint32_t *at = slot(AT, (size_t)n * sizeof(uint32_t), end);
	size_t want = 0, count;
	struct ss_rng r;

	ss_rng_init(&r, 2, SS_RNG_WEIGHTS, (uint32_t)n, 0, 0);
	for (int i = 0; i < n; i++)
		x[i] = (float)ss_rng_below(&r, 100) / 100;
	if (n > 4) {
		x[1] = NAN;
		x[3] = INFINITY;
		x[n - 1] = -INFINITY;
	}
	count = k->above(x, (size_t)n, least, at);
	for (int i = 0; i < n; i++)
		if (x[i] > least) {
			assert_true(want < count);
			assert_int_equal(at[want++], i);
		}
	assert_int_equal(count, want);
}

static void
test_above(void **state)
{
	static const float limits[] = { -INFINITY, -1, 0.5f, 0.75f, 0.97f, 2, INFINITY };

	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t i = 0; i < COUNT(counts); i++)
			for (size_t l = 0; l < COUNT(limits); l++) {
				check_above(*k, counts[i], limits[l], FRONT);
				check_above(*k, counts[i], limits[l], BACK);
			}
}

/* Sums over far and near points, and over some that lie nowhere. */
static void
check_repel(const struct ss_kernels *k, size_t n, enum end end)
{
	float *x = slot(X, n * sizeof(float), end), *y = slot(B, n * sizeof(float), end);
	struct ss_rng r;

	ss_rng_init(&r, 3, SS_RNG_WEIGHTS, (uint32_t)n, 0, 0);
	for (size_t i = 0; i < n; i++) {
		x[i] = (float)ss_rng_normal(&r) * (i % 3 == 0 ? 100 : 1);
		y[i] = i % 5 == 4 ? 1e30f : (float)ss_rng_normal(&r);
	}
	for (int at = 0; at < 3; at++) {
		const float px = at == 0 ? x[0] : 10 * (float)at, py = at == 0 ? y[0] : 0;
		double got[3] = { 1, 2, 3 }, want[3] = { 1, 2, 3 }, size[3] = { 1, 1, 1 };

		k->repel(n, x, y, px, py, got);
		for (size_t i = 0; i < n; i++) {
			const double dx = (double)px - (double)x[i], dy = (double)py - (double)y[i];
			const double q = 1 / (1 + dx * dx + dy * dy);
			const double term[3] = { q, q * q * dx, q * q * dy };

			for (int c = 0; c < 3; c++) {
				want[c] += term[c];
				size[c] += fabs(term[c]);
			}
		}
		for (int c = 0; c < 3; c++)
			assert_true(fabs(got[c] - want[c]) < 1e-6 * size[c]);
	}
}

static void
test_repel(void **state)
{
	static const size_t numbers[] = { 16, 32, 1024, 1040, 4096 };

	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t i = 0; i < COUNT(numbers); i++) {
			check_repel(*k, numbers[i], FRONT);
			check_repel(*k, numbers[i], BACK);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dots),
		cmocka_unit_test(test_above),
		cmocka_unit_test(test_repel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
