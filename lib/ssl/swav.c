/*
 * swav.c - SwAV: Caron et al. 2020 (arXiv 2006.09882), equations 1 to 5
 *
 * Scores S_v = unit(z_v) C' against K unit prototypes C. Codes Q_v, without gradient, are exp(S_v / epsilon)
 * made by Sinkhorn and Knopp's iteration to use all prototypes equally: three times {each prototype
 * to sum 1/K, each image to 1/N}; an image's code then sums to 1 when it is multiplied by N. With P_v = softmax(S_v / t):
 *
 *	L = mean over pairs of views a != b, a global, and images of -sum_k Q_a,k log P_b,k
 *
 * (the multi-crop of section 3.3: small crops have no code of their own).
 * Prototypes are brought back to length one before each step.
 */
#include <math.h>
#include <string.h>

#include "ssl/method.h"
#include "ssl/prototypes.h"
#include "ssl/unit.h"

#define ROWS 16			/* images in a piece of work */

struct job {
	const struct ss_outputs *v;
	const struct ss_scores *s;
	const struct ss_knobs *k;
	float *q;		/* codes of the global views, as s->s */
	double *prototype;	/* sums over the images of one view */
	int view;
};

static float *
code(const struct job *j, int view, int image)
{
	return j->q + ((size_t)view * j->v->n + image) * j->s->prototypes;
}

/* Exponentials of one view's images; the factors of the iteration follow. */
static void
exponentials(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;

	(void)worker;
	for (int i = (int)piece * ROWS; i < j->v->n && i < ((int)piece + 1) * ROWS; i++) {
		const float *s = j->s->s + ((size_t)j->view * j->v->n + i) * j->s->prototypes;
		float *q = code(j, j->view, i);

		for (int k = 0; k < j->s->prototypes; k++)
			q[k] = expf(s[k] / (float)j->k->target_temperature);
	}
}

/* One iteration on some images: by the prototypes' sums, then each image's code to sum 1. */
static void
balance(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;

	(void)worker;
	for (int i = (int)piece * ROWS; i < j->v->n && i < ((int)piece + 1) * ROWS; i++) {
		float *q = code(j, j->view, i);
		double sum = 0;

		for (int k = 0; k < j->s->prototypes; k++)
			sum += q[k] = (float)(q[k] / j->prototype[k]);
		for (int k = 0; k < j->s->prototypes; k++)
			q[k] = (float)(q[k] / sum);
	}
}

static void
sinkhorn(struct job *j, struct ss_pool *pool)
{
	const size_t pieces = ((size_t)j->v->n + ROWS - 1) / ROWS;

	ss_pool_run(pool, pieces, exponentials, j);
	for (int t = 0; t < 3; t++) {
		memset(j->prototype, 0, (size_t)j->s->prototypes * sizeof(double));
		for (int i = 0; i < j->v->n; i++)
			for (int k = 0; k < j->s->prototypes; k++)
				j->prototype[k] += (double)code(j, j->view, i)[k];
		for (int k = 0; k < j->s->prototypes; k++)	/* nobody near it: leave it alone */
			j->prototype[k] = j->prototype[k] == 0 ? 1 : j->prototype[k];
		ss_pool_run(pool, pieces, balance, j);
	}
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	const size_t rows = (size_t)views * (size_t)n;

	return ss_scores_floats(views, n, d, k->prototypes) + rows * (size_t)(k->prototypes + d) +
	    3 * (size_t)k->prototypes + (size_t)n + 16;
}

static void
prepare(const struct ss_knobs *k, int d, float *own)
{
	for (int i = 0; i < k->prototypes; i++)
		ss_unit(own + (size_t)i * d, own + (size_t)i * d, d);
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	const size_t rows = (size_t)v->globals * (size_t)v->n;
	struct ss_scores s = { .matrices = v->views, .n = v->n, .d = v->d, .prototypes = k->prototypes };
	struct job j = { .v = v, .s = &s, .k = k };
	struct ss_loss l = { .note = { { "assignment_entropy", 0 }, { "code_entropy", 0 } } };
	float *du, *room;

	j.prototype = (double *)(void *)space;	/* first, for its alignment */
	space += 2 * (size_t)k->prototypes;
	ss_scores_make(&s, v->z, v->own, &space, pool);
	j.q = space;
	du = j.q + rows * (size_t)k->prototypes;
	room = du + (size_t)v->views * (size_t)v->n * (size_t)v->d;
	for (j.view = 0; j.view < v->globals; j.view++)
		sinkhorn(&j, pool);
	ss_choice_entropy(j.q, (int)rows, k->prototypes, room, &l.note[0].value, &l.note[1].value);
	l.loss = ss_scores_learn(&s, j.q, v->globals, k->temperature, room, pool);
	ss_scores_back(&s, v->own, v->dz, v->own_grad, du, pool);
	return l;
}

static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	*projector = (struct ss_head){ 2, {
		{ .width = features > 512 ? features : 512, .bias = true, .norm = true, .affine = true,
		  .relu = true },
		{ .width = 128, .bias = true } } };
	*predictor = (struct ss_head){ 0 };
}

const struct ss_method ss_swav = {
	.name = "swav", .summary = "predict the other view's place among balanced prototypes",
	.min_views = 2, .max_views = SS_METHOD_VIEWS, .z_grad = true,
	.optimiser = SS_ADAM, .lr = 1e-3, .weight_decay = 1e-6,	/* lightly's for CIFAR-10 */
	.knobs = { .temperature = 0.1, .target_temperature = 0.05, .prototypes = 512 },
	.heads = heads, .scratch = scratch, .prepare = prepare, .loss = loss
};
