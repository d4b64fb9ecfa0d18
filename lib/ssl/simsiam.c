/*
 * simsiam.c - SimSiam: Chen and He 2020 (arXiv 2011.10566), equations 1 to 4
 *
 * With V views, p = predictor(z) and unit rows p^, z^:
 *
 *	D(p_a, z_b) = -1/N sum over images of p^_a . stopgrad(z^_b)
 *	L = mean of D over all ordered pairs of different views
 *
 * which for two views is 1/2 D(p_1, z_2) + 1/2 D(p_2, z_1), in [-1, 1]. The gradient
 * with respect to a row of p_a is -(t - (p^_a . t) p^_a) / |p_a| * 1/N, t the mean of
 * its targets' weights; nothing flows to z from the loss.
 */
#include <math.h>

#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 16			/* images in a piece of work */

struct job {
	const struct ss_outputs *v;
	float *loss;		/* by image */
	float *rows;		/* by image: 2 d floats */
};

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	const struct ss_outputs *v = j->v;
	int d = v->d, end = ((int)number + 1) * ROWS;
	double pairs = (double)v->views * (v->views - 1), scale = 1 / (pairs * v->n);

	(void)worker;
	for (int i = (int)number * ROWS; i < v->n && i < end; i++) {
		float *p = j->rows + (size_t)i * 2 * d, *target = p + d;
		double loss = 0;

		for (int a = 0; a < v->views; a++) {
			double norm = ss_unit(v->p[a] + (size_t)i * d, p, d);

			for (int k = 0; k < d; k++)
				target[k] = 0;
			for (int b = 0; b < v->views; b++) {
				const float *z = v->z[b] + (size_t)i * d;
				double zn;

				if (b == a)
					continue;
				zn = ss_norm(z, d);
				for (int k = 0; k < d; k++)
					target[k] += (float)(z[k] / zn);
			}
			loss -= ss_dot(p, target, d) / pairs;
			for (int k = 0; k < d; k++)
				target[k] = (float)(-scale * target[k]);
			ss_unit_back(p, norm, target, v->dp[a] + (size_t)i * d, d);
		}
		j->loss[i] = (float)loss;
	}
}

static struct ss_loss
loss(const struct ss_outputs *v, double temperature, float *scratch, struct ss_pool *pool)
{
	struct job j = { v, scratch, scratch + (v->n + 15) / 16 * 16 };
	double sum = 0;

	(void)temperature;
	ss_pool_run(pool, ((size_t)v->n + ROWS - 1) / ROWS, piece, &j);
	for (int i = 0; i < v->n; i++)
		sum += j.loss[i];
	return (struct ss_loss){ sum / v->n, -1 };
}

static size_t
scratch(int views, int n, int d)
{
	(void)views;
	return (size_t)(n + 15) / 16 * 16 + (size_t)n * 2 * (size_t)d;
}

/* Section 3 and appendix D: two layers for CIFAR, the last norm without affine; predictor d -> d/4 -> d. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	(void)features;
	*projector = (struct ss_head){ 2, {
		{ .width = 2048, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 2048, .bias = true, .norm = true } } };
	*predictor = (struct ss_head){ 2, {
		{ .width = 512, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 2048, .bias = true } } };
}

const struct ss_method ss_simsiam = {
	.name = "simsiam", .summary = "negative cosine of prediction and stopped projection",
	.min_views = 2, .max_views = SS_METHOD_VIEWS, .p_grad = true,
	.lr = 0.06, .weight_decay = 5e-4,
	.heads = heads, .scratch = scratch, .loss = loss
};
