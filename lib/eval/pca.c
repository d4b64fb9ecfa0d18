/*
 * pca.c - principal components: the directions in which points spread most
 *
 * Eigenvectors of the matrix of inner products of columns, or of rows where these are fewer:
 * with x = U S V', x' x = V S^2 V' and x x' = U S^2 U', and the scores are x V = U S.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/eigen.h"
#include "eval/pca.h"
#include "eval/rows.h"

/* An eigenvalue below that share of the largest is rounding. */
static const double NOTHING = 1e-13;

struct projection {
	const float *x;
	size_t n, d;
	const double *mean, *axes;	/* (d), (count,d) */
	size_t count, k;		/* axes, and numbers in a row of scores */
	double *scores;
};

enum { ROWS = 64 };

static void
project(void *arg, size_t piece, int worker)
{
	const struct projection *q = arg;
	const size_t end = ss_least((piece + 1) * ROWS, q->n);

	(void)worker;
	for (size_t i = piece * ROWS; i < end; i++)
		for (size_t a = 0; a < q->count; a++) {
			double sum = 0;

			for (size_t j = 0; j < q->d; j++)
				sum += ((double)q->x[i * q->d + j] - q->mean[j]) * q->axes[a * q->d + j];
			q->scores[i * q->k + a] = sum;
		}
}

/* The score that is farthest from 0 shall be positive. */
static void
fix_sign(double *scores, size_t n, size_t k, size_t column)
{
	double far = 0;

	for (size_t i = 0; i < n; i++)
		if (fabs(scores[i * k + column]) > fabs(far))
			far = scores[i * k + column];
	for (size_t i = 0; far < 0 && i < n; i++)
		scores[i * k + column] = -scores[i * k + column];
}

int
ss_pca(struct ss_pool *p, const float *x, size_t n, size_t d, size_t k, double *scores, double *share,
    struct ss_err *e)
{
	const bool by_rows = n < d;
	const size_t m = by_rows ? n : d, wanted = ss_least(k, m);
	double *mean = ss_alloc(d, sizeof(*mean)), *gram = NULL, *values = NULL, *vectors = NULL;
	double all = 0;
	int r;

	if (m > SS_PCA_MAX) {
		r = ss_fail(e, SS_EUSAGE, "%zu records of %zu features: principal components need one of both "
		    "to be at most %d", n, d, SS_PCA_MAX);
		goto end;
	}
	gram = ss_alloc(m * m, sizeof(*gram));
	values = ss_alloc(m, sizeof(*values));
	vectors = ss_alloc(wanted * m, sizeof(*vectors));
	if (mean == NULL || gram == NULL || values == NULL || vectors == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory for the principal components of %zu x %zu", n, d);
		goto end;
	}
	ss_mean_row(x, n, d, mean);
	r = ss_gram(p, x, n, d, mean, by_rows, gram, e);
	if (r == 0)
		r = ss_eigen_symmetric(p, gram, m, values, vectors, wanted, e);
	if (r < 0)
		goto end;
	for (size_t i = 0; i < m; i++)
		all += fmax(values[i], 0);
	memset(scores, 0, n * k * sizeof(*scores));
	if (by_rows) {
		for (size_t a = 0; a < wanted; a++)
			for (size_t i = 0; i < n; i++)
				scores[i * k + a] = vectors[a * n + i] * sqrt(fmax(values[a], 0));
	} else {
		struct projection q = { x, n, d, mean, vectors, wanted, k, scores };

		ss_pool_run(p, (n + ROWS - 1) / ROWS, project, &q);
	}
	for (size_t a = 0; a < k; a++) {
		const bool none = a >= wanted || values[a] <= NOTHING * values[0];

		share[a] = none || all <= 0 ? 0 : values[a] / all;
		for (size_t i = 0; none && i < n; i++)
			scores[i * k + a] = 0;
		fix_sign(scores, n, k, a);
	}
end:
	free(mean);
	free(gram);
	free(values);
	free(vectors);
	return r;
}
