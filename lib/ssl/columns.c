/*
 * columns.c - channels of a batch of vectors
 *
 * Sums are double over the rows in their order; a piece of work is some channels.
 */
#include <math.h>

#include "ssl/columns.h"

enum { COLUMNS = 64 };		/* in a piece of work */

struct job {
	const float *x, *unit, *divisor, *du;	/* forward; back */
	float *u, *deviation, *dx;
	int n, d;
	double eps;
	bool standardise;
};

static void
forward(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int from = (int)piece * COLUMNS, end = j->d - from < COLUMNS ? j->d - from : COLUMNS;
	double sum[COLUMNS] = { 0 }, square[COLUMNS] = { 0 };

	(void)worker;
	for (int i = 0; i < j->n; i++)
		for (int k = 0; k < end; k++)
			sum[k] += (double)j->x[(size_t)i * j->d + from + k];
	for (int k = 0; k < end; k++)
		sum[k] /= j->n;
	for (int i = 0; i < j->n; i++)
		for (int k = 0; k < end; k++) {
			const double c = j->x[(size_t)i * j->d + from + k] - sum[k];

			square[k] += c * c;
		}
	for (int k = 0; k < end; k++) {
		square[k] = j->standardise ? sqrt(square[k] / j->n + j->eps) : square[k] / (j->n > 1 ? j->n - 1 : 1);
		j->deviation[from + k] = (float)square[k];
		if (!j->standardise)
			square[k] = 1;
	}
	for (int i = 0; i < j->n; i++)
		for (int k = 0; k < end; k++)
			j->u[(size_t)i * j->d + from + k] =
			    (float)((j->x[(size_t)i * j->d + from + k] - sum[k]) / square[k]);
}

static void
back(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int from = (int)piece * COLUMNS, end = j->d - from < COLUMNS ? j->d - from : COLUMNS;
	double sum[COLUMNS] = { 0 }, product[COLUMNS] = { 0 };

	(void)worker;
	for (int i = 0; i < j->n; i++)
		for (int k = 0; k < end; k++) {
			const size_t at = (size_t)i * j->d + from + k;

			sum[k] += (double)j->du[at];
			product[k] += (double)j->du[at] * j->unit[at];
		}
	for (int i = 0; i < j->n; i++)
		for (int k = 0; k < end; k++) {
			const size_t at = (size_t)i * j->d + from + k;

			j->dx[at] = (float)((j->du[at] - sum[k] / j->n - j->unit[at] * (product[k] / j->n)) /
			    j->divisor[from + k]);
		}
}

static size_t
pieces(int d)
{
	return ((size_t)d + COLUMNS - 1) / COLUMNS;
}

void
ss_standardise(const float *x, int n, int d, double eps, float *u, float *deviation,
    struct ss_pool *pool)
{
	struct job j = { .x = x, .u = u, .deviation = deviation, .n = n, .d = d, .eps = eps, .standardise = true };

	ss_pool_run(pool, pieces(d), forward, &j);
}

void
ss_standardise_back(const float *u, int n, int d, const float *deviation, const float *du, float *dx,
    struct ss_pool *pool)
{
	struct job j = { .du = du, .unit = u, .dx = dx, .divisor = deviation, .n = n, .d = d };

	ss_pool_run(pool, pieces(d), back, &j);
}

void
ss_centre(const float *x, int n, int d, float *u, float *variance, struct ss_pool *pool)
{
	struct job j = { .x = x, .u = u, .deviation = variance, .n = n, .d = d };

	ss_pool_run(pool, pieces(d), forward, &j);
}
