/*
 * siamese.c - predictions that should be like targets
 *
 * Gradients of one pair of rows, with unit rows p^, t^ and probabilities P = softmax(p), T = softmax(t):
 *
 *	cosine		dp = -(t^ - (p^ . t^) p^) / |p|		dt = -(p^ - (p^ . t^) t^) / |t|
 *	cross-entropy	dp = P - T				dt = -T (log P - sum T log P)
 */
#include <math.h>
#include <string.h>

#include "ssl/siamese.h"
#include "ssl/unit.h"

#define ROWS 16			/* images in a piece of work */

struct job {
	const struct ss_siamese *s;
	float *loss;		/* by image */
	float *rows;		/* by image: 4 d floats */
};

static float *
row(float *x, int image, int d)
{
	return x + (size_t)image * d;
}

/* Adds weight times the gradient of D of one pair to dp, and to dt if it flows; returns D. */
static double
cosine_pair(const float *p, const float *t, int d, double weight, float *dp, float *dt, float *room)
{
	float *pu = room, *tu = room + d, *g = room + 2 * d;
	const double pn = ss_unit(p, pu, d), tn = ss_unit(t, tu, d), cosine = ss_dot(pu, tu, d);

	ss_unit_back(pu, pn, tu, g, d);
	for (int k = 0; k < d; k++)
		dp[k] -= (float)(weight * g[k]);
	if (dt == NULL)
		return -cosine;
	ss_unit_back(tu, tn, pu, g, d);
	for (int k = 0; k < d; k++)
		dt[k] -= (float)(weight * g[k]);
	return -cosine;
}

static double
entropy_pair(const float *p, const float *t, int d, double weight, float *dp, float *dt, float *room)
{
	float *q = room, *aim = room + d;
	double log_sum, expected = 0;

	memcpy(q, p, (size_t)d * sizeof(*q));
	memcpy(aim, t, (size_t)d * sizeof(*aim));
	log_sum = ss_softmax(q, d);
	ss_softmax(aim, d);
	for (int k = 0; k < d; k++) {
		expected += aim[k] * (p[k] - log_sum);
		dp[k] += (float)(weight * ((double)q[k] - aim[k]));
	}
	for (int k = 0; dt != NULL && k < d; k++)
		dt[k] -= (float)(weight * aim[k] * (p[k] - log_sum - expected));
	return -expected;
}

/* The mean of the other global views' targets of an image. */
static void
mean_target(const struct ss_siamese *s, int a, int image, float *t)
{
	const int d = s->v->d, others = s->v->globals - (a < s->v->globals);

	memset(t, 0, (size_t)d * sizeof(*t));
	for (int b = 0; b < s->v->globals; b++)
		for (int k = 0; b != a && k < d; k++)
			t[k] += s->target[b][(size_t)image * d + k] / (float)others;
}

static double
image_loss(const struct ss_siamese *s, int image, float *room)
{
	const struct ss_outputs *v = s->v;
	const int d = v->d, pairs = s->one_way ? v->views / 2 : s->mean ? v->views : v->globals * (v->views - 1);
	const double share = s->scale / pairs;
	double loss = 0;

	for (int a = 0; a < v->views; a++)
		memset(row(v->dp[a], image, d), 0, (size_t)d * sizeof(float));
	for (int a = 0; a < v->views; a += s->one_way ? 2 : 1)
		for (int b = 0; b < v->globals; b++) {
			const float *p = v->p[a] + (size_t)image * d, *t = s->target[b] + (size_t)image * d;
			float *dt = s->dtarget == NULL || s->mean ? NULL : row(s->dtarget[b], image, d);

			if (b == a || (s->mean && b != (a == 0)) || (s->one_way && b != a + 1))
				continue;
			if (s->mean) {
				mean_target(s, a, image, room + 3 * d);
				t = room + 3 * d;
			}
			loss += share * (s->cross_entropy ? entropy_pair : cosine_pair)(p, t, d, share / v->n,
			    row(v->dp[a], image, d), dt, room);
		}
	return loss;
}

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	const int n = j->s->v->n, d = j->s->v->d, end = ((int)number + 1) * ROWS;

	(void)worker;
	for (int i = (int)number * ROWS; i < n && i < end; i++)
		j->loss[i] = (float)image_loss(j->s, i, row(j->rows, i, 4 * d));
}

double
ss_siamese_loss(const struct ss_siamese *s, float *scratch, struct ss_pool *pool)
{
	const int n = s->v->n;
	struct job j = { s, scratch, scratch + (n + 15) / 16 * 16 };

	for (int v = 0; s->dtarget != NULL && v < s->v->views; v++)
		memset(s->dtarget[v], 0, (size_t)n * (size_t)s->v->d * sizeof(float));
	ss_pool_run(pool, ((size_t)n + ROWS - 1) / ROWS, piece, &j);
	return ss_sum(j.loss, (size_t)n) / n;
}

size_t
ss_siamese_scratch(int n, int d)
{
	return (size_t)(n + 15) / 16 * 16 + (size_t)n * 4 * (size_t)d;
}
