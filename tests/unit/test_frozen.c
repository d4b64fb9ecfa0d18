/*
 * test_frozen - training behind a frozen backbone, and what norms are told: eps and momentum
 *
 * Oracles: the features that inference gives, and one dense layer computed plainly in double.
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
#include "nn/embed.h"
#include "nn/head.h"

enum { BATCH = 21, SIDE = 12, PIXELS = 3 * SIDE * SIDE, OUT = 7 };

static const struct ss_arch ARCHS[] = {
	{ "a", SS_BASIC, 5, 3, { 1, 2, 1, 0 }, { 5, 12, 17, 0 }, { 0 }, false },
	{ "b", SS_BASIC_PROJECTION, 16, 2, { 1, 2, 0, 0 }, { 16, 176, 0, 0 }, { 0 }, false },	/* Winograd in steps */
	{ "c", SS_BOTTLENECK, 6, 2, { 2, 1, 0, 0 }, { 4, 5, 0, 0 }, { 0 }, false },
	{ "d", SS_PREACTIVATION, 5, 3, { 2, 1, 2, 0 }, { 4, 6, 5, 0 }, { 9, 12, 10, 0 }, false }
};

struct setup {
	struct ss_net *net;
	struct ss_plan *plan;
	struct ss_weights w;
	struct ss_pass pass;
	struct ss_workspace space;
	float *grads;
	uint8_t image[BATCH * PIXELS];
};

static struct ss_net *
network(const struct ss_arch *arch)
{
	static const float mean[3] = { 0.5f, 0.4f, 0.45f }, std[3] = { 0.25f, 0.2f, 0.22f };
	const struct ss_head projector = { 1, { { .width = OUT, .bias = true } } }, none = { 0 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_net *net;

	if (ss_net_create(&net, arch, 3, SIDE, SIDE, mean, std, &projector, &none, &e) < 0)
		fail_msg("%s", e.text);
	return net;
}

/* Weights at random, norms with statistics that are neither 0 nor 1. */
static void
fill(const struct ss_net *net, float *params, float *buffers)
{
	struct ss_rng r;

	ss_net_init(net, 3, params, buffers);
	ss_rng_init(&r, 4, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < net->buffers.floats; i++)
		buffers[i] += (float)ss_rng_range(&r, 0, 0.5);
}

static struct setup
setup(struct ss_net *net, int threads)
{
	struct setup s = { .net = net };
	struct ss_err e = SS_ERR_INIT;
	struct ss_rng r;

	if (ss_plan_train(&s.plan, net, ss_kernels_find(NULL), BATCH, &net->projector, 1, &e) < 0 ||
	    ss_weights_create(&s.w, s.plan, &e) < 0 || ss_pass_create(&s.pass, s.plan, &e) < 0)
		fail_msg("%s", e.text);
	s.space.scratch = ss_alloc((size_t)threads * s.plan->scratch_floats, sizeof(float));
	s.grads = ss_alloc(net->params.floats, sizeof(float));
	assert_true(s.space.scratch != NULL && s.grads != NULL);
	fill(net, s.w.params, s.w.buffers);
	ss_rng_init(&r, 2, SS_RNG_SAMPLE, 0, 0, 0);
	for (int i = 0; i < BATCH * PIXELS; i++)
		s.image[i] = (uint8_t)ss_rng_below(&r, 256);
	return s;
}

static void
drop(struct setup *s)
{
	free(s->space.scratch);
	free(s->grads);
	ss_pass_free(&s->pass);
	ss_weights_free(&s->w);
	ss_plan_free(s->plan);
	ss_net_free(s->net);
}

/* Forward, the gradient of sum of seed * output, backward. */
static void
step(struct setup *s, const float *seed, struct ss_pool *pool)
{
	ss_weights_pack(&s->w, s->plan, pool);
	ss_forward(s->plan, &s->pass, &s->w, s->image, &s->space, pool);
	memcpy(ss_plan_seed(s->plan, &s->pass, s->net->projector), seed, (size_t)BATCH * OUT * sizeof(*seed));
	ss_backward(s->plan, &s->pass, &s->w, s->grads, &s->space, pool);
}

/* The backbone's features of all images, by inference. */
static float *
features(const struct setup *s)
{
	const int d = s->net->node[s->net->backbone].c;
	float *f = ss_alloc((size_t)BATCH * (size_t)d, sizeof(float));
	struct ss_embedder m;
	struct ss_err e = SS_ERR_INIT;

	assert_non_null(f);
	if (ss_embedder_create(&m, s->net, ss_kernels_find(NULL), s->net->backbone, 1, &e) < 0)
		fail_msg("%s", e.text);
	memcpy(m.weights.params, s->w.params, s->net->params.floats * sizeof(float));
	memcpy(m.weights.buffers, s->w.buffers, s->net->buffers.floats * sizeof(float));
	ss_embedder_ready(&m, NULL);
	ss_embed(&m, s->image, BATCH, f, NULL);
	ss_embedder_free(&m);
	return f;
}

static void
near(const char *what, double have, double want, double scale)
{
	if (!(fabs(have - want) <= 1e-4 * scale))
		fail_msg("%s: %g, not %g", what, have, want);
}

/* Outputs and gradients of the dense layer behind the features f. */
static void
check_dense(const struct setup *s, const float *f, const float *seed)
{
	const struct ss_node *n = &s->net->node[s->net->projector];
	const struct ss_param *weight = &s->net->params.p[n->weight], *bias = &s->net->params.p[n->bias];
	const float *w = s->w.params + weight->offset, *out = ss_pass_output(s->plan, &s->pass, s->net->projector);
	const int d = s->net->node[s->net->backbone].c;

	for (int o = 0; o < OUT; o++) {
		double db = 0;

		for (int i = 0; i < BATCH; i++) {
			double y = s->w.params[bias->offset + (size_t)o];

			for (int k = 0; k < d; k++)
				y += (double)w[o * d + k] * f[i * d + k];
			near("output", out[i * OUT + o], y, 1);
			db += seed[i * OUT + o];
		}
		near("bias", s->grads[bias->offset + (size_t)o], db, BATCH);
		for (int k = 0; k < d; k++) {
			double dw = 0;

			for (int i = 0; i < BATCH; i++)
				dw += (double)seed[i * OUT + o] * f[i * d + k];
			near("weight", s->grads[weight->offset + (size_t)(o * d + k)], dw, BATCH);
		}
	}
	for (size_t i = 0; i < weight->offset; i++)
		assert_true(s->grads[i] == 0);
}

static void
heads_alone(void **state)
{
	struct ss_pool *pool = ss_pool_create(3);
	float seed[BATCH * OUT];

	(void)state;
	assert_non_null(pool);
	for (int i = 0; i < BATCH * OUT; i++)
		seed[i] = (float)(i * 37 % 101) / 50 - 1;
	for (size_t a = 0; a < sizeof(ARCHS) / sizeof(*ARCHS); a++) {
		struct ss_net *one = network(&ARCHS[a]), *three = network(&ARCHS[a]);
		struct setup s, t;
		float *f, *before;

		one->frozen = three->frozen = true;
		s = setup(one, 1);
		t = setup(three, 3);
		before = ss_alloc(one->buffers.floats, sizeof(float));
		assert_non_null(before);
		memcpy(before, s.w.buffers, one->buffers.floats * sizeof(float));
		f = features(&s);
		step(&s, seed, NULL);
		check_dense(&s, f, seed);
		assert_memory_equal(before, s.w.buffers, one->buffers.floats * sizeof(float));
		step(&t, seed, pool);
		assert_memory_equal(s.grads, t.grads, one->params.floats * sizeof(float));
		free(f);
		free(before);
		drop(&s);
		drop(&t);
	}
	ss_pool_free(pool);
}

/* What thaws it: the same network learns as a whole, and its statistics move. */
static void
thawed(void **state)
{
	struct setup s = setup(network(&ARCHS[0]), 1);
	float seed[BATCH * OUT], before = s.w.buffers[0];

	(void)state;
	for (int i = 0; i < BATCH * OUT; i++)
		seed[i] = (float)(i * 37 % 101) / 50 - 1;
	step(&s, seed, NULL);
	assert_true(s.grads[0] != 0 && s.w.buffers[0] != before);
	drop(&s);
}

/* The norm behind the stem, whose statistics follow from the stem's outputs: running = (1 - m) old + m new. */
static void
momentum(void **state)
{
	static const double shares[] = { 0.1, 0.01, 1 };
	float old_mean = 0, old_var = 0, new_mean = 0, new_var = 0, seed[BATCH * OUT] = { 0 };

	(void)state;
	for (int i = 2; i >= 0; i--) {
		struct ss_net *net = network(&ARCHS[0]);
		struct setup s;
		size_t var;

		net->norm_momentum = shares[i];
		s = setup(net, 1);
		var = net->buffers.p[1].offset;
		old_mean = s.w.buffers[0];
		old_var = s.w.buffers[var];
		step(&s, seed, NULL);
		if (shares[i] == 1) {
			new_mean = s.w.buffers[0];
			new_var = s.w.buffers[var];
		}
		near("mean", s.w.buffers[0], (1 - shares[i]) * old_mean + shares[i] * new_mean, 0.01);
		near("variance", s.w.buffers[var], (1 - shares[i]) * old_var + shares[i] * new_var, 0.01);
		drop(&s);
	}
}

/* A running variance of v with eps e gives what v + e with eps 0 gives. */
static void
eps(void **state)
{
	struct setup a = setup(network(&ARCHS[2]), 1), b = setup(network(&ARCHS[2]), 1);
	const int d = a.net->node[a.net->backbone].c;
	float *x, *y, *z;

	(void)state;
	a.net->norm_eps = 0.25;
	b.net->norm_eps = 0;
	y = features(&b);
	for (int i = 0; i < b.net->buffers.n; i++)
		for (size_t k = 0; strstr(b.net->buffers.p[i].name, "running_var") != NULL && k < b.net->buffers.p[i].count; k++)
			b.w.buffers[b.net->buffers.p[i].offset + k] += 0.25f;
	x = features(&a);
	z = features(&b);
	assert_memory_not_equal(x, y, (size_t)BATCH * (size_t)d * sizeof(float));
	for (int i = 0; i < BATCH * d; i++)
		near("feature", x[i], z[i], 1);
	free(x);
	free(y);
	free(z);
	drop(&a);
	drop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_alone),
		cmocka_unit_test(thawed),
		cmocka_unit_test(momentum),
		cmocka_unit_test(eps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
