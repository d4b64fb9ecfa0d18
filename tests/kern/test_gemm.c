/*
 * test_gemm - every body of gemm against the definition
 *
 * Sizes around the borders of the blocks, both transposes, leading dimensions
 * larger than the rows, alpha and beta. What lies between the rows of C must
 * stay as it was, and C must not be read if beta is 0.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "kern/gemm.h"

typedef void gemm_fn(bool, bool, int, int, int, float, const float *, int, const float *, int,
    float, float *, int);

enum { GAP = 3 };		/* unused floats at the end of each stored row */

static float *
random_matrix(struct ss_rng *r, int rows, int cols)
{
	size_t n = (size_t)rows * (size_t)cols;
	float *x = ss_alloc(n, sizeof(*x));

	assert_non_null(x);
	for (size_t i = 0; i < n; i++)
		x[i] = (float)ss_rng_range(r, -1, 1);
	return x;
}

static void
check_one(gemm_fn *fn, bool ta, bool tb, int m, int n, int k, float alpha, float beta)
{
	struct ss_rng r;
	const int lda = (ta ? m : k) + GAP, ldb = (tb ? k : n) + GAP, ldc = n + GAP;
	float *a, *b, *c, *want;

	ss_rng_init(&r, 1, SS_RNG_WEIGHTS, (uint32_t)m, (uint64_t)n, (uint32_t)k);
	a = random_matrix(&r, ta ? k : m, lda);
	b = random_matrix(&r, tb ? n : k, ldb);
	c = random_matrix(&r, m, ldc);
	want = ss_alloc((size_t)m * (size_t)ldc, sizeof(*want));
	assert_non_null(want);
	for (int i = 0; i < m * ldc; i++) {
		if (beta == 0 && i % ldc < n)
			c[i] = NAN;
		want[i] = c[i];
	}
	ss_gemm_ref(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, want, ldc);
	fn(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
	for (int i = 0; i < m; i++)
		for (int j = 0; j < ldc; j++) {
			/*
			 * Entries lie in [-1, 1]. k roundings by half a unit of partial sums, which are
			 * about as large as the result or 1, add up like sqrt(k); 8 times that is ample.
			 */
			double scale = fmax(1, fabs((double)want[i * ldc + j]));
			double limit = j < n ? 8 * 6e-8 * scale * (sqrt(k) + 1) : 0;
			double d = fabs((double)c[i * ldc + j] - (double)want[i * ldc + j]);

			if (!(d <= limit))
				fail_msg("m %d n %d k %d ta %d tb %d alpha %g beta %g: [%d][%d] %g, not %g",
				    m, n, k, ta, tb, (double)alpha, (double)beta, i, j,
				    (double)c[i * ldc + j], (double)want[i * ldc + j]);
		}
	free(a);
	free(b);
	free(c);
	free(want);
}

static void
check_all(gemm_fn *fn)
{
	static const int sizes[][3] = {
		{ 1, 1, 1 }, { 1, 1, 7 }, { 3, 5, 0 }, { 4, 8, 64 }, { 5, 9, 65 }, { 63, 255, 3 },
		{ 65, 257, 130 }, { 67, 13, 200 }, { 10, 300, 31 }, { 128, 17, 1 }, { 1, 513, 70 },
	};
	static const float scales[][2] = { { 1, 0 }, { 1, 1 }, { -0.5f, 2 }, { 0, 0.25f }, { 0, 0 } };

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (size_t x = 0; x < sizeof(scales) / sizeof(scales[0]); x++)
			for (int t = 0; t < 4; t++)
				check_one(fn, t & 1, t & 2, sizes[s][0], sizes[s][1], sizes[s][2],
				    scales[x][0], scales[x][1]);
}

static void
test_gemm(void **state)
{
	(void)state;
	check_all(ss_gemm);
}

static void
test_gemm_own(void **state)
{
	(void)state;
	check_all(ss_gemm_own);
}

typedef void gemm_double_fn(bool, bool, int, int, int, double, const double *, int, const double *, int,
    double, double *, int);

static double *
widen(const float *x, int rows, int cols)
{
	double *y = ss_alloc((size_t)rows * (size_t)cols, sizeof(*y));

	assert_non_null(y);
	for (int i = 0; i < rows * cols; i++)
		y[i] = (double)x[i] * (1 + 0x1p-40);	/* more digits than a float has */
	return y;
}

/* In double, against sums in their order: the borders of blocks are those of float. */
static void
check_double(gemm_double_fn *fn, bool ta, bool tb, int m, int n, int k, double beta)
{
	struct ss_rng r;
	const int lda = (ta ? m : k) + GAP, ldb = (tb ? k : n) + GAP, ldc = n + GAP;
	float *fa, *fb, *fc;
	double *a, *b, *c;

	ss_rng_init(&r, 2, SS_RNG_WEIGHTS, (uint32_t)m, (uint64_t)n, (uint32_t)k);
	a = widen(fa = random_matrix(&r, ta ? k : m, lda), ta ? k : m, lda);
	b = widen(fb = random_matrix(&r, tb ? n : k, ldb), tb ? n : k, ldb);
	c = widen(fc = random_matrix(&r, m, ldc), m, ldc);
	fn(ta, tb, m, n, k, -0.5, a, lda, b, ldb, beta, c, ldc);
	for (int i = 0; i < m; i++)
		for (int j = 0; j < ldc; j++) {
			const double was = (double)fc[i * ldc + j] * (1 + 0x1p-40);
			double sum = 0, want;

			for (int p = 0; p < k && j < n; p++)
				sum += a[ta ? p * lda + i : i * lda + p] * b[tb ? j * ldb + p : p * ldb + j];
			want = j < n ? beta * was - 0.5 * sum : was;
			if (!(fabs(c[i * ldc + j] - want) <= (j < n ? 8 * 1.2e-16 * (sqrt(k) + 1) : 0)))
				fail_msg("m %d n %d k %d ta %d tb %d beta %g: [%d][%d] %.17g, not %.17g",
				    m, n, k, ta, tb, beta, i, j, c[i * ldc + j], want);
		}
	free(a);
	free(b);
	free(c);
	free(fa);
	free(fb);
	free(fc);
}

static void
test_gemm_double(void **state)
{
	static const int sizes[][3] = {
		{ 1, 1, 1 }, { 3, 5, 0 }, { 2, 8, 64 }, { 5, 9, 65 }, { 65, 257, 130 }, { 10, 300, 31 },
	};

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
		for (int t = 0; t < 8; t++) {
			const int *x = sizes[s];

			check_double(ss_gemm_double, t & 1, t & 2, x[0], x[1], x[2], t & 4 ? 1.5 : 0);
			check_double(ss_gemm_own_double, t & 1, t & 2, x[0], x[1], x[2], t & 4 ? 1.5 : 0);
		}
}

/* The definition itself, on numbers a reader can follow. */
static void
test_gemm_ref(void **state)
{
	static const float a[] = { 1, 2, 3, 4, 5, 6 };		/* 2 x 3 */
	static const float b[] = { 1, 0, 2, 1, 0, 3 };		/* 3 x 2 */
	static const float ab[] = { 5, 11, 14, 23 }, atbt[] = { 1, 6, 12, 2, 9, 15, 3, 12, 18 };
	float c[9] = { 0 };

	(void)state;
	ss_gemm_ref(false, false, 2, 2, 3, 1, a, 3, b, 2, 0, c, 2);
	assert_memory_equal(c, ab, sizeof(ab));
	ss_gemm_ref(true, true, 3, 3, 2, 1, a, 3, b, 2, 0, c, 3);
	assert_memory_equal(c, atbt, sizeof(atbt));
	ss_gemm_ref(false, false, 2, 2, 3, -1, a, 3, b, 2, 1, c, 2);	/* {1 6 12 2} - ab */
	assert_true(c[0] == -4 && c[1] == -5 && c[2] == -2 && c[3] == -21);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gemm_ref),
		cmocka_unit_test(test_gemm_own),
		cmocka_unit_test(test_gemm),
		cmocka_unit_test(test_gemm_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
