/*
 * barlow.c - Barlow Twins: Zbontar et al. 2021 (arXiv 2103.03230), equations 1 and 2
 *
 * With each channel of a view standardised over the batch (biased variance, eps 1e-5), C = Z1' Z2 / N:
 *
 *	L = sum_i (1 - C_ii)^2 + lambda sum_{i != j} C_ij^2
 *
 * With G = dL/dC: dZ1 = Z2 G' / N, dZ2 = Z1 G / N, then through the standardisation.
 */
#include <math.h>

#include "kern/gemm.h"
#include "ssl/columns.h"
#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 64			/* of a product, in a piece of work */

struct job {
	const struct ss_outputs *v;
	double lambda;
	float *unit[2];		/* standardised views */
	float *mean, *deviation;	/* of both views, by channel */
	float *c;		/* d x d, then G */
	float *loss, *diagonal;	/* by row of C */
	float *du[2];
};

static void
correlate(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->v->d, from = (int)piece * ROWS, rows = d - from < ROWS ? d - from : ROWS;

	(void)worker;
	ss_gemm(true, false, rows, d, j->v->n, 1 / (float)j->v->n, j->unit[0] + from, d, j->unit[1], d, 0,
	    j->c + (size_t)from * d, d);
	for (int i = from; i < from + rows; i++) {
		float *c = j->c + (size_t)i * d;
		const double diagonal = c[i];
		double off = 0;

		for (int k = 0; k < d; k++) {
			off += (double)c[k] * c[k];
			c[k] = (float)(2 * j->lambda * c[k]);
		}
		c[i] = (float)(-2 * (1 - diagonal));
		j->loss[i] = (float)((1 - diagonal) * (1 - diagonal) + j->lambda * (off - diagonal * diagonal));
		j->diagonal[i] = (float)diagonal;
	}
}

/* Rows of both gradients of the standardised views. */
static void
gradients(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->v->d, n = j->v->n, from = (int)piece * ROWS, rows = n - from < ROWS ? n - from : ROWS;

	(void)worker;
	for (int v = 0; v < 2; v++)
		ss_gemm(false, v == 0, rows, d, d, 1 / (float)n, j->unit[1 - v] + (size_t)from * d, d, j->c, d,
		    0, j->du[v] + (size_t)from * d, d);
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	const size_t cells = (size_t)n * (size_t)d;

	(void)k, (void)views;
	return 4 * cells + (size_t)d * (size_t)d + 6 * (size_t)d;
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	const size_t cells = (size_t)v->n * (size_t)v->d, d = (size_t)v->d;
	struct job j = { .v = v, .lambda = k->coefficient[0] };

	j.unit[0] = space;
	j.unit[1] = j.unit[0] + cells;
	j.du[0] = j.unit[1] + cells;
	j.du[1] = j.du[0] + cells;
	j.c = j.du[1] + cells;
	j.mean = j.c + d * d;
	j.deviation = j.mean + 2 * d;
	j.loss = j.deviation + 2 * d;
	j.diagonal = j.loss + d;
	for (int i = 0; i < 2; i++)
		ss_standardise(v->z[i], v->n, v->d, 1e-5, j.unit[i], j.deviation + (size_t)i * d, pool);
	ss_pool_run(pool, (d + ROWS - 1) / ROWS, correlate, &j);
	ss_pool_run(pool, ((size_t)v->n + ROWS - 1) / ROWS, gradients, &j);
	for (int i = 0; i < 2; i++)
		ss_standardise_back(j.unit[i], v->n, v->d, j.deviation + (size_t)i * d, j.du[i], v->dz[i], pool);
	return (struct ss_loss){ ss_sum(j.loss, d), { { "diagonal", ss_sum(j.diagonal, d) / v->d } } };
}

const struct ss_method ss_barlow = {
	.name = "barlow", .summary = "Barlow Twins: make the views' correlation matrix the identity",
	.min_views = 2, .max_views = 2, .z_grad = true,
	.optimiser = SS_LARS, .lr = 0.2, .vector_lr = 0.0048, .weight_decay = 1e-6, .knobs = { .coefficient = { 0.0051 } },
	.heads = ss_expander, .scratch = scratch, .loss = loss
};
