/*
 * unit.c - rows of length one, and the gradient through them
 */
#include <math.h>

#include "ssl/unit.h"

#define ROWS ((size_t)64)		/* in a piece of work */

double
ss_dot(const float *a, const float *b, int n)
{
	double sum = 0;

	for (int i = 0; i < n; i++)
		sum += (double)a[i] * b[i];
	return sum;
}

double
ss_norm(const float *x, int n)
{
	double norm = sqrt(ss_dot(x, x, n));

	return norm < SS_UNIT_FLOOR ? SS_UNIT_FLOOR : norm;
}

double
ss_unit(const float *x, float *u, int n)
{
	double norm = ss_norm(x, n);

	for (int i = 0; i < n; i++)
		u[i] = (float)(x[i] / norm);
	return norm;
}

void
ss_unit_back(const float *u, double norm, const float *du, float *dx, int n)
{
	double along = ss_dot(du, u, n);

	for (int i = 0; i < n; i++)
		dx[i] = (float)((du[i] - along * u[i]) / norm);
}

struct rows {
	const float *const *x;
	float *const *dx;
	const float *unit, *length, *du;	/* on the way back */
	float *u, *norm;
	size_t n, all;
	int d;
};

static void
unit_piece(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;

	(void)worker;
	for (size_t i = piece * ROWS; i < r->all && i < (piece + 1) * ROWS; i++) {
		double norm = ss_unit(r->x[i / r->n] + i % r->n * (size_t)r->d, r->u + i * (size_t)r->d, r->d);

		if (r->norm != NULL)
			r->norm[i] = (float)norm;
	}
}

static void
back_piece(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;
	const size_t d = (size_t)r->d;

	(void)worker;
	for (size_t i = piece * ROWS; i < r->all && i < (piece + 1) * ROWS; i++)
		if (r->dx[i / r->n] != NULL)
			ss_unit_back(r->unit + i * d, r->length[i], r->du + i * d, r->dx[i / r->n] + i % r->n * d, r->d);
}

void
ss_rows_unit(const float *const *x, int matrices, int n, int d, float *u, float *norm,
    struct ss_pool *pool)
{
	struct rows r = { .x = x, .u = u, .norm = norm, .n = (size_t)n, .all = (size_t)matrices * (size_t)n,
		.d = d };

	ss_pool_run(pool, (r.all + ROWS - 1) / ROWS, unit_piece, &r);
}

void
ss_rows_back(const float *u, const float *norm, const float *du, int matrices, int n, int d,
    float *const *dx, struct ss_pool *pool)
{
	struct rows r = { .dx = dx, .du = du, .unit = u, .length = norm, .n = (size_t)n,
		.all = (size_t)matrices * (size_t)n, .d = d };

	ss_pool_run(pool, (r.all + ROWS - 1) / ROWS, back_piece, &r);
}

double
ss_softmax(float *s, int n)
{
	float best = s[0];
	double sum = 0;

	for (int k = 1; k < n; k++)
		if (!(s[k] <= best))		/* lets NaN through */
			best = s[k];
	for (int k = 0; k < n; k++)
		sum += s[k] = expf(s[k] - best);
	for (int k = 0; k < n; k++)
		s[k] = (float)(s[k] / sum);
	return best + log(sum);
}

double
ss_sum(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}
