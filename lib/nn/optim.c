/*
 * optim.c - optimisers and learning-rate schedules
 */
#include <math.h>

#include "nn/optim.h"

#define PIECE	((size_t)32768)		/* floats in a piece of work */
#define BLOCK	((size_t)64)		/* pieces whose sums wait at a time */

struct job {
	float *w, *v;
	const float *g;
	size_t n, first;
	float lr, momentum, decay;
	double sum[BLOCK];
};

static void
sgd_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	size_t from = piece * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;

	(void)worker;
	for (size_t i = from; i < to; i++) {
		float v = j->momentum * j->v[i] + (j->g[i] + j->decay * j->w[i]);

		j->v[i] = v;
		j->w[i] -= j->lr * v;
	}
}

void
ss_sgd(float *w, float *v, const float *g, size_t n, double lr, double momentum,
    double weight_decay, struct ss_pool *pool)
{
	struct job j = { .w = w, .v = v, .g = g, .n = n, .lr = (float)lr,
		.momentum = (float)momentum, .decay = (float)weight_decay };

	ss_pool_run(pool, (n + PIECE - 1) / PIECE, sgd_piece, &j);
}

static void
follow_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	size_t from = piece * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;

	(void)worker;
	for (size_t i = from; i < to; i++)
		j->v[i] = j->momentum * j->v[i] + (1 - j->momentum) * j->g[i];
}

void
ss_follow(float *follower, const float *w, size_t n, double momentum, struct ss_pool *pool)
{
	struct job j = { .v = follower, .g = w, .n = n, .momentum = (float)momentum };

	ss_pool_run(pool, (n + PIECE - 1) / PIECE, follow_piece, &j);
}

static void
square_piece(void *arg, size_t piece, int worker)
{
	struct job *j = arg;
	size_t from = (j->first + piece) * PIECE, to = from + PIECE < j->n ? from + PIECE : j->n;
	double sum = 0;

	(void)worker;
	for (size_t i = from; i < to; i++)
		sum += (double)j->g[i] * j->g[i];
	j->sum[piece] = sum;
}

double
ss_sum_squares(const float *x, size_t n, struct ss_pool *pool)
{
	struct job j = { .g = x, .n = n };
	size_t pieces = (n + PIECE - 1) / PIECE;
	double sum = 0;

	for (j.first = 0; j.first < pieces; j.first += BLOCK) {
		size_t now = pieces - j.first < BLOCK ? pieces - j.first : BLOCK;

		ss_pool_run(pool, now, square_piece, &j);
		for (size_t i = 0; i < now; i++)
			sum += j.sum[i];
	}
	return sum;
}

#define PI 3.14159265358979323846

double
ss_cosine(double base, uint64_t k, uint64_t steps, uint64_t warmup)
{
	if (k < warmup)
		return base * (double)(k + 1) / (double)warmup;
	if (k >= steps)
		return 0;
	return base / 2 * (1 + cos(PI * (double)(k - warmup) /
	    (double)(steps - warmup)));
}

double
ss_target_momentum(double base, uint64_t k, uint64_t steps)
{
	return 1 - (1 - base) * (cos(PI * (double)k / (double)steps) + 1) / 2;
}
