/*
 * supervised.c - the baseline: the same networks and views, with labels
 *
 * The cross-entropy of the softmax of the last head's outputs, one for each class; the mean over views and images.
 */
#include <string.h>

#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 64			/* in a piece of work */

struct job {
	const struct ss_outputs *v;
	float *loss, *hit;	/* by row of all views */
};

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	const struct ss_outputs *v = j->v;
	const int all = v->views * v->n;

	(void)worker;
	for (int i = (int)number * ROWS; i < all && i < ((int)number + 1) * ROWS; i++) {
		const size_t row = (size_t)(i % v->n) * v->d;
		const float *z = v->z[i / v->n] + row;
		float *dz = v->dz[i / v->n] + row;
		const int label = v->label[i % v->n];
		bool best = true;

		for (int k = 0; k < v->d; k++)
			best &= k == label || z[label] > z[k];
		memcpy(dz, z, (size_t)v->d * sizeof(*dz));
		j->loss[i] = (float)(ss_softmax(dz, v->d) - z[label]);
		j->hit[i] = best;
		dz[label] -= 1;
		for (int k = 0; k < v->d; k++)
			dz[k] /= (float)all;
	}
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *scratch, struct ss_pool *pool)
{
	const size_t all = (size_t)v->views * (size_t)v->n;
	struct job j = { v, scratch, scratch + all };

	(void)k;
	ss_pool_run(pool, (all + ROWS - 1) / ROWS, piece, &j);
	return (struct ss_loss){ ss_sum(j.loss, all) / (double)all,
		{ { "accuracy", ss_sum(j.hit, all) / (double)all } } };
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	(void)k, (void)d;
	return 2 * (size_t)views * (size_t)n;
}

/* One layer; its width is the number of classes, which the stream says. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	(void)features;
	*projector = (struct ss_head){ 1, { { .width = 1, .bias = true } } };
	*predictor = (struct ss_head){ 0 };
}

const struct ss_method ss_supervised = {
	.name = "supervised", .summary = "the baseline: cross-entropy with labels",
	.min_views = 1, .max_views = SS_METHOD_VIEWS, .z_grad = true, .labels = true,
	.lr = 0.1, .weight_decay = 5e-4,
	.heads = heads, .scratch = scratch, .loss = loss
};
