/*
 * simclr.c - SimCLR's NT-Xent: Chen et al. 2020 (arXiv 2002.05709), equation 1
 *
 * Rows u_1..u_M, M = 2N: the unit projections of view 1, then of view 2; s_ij =
 * u_i . u_j / t; pos(i) the other view of the same image.
 *
 *	L = 1/M sum_i ( -s_i,pos(i) + log sum over j != i of exp s_ij )
 *
 * Gradient: G_ij = (softmax over j != i of s_i)_j - [j = pos(i)], divided by M;
 * dL/dU = (G + G') U / t, then through the normalisation. Contrast accuracy is the
 * share of rows whose positive is their nearest neighbour. The decoupled loss, DCL (Yeh et al. 2021,
 * arXiv 2110.06848), leaves pos(i) out of the sum too.
 */
#include <math.h>
#include <string.h>

#include "kern/gemm.h"
#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 64			/* rows in a piece of work */

struct job {
	const struct ss_outputs *v;
	int m;
	bool decoupled;
	double temperature;
	float *u;		/* m x d, unit rows */
	float *s;		/* m x m, similarities, then G */
	float *du;		/* m x d */
	float *norm, *loss, *hit;	/* by row */
};

/* Similarities of a few rows with all, then their loss and their rows of G. */
static void
rows(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	int d = j->v->d, m = j->m, from = (int)number * ROWS, to = from + ROWS < m ? from + ROWS : m;

	(void)worker;
	ss_gemm(false, true, to - from, m, d, (float)(1 / j->temperature), j->u + (size_t)from * d, d,
	    j->u, d, 0, j->s + (size_t)from * m, m);
	for (int i = from; i < to; i++) {
		float *s = j->s + (size_t)i * m;
		const int pos = (i + j->v->n) % m;
		const double positive = s[pos];
		double log_sum;
		bool best = true;

		s[i] = -INFINITY;
		for (int k = 0; k < m; k++)
			best &= positive >= s[k];
		if (j->decoupled)
			s[pos] = -INFINITY;
		log_sum = ss_softmax(s, m);
		j->loss[i] = (float)(log_sum - positive);
		j->hit[i] = best;
		for (int k = 0; k < m; k++)
			s[k] /= (float)m;
		s[pos] -= 1.0f / (float)m;
	}
}

/* dU = (G + G') U / t for a few rows. */
static void
gradients(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	int d = j->v->d, m = j->m, from = (int)number * ROWS, to = from + ROWS < m ? from + ROWS : m;
	float t = (float)(1 / j->temperature);

	(void)worker;
	ss_gemm(false, false, to - from, d, m, t, j->s + (size_t)from * m, m, j->u, d, 0,
	    j->du + (size_t)from * d, d);
	ss_gemm(true, false, to - from, d, m, t, j->s + from, m, j->u, d, 1,
	    j->du + (size_t)from * d, d);
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	size_t m = (size_t)views * (size_t)n;

	(void)k;
	return 2 * m * (size_t)d + m * m + 3 * m;
}

static struct ss_loss
nt_xent(const struct ss_outputs *v, const struct ss_knobs *k, bool decoupled, float *space,
    struct ss_pool *pool)
{
	struct job j = { .v = v, .m = 2 * v->n, .decoupled = decoupled, .temperature = k->temperature };
	size_t m = (size_t)j.m, pieces = (m + ROWS - 1) / ROWS;

	j.u = space;
	j.du = j.u + m * (size_t)v->d;
	j.s = j.du + m * (size_t)v->d;
	j.norm = j.s + m * m;
	j.loss = j.norm + m;
	j.hit = j.loss + m;
	ss_rows_unit(v->z, 2, v->n, v->d, j.u, j.norm, pool);
	ss_pool_run(pool, pieces, rows, &j);
	ss_pool_run(pool, pieces, gradients, &j);
	ss_rows_back(j.u, j.norm, j.du, 2, v->n, v->d, v->dz, pool);
	return (struct ss_loss){ ss_sum(j.loss, m) / (double)m,
		{ { "contrast_accuracy", ss_sum(j.hit, m) / (double)m } } };
}

static struct ss_loss
simclr(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	return nt_xent(v, k, false, space, pool);
}

static struct ss_loss
dcl(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	return nt_xent(v, k, true, space, pool);
}

/* Linear - norm - ReLU - Linear to 128, as section 2.1 and the CIFAR reimplementations. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	*projector = (struct ss_head){ 2, {
		{ .width = features > 512 ? features : 512, .bias = true, .norm = true, .affine = true,
		  .relu = true },
		{ .width = 128, .bias = true } } };
	*predictor = (struct ss_head){ 0 };
}

const struct ss_method ss_simclr = {
	.name = "simclr", .summary = "NT-Xent: find the other view among all of the batch",
	.min_views = 2, .max_views = 2, .z_grad = true,
	.lr = 0.12, .weight_decay = 5e-4, .knobs = { .temperature = 0.5 },
	.heads = heads, .scratch = scratch, .loss = simclr
};

const struct ss_method ss_dcl = {
	.name = "dcl", .summary = "SimCLR with a decoupled loss, for small batches",
	.min_views = 2, .max_views = 2, .z_grad = true,
	.lr = 0.12, .weight_decay = 5e-4, .knobs = { .temperature = 0.5 },
	.heads = heads, .scratch = scratch, .loss = dcl
};
