/*
 * test_eigen - eigenvalues against formulas, eigenvectors against what they are, inner products
 *
 * tests/cli/ss-health.t holds singular values to numpy's.
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
#include "eval/eigen.h"

static double *
doubles(size_t n)
{
	double *x = ss_alloc(n, sizeof(*x));

	assert_non_null(x);
	return x;
}

/* Upper triangle random, the lower NaN: nobody may look at it. */
static double *
random_upper(size_t n, double scale)
{
	double *a = doubles(n * n);
	struct ss_rng r;

	ss_rng_init(&r, 5, SS_RNG_WEIGHTS, (uint32_t)n, 0, 0);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++)
			a[i * n + j] = j < i ? NAN : scale * ss_rng_range(&r, -1, 1);
	return a;
}

/* A v = value v, rows orthonormal, largest component positive, values falling, their sum the trace. */
static void
check_decomposition(struct ss_pool *pool, const double *a, size_t n, size_t wanted)
{
	double *b = doubles(n * n), *values = doubles(n), *v = doubles(wanted * n), *all = doubles(n);
	double trace = 0, sum = 0, norm = 0, limit;
	struct ss_err e = SS_ERR_INIT;

	memcpy(b, a, n * n * sizeof(*a));
	assert_int_equal(ss_eigen_symmetric(pool, b, n, values, v, wanted, &e), 0);
	memcpy(b, a, n * n * sizeof(*a));
	assert_int_equal(ss_eigen_symmetric(NULL, b, n, all, NULL, 0, &e), 0);
	assert_memory_equal(all, values, n * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		trace += a[i * n + i];
		sum += values[i];
		norm = fmax(norm, fabs(values[i]));
		assert_true(i == 0 || values[i] <= values[i - 1]);
	}
	limit = 4 * 2.2e-16 * sqrt((double)n) * norm;
	assert_true(fabs(trace - sum) <= limit * (double)n);
	for (size_t k = 0; k < wanted; k++) {
		const double *vk = v + k * n;
		double most = 0;

		for (size_t i = 0; i < n; i++) {
			double av = 0;

			for (size_t j = 0; j < n; j++)
				av += a[i < j ? i * n + j : j * n + i] * vk[j];
			if (!(fabs(av - values[k] * vk[i]) <= limit))
				fail_msg("n %zu vector %zu: A v is off by %g of %g", n, k,
				    av - values[k] * vk[i], norm);
			if (fabs(vk[i]) > fabs(most))
				most = vk[i];
		}
		assert_true(most > 0);
		for (size_t m = 0; m <= k; m++) {
			double dot = 0;

			for (size_t i = 0; i < n; i++)
				dot += vk[i] * v[m * n + i];
			assert_true(fabs(dot - (m == k)) <= 4 * 2.2e-16 * sqrt((double)n) * 4);
		}
	}
	free(b);
	free(values);
	free(v);
	free(all);
}

static void
test_vectors(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 4, 31, 32, 33, 34, 65, 129, 300 };
	struct ss_pool *pool = ss_pool_create(2);

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
		for (int s = -1; s <= 1; s++) {
			const size_t n = sizes[k];
			double *a = random_upper(n, pow(10, 150 * s));

			check_decomposition(pool, a, n, n);
			check_decomposition(pool, a, n, n > 5 ? 5 : 1);
			free(a);
		}
	ss_pool_free(pool);
}

/* Many equal values; values of 1 to 1e-300; a matrix of ones; of zeros; already diagonal. */
static void
test_degenerate(void **state)
{
	const size_t n = 70;
	double *a = doubles(n * n);

	(void)state;
	check_decomposition(NULL, a, n, n);
	for (size_t i = 0; i < n; i++)
		a[i * n + i] = (double)(i % 3);
	check_decomposition(NULL, a, n, n);
	for (size_t i = 0; i < n; i++)
		a[i * n + i] = pow(10, -(double)i * 300 / (double)n);
	check_decomposition(NULL, a, n, n);
	for (size_t i = 0; i < n * n; i++)
		a[i] = 1;
	check_decomposition(NULL, a, n, n);
	for (size_t i = 0; i < n; i++)		/* blocks that do not touch, with a chain between them */
		for (size_t j = 0; j < n; j++)
			a[i * n + j] = i / 10 == j / 10 ? 0.5 : i + 1 == j || j + 1 == i ? 1e-17 : 0;
	check_decomposition(NULL, a, n, n);
	free(a);
}

/* The second difference of n points has the eigenvalues 2 - 2 cos(k pi / (n + 1)). */
static void
test_formula(void **state)
{
	const size_t n = 200;
	double *a = doubles(n * n), values[200];
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		a[i * n + i] = 2;
		if (i + 1 < n)
			a[i * n + i + 1] = -1;
	}
	assert_int_equal(ss_eigen_symmetric(NULL, a, n, values, NULL, 0, &e), 0);
	for (size_t k = 0; k < n; k++)
		assert_true(fabs(values[k] - (2 - 2 * cos((double)(n - k) * acos(-1) / (double)(n + 1)))) < 1e-14);
	free(a);
}

/* Values that fall by a constant factor down to rounding and far below, as those of embeddings do. */
static void
test_graded(void **state)
{
	const size_t n = 400, parts = 250;
	double *a = doubles(n * n), *part = doubles(n);
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 7, SS_RNG_WEIGHTS, 0, 0, 0);
	for (size_t k = 0; k < parts; k++) {
		for (size_t i = 0; i < n; i++)
			part[i] = ss_rng_range(&r, -1, 1);
		for (size_t i = 0; i < n; i++)
			for (size_t j = i; j < n; j++)
				a[i * n + j] += pow(10, -(double)k / 10) * part[i] * part[j];
	}
	check_decomposition(NULL, a, n, 50);
	free(a);
	free(part);
}

static void
test_threads(void **state)
{
	const size_t n = 400, wanted = 40;
	double *a = random_upper(n, 1), *b = doubles(n * n), *values = doubles(2 * n), *v = doubles(2 * wanted * n);
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int t = 0; t < 2; t++) {
		struct ss_pool *pool = ss_pool_create(1 + 2 * t);

		memcpy(b, a, n * n * sizeof(*a));
		assert_int_equal(ss_eigen_symmetric(pool, b, n, values + (size_t)t * n,
		    v + (size_t)t * wanted * n, wanted, &e), 0);
		ss_pool_free(pool);
	}
	assert_memory_equal(values, values + n, n * sizeof(*values));
	assert_memory_equal(v, v + wanted * n, wanted * n * sizeof(*v));
	free(a);
	free(b);
	free(values);
	free(v);
}

static void
test_nonfinite(void **state)
{
	double a[9] = { 1, 2, 3, 0, NAN, 1, 0, 0, 1 }, values[3];
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_eigen_symmetric(NULL, a, 3, values, NULL, 0, &e), SS_ENONFINITE);
	assert_string_equal(e.text, "the matrix of 3 features is not finite");
	assert_int_equal(ss_eigen_symmetric(NULL, a, 0, values, NULL, 0, &e), 0);
}

/* Against sums in their order, at sizes around the borders of tiles; rows and columns; 1 and 3 threads. */
static void
test_gram(void **state)
{
	static const size_t sizes[][2] = { { 0, 3 }, { 1, 1 }, { 5, 130 }, { 300, 7 }, { 257, 129 }, { 130, 513 } };
	struct ss_pool *pool = ss_pool_create(3);
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++)
		for (int way = 0; way < 4; way++) {
			const size_t n = sizes[k][0], d = sizes[k][1], size = way & 1 ? n : d, depth = way & 1 ? d : n;
			float *x = ss_alloc(n * d, sizeof(*x));
			double *mean = doubles(d), *out = doubles(size * size), *same = doubles(size * size);
			struct ss_rng r;

			ss_rng_init(&r, 6, SS_RNG_WEIGHTS, (uint32_t)n, d, 0);
			assert_non_null(x);
			for (size_t i = 0; i < n * d; i++)
				x[i] = (float)ss_rng_range(&r, 0, 1);
			for (size_t i = 0; i < d && way & 2; i++)
				mean[i] = 0.5;
			assert_int_equal(ss_gram(pool, x, n, d, way & 2 ? mean : NULL, way & 1, out, &e), 0);
			assert_int_equal(ss_gram(NULL, x, n, d, way & 2 ? mean : NULL, way & 1, same, &e), 0);
			assert_memory_equal(out, same, size * size * sizeof(*out));
			for (size_t i = 0; i < size; i++)
				for (size_t j = 0; j < size; j++) {
					double sum = 0;

					for (size_t p = 0; p < depth; p++) {
						const size_t a = way & 1 ? i * d + p : p * d + i;
						const size_t b = way & 1 ? j * d + p : p * d + j;

						sum += ((double)x[a] - mean[a % d]) * ((double)x[b] - mean[b % d]);
					}
					assert_true(fabs(out[i * size + j] - sum) <= 2.2e-16 * (double)(depth + 1) *
					    sqrt((double)depth + 1));
				}
			free(x);
			free(mean);
			free(out);
			free(same);
		}
	ss_pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_degenerate),
		cmocka_unit_test(test_formula),
		cmocka_unit_test(test_graded),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_nonfinite),
		cmocka_unit_test(test_gram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
