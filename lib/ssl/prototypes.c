/*
 * prototypes.c - scores of unit rows against prototypes
 */
#include <math.h>
#include <string.h>

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

struct learning {
	const struct ss_scores *s;
	const float *choice;
	int choosers;
	double temperature;
	float *loss;		/* by image */
};

#define IMAGES 16		/* in a piece of work */

static void
learn(void *arg, size_t piece, int worker)
{
	const struct learning *j = arg;
	const int views = j->s->matrices, n = j->s->n, prototypes = j->s->prototypes;
	const double t = j->temperature, pairs = (double)j->choosers * (views - 1);

	(void)worker;
	for (int i = (int)piece * IMAGES; i < n && i < ((int)piece + 1) * IMAGES; i++) {
		double loss = 0;

		for (int b = 0; b < views; b++) {
			const int heard = j->choosers - (b < j->choosers);
			float *s = j->s->s + ((size_t)b * n + i) * prototypes;
			double expected = 0;

#define CHOSEN(k, q)	double q = 0;								\
			for (int a = 0; a < j->choosers; a++)					\
				q += a == b ? 0 : (double)j->choice[((size_t)a * n + i) * prototypes + k]
			for (int k = 0; k < prototypes; k++) {
				CHOSEN(k, q);
				s[k] = (float)(s[k] / t);
				expected += q * s[k];
			}
			loss += heard * ss_softmax(s, prototypes) - expected;
			for (int k = 0; k < prototypes; k++) {
				CHOSEN(k, q);
				s[k] = (float)((heard * (double)s[k] - q) / (t * pairs * n));
			}
#undef CHOSEN
		}
		j->loss[i] = (float)(loss / pairs);
	}
}

double
ss_scores_learn(const struct ss_scores *s, const float *choice, int choosers, double temperature,
    float *space, struct ss_pool *pool)
{
	struct learning j = { s, choice, choosers, temperature, space };

	ss_pool_run(pool, ((size_t)s->n + IMAGES - 1) / IMAGES, learn, &j);
	return ss_sum(space, (size_t)s->n) / s->n;
}

static double
entropy(const float *p, int n)
{
	double sum = 0;

	for (int k = 0; k < n; k++)
		if (p[k] > 0 || isnan(p[k]))
			sum -= p[k] * log(p[k]);
	return sum;
}

void
ss_choice_entropy(const float *choice, int rows, int prototypes, float *mean, double *of_mean,
    double *each)
{
	*each = 0;
	memset(mean, 0, (size_t)prototypes * sizeof(*mean));
	for (int i = 0; i < rows; i++) {
		const float *p = choice + (size_t)i * prototypes;

		for (int k = 0; k < prototypes; k++)
			mean[k] += p[k] / (float)rows;
		*each += entropy(p, prototypes) / (rows * log(prototypes));
	}
	*of_mean = entropy(mean, prototypes) / log(prototypes);
}
