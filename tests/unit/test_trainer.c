/*
 * test_trainer - the network that follows: how it moves, and what it sees
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
#include "nn/head.h"
#include "nn/schedule.h"
#include "ssl/trainer.h"

enum { BATCH = 12, SIDE = 8, IMAGE = 3 * SIDE * SIDE, VIEWS = 2 };

static const struct ss_arch SMALL = { "small", SS_BASIC_PROJECTION, 8, 2, { 1, 1, 0, 0 }, { 8, 16, 0, 0 }, { 0 }, false };

struct setup {
	struct ss_net *net;
	struct ss_trainer *trainer;
	uint8_t *images[VIEWS];
};

static struct setup
setup_with(const struct ss_method *method, struct ss_knobs knobs, bool predictor_there, int groups)
{
	const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	struct ss_head projector, predictor;
	struct ss_err e = SS_ERR_INIT;
	struct setup s;
	struct ss_rng r;

	if (knobs.queue > 0)
		knobs.queue = 30;
	if (knobs.prototypes > 0)
		knobs.prototypes = 10;
	if (ss_head_parse(&projector, "24bnr,12b", &e) < 0 || ss_head_parse(&predictor, predictor_there ? "24bnr,12b" :
	    "none", &e) < 0 || ss_net_create(&s.net, &SMALL, 3, SIDE, SIDE, mean, std, &projector, &predictor, &e) < 0 ||
	    (knobs.prototypes > 0 && ss_net_add_prototypes(s.net, knobs.prototypes, &e) < 0) ||
	    ss_trainer_create(&s.trainer, s.net, method, &knobs, ss_kernels_find(NULL), &(struct ss_crops){ .globals = VIEWS }, BATCH, groups, 1,
	    false, 1, &e) < 0)
		fail_msg("%s", e.text);
	ss_trainer_begin(s.trainer, 5);
	ss_rng_init(&r, 2, SS_RNG_SAMPLE, 0, 0, 0);
	for (int v = 0; v < VIEWS; v++) {
		s.images[v] = malloc((size_t)BATCH * IMAGE);
		assert_non_null(s.images[v]);
		for (int i = 0; i < BATCH * IMAGE; i++)
			s.images[v][i] = (uint8_t)ss_rng_below(&r, 256);
	}
	return s;
}

static struct setup
setup(const struct ss_method *method, int groups)
{
	return setup_with(method, method->knobs, method->p_grad, groups);
}

static void
drop(struct setup *s)
{
	for (int v = 0; v < VIEWS; v++)
		free(s->images[v]);
	ss_trainer_free(s->trainer);
	ss_net_free(s->net);
}

static struct ss_step
step(struct setup *s, double target_momentum, bool freeze)
{
	const struct ss_hyper h = { .update = { .rate = { 0.1, 0.1, 0.1, 0.1 }, .momentum = 0.9, .weight_decay = 1e-3,
		.decay_vectors = true, .step = 7 }, .target_momentum = target_momentum, .freeze_own = freeze, .seed = 3 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_step r;

	if (ss_trainer_step(s->trainer, (const uint8_t *const *)s->images, NULL, &h, &r, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return r;
}

static float *
copy(const float *x, size_t n)
{
	float *y = malloc(n * sizeof(*y));

	assert_non_null(y);
	memcpy(y, x, n * sizeof(*y));
	return y;
}

/* It begins equal, and ends where the momentum says. */
static void
follows(void **state)
{
	static const double momenta[] = { 0, 0.25, 1 };
	static const struct ss_method *const methods[] = { &ss_byol, &ss_moco, &ss_dino };

	(void)state;
	for (int m = 0; m < 9; m++) {
		struct setup s = setup(methods[m / 3], 1);
		struct ss_trainer *t = s.trainer;
		const size_t n = s.net->params.floats;
		const float momentum = (float)momenta[m % 3];
		float *before, *statistics;

		assert_memory_equal(t->target.params, t->weights.params, n * sizeof(float));
		assert_memory_equal(t->target.buffers, t->weights.buffers, s.net->buffers.floats * sizeof(float));
		before = copy(t->target.params, n);
		statistics = copy(t->target.buffers, s.net->buffers.floats);
		step(&s, momenta[m % 3], false);
		assert_memory_not_equal(t->weights.params, before, n * sizeof(float));
		for (size_t i = 0; i < n; i++)
			assert_true(fabsf(t->target.params[i] - (momentum * before[i] + (1 - momentum) *
			    t->weights.params[i])) <= 1e-6f);
		assert_memory_not_equal(t->target.buffers, statistics, s.net->buffers.floats * sizeof(float));
		free(before);
		free(statistics);
		drop(&s);
	}
}

/* Its projections are those of a forward pass in training, group by group in the order of the lot. */
static void
groups(void **state)
{
	static const int numbers[] = { 1, 2, 3, 6 };

	(void)state;
	for (int g = 0; g < 4; g++) {
		struct setup s = setup(&ss_byol, numbers[g]);
		struct ss_trainer *t = s.trainer;
		const int size = BATCH / numbers[g], d = t->d, node = s.net->projector;
		struct ss_err e = SS_ERR_INIT;
		struct ss_plan *plan;
		struct ss_weights w;
		struct ss_pass pass;
		struct ss_workspace space = { NULL, NULL };
		uint8_t *some = malloc((size_t)size * IMAGE);
		int seen[BATCH] = { 0 };

		if (ss_plan_train(&plan, s.net, ss_kernels_find(NULL), size, &s.net->predictor, 1, &e) < 0 ||
		    ss_weights_create(&w, plan, &e) < 0 || ss_pass_create(&pass, plan, &e) < 0)
			fail_msg("%s", e.text);
		space.scratch = ss_alloc(plan->scratch_floats, sizeof(float));
		assert_true(space.scratch != NULL && some != NULL);
		memcpy(w.params, t->weights.params, s.net->params.floats * sizeof(float));
		memcpy(w.buffers, t->weights.buffers, s.net->buffers.floats * sizeof(float));
		ss_weights_pack(&w, plan, NULL);
		step(&s, 1, false);
		for (int i = 0; i < BATCH; i++)
			seen[t->order[i]]++;
		for (int v = 0; v < VIEWS; v++)
			for (int k = 0; k < numbers[g]; k++) {
				const int *order = t->order + k * size;

				for (int i = 0; i < size; i++)
					memcpy(some + (size_t)i * IMAGE, s.images[v] + (size_t)order[i] * IMAGE, IMAGE);
				ss_forward(plan, &pass, &w, some, &space, NULL);
				for (int i = 0; i < size; i++)
					assert_memory_equal(t->targets + ((size_t)v * BATCH + order[i]) * d,
					    ss_pass_output(plan, &pass, node) + (size_t)i * d, (size_t)d * sizeof(float));
			}
		for (int i = 0; i < BATCH; i++)
			assert_int_equal(seen[i], 1);
		free(some);
		free(space.scratch);
		ss_pass_free(&pass);
		ss_weights_free(&w);
		ss_plan_free(plan);
		drop(&s);
	}
}

/* SwAV's prototypes have length one before a step; frozen, they keep their directions. */
static void
prototypes(void **state)
{
	(void)state;
	for (int freeze = 0; freeze < 2; freeze++) {
		struct setup s = setup(&ss_swav, 1);
		struct ss_trainer *t = s.trainer;
		const size_t d = (size_t)t->d, n = 10 * d;
		float *own = t->weights.params + s.net->params.p[s.net->prototypes].offset, *before = copy(own, n);

		assert_null(t->target.params);
		for (int k = 0; k < 3; k++)
			step(&s, 0, freeze);
		for (size_t i = 0; i < 10; i++) {
			double dot = 0, a = 0, b = 0;

			for (size_t k = 0; k < d; k++) {
				dot += (double)own[i * d + k] * before[i * d + k];
				a += (double)own[i * d + k] * own[i * d + k];
				b += (double)before[i * d + k] * before[i * d + k];
			}
			assert_true(a > 0.25 && a < 4);	/* a step away from length one */
			assert_true((dot / sqrt(a * b) > 1 - 1e-6) == (freeze != 0));
		}
		free(before);
		drop(&s);
	}
}

/* Loss at the weights plus t times a direction. */
static double
loss_along(struct setup *s, const float *weights, const float *direction, double t)
{
	const struct ss_hyper h = { .target_momentum = 1 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_step r;

	for (size_t i = 0; i < s->net->params.floats; i++)
		s->trainer->weights.params[i] = (float)(weights[i] + t * direction[i]);
	if (ss_trainer_step(s->trainer, (const uint8_t *const *)s->images, NULL, &h, &r, NULL, &e) < 0)
		fail_msg("%s", e.text);
	return r.loss.loss;
}

/* If the gradient is not stopped it is that of the loss: its length is the slope in its own direction. */
static void
flows(void **state)
{
	(void)state;
	for (int m = 0; m < 8; m++) {
		struct ss_knobs knobs = { .flow = true, .cross_entropy = (m & 1) != 0, .symmetric = (m & 4) == 0 };
		struct setup s = setup_with(&ss_simsiam, knobs, (m & 2) != 0, 1);
		const size_t n = s.net->params.floats;
		float *weights, *direction;
		double norm, slope;
		const double h = 4e-4;

		weights = copy(s.trainer->weights.params, n);
		norm = step(&s, 1, false).grad_norm;
		direction = copy(s.trainer->grads, n);
		for (size_t i = 0; i < n; i++)
			direction[i] /= (float)norm;
		slope = (loss_along(&s, weights, direction, h) - loss_along(&s, weights, direction, -h)) / (2 * h);
		assert_true(norm > 1e-3);
		if (!(fabs(slope - norm) < 0.02 * norm))
			fail_msg("ablation %d: gradient of length %g, slope %g", m, norm, slope);
		free(weights);
		free(direction);
		drop(&s);
	}
}

/* Targets that wait: the weights of the last step whose number the period divides. */
static void
alternates(void **state)
{
	const struct ss_knobs knobs = { .symmetric = true, .alternate = 3 };
	struct setup s = setup_with(&ss_simsiam, knobs, true, 1);
	struct ss_trainer *t = s.trainer;
	const size_t bytes = s.net->params.floats * sizeof(float);
	float *before = copy(t->weights.params, s.net->params.floats);

	(void)state;
	for (uint64_t k = 0; k < 9; k++) {
		const struct ss_hyper h = { .update = { .rate = { 0.1, 0.1, 0.1, 0.1 }, .step = k } };
		struct ss_err e = SS_ERR_INIT;
		struct ss_step r;

		if (ss_trainer_step(t, (const uint8_t *const *)s.images, NULL, &h, &r, NULL, &e) < 0)
			fail_msg("%s", e.text);
		if ((k + 1) % 3 == 0) {
			assert_memory_equal(t->target.params, t->weights.params, bytes);
			memcpy(before, t->weights.params, bytes);
		} else {
			assert_memory_equal(t->target.params, before, bytes);
		}
	}
	free(before);
	drop(&s);
}

/* In one direction view 2 is a target alone: its way back, which is left out, would have added nothing; view 1 is no target. */
static void
one_way(void **state)
{
	static const struct ss_method *const methods[] = { &ss_simsiam, &ss_moco };

	(void)state;
	for (int m = 0; m < 2; m++) {
		struct ss_knobs knobs = methods[m]->knobs;
		struct setup s, other;
		struct ss_trainer *t;
		size_t n;
		float *grads;

		knobs.symmetric = false;
		s = setup_with(methods[m], knobs, m == 0, 1);
		other = setup_with(methods[m], knobs, m == 0, 1);
		t = s.trainer;
		n = s.net->params.floats;
		memcpy(other.images[0], other.images[1], (size_t)BATCH * IMAGE);
		step(&s, 1, false);
		step(&other, 1, false);
		assert_memory_not_equal(t->grads, other.trainer->grads, n * sizeof(float));
		if (m == 1)
			assert_memory_equal(t->target.buffers, other.trainer->target.buffers, s.net->buffers.floats * sizeof(float));
		grads = copy(t->grads, n);
		memset(ss_plan_seed(t->plan, &t->pass[1], m == 0 ? s.net->predictor : s.net->projector), 0,
		    (size_t)BATCH * (size_t)t->d * sizeof(float));
		ss_backward(t->plan, &t->pass[1], &t->weights, t->grads, &t->space, NULL);
		for (size_t i = 0; i < n; i++)
			assert_true(t->grads[i] == grads[i]);
		free(grads);
		drop(&s);
		drop(&other);
	}
}

static double
rate(struct ss_schedule s, enum ss_decay decay, uint64_t k)
{
	s.decay = decay;
	return ss_schedule_rate(&s, k);
}

static void
rates(void **state)
{
	/* 10 epochs of 10 steps, the first of them warm-up */
	const struct ss_schedule s = { .base = 8, .end = 2, .steps = 100, .warmup = 10, .per_epoch = 10,
		.milestone = { 3, 6 }, .milestones = 2, .gamma = 0.5 };
	struct ss_schedule short_one = { .base = 1, .steps = 50, .per_epoch = 10 };

	(void)state;
	for (int d = SS_COSINE; d <= SS_CONSTANT; d++)
		for (uint64_t k = 0; k < 10; k++)
			assert_true(fabs(rate(s, (enum ss_decay)d, k) - 0.8 * (double)(k + 1)) < 1e-12);
	assert_true(rate(s, SS_COSINE, 10) == 8 && fabs(rate(s, SS_COSINE, 55) - 5) < 1e-12 && rate(s, SS_COSINE, 100) == 2);
	assert_true(rate(s, SS_COSINE, 1000) == 2);
	assert_true(rate(s, SS_COSINE_EPOCH, 19) == 8 && rate(s, SS_COSINE_EPOCH, 20) < 8);
	assert_true(rate(s, SS_COSINE_EPOCH, 20) == rate(s, SS_COSINE_EPOCH, 29));
	for (uint64_t k = 10; k < 90; k++)		/* one epoch ahead; the last trains at the end's rate */
		assert_true(rate(s, SS_COSINE_EPOCH1, k) == rate(s, SS_COSINE_EPOCH, k + 10));
	assert_true(rate(s, SS_COSINE_EPOCH1, 90) == 2 && rate(s, SS_COSINE_EPOCH1, 99) == 2);
	assert_true(rate(s, SS_MILESTONES, 29) == 8 && rate(s, SS_MILESTONES, 30) == 4 && rate(s, SS_MILESTONES, 60) == 2);
	assert_true(rate(s, SS_CONSTANT, 99) == 8);
	/* shorter than the run: no learning afterwards */
	assert_true(rate(short_one, SS_COSINE, 49) > 0 && rate(short_one, SS_COSINE, 50) == 0 &&
	    rate(short_one, SS_COSINE_EPOCH, 77) == 0);
}

static void
schedules(void **state)
{
	float target[3] = { 1, 2, 3 };
	const float w[3] = { 5, 6, 7 };

	(void)state;
	assert_true(fabs(ss_half_cosine(0.9, 1, 0, 100) - 0.9) < 1e-12);
	assert_true(fabs(ss_half_cosine(0.9, 1, 50, 100) - 0.95) < 1e-12);
	assert_true(fabs(ss_half_cosine(0.9, 1, 100, 100) - 1) < 1e-12);
	ss_follow(target, w, 3, 0.75, NULL);
	for (int i = 0; i < 3; i++)
		assert_true(target[i] == (float)(i + 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows),
		cmocka_unit_test(groups),
		cmocka_unit_test(prototypes),
		cmocka_unit_test(flows),
		cmocka_unit_test(alternates),
		cmocka_unit_test(one_way),
		cmocka_unit_test(rates),
		cmocka_unit_test(schedules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
