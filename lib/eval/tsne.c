/*
 * tsne.c - t-SNE: a map on which neighbours stay neighbours
 *
 * The gradient for point i is 4 (the sum of p(i,j) w (yi - yj) - the sum of w^2 (yi - yj) / Z) with
 * w = (1 + |yi - yj|^2)^-1: the first sum is over neighbours, the second over all, by the kernels
 * for each point or by the tree. A piece of work has both sums of some points.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/size.h"
#include "eval/quadtree.h"
#include "eval/tsne.h"
#include "kern/kern.h"

enum { POINTS = 64 };		/* of a piece */
static const double BEGIN_STD = 1e-4;
static const double MOMENTUM[2] = { 0.5, 0.8 };			/* early, and then */
static const double GAIN_MORE = 0.2, GAIN_LESS = 0.8, GAIN_MIN = 0.01;
static const double GRADIENT_MIN = 1e-7;			/* shorter is none */
static const float NOWHERE = 1e30f;				/* see kern.h: counts nothing */

struct state {
	struct ss_pool *pool;
	const struct ss_affinity *a;
	const struct ss_kernels *kern;
	const double *y;
	double exaggeration, angle;
	size_t padded;		/* n, to a multiple of 16 */
	float *px, *py;		/* (padded): y, if there is no tree */
	struct ss_quadtree tree;
	double *pull, *push;	/* (n,2) each */
	double *z;		/* (n): sums of w */
	double *divergence;	/* (n): sums of p log(p / w) */
};

static void
state_free(struct state *s)
{
	ss_quadtree_free(&s->tree);
	free(s->px);
	free(s->py);
	free(s->pull);
	free(s->push);
	free(s->z);
	free(s->divergence);
}

static int
state_create(struct state *s, struct ss_pool *p, const struct ss_affinity *a, double angle,
    struct ss_err *e)
{
	*s = (struct state){ .pool = p, .a = a, .kern = ss_kernels_find(NULL), .angle = angle,
	    .padded = (a->n + 15) / 16 * 16 };
	s->px = ss_alloc(s->padded, sizeof(*s->px));
	s->py = ss_alloc(s->padded, sizeof(*s->py));
	s->pull = ss_alloc(a->n, 2 * sizeof(*s->pull));
	s->push = ss_alloc(a->n, 2 * sizeof(*s->push));
	s->z = ss_alloc(a->n, sizeof(*s->z));
	s->divergence = ss_alloc(a->n, sizeof(*s->divergence));
	if (s->px != NULL && s->py != NULL && s->pull != NULL && s->push != NULL && s->z != NULL &&
	    s->divergence != NULL && (angle <= 0 || ss_quadtree_create(&s->tree, a->n)))
		return 0;
	state_free(s);
	return ss_fail(e, SS_EIO, "out of memory for a map of %zu points", a->n);
}

static void
pull_point(const struct state *s, size_t i)
{
	const struct ss_affinity *a = s->a;
	const double x = s->y[2 * i], y = s->y[2 * i + 1];
	double fx = 0, fy = 0;

	for (size_t k = a->begin[i]; k < a->begin[i + 1]; k++) {
		const double dx = x - s->y[2 * (size_t)a->to[k]], dy = y - s->y[2 * (size_t)a->to[k] + 1];
		const double f = a->p[k] / (1 + dx * dx + dy * dy);

		fx += f * dx;
		fy += f * dy;
	}
	s->pull[2 * i] = fx;
	s->pull[2 * i + 1] = fy;
}

/* Points are taken in the tree's order, so that those of a piece see the same boxes. */
static void
sum_forces(void *arg, size_t piece, int worker)
{
	const struct state *s = arg;
	const size_t end = ss_least((piece + 1) * POINTS, s->a->n);

	(void)worker;
	for (size_t at = piece * POINTS; at < end; at++) {
		const size_t i = s->angle > 0 ? s->tree.order[at] : at;
		double sum[3] = { 0 };

		if (s->angle > 0) {
			ss_quadtree_repel(&s->tree, at, sum);
		} else {
			s->kern->repel(s->padded, s->px, s->py, s->px[i], s->py[i], sum);
			sum[0] -= 1;		/* itself */
		}
		s->z[i] = sum[0];
		s->push[2 * i] = sum[1];
		s->push[2 * i + 1] = sum[2];
		pull_point(s, i);
	}
}

static size_t
pieces(const struct state *s)
{
	return (s->a->n + POINTS - 1) / POINTS;
}

/* Gradient at y into g (n,2); returns Z. */
static double
gradient(struct state *s, const double *y, double exaggeration, double *g)
{
	const size_t n = s->a->n;
	double z = 0;

	s->y = y;
	if (s->angle > 0) {
		ss_quadtree_build(&s->tree, y, n, s->angle);
	} else {
		for (size_t i = 0; i < s->padded; i++) {
			s->px[i] = i < n ? (float)y[2 * i] : NOWHERE;
			s->py[i] = i < n ? (float)y[2 * i + 1] : NOWHERE;
		}
	}
	ss_pool_run(s->pool, pieces(s), sum_forces, s);
	for (size_t i = 0; i < n; i++)
		z += s->z[i];
	for (size_t i = 0; i < 2 * n; i++)
		g[i] = 4 * (exaggeration * s->pull[i] - s->push[i] / z);
	return z;
}

static void
sum_divergence(void *arg, size_t piece, int worker)
{
	const struct state *s = arg;
	const struct ss_affinity *a = s->a;
	const size_t end = ss_least((piece + 1) * POINTS, a->n);

	(void)worker;
	for (size_t i = piece * POINTS; i < end; i++) {
		s->divergence[i] = 0;
		for (size_t k = a->begin[i]; k < a->begin[i + 1]; k++) {
			const double dx = s->y[2 * i] - s->y[2 * (size_t)a->to[k]];
			const double dy = s->y[2 * i + 1] - s->y[2 * (size_t)a->to[k] + 1];

			if (a->p[k] > 0)	/* it may be too small for a number, and counts 0 then */
				s->divergence[i] += a->p[k] * (log(a->p[k]) + log1p(dx * dx + dy * dy));
		}
	}
}

/* The sum of p log(p / q), where q = w / z and the p sum to 1. */
static double
divergence(struct state *s, double z)
{
	double sum = 0;

	ss_pool_run(s->pool, pieces(s), sum_divergence, s);
	for (size_t i = 0; i < s->a->n; i++)
		sum += s->divergence[i];
	return sum + log(z);
}

int
ss_tsne_gradient(struct ss_pool *p, const struct ss_affinity *a, const double *y, double angle,
    double exaggeration, double *g, double *kl, struct ss_err *e)
{
	struct state s;
	int r = state_create(&s, p, a, angle, e);

	if (r < 0)
		return r;
	*kl = divergence(&s, gradient(&s, y, exaggeration, g));
	state_free(&s);
	return 0;
}

struct ss_tsne
ss_tsne_defaults(size_t n)
{
	return (struct ss_tsne){ .iterations = 1000, .early = 250, .exaggeration = 12,
	    .angle = n > SS_TSNE_EXACT ? 0.5 : 0 };
}

/* So that the mean of a column of y (n,2) is 0; returns its standard deviation. */
static double
centre(double *y, size_t n)
{
	double mean = 0, square = 0;

	for (size_t i = 0; i < n; i++)
		mean += y[2 * i];
	mean /= (double)n;
	for (size_t i = 0; i < n; i++) {
		y[2 * i] -= mean;
		square += y[2 * i] * y[2 * i];
	}
	return sqrt(square / (double)n);
}

void
ss_tsne_begin(double *y, size_t n, uint64_t seed)
{
	const double std = centre(y, n);

	for (size_t i = 0; std > 0 && i < 2 * n; i++)
		y[i] *= BEGIN_STD / std;
	for (uint32_t c = 0; c < 2; c++) {
		struct ss_rng rng;

		if (centre(y + c, n) > 0)
			continue;
		ss_rng_init(&rng, seed, SS_RNG_MAP, 0, 0, c);
		for (size_t i = 0; i < n; i++)
			y[2 * i + c] = BEGIN_STD * ss_rng_normal(&rng);
	}
}

/* One step; a gain grows while gradient and movement agree on the direction. Returns the gradient's length. */
static double
move(double *y, const double *g, double *velocity, double *gain, size_t n, double rate, double momentum)
{
	double square = 0;

	for (size_t i = 0; i < 2 * n; i++) {
		gain[i] = velocity[i] * g[i] < 0 ? gain[i] + GAIN_MORE : gain[i] * GAIN_LESS;
		gain[i] = fmax(gain[i], GAIN_MIN);
		velocity[i] = momentum * velocity[i] - rate * gain[i] * g[i];
		y[i] += velocity[i];
		square += g[i] * g[i];
	}
	for (int c = 0; c < 2; c++)
		centre(y + c, n);
	return sqrt(square);
}

int
ss_tsne_run(const struct ss_tsne *o, struct ss_pool *p, const struct ss_affinity *a, double *y,
    double *kl, struct ss_err *e)
{
	const size_t n = a->n;
	const double rate = o->rate > 0 ? o->rate : fmax((double)n / o->exaggeration / 4, 50);
	double *g = ss_alloc(n, 6 * sizeof(*g)), *velocity, *gain, length = 1;
	struct state s;
	int r;

	if (g == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a map of %zu points", n);
	velocity = g + 2 * n;
	gain = g + 4 * n;
	r = state_create(&s, p, a, o->angle, e);
	if (r < 0)
		goto end;
	for (int i = 0; i < o->iterations && length > GRADIENT_MIN; i++) {
		if (i == 0 || i == o->early)	/* each part begins at rest */
			for (size_t k = 0; k < 2 * n; k++) {
				velocity[k] = 0;
				gain[k] = 1;
			}
		gradient(&s, y, i < o->early ? o->exaggeration : 1, g);
		length = move(y, g, velocity, gain, n, rate, MOMENTUM[i >= o->early]);
		if (o->progress != NULL)
			o->progress(o->arg, i + 1);
	}
	*kl = divergence(&s, gradient(&s, y, 1, g));
	if (!isfinite(*kl))
		r = ss_fail(e, SS_ENONFINITE, "the map of %zu points has come apart: lower the rate", n);
	state_free(&s);
end:
	free(g);
	return r;
}
