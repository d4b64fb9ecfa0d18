/*
 * cosine.c - predictions that should point where targets point
 *
 * The gradient with respect to a row of p_a is -(t - (p^_a . t) p^_a) / |p_a| * scale/N, where p^ is the
 * unit row and t the mean of the targets' unit rows, or the unit row of their mean.
 */
#include "ssl/cosine.h"
#include "ssl/unit.h"

#define ROWS 16			/* images in a piece of work */

struct job {
	const struct ss_outputs *v;
	const float *const *target;
	bool mean;
	double scale;
	float *loss;		/* by image */
	float *rows;		/* by image: 2 d floats */
};

/* Where the prediction of view a should point: a row, not longer than 1. */
static void
aim(const struct job *j, int a, int image, float *t)
{
	const struct ss_outputs *v = j->v;
	const int d = v->d;

	for (int k = 0; k < d; k++)
		t[k] = 0;
	for (int b = 0; b < v->views; b++) {
		const float *z = j->target[b] + (size_t)image * d;
		const double share = (j->mean ? 1 : 1 / ss_norm(z, d)) / (v->views - 1);

		for (int k = 0; b != a && k < d; k++)
			t[k] += (float)(z[k] * share);
	}
	if (j->mean)
		ss_unit(t, t, d);
}

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	const struct ss_outputs *v = j->v;
	int d = v->d, end = ((int)number + 1) * ROWS;
	const double share = j->scale / v->views;

	(void)worker;
	for (int i = (int)number * ROWS; i < v->n && i < end; i++) {
		float *p = j->rows + (size_t)i * 2 * d, *t = p + d;
		double loss = 0;

		for (int a = 0; a < v->views; a++) {
			double norm = ss_unit(v->p[a] + (size_t)i * d, p, d);

			aim(j, a, i, t);
			loss -= share * ss_dot(p, t, d);
			for (int k = 0; k < d; k++)
				t[k] = (float)(-share / v->n * t[k]);
			ss_unit_back(p, norm, t, v->dp[a] + (size_t)i * d, d);
		}
		j->loss[i] = (float)loss;
	}
}

double
ss_cosine_loss(const struct ss_outputs *v, const float *const *target, bool mean, double scale,
    float *scratch, struct ss_pool *pool)
{
	struct job j = { v, target, mean, scale, scratch, scratch + (v->n + 15) / 16 * 16 };

	ss_pool_run(pool, ((size_t)v->n + ROWS - 1) / ROWS, piece, &j);
	return ss_sum(j.loss, (size_t)v->n) / v->n;
}

size_t
ss_cosine_scratch(int n, int d)
{
	return (size_t)(n + 15) / 16 * 16 + (size_t)n * 2 * (size_t)d;
}
