/*
 * vicreg.c - VICReg: Bardes, Ponce and LeCun 2021 (arXiv 2105.04906), equations 1 to 6
 *
 *	L = a inv + b var + c cov
 *	inv = mean over all elements of (z1 - z2)^2
 *	var = mean over views and channels of max(0, 1 - s), s = sqrt(variance + 1e-4), unbiased
 *	cov = sum over views of 1/d sum_{i != j} Cov_ij^2, Cov = Zc' Zc / (N - 1), Zc centred
 *
 * Gradients of a view: inv 2 (z1 - z2) / (N d); var -Zc / (2 d (N - 1) s) where s < 1; cov 4 Zc Cov_off / (d (N - 1)).
 */
#include <math.h>

#include "kern/gemm.h"
#include "ssl/columns.h"
#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 64			/* in a piece of work */

struct job {
	const struct ss_outputs *v;
	const double *coefficient;
	float *centred[2], *variance[2];
	float *cov;		/* d x d, of one view, its diagonal 0 */
	float *part;		/* of a loss, by row of a matrix */
	int view;
};

static void
covariance(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->v->d, n = j->v->n, from = (int)piece * ROWS, rows = d - from < ROWS ? d - from : ROWS;
	const float *z = j->centred[j->view];

	(void)worker;
	ss_gemm(true, false, rows, d, n, 1 / (float)(n - 1), z + from, d, z, d, 0, j->cov + (size_t)from * d, d);
	for (int i = from; i < from + rows; i++) {
		float *c = j->cov + (size_t)i * d;

		c[i] = 0;
		j->part[i] = (float)ss_dot(c, c, d);
	}
}

/* Some rows of a view's gradient; and their part of the invariance, in the place that the covariance needs no more. */
static void
gradient(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const struct ss_outputs *v = j->v;
	const int d = v->d, n = v->n, from = (int)piece * ROWS, rows = n - from < ROWS ? n - from : ROWS;
	const float *z = j->centred[j->view] + (size_t)from * d;
	float *dz = v->dz[j->view] + (size_t)from * d;
	const double inv = 2 * j->coefficient[0] / ((double)n * d), var = j->coefficient[1] / (2.0 * d * (n - 1));

	(void)worker;
	ss_gemm(false, false, rows, d, d, (float)(4 * j->coefficient[2] / ((double)d * (n - 1))), z, d, j->cov, d,
	    0, dz, d);
	for (int i = 0; i < rows; i++) {
		const float *mine = v->z[j->view] + (size_t)(from + i) * d, *other = v->z[1 - j->view] + (size_t)(from + i) * d;
		double sum = 0;

		for (int k = 0; k < d; k++) {
			const double s = sqrt(j->variance[j->view][k] + 1e-4), apart = (double)mine[k] - other[k];
			const size_t at = (size_t)i * d + k;

			sum += apart * apart;
			dz[at] += (float)(inv * apart - (s < 1 ? var * z[at] / s : 0));
		}
		j->part[from + i] = (float)sum;
	}
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	(void)k, (void)views;
	return 2 * (size_t)n * (size_t)d + 2 * (size_t)d + (size_t)d * (size_t)d + (size_t)(n > d ? n : d);
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	const size_t cells = (size_t)v->n * (size_t)v->d, d = (size_t)v->d;
	struct job j = { .v = v, .coefficient = k->coefficient };
	double inv = 0, var = 0, cov = 0, std = 0;

	j.centred[0] = space;
	j.centred[1] = j.centred[0] + cells;
	j.variance[0] = j.centred[1] + cells;
	j.variance[1] = j.variance[0] + d;
	j.cov = j.variance[1] + d;
	j.part = j.cov + d * d;
	for (j.view = 0; j.view < 2; j.view++) {
		ss_centre(v->z[j.view], v->n, v->d, j.centred[j.view], j.variance[j.view], pool);
		ss_pool_run(pool, (d + ROWS - 1) / ROWS, covariance, &j);
		cov += ss_sum(j.part, d) / v->d;
		ss_pool_run(pool, ((size_t)v->n + ROWS - 1) / ROWS, gradient, &j);
		inv = ss_sum(j.part, (size_t)v->n) / (double)cells;
		for (size_t c = 0; c < d; c++) {
			const double s = sqrt(j.variance[j.view][c] + 1e-4);

			std += s / (2.0 * v->d);
			var += s < 1 ? (1 - s) / (2.0 * v->d) : s < HUGE_VAL ? 0 : s;
		}
	}
	return (struct ss_loss){ k->coefficient[0] * inv + k->coefficient[1] * var + k->coefficient[2] * cov,
		{ { "invariance", inv }, { "std", std }, { "covariance", cov } } };
}

const struct ss_method ss_vicreg = {
	.name = "vicreg", .summary = "views alike, channels spread and not correlated",
	.min_views = 2, .max_views = 2, .z_grad = true,
	.optimiser = SS_LARS, .lr = 0.2, .weight_decay = 1e-6, .knobs = { .coefficient = { 25, 25, 1 } },
	.heads = ss_expander, .scratch = scratch, .loss = loss
};
