/*
 * test_losses - objectives against their definitions
 *
 * The losses stand once more in plain_losses.h, in double and straight from the papers;
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
#include "ssl/method.h"
#include "ssl/unit.h"
#include "tests/unit/plain_losses.h"

#define GRADIENT_LIMIT 3e-6	/* of the gradient's length */
#define VALUE_LIMIT 1e-6

enum { VIEWS_MAX = 4 };

/* Outputs for a method from random numbers, with room for all that it writes. */
struct problem {
	const struct ss_method *method;
	struct ss_knobs knobs;
	struct ss_outputs o;
	size_t cells;			/* of one matrix */
	size_t own, state;		/* floats */
	float *in, *grad, *scratch;	/* in: variables of all views, own parameters; constants, the target's, state */
	int *label;
	float *flow;			/* gradients to be added to those of the variables, or NULL */
};

static size_t
variables(const struct problem *q)
{
	return (size_t)q->o.views * q->cells + q->own;
}

static void
make(struct problem *q, const struct ss_method *m, int views, int n, int d, uint64_t seed)
{
	struct ss_rng r;
	float *constant;

	memset(q, 0, sizeof(*q));
	q->method = m;
	q->knobs = m->knobs;
	if (q->knobs.prototypes > 0)
		q->knobs.prototypes = 11;
	if (q->knobs.queue > 0)
		q->knobs.queue = 70;
	q->o = (struct ss_outputs){ .views = views, .globals = views, .n = n, .d = d };
	q->cells = (size_t)n * (size_t)d;
	q->own = (size_t)q->knobs.prototypes * (size_t)d;
	q->state = m->state == NULL ? 0 : m->state(&q->knobs, d);
	q->in = ss_alloc(2 * variables(q) + q->state, sizeof(float));
	q->grad = ss_alloc(variables(q), sizeof(float));
	q->scratch = ss_alloc(m->scratch(&q->knobs, views, n, d), sizeof(float));
	q->label = calloc((size_t)n, sizeof(*q->label));
	assert_true(q->in != NULL && q->grad != NULL && q->scratch != NULL && q->label != NULL);
	ss_rng_init(&r, seed, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < 2 * variables(q); i++)
		q->in[i] = (float)ss_rng_normal(&r);
	for (int i = 0; i < n; i++)
		q->label[i] = (int)ss_rng_below(&r, (uint32_t)d);
	constant = q->in + variables(q);
	for (int v = 0; v < views; v++) {
		const float *x = q->in + (size_t)v * q->cells, *c = constant + (size_t)v * q->cells;

		*(m->p_grad ? &q->o.p[v] : &q->o.z[v]) = x;
		*(m->target ? &q->o.t[v] : m->p_grad ? &q->o.z[v] : &q->o.t[v]) = c;
		if (m->target && m->p_grad)
			q->o.z[v] = x;
		*(m->p_grad ? &q->o.dp[v] : &q->o.dz[v]) = q->grad + (size_t)v * q->cells;
	}
	q->o.label = q->label;
	q->o.own = q->in + (size_t)views * q->cells;
	q->o.own_grad = q->grad + (size_t)views * q->cells;
	q->o.target_own = constant + (size_t)views * q->cells;
	q->o.state = q->in + 2 * variables(q);
	if (m->prepare != NULL)
		m->prepare(&q->knobs, d, q->in + (size_t)views * q->cells);
	if (m->begin != NULL)
		m->begin(&q->knobs, d, seed, q->o.state);
}

static void
drop(struct problem *q)
{
	free(q->in);
	free(q->grad);
	free(q->scratch);
	free(q->label);
}

/* What the method remembers is as before. */
static struct ss_loss
run(struct problem *q, struct ss_pool *pool)
{
	float *before = malloc((q->state + 1) * sizeof(*before));
	struct ss_loss l;

	assert_non_null(before);
	memcpy(before, q->o.state, q->state * sizeof(*before));
	l = q->method->loss(&q->o, &q->knobs, q->scratch, pool);
	memcpy(q->o.state, before, q->state * sizeof(*before));
	free(before);
	return l;
}

/* The inputs through which the gradient flows. */
static const float *
variable(const struct problem *q, int v)
{
	return q->in + (size_t)v * q->cells;
}

/* The definition along a direction in all variables. */
struct line {
	const struct problem *q;
	struct plain_outputs plain;
	double *x, *dir, *at, *constant;
	double *code;
};

static double
by_definition(void *arg, double t)
{
	struct line *l = arg;

	for (size_t i = 0; i < variables(l->q); i++)
		l->at[i] = l->x[i] + t * l->dir[i];
	return plain_loss_of(l->q->method, &l->plain, &l->q->knobs);
}

static struct line
line(const struct problem *q)
{
	const size_t n = variables(q), codes = (size_t)q->o.views * (size_t)q->o.n * (size_t)q->knobs.prototypes;
	struct line l = { .q = q, .plain = { .views = q->o.views, .globals = q->o.globals, .n = q->o.n, .d = q->o.d,
		.label = q->label } };

	l.x = calloc(4 * n + q->state + codes, sizeof(*l.x));
	assert_non_null(l.x);
	l.dir = l.x + n;
	l.at = l.dir + n;
	l.constant = l.at + n;
	l.code = l.constant + n + q->state;
	for (size_t i = 0; i < n; i++)
		l.x[i] = l.at[i] = (double)q->in[i];
	for (size_t i = 0; i < n + q->state; i++)
		l.constant[i] = (double)q->in[n + i];
	for (int v = 0; v < q->o.views; v++) {
		l.plain.x[v] = l.at + (size_t)v * q->cells;
		l.plain.c[v] = l.constant + (size_t)v * q->cells;
		l.plain.code[v] = l.code + (size_t)v * (size_t)(q->o.n * q->knobs.prototypes);
	}
	l.plain.own = l.at + (size_t)q->o.views * q->cells;
	l.plain.target_own = l.constant + (size_t)q->o.views * q->cells;
	l.plain.state = l.constant + n;
	if (q->method == &ss_swav)
		plain_codes(&l.plain, &q->knobs);
	return l;
}

/* Returns the worst disagreement of a slope, as a share of |g|. */
static double
check_gradient(struct problem *q)
{
	const size_t n = variables(q);
	struct line l = line(q);
	double size = 0, worst = 0, loss, want;
	struct ss_rng r;

	memset(q->grad, 0xff, n * sizeof(float));
	loss = run(q, NULL).loss;
	for (size_t i = 0; q->flow != NULL && i < n; i++)
		q->grad[i] += q->flow[i];
	want = by_definition(&l, 0);
	if (!(fabs(loss - want) <= VALUE_LIMIT * fmax(fabs(want), 0.1)))
		fail_msg("%s: loss %.9g, by definition %.9g", q->method->name, loss, want);
	for (size_t i = 0; i < n; i++)
		size += (double)q->grad[i] * (double)q->grad[i];
	size = sqrt(size);
	assert_true(size > 0);
	ss_rng_init(&r, 5, SS_RNG_SAMPLE, 0, 0, 0);
	for (int t = 0; t < 8; t++) {	/* the slope has the standard deviation |g| */
		double have = 0;

		for (size_t i = 0; i < n; i++) {
			l.dir[i] = ss_rng_normal(&r);
			have += l.dir[i] * (double)q->grad[i];
		}
		want = plain_slope(by_definition, &l, 1e-3);
		worst = fmax(worst, fabs(have - want) / size);
		if (!(fabs(have - want) <= GRADIENT_LIMIT * size))
			fail_msg("%s, %d views of %d x %d: slope %.9g, by differences %.9g of %.3g", q->method->name,
			    q->o.views, q->o.n, q->o.d, have, want, size);
	}
	free(l.x);
	return worst;
}

/* Sizes that fill pieces of work and leave some over; with temperatures that sharpen and flatten. */
static void
gradients(void **state)
{
	static const int sizes[][2] = { { 1, 3 }, { 5, 4 }, { 17, 7 }, { 40, 33 } };
	static const double temperatures[] = { 0.1, 0.5, 2 };

	(void)state;
	for (int m = 0; ss_methods[m] != NULL; m++) {
		const struct ss_method *method = ss_methods[m];
		double worst = 0;

		for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
			for (int views = method->min_views; views <= method->max_views && views <= VIEWS_MAX; views++)
				for (int t = 0; t < 3; t++) {
					struct problem q;

					if (sizes[s][0] == 1 && method->max_views == 2 && method != &ss_moco)
						continue;	/* one pair: nothing to compare it with */
					make(&q, method, views, sizes[s][0], sizes[s][1], s);
					if (q.knobs.temperature > 0)
						q.knobs.temperature = temperatures[t];
					if (t == 1 && views % 2 == 0)
						q.knobs.symmetric = !q.knobs.symmetric;
					worst = fmax(worst, check_gradient(&q));
					drop(&q);
				}
		print_message("             %s: slopes within %.1g\n", method->name, worst);
	}
}

/* Small crops: they learn from the global views, and nobody learns from them. */
static void
crops(void **state)
{
	(void)state;
	for (int m = 0; ss_methods[m] != NULL; m++) {
		const struct ss_method *method = ss_methods[m];
		double worst = 0;

		for (int globals = method->min_views; globals + 1 <= method->max_views && globals < 4; globals++)
			for (int locals = 1; locals <= 3; locals++) {
				struct problem q;

				make(&q, method, globals + locals, 17, 9, (uint64_t)locals);
				q.o.globals = globals;
				for (int v = globals; v < q.o.views; v++)
					q.o.t[v] = NULL;
				worst = fmax(worst, check_gradient(&q));
				drop(&q);
			}
		if (method->max_views > 2)
			print_message("             %s: slopes within %.1g\n", method->name, worst);
	}
}

/* SimSiam's ablations. Without a predictor x are the projections, so that the gradients of both roles add up. */
static void
ablations(void **state)
{
	double worst = 0;

	(void)state;
	for (int m = 0; m < 8; m++) {
		struct problem q;
		float *dz = NULL;
		double w;

		make(&q, &ss_simsiam, 2 + m % 2 * (m < 4 ? 1 : 2), 17, 9, (uint64_t)m);
		q.knobs.cross_entropy = (m & 1) != 0;
		q.knobs.flow = (m & 2) != 0;
		q.knobs.symmetric = m < 4;
		if (q.knobs.flow) {
			dz = ss_alloc((size_t)q.o.views * q.cells, sizeof(*dz));
			assert_non_null(dz);
			for (int v = 0; v < q.o.views; v++) {
				q.o.z[v] = q.o.p[v];
				q.o.dz[v] = dz + (size_t)v * q.cells;
			}
			q.flow = dz;
		}
		w = check_gradient(&q);
		worst = fmax(worst, w);
		free(dz);
		drop(&q);
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
		assert_true(ss_loss_note(&l, "contrast_accuracy") == 1);	/* a tie: the positive is as near as any */
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
	assert_true(ss_loss_note(&l, "contrast_accuracy") == 1);
	/* positives opposed, all else at 0: nobody finds the other view */
	for (size_t i = 0; i < q.cells; i++)
		q.in[i] = -q.in[i];
	l = run(&q, NULL);
	assert_true(fabs(l.loss - (log(exp(-2) + 14) + 2)) < 1e-6);
	assert_true(ss_loss_note(&l, "contrast_accuracy") == 0);
	/* half of the images found, half not */
	for (size_t i = 0; i < q.cells / 2; i++)
		q.in[i] = -q.in[i];
	l = run(&q, NULL);
	assert_true(ss_loss_note(&l, "contrast_accuracy") == 0.5);
	drop(&q);
}

/* For random rows the share of anchors that find their positive is 1/(2N-1). */
static void
contrast_accuracy(void **state)
{
	struct problem q;
	struct ss_loss l;
	double sum = 0;
	const int n = 16, runs = 200;

	(void)state;
	for (int i = 0; i < runs; i++) {
		make(&q, &ss_simclr, 2, n, 24, (uint64_t)i);
		l = run(&q, NULL);
		sum += ss_loss_note(&l, "contrast_accuracy");
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
		assert_true(fabs(run(&q, NULL).loss) < 1);
		for (int v = 0; v < views; v++) {	/* all the same direction, not the same length */
			fill(q.o.z[v], q.cells, 1);
			for (size_t i = 0; i < q.cells; i++)
				q.in[(size_t)v * q.cells + i] = (float)(0.5 + v);
		}
		assert_true(fabs(run(&q, NULL).loss + 1) < 1e-6);
		for (size_t i = 0; i < (size_t)views * q.cells; i++)
			q.in[i] *= -1;
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
	(void)state;
	for (int m = 0; ss_methods[m] != NULL; m++) {
		const struct ss_method *method = ss_methods[m];
		const int views = method->min_views < 2 ? 2 : method->min_views;
		struct problem q;

		make(&q, method, views, 20, 10, 4);
		fill(q.in, 2 * variables(&q), 0);
		assert_true(isfinite(run(&q, NULL).loss));
		for (size_t i = 0; i < variables(&q); i++)
			assert_true(isfinite(q.grad[i]));
		drop(&q);
		make(&q, method, views, 20, 10, 4);
		for (int v = 0; v < views; v++)		/* one row of each */
			fill(variable(&q, v) + 70, 10, 0);
		assert_true(isfinite(run(&q, NULL).loss));
		for (size_t i = 0; i < variables(&q); i++)
			assert_true(isfinite(q.grad[i]));
		fill(variable(&q, 0) + 33, 1, NAN);
		assert_true(isnan(run(&q, NULL).loss));
		fill(variable(&q, 0) + 33, 1, INFINITY);
		assert_false(isfinite(run(&q, NULL).loss));
		drop(&q);
		make(&q, method, views, 20, 10, 4);
		if (method->target || method->p_grad) {
			fill(q.in + variables(&q), (size_t)views * q.cells, NAN);
			assert_true(isnan(run(&q, NULL).loss));
		}
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

/* Bytes do not depend on the number of threads; what a method remembers neither. */
static void
threads(void **state)
{
	(void)state;
	for (int m = 0; ss_methods[m] != NULL; m++) {
		const struct ss_method *method = ss_methods[m];
		struct problem q;
		size_t n, all;
		float *grad, *before, *after;
		struct ss_loss alone;

		/* several pieces of work, the last one short */
		make(&q, method, method->min_views < 2 ? 2 : method->min_views, 150, 65, 6);
		n = variables(&q) * sizeof(float);
		all = q.state * sizeof(float);
		grad = malloc(n);
		before = malloc(all + 1);
		after = malloc(all + 1);
		assert_true(grad != NULL && before != NULL && after != NULL);
		memcpy(before, q.o.state, all);
		alone = method->loss(&q.o, &q.knobs, q.scratch, NULL);
		memcpy(grad, q.grad, n);
		memcpy(after, q.o.state, all);
		assert_true(all == 0 || memcmp(before, after, all) != 0);
		for (int t = 1; t <= 3; t++) {
			struct ss_pool *pool = ss_pool_create(t);
			struct ss_loss l;

			assert_non_null(pool);
			memset(q.grad, 0xff, n);
			memcpy(q.o.state, before, all);
			l = method->loss(&q.o, &q.knobs, q.scratch, pool);
			assert_true(l.loss == alone.loss);
			for (int k = 0; alone.note[k].name != NULL; k++)
				assert_true(l.note[k].value == alone.note[k].value);
			assert_memory_equal(q.grad, grad, n);
			assert_memory_equal(q.o.state, after, all);
			ss_pool_free(pool);
		}
		free(grad);
		free(before);
		free(after);
		drop(&q);
	}
}

/* The queue of MoCo takes keys in turn, the oldest go first; the centre of DINO follows. */
static void
remembered(void **state)
{
	struct problem q;
	float *queue;
	const int d = 6;

	(void)state;
	make(&q, &ss_moco, 2, 20, d, 7);
	q.knobs.symmetric = false;
	queue = q.o.state;
	for (int step = 0; step < 5; step++) {	/* 100 keys through a queue of 70 */
		float unit[6];

		for (int i = 0; i < 20; i++) {
			fill(q.o.t[1] + (size_t)i * d, (size_t)d, 0);
			fill(q.o.t[1] + (size_t)i * d + i % d, 1, (float)(1 + step));
		}
		(void)q.method->loss(&q.o, &q.knobs, q.scratch, NULL);
		memset(unit, 0, sizeof(unit));
		unit[19 % d] = 1;
		assert_memory_equal(queue + (step * 20 + 19) % 70 * d, unit, sizeof(unit));
		assert_true(queue[70 * d] == (float)((step + 1) * 20 % 70));
		assert_true(fabs(ss_norm(queue + 69 * d, d) - 1) < 1e-6);
	}
	for (size_t i = 0; i < q.cells; i++)
		assert_true(q.o.dz[1][i] == 0);		/* view 2 only gave keys */
	drop(&q);
	make(&q, &ss_dino, 2, 20, d, 8);
	(void)q.method->loss(&q.o, &q.knobs, q.scratch, NULL);
	for (int k = 0; k < q.knobs.prototypes; k++) {
		double mean = 0;

		for (int v = 0; v < 2; v++)
			for (int i = 0; i < 20; i++)
				mean += ss_dot(q.o.t[v] + i * d, q.o.target_own + k * d, d) /
				    ss_norm(q.o.t[v] + i * d, d) / ss_norm(q.o.target_own + k * d, d) / 40;
		assert_true(fabs((double)q.o.state[k] - 0.1 * mean) < 1e-6);
	}
	drop(&q);
}

/* Codes of SwAV use all prototypes equally and sum to one: nearly, after three rounds. */
static void
known_clusters(void **state)
{
	struct problem q;
	struct ss_loss l;

	(void)state;
	make(&q, &ss_swav, 2, 64, 16, 9);
	l = run(&q, NULL);
	assert_true(ss_loss_note(&l, "assignment_entropy") > 0.98 && ss_loss_note(&l, "assignment_entropy") < 1.0001);
	assert_true(ss_loss_note(&l, "code_entropy") < 0.9);
	fill(q.in, 2 * q.cells, 1);		/* all images alike: each code is uniform */
	l = run(&q, NULL);
	assert_true(fabs(ss_loss_note(&l, "code_entropy") - 1) < 1e-3);
	drop(&q);
	/* a perfect correlation matrix, and perfect channels */
	make(&q, &ss_barlow, 2, 8, 3, 1);
	for (int i = 0; i < 8; i++)
		for (int v = 0; v < 2; v++)
			for (int k = 0; k < 3; k++)
				q.in[(size_t)v * q.cells + (size_t)i * 3 + k] = (i >> k) % 2 ? 1 : -1;
	l = run(&q, NULL);
	assert_true(fabs(l.loss) < 1e-8 && fabs(ss_loss_note(&l, "diagonal") - 1) < 1e-4);
	q.method = &ss_vicreg;
	q.knobs = ss_vicreg.knobs;
	l = run(&q, NULL);
	assert_true(fabs(l.loss) < 1e-8 && ss_loss_note(&l, "std") > 1);
	drop(&q);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gradients),
		cmocka_unit_test(crops),
		cmocka_unit_test(ablations),
		cmocka_unit_test(stop_gradient),
		cmocka_unit_test(known_nt_xent),
		cmocka_unit_test(contrast_accuracy),
		cmocka_unit_test(known_simsiam),
		cmocka_unit_test(odd_rows),
		cmocka_unit_test(units),
		cmocka_unit_test(threads),
		cmocka_unit_test(remembered),
		cmocka_unit_test(known_clusters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
