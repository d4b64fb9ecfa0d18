/*
 * test_plan - a planned network against the same network computed plainly
 *
 * plain.h gives values and, by four-point differences in double, slopes. What the plan
 * adds to a network is tested for itself: places in the arenas, pieces of any size,
 * the cutting of weight gradients, threads.
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
#include "nn/embed.h"
#include "nn/head.h"
#include "ssl/trainer.h"
#include "tests/unit/plain.h"

#define VALUE_LIMIT 1e-4	/* of the largest element */
#define SLOPE_LIMIT 1e-4	/* of the gradient's length */
#define TEMPERATURE 0.5

/* Small networks: odd widths and sides, both kinds of shortcut, stages that grow and shrink. */
static const struct ss_arch OPTION_A = { "a", SS_BASIC, 5, 3, { 1, 2, 1, 0 }, { 5, 12, 17, 0 }, { 0 }, false };
static const struct ss_arch PROJECTION = { "b", SS_BASIC_PROJECTION, 8, 2, { 2, 1, 0, 0 }, { 8, 16, 0, 0 }, { 0 }, false };
static const struct ss_arch SHRINKING = { "c", SS_BASIC_PROJECTION, 16, 2, { 1, 1, 0, 0 }, { 16, 7, 0, 0 }, { 0 }, false };
/* Weight gradients too large for a partial sum of each piece: cut by channels, or by images too. */
static const struct ss_arch WIDE = { "d", SS_BASIC_PROJECTION, 8, 3, { 1, 1, 1, 0 }, { 8, 140, 360, 0 }, { 0 }, false };
static const struct ss_arch WIDE_ROWS = { "j", SS_BASIC_PROJECTION, 4, 1, { 1, 0, 0, 0 }, { 172, 0, 0, 0 }, { 0 }, false };
/* Winograd's transformed weights too large for a cache: in steps over the whole batch. */
static const struct ss_arch STEPS = { "e", SS_BASIC_PROJECTION, 16, 2, { 1, 2, 0, 0 }, { 16, 176, 0, 0 }, { 0 }, false };

/* Blocks of three convolutions, norms behind them and before. */
static const struct ss_arch BOTTLENECK = { "f", SS_BOTTLENECK, 6, 2, { 2, 1, 0, 0 }, { 4, 5, 0, 0 }, { 0 }, false };
static const struct ss_arch BEFORE = { "g", SS_PREACTIVATION, 5, 3, { 2, 1, 2, 0 }, { 4, 6, 5, 0 }, { 9, 12, 10, 0 }, false };

/* Stems for photographs; the second with biases before norms. */
static const struct ss_arch PHOTOS = { "h", SS_BASIC_PROJECTION, 6, 2, { 1, 1, 0, 0 }, { 6, 9, 0, 0 }, { 0 }, true };
static const struct ss_arch KERAS = { "i", SS_BOTTLENECK_KERAS, 7, 2, { 2, 1, 0, 0 }, { 4, 5, 0, 0 }, { 0 }, true };

struct setup {
	const struct ss_arch *arch;
	int c, h, w;
	const char *projector, *predictor;
	const struct ss_method *method;
	int views, batch;
	int locals, local_h, local_w;	/* how many of the views, and their size */
	bool running;			/* norms take the running statistics */
};
#define NO_LOCALS 0, 0, 0, false

static bool
is_local(const struct setup *s, int view)
{
	return s->locals > 0 && view >= s->views - s->locals;
}

/* For the images of a view. */
static struct ss_net *
network_for(const struct setup *s, int view)
{
	const int h = is_local(s, view) ? s->local_h : s->h, w = is_local(s, view) ? s->local_w : s->w;
	static const float mean[4] = { 0.5f, 0.4f, 0.45f, 0.3f }, std[4] = { 0.25f, 0.2f, 0.22f, 0.3f };
	struct ss_head projector, predictor;
	struct ss_err e = SS_ERR_INIT;
	struct ss_net *net = NULL;

	if (ss_head_parse(&projector, s->projector, &e) < 0 ||
	    ss_head_parse(&predictor, s->predictor, &e) < 0 ||
	    ss_net_create(&net, s->arch, s->c, h, w, mean, std, &projector, &predictor, &e) < 0)
		fail_msg("%s", e.text);
	net->norm_running = s->running;
	return net;
}

static struct ss_net *
network(const struct setup *s)
{
	return network_for(s, 0);
}

/* Weights as at the beginning, but no norm is the identity, no statistic 0 or 1. */
static void
initial(const struct ss_net *net, float *params, float *buffers)
{
	struct ss_rng r;

	ss_net_init(net, 3, params, buffers);
	ss_rng_init(&r, 4, SS_RNG_SAMPLE, 0, 0, 0);
	for (int i = 0; i < net->params.n; i++) {
		const struct ss_param *p = &net->params.p[i];

		for (size_t k = 0; p->fan_in == 0 && k < p->count; k++)
			params[p->offset + k] += (float)ss_rng_range(&r, -0.3, 0.3);
	}
	for (size_t i = 0; i < net->buffers.floats; i++)
		buffers[i] += (float)ss_rng_range(&r, 0, 0.5);
}

static uint8_t *
pixels(const struct setup *s, int view)
{
	const int side = is_local(s, view) ? s->local_h * s->local_w : s->h * s->w;
	const size_t n = (size_t)s->batch * (size_t)(s->c * side);
	uint8_t *x = malloc(n);
	struct ss_rng r;

	assert_non_null(x);
	ss_rng_init(&r, 9, SS_RNG_SAMPLE, 0, 0, (uint32_t)view);
	for (size_t i = 0; i < n; i++)
		x[i] = (uint8_t)ss_rng_below(&r, 256);
	return x;
}

/*
 * Statistics near those of the first view. With any others the outputs of different images are nearly parallel, and little is left of
 * their differences in floats.
 */
static void
settle(const struct setup *s, const struct ss_net *net, const float *params, float *buffers)
{
	struct plain p = plain_create(net, s->batch, params, buffers);
	uint8_t *x = pixels(s, 0);

	for (int i = 0; i < 30; i++)
		plain_forward(&p, x, true);
	for (size_t i = 0; i < net->buffers.floats; i++)
		buffers[i] = (float)p.buffers[i];
	plain_free(&p);
	free(x);
}

static void
begin(const struct setup *s, const struct ss_net *net, float *params, float *buffers)
{
	initial(net, params, buffers);
	if (s->running)
		settle(s, net, params, buffers);
}

/* One step with a learning rate of 0: loss, gradients, running statistics. */
static struct ss_trainer *
step(const struct setup *s, const struct ss_net *net, const struct ss_kernels *kern,
    uint8_t *const *images, struct ss_step *result, struct ss_pool *pool)
{
	struct ss_knobs knobs = s->method->knobs;
	struct ss_hyper h = { 0 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_trainer *t;

	if (s->method == &ss_simclr)
		knobs.temperature = TEMPERATURE;
	if (ss_trainer_create(&t, net, s->method, &knobs, kern, &(struct ss_crops){ s->views - s->locals, s->locals,
	    s->local_h, s->local_w }, s->batch, 1, 1, false,
	    ss_pool_threads(pool), &e) < 0)
		fail_msg("%s", e.text);
	begin(s, net, t->weights.params, t->weights.buffers);
	if (ss_trainer_step(t, (const uint8_t *const *)images, NULL, &h, result, pool, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

static void
near(const char *what, const float *have, const double *want, size_t n, double limit)
{
	double worst = 0, scale = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)have[i] - want[i]);

		if (!(d <= worst))
			worst = d;
		scale = fmax(scale, fabs(want[i]));
	}
	if (!(worst <= limit * scale))
		fail_msg("%s differs by %g of %g", what, worst, scale);
}

/* The plain network on all views, and its loss along a direction in the weights. */
struct line {
	const struct setup *s;
	struct plain plain[SS_METHOD_VIEWS];
	struct ss_net *local;		/* of the small views, or NULL */
	uint8_t *const *images;
	double *base, *dir;		/* net->params.floats */
	double *z[SS_METHOD_VIEWS];	/* projections at the base: SimSiam's constants */
};

static double
plain_loss(void *arg, double t)
{
	struct line *l = arg;
	const struct ss_net *net = l->plain[0].net;
	double *z[SS_METHOD_VIEWS], *p[SS_METHOD_VIEWS];
	int d = net->node[net->projector].c;

	for (int v = 0; v < l->s->views; v++) {
		for (size_t i = 0; i < net->params.floats; i++)
			l->plain[v].params[i] = l->base[i] + t * l->dir[i];
		plain_forward(&l->plain[v], l->images[v], !l->s->running);
		z[v] = l->plain[v].out[net->projector];
		p[v] = net->predictor < 0 ? NULL : l->plain[v].out[net->predictor];
	}
	if (!l->s->method->p_grad)
		return plain_nt_xent(z, l->s->batch, d, TEMPERATURE);
	return plain_simsiam(p, l->z[0] == NULL ? z : l->z, l->s->views, l->s->views - l->s->locals,
	    l->s->batch, d);
}

static void
line_create(struct line *l, const struct setup *s, const struct ss_net *net, uint8_t *const *images)
{
	float *params = ss_alloc(net->params.floats, sizeof(float));
	float *buffers = ss_alloc(net->buffers.floats, sizeof(float));
	size_t cells = (size_t)s->batch * (size_t)net->node[net->projector].c;

	memset(l, 0, sizeof(*l));
	l->s = s;
	l->images = images;
	l->base = calloc(net->params.floats, sizeof(double));
	l->dir = calloc(net->params.floats, sizeof(double));
	assert_true(params != NULL && buffers != NULL && l->base != NULL && l->dir != NULL);
	begin(s, net, params, buffers);
	for (size_t i = 0; i < net->params.floats; i++)
		l->base[i] = (double)params[i];
	if (s->locals > 0)
		l->local = network_for(s, s->views - 1);
	for (int v = 0; v < s->views; v++)
		l->plain[v] = plain_create(is_local(s, v) ? l->local : net, s->batch, params, buffers);
	plain_loss(l, 0);
	for (int v = 0; v < s->views; v++) {
		l->z[v] = malloc(cells * sizeof(double));
		assert_non_null(l->z[v]);
		memcpy(l->z[v], l->plain[v].out[net->projector], cells * sizeof(double));
	}
	free(params);
	free(buffers);
}

static void
line_free(struct line *l)
{
	for (int v = 0; v < l->s->views; v++) {
		plain_free(&l->plain[v]);
		free(l->z[v]);
	}
	ss_net_free(l->local);
	free(l->base);
	free(l->dir);
}

/* The weight beside a bias that a norm takes away again, so that its slope is 0; else NULL. */
static const struct ss_param *
idle_bias(const struct ss_net *net, int param)
{
	if (net->norm_running)
		return NULL;
	for (int i = 0; i < net->nodes; i++)
		for (int k = 0; k < net->nodes; k++)
			if (net->node[i].op != SS_OP_NORM && net->node[i].bias == param &&
			    net->node[k].op == SS_OP_NORM && net->node[k].in == i)
				return &net->params.p[net->node[i].weight];
	return NULL;
}

static double
length(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	return sqrt(sum);
}

/* Slopes along a random direction in the tensors from..to-1, for the gradients of all kernels. */
static void
check_slope(struct line *l, const struct ss_net *net, struct ss_trainer *const *t, int from, int to,
    double *worst)
{
	struct ss_rng r;
	double want;

	ss_rng_init(&r, 17, SS_RNG_SAMPLE, 0, (uint64_t)from, (uint32_t)to);
	memset(l->dir, 0, net->params.floats * sizeof(double));
	for (int i = from; i < to; i++)
		for (size_t k = 0; k < net->params.p[i].count; k++)
			l->dir[net->params.p[i].offset + k] = ss_rng_normal(&r);
	want = plain_slope(plain_loss, l, 1e-8);	/* so small that no kink of a ReLU lies within */
	for (int k = 0; t[k] != NULL; k++) {
		double have = 0, size = 0;

		for (int i = from; i < to; i++) {
			const struct ss_param *p = &net->params.p[i];

			for (size_t j = 0; j < p->count; j++)
				have += l->dir[p->offset + j] * (double)t[k]->grads[p->offset + j];
			size = hypot(size, length(t[k]->grads + p->offset, p->count));
		}
		*worst = fmax(*worst, fabs(have - want) / size);
		if (!(fabs(have - want) <= SLOPE_LIMIT * size))
			fail_msg("%s, kernels %s: slope %.9g, by differences %.9g",
			    from + 1 < to ? "all weights" : net->params.p[from].name,
			    t[k]->plan->kern->name, have, want);
	}
}

/* Loss, outputs, running statistics of every kernel variant against the plain network. */
static void
check_values(const struct setup *s, const struct ss_net *net, struct line *l,
    struct ss_trainer *const *t, const double *losses)
{
	double want = plain_loss(l, 0);
	double scale = s->method->p_grad ? 1 : want;	/* a mean of cosines, or of logarithms */

	for (int k = 0; t[k] != NULL; k++) {
		if (!(fabs(losses[k] - want) <= VALUE_LIMIT * scale))
			fail_msg("loss %.9g, plainly %.9g", losses[k], want);
		for (int v = 0; v < s->views; v++)
			for (int i = 0; i < net->nodes; i++)
				if (net->node[i].layer[0] != '\0')
					near(net->node[i].layer, ss_pass_output(is_local(s, v) ? t[k]->local_plan : t[k]->plan,
					    &t[k]->pass[v], i),
					    l->plain[v].out[i], plain_size(&l->plain[v], i), VALUE_LIMIT);
	}
	/* the running statistics of view after view: each plain network saw one */
	line_free(l);
	line_create(l, s, net, l->images);
	for (int v = 1; v < s->views; v++) {
		memcpy(l->plain[v].buffers, l->plain[v - 1].buffers, net->buffers.floats * sizeof(double));
		plain_forward(&l->plain[v], l->images[v], !s->running);
	}
	for (int k = 0; t[k] != NULL; k++)
		for (int i = 0; i < net->buffers.n; i++) {
			const struct ss_param *p = &net->buffers.p[i];

			near(p->name, t[k]->weights.buffers + p->offset,
			    l->plain[s->views - 1].buffers + p->offset, p->count, VALUE_LIMIT);
		}
}

enum { VARIANTS_MAX = 8 };

static void
check_step(const struct setup *s, bool every_tensor)
{
	struct ss_net *net = network(s);
	struct ss_trainer *t[VARIANTS_MAX + 1] = { NULL };
	double loss[VARIANTS_MAX], worst = 0;
	uint8_t *images[SS_METHOD_VIEWS];
	struct line l;
	int n = 0;

	for (int v = 0; v < s->views; v++)
		images[v] = pixels(s, v);
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		struct ss_step result;

		assert_true(n < VARIANTS_MAX);
		t[n] = step(s, net, *k, images, &result, NULL);
		loss[n++] = result.loss.loss;
	}
	line_create(&l, s, net, images);
	check_slope(&l, net, t, 0, net->params.n, &worst);
	for (int i = 0; every_tensor && i < net->params.n; i++) {
		const struct ss_param *p = &net->params.p[i], *w = idle_bias(net, i);

		if (w == NULL)
			check_slope(&l, net, t, i, i + 1, &worst);
		for (int k = 0; w != NULL && k < n; k++)
			assert_true(length(t[k]->grads + p->offset, p->count) <=
			    1e-5 * length(t[k]->grads + w->offset, w->count));
	}
	memset(l.dir, 0, net->params.floats * sizeof(double));
	check_values(s, net, &l, t, loss);
	print_message("             %s on %s, %d views, batch %d in %d pieces of %d: slopes within %.1g\n",
	    s->method->name, s->arch->name, s->views, s->batch, t[0]->plan->pieces,
	    t[0]->plan->piece, worst);
	line_free(&l);
	for (int k = 0; k < n; k++)
		ss_trainer_free(t[k]);
	for (int v = 0; v < s->views; v++)
		free(images[v]);
	ss_net_free(net);
}

static void
whole_network(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 7, 4, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 5, NO_LOCALS },
		{ &OPTION_A, 1, 5, 6, "9n,12", "none", &ss_simclr, 2, 6, NO_LOCALS },
		{ &PROJECTION, 3, 5, 4, "16bnr,9b", "none", &ss_simclr, 2, 5, NO_LOCALS },
		{ &PROJECTION, 4, 3, 5, "9bN", "4nr,5bn,9", &ss_simsiam, 3, 6, NO_LOCALS },
		{ &SHRINKING, 3, 4, 8, "8nr,8N", "8b", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &BOTTLENECK, 3, 5, 4, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &BEFORE, 3, 7, 6, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 2, 5, NO_LOCALS },
		{ &BEFORE, 1, 4, 5, "9bnr,7b", "none", &ss_simclr, 2, 6, NO_LOCALS },
		{ &PROJECTION, 3, 4, 4, "9rn,7b", "12rn,7b", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &OPTION_A, 1, 4, 5, "9br,8r,7br", "none", &ss_simclr, 2, 6, NO_LOCALS },
		{ &OPTION_A, 1, 5, 4, "11br,8brN", "9rnr,8br", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &PHOTOS, 3, 17, 14, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &PHOTOS, 1, 8, 9, "9br,8r,7br", "none", &ss_simclr, 2, 6, NO_LOCALS },
		{ &KERAS, 3, 15, 20, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 2, 7, NO_LOCALS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
		check_step(&setups[i], true);
}

/* Views of another size: smaller, or not. */
static void
crops(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 7, 4, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 3, 5, 1, 4, 5, false },
		{ &BOTTLENECK, 3, 6, 8, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 5, 6, 3, 4, 4, false },
		{ &BEFORE, 1, 5, 5, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 3, 5, 1, 8, 7, false },
		{ &STEPS, 1, 7, 8, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 3, 5, 1, 4, 3, false },
		{ &KERAS, 3, 16, 12, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 4, 6, 2, 9, 8, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
		check_step(&setups[i], true);
}

/* Norms with running statistics: constants, whose scale and shift have slopes all the same. */
static void
running_statistics(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 7, 4, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 5, 0, 0, 0, true },
		{ &PROJECTION, 3, 5, 4, "16bnr,9b", "none", &ss_simclr, 2, 5, 0, 0, 0, true },
		{ &BOTTLENECK, 3, 6, 8, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 5, 6, 3, 4, 4, true },
		{ &BEFORE, 3, 7, 6, "9nr,7n", "5rn,7b", &ss_simsiam, 2, 5, 0, 0, 0, true },
		{ &STEPS, 1, 7, 8, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, 5, 0, 0, 0, true },
		{ &PHOTOS, 3, 17, 14, "9nr,7n", "5rn,7b", &ss_simsiam, 2, 6, 0, 0, 0, true },
		{ &KERAS, 3, 15, 20, "9bnr,7bN", "5bnr,7b", &ss_simsiam, 4, 6, 2, 9, 8, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
		check_step(&setups[i], true);
}

/* Batches that the pieces do not divide: one image in each, a last piece of one, of a few. */
static void
pieces(void **state)
{
	static const int batches[] = { 3, 31, 33, 65, 100, 260 };

	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		struct setup s = { &SHRINKING, 1, 4, 4, "8bnr,6b", "none", &ss_simclr, 2, batches[i], NO_LOCALS };

		check_step(&s, false);
	}
}

static void
wide(void **state)
{
	static const struct setup setups[] = {
		{ &WIDE, 1, 4, 4, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, 63, NO_LOCALS },
		{ &WIDE_ROWS, 1, 15, 15, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, 5, NO_LOCALS },
	};
	bool chained = false, by_images = false, by_channels = false;

	(void)state;
	for (size_t k = 0; k < sizeof(setups) / sizeof(*setups); k++) {
		struct ss_net *net = network(&setups[k]);
		struct ss_plan *p;
		struct ss_err e = SS_ERR_INIT;

		if (ss_plan_train(&p, net, ss_kernels_find(NULL), setups[k].batch, &net->predictor, 1, &e) < 0)
			fail_msg("%s", e.text);
		for (int i = 0; i < net->nodes; i++)
			if (net->node[i].op == SS_OP_CONV) {
				chained |= p->split[i].chained;
				by_images |= !p->split[i].chained && p->split[i].groups > 1;
				by_channels |= p->split[i].groups == 1 && p->split[i].blocks > 1;
			}
		ss_plan_free(p);
		ss_net_free(net);
		check_step(&setups[k], false);
	}
	assert_true(chained && by_images && by_channels);
}

static void
steps(void **state)
{
	static const int batches[] = { 2, 5 };	/* with many more, some unit lies so near to its kink that rounding turns it */

	(void)state;
	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
		struct setup s = { &STEPS, 1, 7, 8, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, batches[i], NO_LOCALS };
		struct ss_net *net = network(&s);
		struct ss_plan *p;
		struct ss_err e = SS_ERR_INIT;
		int stepped = 0;

		if (ss_plan_train(&p, net, ss_kernels_find(NULL), s.batch, &net->predictor, 1, &e) < 0)
			fail_msg("%s", e.text);
		for (int k = 0; k < net->nodes; k++)
			stepped += p->steps[k].used;
		assert_int_equal(stepped, 3);
		ss_plan_free(p);
		ss_net_free(net);
		check_step(&s, false);
	}
}

/* Slots that live at the same time, and where they lie. */
static void
check_slots(const struct ss_slot *const *slot, int n, size_t floats, const char *arena)
{
	for (int i = 0; i < n; i++) {
		assert_true(slot[i]->offset % 16 == 0 && slot[i]->born <= slot[i]->dies);
		assert_true(slot[i]->offset + slot[i]->floats <= floats);
		for (int k = 0; k < i; k++)
			if (slot[i]->born <= slot[k]->dies && slot[k]->born <= slot[i]->dies &&
			    slot[i]->offset < slot[k]->offset + slot[k]->floats &&
			    slot[k]->offset < slot[i]->offset + slot[i]->floats)
				fail_msg("%s: two slots overlap, segments %d-%d and %d-%d", arena, slot[i]->born,
				    slot[i]->dies, slot[k]->born, slot[k]->dies);
	}
}

/* All slots in use of both arenas; returns how many of the activations, *grads of the gradients. */
static int
collect(const struct ss_plan *p, struct ss_slot **act, struct ss_slot **grad, int *grads)
{
	int n = 0;

	*grads = 0;
	for (int i = 0; i < p->net->nodes; i++) {
		if (p->act[i].born >= 0 && p->act[i].place != SS_REMADE)
			act[n++] = &p->act[i];
		if (p->grad[i].used && p->grad[i].born >= 0 && p->grad[i].place != SS_REMADE)
			grad[(*grads)++] = &p->grad[i];
		if (p->again[i].used && p->again[i].born >= 0 && p->again[i].place != SS_REMADE)
			grad[(*grads)++] = &p->again[i];
		if (p->split[i].partial.used && p->split[i].partial.born >= 0)
			grad[(*grads)++] = &p->split[i].partial;
		for (int k = 0; k < SS_WINO_SLOTS; k++)
			if (p->steps[i].used && p->steps[i].slot[k].born >= 0)
				grad[(*grads)++] = &p->steps[i].slot[k];
	}
	return n;
}

static void
places(void **state)
{
	static const int batches[] = { 2, 32, 33, 256, 1000 };
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		for (size_t b = 0; b < sizeof(batches) / sizeof(*batches); b++) {
			struct setup s = { a, 3, 32, 32, "2048bnr,2048bN", "512bnr,2048b", &ss_simsiam, 2, 0, NO_LOCALS };
			struct ss_net *net = network(&s);
			struct ss_slot **act = calloc((4 + SS_WINO_SLOTS) * (size_t)net->nodes, sizeof(*act)), **grad;
			struct ss_plan *p;
			size_t alone = 0;
			int n, grads, last = net->backbone;

			assert_non_null(act);
			grad = act + net->nodes;
			if (ss_plan_train(&p, net, ss_kernels_find(NULL), batches[b], &net->predictor, 1, &e) < 0)
				fail_msg("%s", e.text);
			n = collect(p, act, grad, &grads);
			memmove(act + n, grad, (size_t)grads * sizeof(*act));
			check_slots((const struct ss_slot *const *)act, n + grads, p->act_floats, "training");
			for (int i = 0; i < n + grads; i++)
				alone += act[i]->floats;
			assert_true(3 * p->act_floats < 2 * alone);	/* they do share */
			ss_plan_free(p);
			if (ss_plan_infer(&p, net, ss_kernels_find(NULL), 8, last, &e) < 0)
				fail_msg("%s", e.text);
			n = collect(p, act, grad, &grads);
			assert_true(n > 0 && n <= last + 1);
			memmove(act + n, grad, (size_t)grads * sizeof(*act));
			check_slots((const struct ss_slot *const *)act, n + grads, p->act_floats, "inference");
			ss_plan_free(p);
			free(act);
			ss_net_free(net);
		}
}

/* Forward and backward in arenas full of NaN; with `apart`, every slot has a place of its own. */
static void
pass_in(const struct setup *s, const struct ss_net *net, bool apart, float *out, float *grads)
{
	struct ss_slot **act = calloc((4 + SS_WINO_SLOTS) * (size_t)net->nodes, sizeof(*act)), **grad;
	struct ss_err e = SS_ERR_INIT;
	struct ss_weights w;
	struct ss_pass pass;
	struct ss_plan *p;
	uint8_t *images = pixels(s, 0);
	size_t cells = (size_t)s->batch * (size_t)net->node[net->predictor].c;
	struct ss_workspace space = { NULL, NULL };
	int n, gradients;

	assert_non_null(act);
	grad = act + net->nodes;
	if (ss_plan_train(&p, net, ss_kernels_find(NULL), s->batch, &net->predictor, 1, &e) < 0)
		fail_msg("%s", e.text);
	n = collect(p, act, grad, &gradients);
	if (apart) {
		p->act_floats = 0;
		for (int i = 0; i < n; i++) {
			act[i]->offset = p->act_floats;
			p->act_floats += (act[i]->floats + 15) / 16 * 16;
		}
		for (int i = 0; i < gradients; i++) {
			grad[i]->offset = p->act_floats;
			p->act_floats += (grad[i]->floats + 15) / 16 * 16;
		}
	}
	space.scratch = ss_alloc(p->scratch_floats, sizeof(float));
	assert_true(space.scratch != NULL);
	if (ss_weights_create(&w, p, &e) < 0 || ss_pass_create(&pass, p, &e) < 0)
		fail_msg("%s", e.text);
	memset(pass.act, 0xff, p->act_floats * sizeof(float));
	memset(pass.stats, 0xff, p->stat_floats * sizeof(double));
	initial(net, w.params, w.buffers);
	ss_weights_pack(&w, p, NULL);
	ss_forward(p, &pass, &w, images, &space, NULL);
	memcpy(out, ss_pass_output(p, &pass, net->predictor), cells * sizeof(float));
	for (size_t i = 0; i < cells; i++)
		ss_plan_seed(p, &pass, net->predictor)[i] = (float)(i % 7) - 2.5f;
	memset(grads, 0, net->params.floats * sizeof(float));
	ss_backward(p, &pass, &w, grads, &space, NULL);
	free(space.scratch);
	free(images);
	free(act);
	ss_pass_free(&pass);
	ss_weights_free(&w);
	ss_plan_free(p);
}

/* Sharing places changes no byte, and nothing is read that was not written. */
static void
sharing(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 35, NO_LOCALS },
		{ &PROJECTION, 3, 7, 5, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 6, NO_LOCALS },
		{ &WIDE, 1, 4, 4, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, 63, NO_LOCALS },
		{ &STEPS, 1, 16, 15, "8bnr,6bN", "4bnr,6b", &ss_simsiam, 2, 35, NO_LOCALS },
		{ &BOTTLENECK, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 35, NO_LOCALS },
		{ &BEFORE, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 35, NO_LOCALS },
		{ &PHOTOS, 3, 33, 28, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 35, NO_LOCALS },
		{ &KERAS, 3, 33, 28, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 9, NO_LOCALS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++) {
		const struct setup *s = &setups[i];
		struct ss_net *net = network(s);
		size_t cells = (size_t)s->batch * (size_t)net->node[net->predictor].c;
		size_t floats = net->params.floats;
		float *out = malloc(2 * cells * sizeof(float)), *grads = malloc(2 * floats * sizeof(float));

		assert_true(out != NULL && grads != NULL);
		pass_in(s, net, false, out, grads);
		for (int k = 1; k < 4; k++) {
			net->recompute = k >= 2;
			pass_in(s, net, k % 2 != 0, out + cells, grads + floats);
			assert_memory_equal(out, out + cells, cells * sizeof(float));
			assert_memory_equal(grads, grads + floats, floats * sizeof(float));
		}
		for (size_t k = 0; k < cells; k++)
			assert_true(isfinite(out[k]));
		for (size_t k = 0; k < floats; k++)
			assert_true(isfinite(grads[k]));
		free(out);
		free(grads);
		ss_net_free(net);
	}
}

static size_t
arena(const struct ss_net *net, int batch)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_plan *p;
	size_t floats;

	if (ss_plan_train(&p, net, ss_kernels_find(NULL), batch, &net->predictor, 1, &e) < 0)
		fail_msg("%s", e.text);
	floats = p->act_floats;
	ss_plan_free(p);
	return floats;
}

/* What recomputing saves, in networks as they are used. */
static void
recomputing(void **state)
{
	static const struct { const char *arch; int side; double share; } known[] = {
		{ "resnet18", 32, 0.55 }, { "resnet50-imagenet", 224, 0.4 }, { "resnet110", 32, 0.45 }, { "resnet110v2", 32, 0.65 }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct setup s = { ss_arch_find(known[i].arch), 3, known[i].side, known[i].side, "64bN", "16bnr,64b", &ss_simsiam, 2, 0,
			NO_LOCALS };
		struct ss_net *net = network(&s);
		const double all = (double)arena(net, 64);

		net->recompute = true;
		const double some = (double)arena(net, 64);

		print_message("             %s: %.0f of %.0f MB\n", known[i].arch, some * 4e-6, all * 4e-6);
		assert_true(some < known[i].share * all);
		ss_net_free(net);
	}
}

/* A step gives the same bytes on any number of threads. */
static void
threads(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 9, 6, "130bnr,70bN", "66bnr,70b", &ss_simsiam, 3, 33, NO_LOCALS },
		{ &WIDE, 1, 4, 4, "70bnr,6b", "none", &ss_simclr, 2, 63, NO_LOCALS },
		{ &STEPS, 1, 8, 8, "8bnr,6b", "none", &ss_simclr, 2, 5, NO_LOCALS },
		{ &BEFORE, 3, 9, 6, "130bnr,70bN", "66bnr,70b", &ss_simsiam, 3, 33, NO_LOCALS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++) {
		const struct setup *s = &setups[i];
		struct ss_net *net = network(s);
		uint8_t *images[SS_METHOD_VIEWS];

		for (int v = 0; v < s->views; v++)
			images[v] = pixels(s, v);
		for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
			struct ss_step alone, r;
			struct ss_trainer *a = step(s, net, *k, images, &alone, NULL);

			for (int n = 2; n <= 3; n++) {
				struct ss_pool *pool = ss_pool_create(n);
				struct ss_trainer *t;

				assert_non_null(pool);
				t = step(s, net, *k, images, &r, pool);
				assert_memory_equal(t->grads, a->grads, net->params.floats * sizeof(float));
				assert_memory_equal(t->weights.buffers, a->weights.buffers,
				    net->buffers.floats * sizeof(float));
				assert_true(r.loss.loss == alone.loss.loss && r.grad_norm == alone.grad_norm &&
				    r.health.std_ratio == alone.health.std_ratio);
				ss_trainer_free(t);
				ss_pool_free(pool);
			}
			ss_trainer_free(a);
		}
		for (int v = 0; v < s->views; v++)
			free(images[v]);
		ss_net_free(net);
	}
}

/* Inference at every layer; the bytes of an image do not depend on its company. */
static void
check_inference(const struct setup *s, const struct ss_kernels *kern)
{
	struct ss_net *net = network(s);
	uint8_t *images = pixels(s, 0);
	size_t image = (size_t)(s->c * s->h * s->w);
	struct ss_err e = SS_ERR_INIT;
	int layers = 0;

	for (int layer = 0; layer < net->nodes; layer++) {
		size_t d = (size_t)net->node[layer].c, n = (size_t)s->batch;
		struct ss_embedder m;
		struct plain plain;
		float *all, *one;

		if (net->node[layer].layer[0] == '\0')
			continue;
		layers++;
		if (ss_embedder_create(&m, net, kern, layer, 3, &e) < 0)
			fail_msg("%s", e.text);
		assert_int_equal(m.d, d);
		initial(net, m.weights.params, m.weights.buffers);
		memset(m.pass.act, 0xff, m.plan->act_floats * sizeof(float));
		ss_embedder_ready(&m, NULL);
		all = malloc(2 * n * d * sizeof(float));
		assert_non_null(all);
		one = all + n * d;
		ss_embed(&m, images, n, all, NULL);
		plain = plain_create(net, s->batch, m.weights.params, m.weights.buffers);
		plain_forward(&plain, images, false);
		near(net->node[layer].layer, all, plain.out[layer], n * d, VALUE_LIMIT);
		plain_free(&plain);
		for (int t = 2; t <= 3; t++) {
			struct ss_pool *pool = ss_pool_create(t);

			assert_non_null(pool);
			memset(one, 0xff, n * d * sizeof(float));
			ss_embed(&m, images, n, one, pool);
			assert_memory_equal(one, all, n * d * sizeof(float));
			ss_pool_free(pool);
		}
		for (size_t k = 1; k <= n; k += 5) {		/* any number of images, beginning with any */
			ss_embed(&m, images + (n - k) * image, k, one, NULL);
			assert_memory_equal(one, all + (n - k) * d, k * d * sizeof(float));
		}
		ss_embed(&m, images, 0, one, NULL);
		free(all);
		ss_embedder_free(&m);
	}
	assert_true(layers >= 3);
	free(images);
	ss_net_free(net);
}

static void
inference(void **state)
{
	static const struct setup setups[] = {
		{ &OPTION_A, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 19, NO_LOCALS },
		{ &PROJECTION, 1, 7, 5, "40n,3", "5", &ss_simsiam, 2, 9, NO_LOCALS },
		{ &WIDE, 2, 4, 4, "70bnr,33b", "none", &ss_simclr, 2, 11, NO_LOCALS },
		{ &BOTTLENECK, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 19, NO_LOCALS },
		{ &BEFORE, 3, 9, 6, "14bnr,10bN", "6bnr,10b", &ss_simsiam, 2, 19, NO_LOCALS },
	};

	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t i = 0; i < sizeof(setups) / sizeof(*setups); i++)
			check_inference(&setups[i], *k);
}

static void
check_size(const char *name, size_t count, int features)
{
	struct setup s = { ss_arch_find(name), 3, 32, 32, "none", "none", NULL, 0, 0, NO_LOCALS };
	struct ss_net *net;

	assert_non_null(s.arch);
	net = network(&s);
	assert_int_equal(ss_net_count(net), count);
	assert_int_equal(net->node[net->backbone].c, features);
	assert_true(net->projector < 0 && net->predictor < 0);
	ss_net_free(net);
}

/* Trained numbers of each backbone, as the papers' tables have them. */
static void
family(void **state)
{
	static const struct { const char *name; size_t count; int features; } known[] = {
		{ "resnet20", 269072, 64 }, { "resnet32", 463504, 64 }, { "resnet44", 657936, 64 },
		{ "resnet56", 852368, 64 }, { "resnet110", 1727312, 64 }, { "resnet18", 11168832, 512 },
		{ "resnet34", 21276992, 512 }, { "resnet50", 23500352, 2048 }, { "resnet101", 42492480, 2048 },
		{ "resnet152", 58136128, 2048 },
		/* torchvision's without fc; Keras's trainable ones, of which 26560 are biases of convolutions */
		{ "resnet18-imagenet", 11176512, 512 }, { "resnet34-imagenet", 21284672, 512 },
		{ "resnet50-imagenet", 23508032, 2048 }, { "resnet101-imagenet", 42500160, 2048 },
		{ "resnet152-imagenet", 58143808, 2048 }, { "resnet50-keras", 23587712 - 53120, 2048 },
	};
	enum { KNOWN = sizeof(known) / sizeof(*known), V2 = 18 };
	size_t n = 0;

	(void)state;
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		n++;
	assert_int_equal(n, KNOWN + V2);
	for (size_t i = 0; i < KNOWN; i++)
		check_size(known[i].name, known[i].count, known[i].features);
	for (size_t i = 1; i <= V2; i++) {
		char name[16];

		/* the Keras example's, of 9i + 2 layers: convolutions 291760 + 270592 (i - 1), norms 2 (640 + 864 (i - 1)) */
		snprintf(name, sizeof(name), "resnet%zuv2", 9 * i + 2);
		check_size(name, 291760 + 270592 * (i - 1) + 2 * (640 + 864 * (i - 1)), 256);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(family),
		cmocka_unit_test(whole_network),
		cmocka_unit_test(crops),
		cmocka_unit_test(running_statistics),
		cmocka_unit_test(pieces),
		cmocka_unit_test(wide),
		cmocka_unit_test(steps),
		cmocka_unit_test(places),
		cmocka_unit_test(sharing),
		cmocka_unit_test(recomputing),
		cmocka_unit_test(threads),
		cmocka_unit_test(inference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
