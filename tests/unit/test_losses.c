/*
 * test_losses - objectives and health measures against their definitions
 *
 * The losses stand once more in plain.h, in double and straight from the papers;
 * gradients are held against four-point differences of those. PyTorch's values are
 * in test_golden.c.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "ssl/health.h"
#include "ssl/method.h"
#include "ssl/unit.h"
#include "tests/unit/plain.h"

#define GRADIENT_LIMIT 2e-6	/* of the gradient's length */
#define VALUE_LIMIT 1e-6

enum { VIEWS_MAX = 4 };

/* Outputs of a method for random inputs, with room for all that it writes. */
struct problem {
	const struct ss_method *method;
	double temperature;
	struct ss_outputs o;
	size_t cells;			/* of one matrix */
	float *in, *grad, *scratch;	/* in: z of all views, then p */
};

static void
make(struct problem *q, const struct ss_method *m, int views, int n, int d, uint64_t seed)
{
	struct ss_rng r;

	memset(q, 0, sizeof(*q));
	q->method = m;
	q->temperature = m->temperature;
	q->o = (struct ss_outputs){ .views = views, .n = n, .d = d };
	q->cells = (size_t)n * (size_t)d;
	q->in = ss_alloc(2 * (size_t)views * q->cells, sizeof(float));
	q->grad = ss_alloc((size_t)views * q->cells, sizeof(float));
	q->scratch = ss_alloc(m->scratch(views, n, d), sizeof(float));
	assert_true(q->in != NULL && q->grad != NULL && q->scratch != NULL);
	ss_rng_init(&r, seed, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < 2 * (size_t)views * q->cells; i++)
		q->in[i] = (float)ss_rng_normal(&r);
	for (int v = 0; v < views; v++) {
		q->o.z[v] = q->in + (size_t)v * q->cells;
		if (m->p_grad)
			q->o.p[v] = q->in + (size_t)(views + v) * q->cells;
		*(m->p_grad ? &q->o.dp[v] : &q->o.dz[v]) = q->grad + (size_t)v * q->cells;
	}
}

static void
drop(struct problem *q)
{
	free(q->in);
	free(q->grad);
	free(q->scratch);
}

static struct ss_loss
run(struct problem *q, struct ss_pool *pool)
{
	return q->method->loss(&q->o, q->temperature, q->scratch, pool);
}

/* The inputs through which the gradient flows. */
static const float *
variable(const struct problem *q, int v)
{
	return q->method->p_grad ? q->o.p[v] : q->o.z[v];
}

/* The definition at x + t * direction; x: what the gradient is with respect to. */
struct line {
	const struct problem *q;
	const double *x, *dir;
	double *y, *z;			/* room; z: the constant projections of SimSiam */
};

static double
by_definition(void *arg, double t)
{
	const struct line *l = arg;
	const struct ss_outputs *o = &l->q->o;
	double *y[VIEWS_MAX], *z[VIEWS_MAX];

	for (int v = 0; v < o->views; v++) {
		y[v] = l->y + (size_t)v * l->q->cells;
		z[v] = l->z + (size_t)v * l->q->cells;
		for (size_t i = 0; i < l->q->cells; i++) {
			size_t at = (size_t)v * l->q->cells + i;

			y[v][i] = l->x[at] + t * l->dir[at];
			z[v][i] = (double)o->z[v][i];
		}
	}
	return l->q->method->p_grad ? plain_simsiam(y, z, o->views, o->n, o->d) :
	    plain_nt_xent(y, o->n, o->d, l->q->temperature);
}

/* Returns the worst disagreement of a slope, as a share of |g|. */
static double
check_gradient(struct problem *q)
{
	size_t n = (size_t)q->o.views * q->cells;
	double *room = calloc(4 * n, sizeof(*room)), *dir = room + n, size = 0, worst = 0;
	struct line l = { q, room, dir, room + 2 * n, room + 3 * n };
	double loss = run(q, NULL).loss, want;
	struct ss_rng r;

	assert_non_null(room);
	for (int v = 0; v < q->o.views; v++)
		for (size_t i = 0; i < q->cells; i++)
			room[(size_t)v * q->cells + i] = (double)variable(q, v)[i];
	want = by_definition(&l, 0);
	if (!(fabs(loss - want) <= VALUE_LIMIT * fabs(want)))
		fail_msg("%s: loss %.9g, by definition %.9g", q->method->name, loss, want);
	for (size_t i = 0; i < n; i++)
		size += (double)q->grad[i] * (double)q->grad[i];
	size = sqrt(size);
	assert_true(size > 0);
	ss_rng_init(&r, 5, SS_RNG_SAMPLE, 0, 0, 0);
	for (int t = 0; t < 8; t++) {	/* the slope has the standard deviation |g| */
		double have = 0;

		for (size_t i = 0; i < n; i++) {
			dir[i] = ss_rng_normal(&r);
			have += dir[i] * (double)q->grad[i];
		}
		want = plain_slope(by_definition, &l, 2e-3);
		worst = fmax(worst, fabs(have - want) / size);
		if (!(fabs(have - want) <= GRADIENT_LIMIT * size))
			fail_msg("%s: slope %.9g, by differences %.9g", q->method->name, have, want);
	}
	free(room);
	return worst;
}

/* Sizes that fill pieces of work and leave some over; with temperatures that sharpen and flatten. */
static void
gradients(void **state)
{
	static const int sizes[][2] = { { 1, 3 }, { 5, 4 }, { 17, 7 }, { 40, 33 } };
	static const double temperatures[] = { 0.1, 0.5, 2 };
	struct problem q;
	double worst = 0;

	(void)state;
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int views = 2; views <= VIEWS_MAX; views++) {
			make(&q, &ss_simsiam, views, sizes[s][0], sizes[s][1], s);
			worst = fmax(worst, check_gradient(&q));
			drop(&q);
		}
		for (int t = 0; t < 3 && sizes[s][0] > 1; t++) {	/* one pair: a loss of 0, no gradient */
			make(&q, &ss_simclr, 2, sizes[s][0], sizes[s][1], s);
			q.temperature = temperatures[t];
			worst = fmax(worst, check_gradient(&q));
			drop(&q);
		}
	}
	print_message("             slopes within %.1g\n", worst);
}

/* Nothing flows to the projections of SimSiam: it has no place to put it. */
static void
stop_gradient(void **state)
{
	(void)state;
	assert_true(ss_simsiam.p_grad && !ss_simsiam.z_grad);
	assert_true(ss_simclr.z_grad && !ss_simclr.p_grad);
}

/* Writes where the method only reads. */
static void
fill(const float *x, size_t n, float value)
{
	for (size_t i = 0; i < n; i++)
		((float *)(uintptr_t)x)[i] = value;
}

static void
known_nt_xent(void **state)
{
	struct problem q;
	struct ss_loss l;

	(void)state;
	for (int n = 1; n <= 100; n += 33) {	/* all similarities equal: the chance line, ln(2N - 1) */
		make(&q, &ss_simclr, 2, n, 6, 1);
		fill(q.in, 2 * q.cells, 1);
		l = run(&q, NULL);
		assert_true(fabs(l.loss - log(2 * n - 1)) < 1e-6);
		assert_true(l.accuracy == 1);	/* a tie: the positive is as near as any */
		drop(&q);
	}
	/* positives at cosine 1, all else at 0: -1/t + ln(e^(1/t) + 2N - 2) */
	make(&q, &ss_simclr, 2, 8, 8, 1);
	for (int v = 0; v < 2; v++)
		for (int i = 0; i < 8; i++)
			for (int k = 0; k < 8; k++)
				q.in[(size_t)v * q.cells + (size_t)i * 8 + k] = i == k ? (float)(3 + v) : 0;
	l = run(&q, NULL);
	assert_true(fabs(l.loss - (log(exp(2) + 14) - 2)) < 1e-6);
	assert_true(l.accuracy == 1);
	/* positives opposed, all else at 0: nobody finds the other view */
	for (size_t i = 0; i < q.cells; i++)
		q.in[i] = -q.in[i];
	l = run(&q, NULL);
	assert_true(fabs(l.loss - (log(exp(-2) + 14) + 2)) < 1e-6);
	assert_true(l.accuracy == 0);
	/* half of the images found, half not */
	for (size_t i = 0; i < q.cells / 2; i++)
		q.in[i] = -q.in[i];
	assert_true(run(&q, NULL).accuracy == 0.5);
	drop(&q);
}

/* For random rows the share of anchors that find their positive is 1/(2N-1). */
static void
contrast_accuracy(void **state)
{
	struct problem q;
	double sum = 0;
	const int n = 16, runs = 200;

	(void)state;
	for (int i = 0; i < runs; i++) {
		make(&q, &ss_simclr, 2, n, 24, (uint64_t)i);
		sum += run(&q, NULL).accuracy;
		drop(&q);
	}
	/* 6400 anchors of which two each are dependent: standard deviation about 0.003 */
	assert_true(fabs(sum / runs - 1.0 / (2 * n - 1)) < 0.012);
}

static void
known_simsiam(void **state)
{
	struct problem q;

	(void)state;
	for (int views = 2; views <= VIEWS_MAX; views++) {
		make(&q, &ss_simsiam, views, 9, 12, 3);
		assert_true(fabs(run(&q, NULL).loss) < 1 && run(&q, NULL).accuracy == -1);
		for (int v = 0; v < views; v++) {	/* all the same direction, not the same length */
			fill(q.o.z[v], q.cells, 1);
			for (size_t i = 0; i < q.cells; i++)
				q.in[(size_t)(views + v) * q.cells + i] = (float)(0.5 + v);
		}
		assert_true(fabs(run(&q, NULL).loss + 1) < 1e-6);
		for (size_t i = 0; i < (size_t)views * q.cells; i++)
			q.in[(size_t)views * q.cells + i] *= -1;
		assert_true(fabs(run(&q, NULL).loss - 1) < 1e-6);
		for (size_t i = 0; i < (size_t)views * q.cells; i++)	/* no slope at either end */
			assert_true(fabs((double)q.grad[i]) < 1e-7);
		drop(&q);
	}
}

/* Rows of zeros have no direction: that must not give NaN. A NaN must not be lost. */
static void
odd_rows(void **state)
{
	const struct ss_method *const methods[] = { &ss_simsiam, &ss_simclr };
	struct problem q;

	(void)state;
	for (int m = 0; m < 2; m++) {
		make(&q, methods[m], 2, 20, 10, 4);
		fill(q.in, 4 * q.cells, 0);
		assert_true(isfinite(run(&q, NULL).loss));
		for (size_t i = 0; i < 2 * q.cells; i++)
			assert_true(isfinite(q.grad[i]));
		drop(&q);
		make(&q, methods[m], 2, 20, 10, 4);
		for (int v = 0; v < 2; v++)		/* one row of each */
			fill(variable(&q, v) + 70, 10, 0);
		assert_true(isfinite(run(&q, NULL).loss));
		for (size_t i = 0; i < 2 * q.cells; i++)
			assert_true(isfinite(q.grad[i]));
		fill(variable(&q, 1) + 33, 1, NAN);
		assert_true(isnan(run(&q, NULL).loss));
		fill(variable(&q, 1) + 33, 1, INFINITY);
		assert_false(isfinite(run(&q, NULL).loss));
		drop(&q);
		make(&q, methods[m], 2, 20, 10, 4);
		fill(q.o.z[0], 1, NAN);
		assert_true(isnan(run(&q, NULL).loss));
		drop(&q);
	}
}

static void
units(void **state)
{
	float x[7] = { 3, 0, -4, 0, 0, 0, 0 }, u[7], du[7] = { 1, 2, 3, 4, 5, 6, 7 };

	(void)state;
	assert_true(ss_unit(x, u, 7) == 5);
	assert_true(fabs(u[0] - 0.6) < 1e-7 && fabs(u[2] + 0.8) < 1e-7 && u[6] == 0);
	ss_unit_back(u, 5, du, du, 7);			/* in place; orthogonal to u */
	assert_true(fabs(ss_dot(du, u, 7)) < 1e-6);
	assert_true(fabs(du[6] - 1.4) < 1e-6);
	memset(x, 0, sizeof(x));
	assert_true(ss_unit(x, u, 7) == SS_UNIT_FLOOR);
	for (int i = 0; i < 7; i++)
		assert_true(u[i] == 0);
	x[0] = NAN;
	assert_true(isnan(ss_norm(x, 7)));
}

static void
std_ratio(void **state)
{
	enum { N = 512, D = 96 };
	float *z = ss_alloc((size_t)N * D, sizeof(*z));
	double scratch[2 * D], half;
	struct ss_rng r;

	(void)state;
	assert_non_null(z);
	ss_rng_init(&r, 8, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < (size_t)N * D; i++)
		z[i] = (float)ss_rng_normal(&r);
	assert_true(fabs(ss_std_ratio(z, N, D, scratch) - 1) < 0.02);
	for (int i = 0; i < N; i++)			/* half of the channels dead */
		for (int k = 0; k < D / 2; k++)
			z[(size_t)i * D + k] = 0;
	half = ss_std_ratio(z, N, D, scratch);
	assert_true(fabs(half - sqrt(0.5)) < 0.02);
	for (int i = 1; i < N; i++)			/* constant but for the length, which does not count */
		for (int k = 0; k < D; k++)
			z[(size_t)i * D + k] = z[k] * (float)i;
	assert_true(ss_std_ratio(z, N, D, scratch) < 1e-3);
	assert_true(ss_std_ratio(z, N, D, scratch) < SS_COLLAPSED);
	memset(z, 0, (size_t)N * D * sizeof(*z));
	assert_true(ss_std_ratio(z, N, D, scratch) == 0);
	z[5] = NAN;
	assert_true(isnan(ss_std_ratio(z, N, D, scratch)));
	free(z);
}

/* Bytes do not depend on the number of threads. */
static void
threads(void **state)
{
	const struct ss_method *const methods[] = { &ss_simsiam, &ss_simclr };
	struct problem q;

	(void)state;
	for (int m = 0; m < 2; m++) {
		size_t n;
		float *grad;
		struct ss_loss alone;

		make(&q, methods[m], 2, 150, 65, 6);	/* several pieces of work, the last one short */
		n = 2 * q.cells * sizeof(float);
		alone = run(&q, NULL);
		grad = malloc(n);
		assert_non_null(grad);
		memcpy(grad, q.grad, n);
		for (int t = 1; t <= 3; t++) {
			struct ss_pool *pool = ss_pool_create(t);
			struct ss_loss l;

			assert_non_null(pool);
			memset(q.grad, 0xff, n);
			l = run(&q, pool);
			assert_true(l.loss == alone.loss && l.accuracy == alone.accuracy);
			assert_memory_equal(q.grad, grad, n);
			ss_pool_free(pool);
		}
		free(grad);
		drop(&q);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients),
		cmocka_unit_test(stop_gradient),
		cmocka_unit_test(known_nt_xent),
		cmocka_unit_test(contrast_accuracy),
		cmocka_unit_test(known_simsiam),
		cmocka_unit_test(odd_rows),
		cmocka_unit_test(units),
		cmocka_unit_test(std_ratio),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
