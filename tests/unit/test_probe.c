/*
 * test_probe - the linear probe against its definition, scikit-learn's minima and PyTorch's steps
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
#include "eval/probe.h"

enum { N = 1200, M = 400, D = 20, CLASSES = 5 };

/* The formula of tests/golden/make_probe.py. */
static void
make_data(float *x, int32_t *label, size_t n, size_t d, int classes, size_t salt)
{
	for (size_t i = 0; i < n; i++) {
		label[i] = (int32_t)(i * 13 % 31 % (size_t)classes);
		for (size_t j = 0; j < d; j++) {
			size_t k = (i * 7919 + j * 104729 + i * j * 31 + salt) % 1009;
			double noise = ((double)k - 504) / 504;

			x[i * d + j] = (float)(noise * (double)(1 + j % 5) + (double)j +
			    (((size_t)label[i] + j) % (size_t)classes == 0 ? 0.7 : 0));
		}
	}
}

static int
train(struct ss_probe **probe, struct ss_pool *p, float *x, const int32_t *label, size_t n, size_t d,
    const struct ss_probe_options *o, struct ss_probe_fit *fit, struct ss_err *e)
{
	const struct ss_probe_set set = { .x = x, .label = label, .n = n, .d = d };

	return ss_probe_train(probe, p, &set, o, fit, e);
}

/* F as probe.h defines it, all in double. */
static double
plain_loss(const float *x, const int32_t *label, size_t n, size_t d, int classes, double l2,
    const double *w)
{
	double sum = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		double total = 0, own = 0;

		for (int c = 0; c < classes; c++) {
			const double *wc = w + (size_t)c * (d + 1);
			double z = wc[d];

			for (size_t j = 0; j < d; j++)
				z += wc[j] * (double)x[i * d + j];
			total += exp(z);
			if (c == label[i])
				own = z;
		}
		sum += log(total) - own;
	}
	for (int c = 0; c < classes; c++)
		for (size_t j = 0; j < d; j++)
			norm += w[(size_t)c * (d + 1) + j] * w[(size_t)c * (d + 1) + j];
	return (sum + l2 / 2 * norm) / (double)n;
}

/* Value and every component of the gradient, at sizes around the borders of pieces and tiles. */
static void
test_gradient(void **state)
{
	static const struct { size_t n, d; int classes; } cases[] = {
		{ 3, 1, 2 }, { 700, 6, 3 }, { 513, 300, 2 }, { 1030, 11, 10 }, { 70, 5000, 2 },
	};
	struct ss_pool *pool = ss_pool_create(2);
	struct ss_rng r;

	(void)state;
	assert_non_null(pool);
	ss_rng_init(&r, 9, SS_RNG_PROBE, 0, 0, 0);
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		const size_t n = cases[k].n, d = cases[k].d;
		const int classes = cases[k].classes;
		const size_t params = (size_t)classes * (d + 1);
		float *x = ss_alloc(n * d, sizeof(*x));
		int32_t *label = ss_alloc(n, sizeof(*label));
		double *w = ss_alloc(params, sizeof(*w)), *g = ss_alloc(params, sizeof(*g));
		const double scale = 1 / sqrt((double)d), step = 1e-3;
		struct ss_err e = SS_ERR_INIT;
		double value, largest = 0;

		assert_true(x != NULL && label != NULL && w != NULL && g != NULL);
		for (size_t i = 0; i < n * d; i++)
			x[i] = (float)ss_rng_normal(&r);
		for (size_t i = 0; i < n; i++)
			label[i] = (int32_t)ss_rng_below(&r, (uint32_t)classes);
		for (size_t i = 0; i < params; i++)
			w[i] = scale * ss_rng_normal(&r);
		assert_int_equal(ss_probe_loss(pool, x, label, n, d, classes, 3, w, &value, g, &e), 0);
		assert_true(fabs(value / plain_loss(x, label, n, d, classes, 3, w) - 1) < 1e-6);
		for (size_t i = 0; i < params; i++)
			largest = fmax(largest, fabs(g[i]));
		for (size_t i = 0; i < params; i += 1 + params / 40) {
			const double at = w[i], offset[] = { -2, -1, 1, 2 }, weight[] = { 1, -8, 8, -1 };
			double slope = 0;

			for (int o = 0; o < 4; o++) {
				w[i] = at + offset[o] * step;
				slope += weight[o] * plain_loss(x, label, n, d, classes, 3, w) / (12 * step);
			}
			w[i] = at;
			/*
			 * Logits in float: a few 1e-7 of the largest component, whatever this
			 * one is.
			 */
			assert_true(fabs(slope - g[i]) < 2e-6 * largest);
		}
		free(x);
		free(label);
		free(w);
		free(g);
	}
	ss_pool_free(pool);
}

/* Made by tests/golden/make_probe.py: l2, F, loss, records right in training and test set. */
static const struct {
	double l2, objective, loss;
	int train, test;
} golden[] = {
	{ 1, 1.0501152681, 1.0462669381, 722, 241 },
	{ 100, 1.2285043122, 1.1239451126, 725, 237 },
	{ 0.01, 1.0462236705, 1.0461834956, 722, 241 },
};

static void
test_sklearn(void **state)
{
	static float x[N * D], t[M * D];
	static int32_t label[N], test_label[M], predicted[M], other[M];

	(void)state;
	make_data(t, test_label, M, D, CLASSES, 77);
	for (size_t k = 0; k < sizeof(golden) / sizeof(*golden); k++) {
		double objective[2];

		for (int threads = 1; threads <= 3; threads += 2) {
			struct ss_pool *pool = ss_pool_create(threads);
			struct ss_probe_options o = SS_PROBE_DEFAULTS;
			struct ss_probe_fit fit;
			struct ss_probe *probe;
			struct ss_err e = SS_ERR_INIT;
			int right = 0;

			assert_non_null(pool);
			o.l2 = golden[k].l2;
			make_data(x, label, N, D, CLASSES, 0);
			assert_int_equal(train(&probe, pool, x, label, N, D, &o, &fit, &e), 0);
			assert_int_equal(ss_probe_classes(probe), CLASSES);
			assert_true(fit.converged && !fit.stalled && fit.iterations < 40);
			assert_true(fabs(fit.objective / golden[k].objective - 1) < 1e-6);
			assert_true(fabs(fit.loss / golden[k].loss - 1) < 1e-4);
			assert_true(abs((int)fit.correct - golden[k].train) <= 2);
			assert_int_equal(ss_probe_predict(probe, pool, t, M, predicted, &e), 0);
			for (int i = 0; i < M; i++)
				right += predicted[i] == test_label[i];
			assert_true(abs(right - golden[k].test) <= 1);
			assert_int_equal(ss_probe_predict(probe, pool, t + D, 1, other, &e), 0);
			assert_int_equal(other[0], predicted[1]);
			objective[threads / 2] = fit.objective;
			ss_probe_free(probe);
			ss_pool_free(pool);
		}
		assert_memory_equal(&objective[0], &objective[1], sizeof(double));
	}
}

/*
 * Labels that do not occur, features that do not vary, features that are copies: nothing
 * breaks, and the score stays.
 */
static void
test_odd_data(void **state)
{
	enum { WIDE = 2 * D + 2 };
	static float x[N * D], y[N * WIDE], q[WIDE];
	static int32_t label[N];
	struct ss_probe_options o = SS_PROBE_DEFAULTS;
	struct ss_probe_fit fit, odd;
	struct ss_probe *probe;
	struct ss_err e = SS_ERR_INIT;
	int32_t predicted;

	(void)state;
	make_data(x, label, N, D, CLASSES, 0);
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < D; j++) {
			y[i * WIDE + j] = x[i * D + j];
			y[i * WIDE + D + 1 + j] = -3 * x[i * D + j] + 1;
		}
		y[i * WIDE + D] = 1e6f;
		y[i * WIDE + WIDE - 1] = 0;
	}
	o.l2 = 0.001;
	assert_int_equal(train(&probe, NULL, x, label, N, D, &o, &fit, &e), 0);
	assert_int_equal(fit.constant, 0);
	ss_probe_free(probe);
	for (int i = 0; i < N; i++)
		label[i] = 3 * label[i] + 2;
	assert_int_equal(train(&probe, NULL, y, label, N, WIDE, &o, &odd, &e), 0);
	assert_true(odd.converged && odd.constant == 2);
	assert_true(fabs(odd.loss - fit.loss) < 1e-4);
	assert_int_equal(ss_probe_classes(probe), 3 * (CLASSES - 1) + 3);
	memcpy(q, y, sizeof(q));
	assert_int_equal(ss_probe_predict(probe, NULL, q, 1, &predicted, &e), 0);
	assert_int_equal(predicted % 3, 2);
	ss_probe_free(probe);
}

/* More features than the factorisation takes, and fewer records than features. */
static void
test_wide_data(void **state)
{
	enum { ROWS = 60, WIDE = 4200 };
	float *x = ss_alloc((size_t)ROWS * WIDE, sizeof(*x));
	static int32_t label[ROWS];
	struct ss_probe_options o = SS_PROBE_DEFAULTS;
	struct ss_probe_fit fit;
	struct ss_probe *probe;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_non_null(x);
	make_data(x, label, ROWS, WIDE, 3, 0);
	assert_int_equal(train(&probe, NULL, x, label, ROWS, WIDE, &o, &fit, &e), 0);
	assert_true(fit.converged && fit.correct == ROWS);
	ss_probe_free(probe);

	make_data(x, label, ROWS, 200, 3, 0);
	assert_int_equal(train(&probe, NULL, x, label, ROWS, 200, &o, &fit, &e), 0);
	assert_true(fit.converged && fit.correct == ROWS);
	ss_probe_free(probe);
	free(x);
}

/*
 * Made by tests/golden/make_probe.py with PyTorch: settings; then the loss of the first epoch and of the
 * last one, the held-out loss after it, the loss of what counts, epochs, the best of them, and records
 * right in training and test set.
 */
static const struct {
	enum ss_optimiser optimiser;
	enum ss_scale scale;
	struct ss_schedule schedule;
	double momentum, decay;
	int batch, epochs, patience, views;
	double first, last, held, loss;
	int ran, best, train, test;
} steps[] = {
	{ SS_SGD, SS_SCALE_STANDARD, { .base = 0.1, .decay = SS_COSINE }, 0.9, 0, 128, 6, 0, 1,
	    1.40188944, 1.05591419, 0.00000000, 1.05547998, 6, 6, 722, 231 },
	{ SS_SGD, SS_SCALE_UNIT, { .base = 2, .decay = SS_MILESTONES, .milestone = { 2, 4 }, .milestones = 2,
	    .gamma = 0.1 }, 0.9, 5e-4, 100, 6, 0, 1,
	    1.68873524, 1.56795714, 0.00000000, 1.56473971, 6, 6, 371, 125 },
	{ SS_SGD, SS_SCALE_NONE, { .base = 5e-4, .decay = SS_CONSTANT }, 0, 0, 1200, 4, 0, 1,
	    1.60943791, 1.60748739, 0.00000000, 1.60718808, 4, 4, 269, 90 },
	{ SS_SGD_KERAS, SS_SCALE_STANDARD, { .base = 0.03, .decay = SS_COSINE }, 0.9, 0, 128, 5, 5, 1,
	    1.52427833, 1.09152776, 1.11876477, 1.08874229, 5, 5, 709, 233 },
	{ SS_LARC, SS_SCALE_STANDARD, { .base = 1.6, .decay = SS_COSINE_EPOCH }, 0.9, 0, 256, 5, 0, 1,
	    1.29427256, 1.41228893, 0.00000000, 1.41133460, 5, 5, 681, 219 },
	{ SS_ADAM, SS_SCALE_STANDARD, { .base = 1e-2, .decay = SS_CONSTANT }, 0.9, 0, 64, 30, 2, 2,
	    1.44013974, 1.07783116, 1.09026966, 1.05046801, 16, 14, 719, 239 },
	{ SS_ADAMW, SS_SCALE_STANDARD, { .base = 1e-2, .decay = SS_CONSTANT }, 0.9, 0.1, 64, 5, 0, 2,
	    1.44084179, 1.08729847, 0.00000000, 1.07387124, 5, 5, 725, 235 },
};

static void
test_steps(void **state)
{
	static float x[2 * N * D], t[M * D], held[M * D];
	static int32_t label[N], test_label[M], predicted[M];

	(void)state;
	make_data(t, test_label, M, D, CLASSES, 77);
	for (size_t k = 0; k < sizeof(steps) / sizeof(*steps); k++) {
		double loss[2];

		for (int threads = 1; threads <= 3; threads += 2) {
			struct ss_pool *pool = ss_pool_create(threads);
			const struct ss_probe_options o = { .by_steps = true, .scale = steps[k].scale, .steps = {
			    .optimiser = steps[k].optimiser, .beta2 = 0.999, .trust = 0.001,
			    .momentum = steps[k].momentum, .weight_decay = steps[k].decay,
			    .schedule = steps[k].schedule, .whole_batches = steps[k].optimiser == SS_SGD_KERAS,
			    .batch = steps[k].batch, .epochs = steps[k].epochs, .patience = steps[k].patience,
			    .seed = 3 } };
			struct ss_probe_set set = { .x = x, .label = label, .n = N, .d = D,
			    .views = (size_t)steps[k].views };
			struct ss_probe_fit fit;
			struct ss_probe *probe;
			struct ss_err e = SS_ERR_INIT;
			int right = 0;

			assert_non_null(pool);
			make_data(x, label, N, D, CLASSES, 0);
			make_data(x + N * D, label, N, D, CLASSES, 5);
			if (steps[k].patience > 0) {
				memcpy(held, t, sizeof(held));
				set.held = held;
				set.held_label = test_label;
				set.helds = M;
			}
			assert_int_equal(ss_probe_train(&probe, pool, &set, &o, &fit, &e), 0);
			assert_int_equal(fit.epochs, steps[k].ran);
			assert_int_equal(fit.best, steps[k].best);
			assert_true(fabs(fit.epoch[0].loss - steps[k].first) < 2e-6);
			assert_true(fabs(fit.epoch[fit.epochs - 1].loss - steps[k].last) < 1e-5);
			assert_true(fabs(fit.epoch[fit.epochs - 1].held - steps[k].held) < 1e-5);
			assert_true(fabs(fit.loss - steps[k].loss) < 1e-5);
			assert_true(abs((int)fit.correct - steps[k].train) <= 2 && fit.total == N);
			assert_int_equal(ss_probe_predict(probe, pool, t, M, predicted, &e), 0);
			for (int i = 0; i < M; i++)
				right += predicted[i] == test_label[i];
			assert_true(abs(right - steps[k].test) <= 1);
			loss[threads / 2] = fit.loss;
			ss_probe_fit_free(&fit);
			ss_probe_free(probe);
			ss_pool_free(pool);
		}
		assert_memory_equal(&loss[0], &loss[1], sizeof(double));
	}
}

/*
 * A rate of 0 leaves the weights as they were drawn. Each record is 30 times a unit vector, so that its
 * logits are 30 weights, of variance v, and each vector comes with every label: the loss is about
 * ln C + v/2 (1 - 1/C) while v is small.
 */
static void
test_initial_weights(void **state)
{
	enum { WIDE = 400, C = 10 };
	static float x[WIDE * WIDE];
	static int32_t label[WIDE];
	static const struct { enum ss_probe_init init; double low, high; } cases[] = {
		{ SS_PROBE_ZERO, -1e-6, 1e-6 },
		{ SS_PROBE_NORMAL, 0.030, 0.052 },	/* v = 0.09: 0.0405 */
		{ SS_PROBE_GLOROT, 1, 1.65 },		/* uniform in -a..a, a = 3.63: ln(sinh(a) / a), less for C values */
	};

	(void)state;
	for (int i = 0; i < WIDE; i++) {
		x[i * WIDE + i / C] = 30;
		label[i] = i % C;
	}
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		double loss[2];

		for (uint64_t seed = 0; seed < 2; seed++) {
			const struct ss_probe_options o = { .by_steps = true, .scale = SS_SCALE_NONE, .steps = {
			    .init = cases[k].init, .schedule = { .decay = SS_CONSTANT }, .batch = WIDE,
			    .epochs = 1, .seed = seed } };
			struct ss_probe_fit fit;
			struct ss_probe *probe;
			struct ss_err e = SS_ERR_INIT;

			assert_int_equal(train(&probe, NULL, x, label, WIDE, WIDE, &o, &fit, &e), 0);
			loss[seed] = fit.loss - log(C);
			assert_true(loss[seed] > cases[k].low && loss[seed] < cases[k].high);
			ss_probe_fit_free(&fit);
			ss_probe_free(probe);
		}
		assert_true((loss[0] == loss[1]) == (cases[k].init == SS_PROBE_ZERO));
	}
}

/* Held-out records of labels that the training set lacks, a loss that is not finite. */
static void
test_odd_steps(void **state)
{
	static float x[N * D], held[M * D];
	static int32_t label[N], held_label[M];
	struct ss_probe_set set = { .x = x, .label = label, .n = N, .d = D, .held = held,
	    .held_label = held_label };
	struct ss_probe_options o = { .by_steps = true, .steps = { .momentum = 0.9, .schedule = { .base = 0.1,
	    .decay = SS_CONSTANT }, .batch = 5000, .epochs = 3, .patience = 1 } };
	struct ss_probe_fit fit;
	struct ss_probe *probe;
	struct ss_err e = SS_ERR_INIT;
	double loss[2];

	(void)state;
	for (int k = 0; k < 2; k++) {
		make_data(x, label, N, D, CLASSES, 0);
		make_data(held, held_label, M, D, CLASSES, 77);
		for (int i = M / 2; i < M; i++)
			held_label[i] = CLASSES + i % 3;
		set.helds = k == 0 ? M : M / 2;
		assert_int_equal(ss_probe_train(&probe, NULL, &set, &o, &fit, &e), 0);
		assert_int_equal(fit.epochs, 3);
		loss[k] = fit.epoch[2].held;
		ss_probe_fit_free(&fit);
		ss_probe_free(probe);
	}
	assert_true(loss[0] == loss[1] && loss[0] > 0);
	for (int i = 0; i < M; i++)
		held_label[i] = CLASSES;
	assert_int_equal(ss_probe_train(&probe, NULL, &set, &o, &fit, &e), SS_EUSAGE);
	assert_string_equal(e.text, "no record that is held out has a label of the training set");
	set.helds = 0;
	o.steps.schedule.base = 1e38;
	o.steps.epochs = 30;
	o.steps.patience = 0;
	assert_int_equal(ss_probe_train(&probe, NULL, &set, &o, &fit, &e), SS_ENONFINITE);
	assert_non_null(strstr(e.text, "the loss is not finite in epoch "));
	assert_null(probe);
}

static void
test_errors(void **state)
{
	float x[] = { 1, 2, 3, 4 };
	int32_t same[] = { 3, 3, 3, 3 }, none[] = { 0, 1, -1, 0 }, good[] = { 0, 1, 1, 0 };
	struct ss_probe_options o = SS_PROBE_DEFAULTS;
	struct ss_probe_fit fit;
	struct ss_probe *probe;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(train(&probe, NULL, x, same, 4, 1, &o, &fit, &e), SS_EUSAGE);
	assert_string_equal(e.text, "all 4 training records have the same label");
	assert_null(probe);
	assert_int_equal(train(&probe, NULL, x, none, 4, 1, &o, &fit, &e), SS_EUSAGE);
	assert_string_equal(e.text, "training record 2 has no label");
	assert_int_equal(train(&probe, NULL, x, good, 1, 1, &o, &fit, &e), SS_EUSAGE);
	o.max_iterations = 1;
	assert_int_equal(train(&probe, NULL, x, good, 4, 1, &o, &fit, &e), 0);
	assert_true(fit.iterations <= 1);
	ss_probe_free(probe);
	x[1] = NAN;
	assert_int_equal(train(&probe, NULL, x, good, 4, 1, &o, &fit, &e), SS_ENONFINITE);
	ss_probe_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gradient),
		cmocka_unit_test(test_sklearn),
		cmocka_unit_test(test_odd_data),
		cmocka_unit_test(test_wide_data),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_initial_weights),
		cmocka_unit_test(test_odd_steps),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
