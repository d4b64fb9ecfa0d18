/*
 * prototypes.c - scores of unit rows against prototypes
 */
#include <math.h>

#include "kern/gemm.h"
#include "ssl/prototypes.h"
#include "ssl/unit.h"

#define ROWS 64			/* of a product, in a piece of work */

struct job {
	const struct ss_scores *s;
	const float *prototypes;
	float *du, *dprototypes;
	int all;		/* rows of all matrices */
};

static int
rows(int whole, int from)
{
	return whole - from < ROWS ? whole - from : ROWS;
}

static size_t
pieces(int whole)
{
	return ((size_t)whole + ROWS - 1) / ROWS;
}

static void
score(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->s->d, k = j->s->prototypes, from = (int)piece * ROWS;

	(void)worker;
	ss_gemm(false, true, rows(j->all, from), k, d, 1, j->s->u + (size_t)from * d, d, j->prototypes, d, 0,
	    j->s->s + (size_t)from * k, k);
}

static void
back_rows(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->s->d, k = j->s->prototypes, from = (int)piece * ROWS;

	(void)worker;
	ss_gemm(false, false, rows(j->all, from), d, k, 1, j->s->s + (size_t)from * k, k, j->prototypes, d, 0,
	    j->du + (size_t)from * d, d);
}

static void
back_prototypes(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const int d = j->s->d, k = j->s->prototypes, from = (int)piece * ROWS;

	(void)worker;
	ss_gemm(true, false, rows(k, from), d, j->all, 1, j->s->s + from, k, j->s->u, d, 0,
	    j->dprototypes + (size_t)from * d, d);
}

size_t
ss_scores_floats(int matrices, int n, int d, int prototypes)
{
	return (size_t)matrices * (size_t)n * (1 + (size_t)d + (size_t)prototypes);
}

void
ss_scores_make(struct ss_scores *s, const float *const *x, const float *prototypes, float **space,
    struct ss_pool *pool)
{
	struct job j = { .s = s, .prototypes = prototypes, .all = s->matrices * s->n };

	s->u = *space;
	s->s = s->u + (size_t)j.all * s->d;
	s->norm = s->s + (size_t)j.all * s->prototypes;
	*space = s->norm + j.all;
	ss_rows_unit(x, s->matrices, s->n, s->d, s->u, s->norm, pool);
	ss_pool_run(pool, pieces(j.all), score, &j);
}

void
ss_scores_back(const struct ss_scores *s, const float *prototypes, float *const *dx,
    float *dprototypes, float *space, struct ss_pool *pool)
{
	struct job j = { .s = s, .prototypes = prototypes, .du = space, .dprototypes = dprototypes,
		.all = s->matrices * s->n };

	ss_pool_run(pool, pieces(j.all), back_rows, &j);
	ss_pool_run(pool, pieces(s->prototypes), back_prototypes, &j);
	ss_rows_back(s->u, s->norm, j.du, s->matrices, s->n, s->d, dx, pool);
}

double
ss_entropy(const float *p, int n)
{
	double sum = 0;

	for (int k = 0; k < n; k++)
		if (p[k] > 0 || p[k] != p[k])
			sum -= p[k] * log(p[k]);
	return sum;
}
