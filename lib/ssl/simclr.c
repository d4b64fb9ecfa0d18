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
 * share of rows whose positive is their nearest neighbour.
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
	double temperature;
	float *u;		/* m x d, unit rows */
	float *s;		/* m x m, similarities, then G */
	float *du;		/* m x d */
	float *norm, *loss, *hit;	/* by row */
};

static const float *
row_of(const struct job *j, int i)
{
	return j->v->z[i / j->v->n] + (size_t)(i % j->v->n) * j->v->d;
}

static void
units(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	int from = (int)number * ROWS, to = from + ROWS < j->m ? from + ROWS : j->m;

	(void)worker;
	for (int i = from; i < to; i++)
		j->norm[i] = (float)ss_unit(row_of(j, i), j->u + (size_t)i * j->v->d, j->v->d);
}

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
		int pos = (i + j->v->n) % m;
		float best = -INFINITY;
		double sum = 0, positive = s[pos];

		for (int k = 0; k < m; k++)
			if (k != i && !(s[k] <= best))	/* lets NaN through */
				best = s[k];
		for (int k = 0; k < m; k++)
			if (k != i)
				sum += expf(s[k] - best);
		j->loss[i] = (float)(best + log(sum) - positive);
		j->hit[i] = positive >= best;
		for (int k = 0; k < m; k++)
			s[k] = k == i ? 0 : (float)(expf(s[k] - best) / sum / m);
		s[pos] -= 1.0f / (float)m;
	}
}

/* dU = (G + G') U / t for a few rows, then the gradient through the norm. */
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
	for (int i = from; i < to; i++)
		ss_unit_back(j->u + (size_t)i * d, j->norm[i], j->du + (size_t)i * d,
		    j->v->dz[i / j->v->n] + (size_t)(i % j->v->n) * d, d);
}

static size_t
scratch(int views, int n, int d)
{
	size_t m = (size_t)views * (size_t)n;

	return 2 * m * (size_t)d + m * m + 3 * m;
}

static struct ss_loss
loss(const struct ss_outputs *v, double temperature, float *space, struct ss_pool *pool)
{
	struct job j = { .v = v, .m = 2 * v->n, .temperature = temperature };
	size_t m = (size_t)j.m, pieces = (m + ROWS - 1) / ROWS;
	double sum = 0, hits = 0;

	j.u = space;
	j.du = j.u + m * (size_t)v->d;
	j.s = j.du + m * (size_t)v->d;
	j.norm = j.s + m * m;
	j.loss = j.norm + m;
	j.hit = j.loss + m;
	ss_pool_run(pool, pieces, units, &j);
	ss_pool_run(pool, pieces, rows, &j);
	ss_pool_run(pool, pieces, gradients, &j);
	for (size_t i = 0; i < m; i++) {
		sum += j.loss[i];
		hits += j.hit[i];
	}
	return (struct ss_loss){ sum / (double)m, hits / (double)m };
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
	.lr = 0.12, .weight_decay = 5e-4, .temperature = 0.5,
	.heads = heads, .scratch = scratch, .loss = loss
};
