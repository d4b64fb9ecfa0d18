/*
 * dino.c - DINO: Caron et al. 2021 (arXiv 2104.14294), algorithm 1
 *
 * Student and teacher (the target network) end in scores of their unit projections against K prototypes,
 * each with its own W, whose rows count with length one. With P_s = softmax(S / t), P_t = softmax((T - c) / t_t):
 *
 *	L = mean over pairs of views a != b, a global, and images of -sum_k P_t,a,k log P_s,b,k
 *
 * The gradient reaches W through its normalisation. The centre c, which is the
 * state, then becomes 0.9 c + 0.1 mean T.
 */
#include <math.h>
#include <string.h>

#include "ssl/method.h"
#include "ssl/prototypes.h"
#include "ssl/unit.h"

#define ROWS 16			/* images in a piece of work */

struct job {
	const struct ss_outputs *v;
	const struct ss_knobs *k;
	const struct ss_scores *t;
};

/* Teacher's scores to probabilities. */
static void
teach(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int all = j->v->globals * j->v->n, prototypes = j->k->prototypes;

	(void)worker;
	for (int i = (int)piece * ROWS; i < all && i < ((int)piece + 1) * ROWS; i++) {
		float *t = j->t->s + (size_t)i * prototypes;

		for (int k = 0; k < prototypes; k++)
			t[k] = (float)((t[k] - j->v->state[k]) / j->k->target_temperature);
		ss_softmax(t, prototypes);
	}
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	const size_t own = (size_t)k->prototypes * (size_t)d;

	return 2 * ss_scores_floats(views, n, d, k->prototypes) + (size_t)views * (size_t)n * (size_t)d + 3 * own +
	    4 * (size_t)k->prototypes + (size_t)n;
}

static size_t
state(const struct ss_knobs *k, int d)
{
	(void)d;
	return (size_t)k->prototypes;
}

static void
begin(const struct ss_knobs *k, int d, uint64_t seed, float *state)
{
	(void)d, (void)seed;
	memset(state, 0, (size_t)k->prototypes * sizeof(*state));
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	const int rows = v->globals * v->n, prototypes = k->prototypes;
	const size_t own = (size_t)prototypes * (size_t)v->d;
	struct ss_scores s = { .matrices = v->views, .n = v->n, .d = v->d, .prototypes = prototypes };
	struct ss_scores t = { .matrices = v->globals, .n = v->n, .d = v->d, .prototypes = prototypes };
	struct job j = { v, k, &t };
	float *w = space, *target_w = w + own, *dw = target_w + own, *norm = dw + own, *centre = norm + prototypes,
	    *mean = centre + prototypes, *du = mean + prototypes;
	struct ss_loss l = { .note = { { "assignment_entropy", 0 }, { "teacher_entropy", 0 } } };
	float *by_image = du + (size_t)v->views * (size_t)v->n * (size_t)v->d;

	space = by_image + v->n;
	ss_rows_unit(&v->own, 1, prototypes, v->d, w, norm, pool);
	ss_rows_unit(&v->target_own, 1, prototypes, v->d, target_w, NULL, pool);
	ss_scores_make(&s, v->z, w, &space, pool);
	ss_scores_make(&t, v->t, target_w, &space, pool);
	memset(centre, 0, (size_t)prototypes * sizeof(*centre));
	for (int i = 0; i < rows; i++)
		for (int c = 0; c < prototypes; c++)
			centre[c] += t.s[(size_t)i * prototypes + c] / (float)rows;
	ss_pool_run(pool, ((size_t)rows + ROWS - 1) / ROWS, teach, &j);
	ss_choice_entropy(t.s, rows, prototypes, mean, &l.note[0].value, &l.note[1].value);
	l.loss = ss_scores_learn(&s, t.s, v->globals, k->temperature, by_image, pool);
	ss_scores_back(&s, w, v->dz, dw, du, pool);
	ss_rows_back(w, norm, dw, 1, prototypes, v->d, &v->own_grad, pool);
	for (int c = 0; c < prototypes; c++)
		v->state[c] = 0.9f * v->state[c] + 0.1f * centre[c];
	return l;
}

/* Section 4.1's head at the widths of lightly's CIFAR-10 benchmark, with norms and ReLU for its GELU. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	(void)features;
	*projector = (struct ss_head){ 2, {
		{ .width = 2048, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 256, .bias = true } } };
	*predictor = (struct ss_head){ 0 };
}

const struct ss_method ss_dino = {
	.name = "dino", .summary = "agree with a slow teacher's sharpened, centred choice of prototypes",
	.min_views = 2, .max_views = SS_METHOD_VIEWS, .z_grad = true, .target = true,
	.lr = 0.12, .weight_decay = 5e-4, .target_momentum = 0.996,	/* lightly's rate for batches of 256 */
	.knobs = { .temperature = 0.1, .target_temperature = 0.04, .prototypes = 2048 },
	.heads = heads, .scratch = scratch, .state = state, .begin = begin, .loss = loss
};
