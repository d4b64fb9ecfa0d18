/*
 * test_lbfgs - the optimiser on functions whose minima are known, and Cholesky factors
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "eval/cholesky.h"
#include "eval/lbfgs.h"

/*
 * sum_i c_i (x_i - i)^2 / 2 + 1, curvatures from 1 to 1e-4. scipy's L-BFGS-B comes as close to
 * the minimum in about 600 iterations.
 */
static double
bowl(void *arg, const double *x, double *g)
{
	double sum = 1;
	int *calls = arg;

	++*calls;
	for (int i = 0; i < 50; i++) {
		double c = pow(10, -4.0 * i / 49);

		g[i] = c * (x[i] - i);
		sum += c * (x[i] - i) * (x[i] - i) / 2;
	}
	return sum;
}

/* Rosenbrock's function, plus 1: a curved valley, not convex. */
static double
valley(void *arg, const double *x, double *g)
{
	const double a = x[1] - x[0] * x[0], b = 1 - x[0];
	int *calls = arg;

	++*calls;
	g[0] = -400 * a * x[0] - 2 * b;
	g[1] = 200 * a;
	return 100 * a * a + b * b + 1;
}

/* -log(1 - x^2): infinite from 1 on, where the first step lands. */
static double
barrier(void *arg, const double *x, double *g)
{
	int *calls = arg;

	++*calls;
	g[0] = 2 * x[0] / (1 - x[0] * x[0]);
	return x[0] * x[0] < 1 ? -log(1 - x[0] * x[0]) + 1 : INFINITY;
}

static double
broken(void *arg, const double *x, double *g)
{
	(void)arg;
	(void)x;
	g[0] = NAN;
	return 0;
}

static void
test_minima(void **state)
{
	double x[50] = { 0 }, y[2] = { -1.2, 1 }, z[1] = { -0.9 };
	int calls = 0;
	struct ss_lbfgs l = { .n = 50, .arg = &calls, .evaluate = bowl, .memory = 10,
	    .max_iterations = 1000, .tolerance = 1e-13, .noise = 1e-15 };
	struct ss_lbfgs_result r;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_lbfgs(&l, x, &r, &e), 0);
	assert_true(r.converged && !r.stalled && r.evaluations == calls && r.iterations < 800);
	assert_true(fabs(r.value - 1) < 1e-11);
	for (int i = 0; i < 50; i++)
		assert_true(fabs(x[i] - i) < 1e-3);

	calls = 0;
	l.evaluate = valley;
	l.n = 2;
	assert_int_equal(ss_lbfgs(&l, y, &r, &e), 0);
	assert_true(r.converged && r.evaluations == calls && r.evaluations < 100);
	assert_true(fabs(y[0] - 1) < 1e-5 && fabs(y[1] - 1) < 1e-5);

	l.evaluate = barrier;
	l.n = 1;
	assert_int_equal(ss_lbfgs(&l, z, &r, &e), 0);
	assert_true(r.converged && fabs(z[0]) < 1e-5);
}

static void
test_limits(void **state)
{
	double x[50] = { 0 };
	int calls = 0;
	struct ss_lbfgs l = { .n = 50, .arg = &calls, .evaluate = bowl, .memory = 3, .max_iterations = 4,
	    .tolerance = 1e-14 };
	struct ss_lbfgs_result r;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_lbfgs(&l, x, &r, &e), 0);
	assert_true(!r.converged && !r.stalled && r.iterations == 4);
	l.evaluate = broken;
	assert_int_equal(ss_lbfgs(&l, x, &r, &e), SS_ENONFINITE);
}

/* A = B B' + 0.1: L L' must give it back, and both solves must undo a product with L. */
static void
test_cholesky(void **state)
{
	static const int sizes[] = { 1, 5, 64, 65, 200, 345 };
	struct ss_pool *pool = ss_pool_create(2);
	struct ss_rng rng;

	(void)state;
	assert_non_null(pool);
	ss_rng_init(&rng, 5, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		const size_t n = (size_t)sizes[s], m = 3, ld = n + 2;
		double *b = ss_alloc(n * n, sizeof(*b)), *x = ss_alloc(2 * m * ld, sizeof(*x));
		double *room = ss_alloc(n * 4, sizeof(*room));
		float *a = ss_alloc(n * n, sizeof(*a)), *l = ss_alloc(n * n, sizeof(*l));

		assert_true(a != NULL && b != NULL && l != NULL && x != NULL && room != NULL);
		for (size_t i = 0; i < n * n; i++)
			b[i] = ss_rng_range(&rng, -1, 1) / sqrt((double)n);
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < n; j++) {
				double sum = 0;

				for (size_t p = 0; p < n; p++)
					sum += b[i * n + p] * b[j * n + p];
				a[i * n + j] = l[i * n + j] = j <= i ? (float)sum : NAN;
			}
		assert_true(ss_cholesky(pool, l, n, 0.1));
		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j <= i; j++) {
				double sum = i == j ? -0.1 : 0;

				for (size_t p = 0; p <= j; p++)
					sum += (double)l[i * n + p] * (double)l[j * n + p];
				assert_true(fabs(sum - (double)a[i * n + j]) < 1e-6);
			}
		for (int transposed = 0; transposed < 2; transposed++) {
			double *y = x + m * ld;

			for (size_t v = 0; v < m; v++)
				for (size_t i = 0; i < n; i++)
					x[v * ld + i] = ss_rng_range(&rng, -1, 1);
			for (size_t v = 0; v < m; v++)
				for (size_t i = 0; i < n; i++) {
					y[v * ld + i] = 0;
					for (size_t j = 0; j < n; j++)
						if (transposed ? i <= j : j <= i)
							y[v * ld + i] += x[v * ld + j] *
							    (double)(transposed ? l[j * n + i] : l[i * n + j]);
				}
			ss_cholesky_solve(l, n, transposed != 0, y, m, ld, room);
			for (size_t v = 0; v < m; v++)
				for (size_t i = 0; i < n; i++)
					assert_true(fabs(x[v * ld + i] - y[v * ld + i]) < 1e-9);
		}
		a[0] = -1;
		assert_false(ss_cholesky(pool, a, n, 0.1));
		free(a);
		free(b);
		free(l);
		free(x);
		free(room);
	}
	ss_pool_free(pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_minima),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_cholesky),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
