/*
 * moco.c - MoCo v2: He et al. 2019 (arXiv 1911.05722), algorithm 1, with Chen et al. 2020 (arXiv 2003.04297)
 *
 * Unit queries q_i from view a, unit keys k_i from the target network's view b of the same image, through
 * which nothing flows, and a queue of Q unit keys of past batches:
 *
 *	L = 1/N sum_i ( -q_i . k_i / t + log( exp(q_i . k_i / t) + sum over the queue of exp(q_i . c / t) ) )
 *
 * dL/dq_i = ( (P_0 - 1) k_i + sum_c P_c c ) / (t N). Then the keys take the places of the oldest in the queue. If
 * it is symmetric each of the two views asks for the other, and L is the mean of both. The state is the queue, Q x d, and
 * behind it the place of the next key.
 */
#include <math.h>
#include <string.h>

#include "base/philox.h"
#include "kern/gemm.h"
#include "ssl/method.h"
#include "ssl/unit.h"

#define ROWS 64			/* rows in a piece of work */

struct job {
	const struct ss_outputs *v;
	const float *queue;
	int rows, length;		/* queries; keys in the queue */
	double temperature;
	float *q, *key;		/* rows x d, unit; a query and the key that it looks for have the same place */
	float *s;		/* rows x (1 + length) */
	float *dq, *norm, *key_norm, *loss, *hit;
};

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	const int d = j->v->d, wide = 1 + j->length, from = (int)number * ROWS;
	const int n = j->rows - from < ROWS ? j->rows - from : ROWS;
	const float t = (float)(1 / j->temperature), share = t / (float)j->rows;
	float *s = j->s + (size_t)from * wide, *dq = j->dq + (size_t)from * d;
	const float *q = j->q + (size_t)from * d;

	(void)worker;
	ss_gemm(false, true, n, j->length, d, t, q, d, j->queue, d, 0, s + 1, wide);
	for (int i = 0; i < n; i++) {
		float *row = s + (size_t)i * wide;
		const float *key = j->key + (size_t)(from + i) * d;
		bool best = true;
		double positive = ss_dot(q + (size_t)i * d, key, d) / j->temperature;

		row[0] = (float)positive;
		for (int k = 1; k < wide; k++)
			best &= row[0] >= row[k];
		j->loss[from + i] = (float)(ss_softmax(row, wide) - positive);
		j->hit[from + i] = best;
		for (int k = 0; k < d; k++)
			dq[(size_t)i * d + k] = (row[0] - 1) * share * key[k];
	}
	ss_gemm(false, false, n, d, j->length, share, s + 1, wide, j->queue, d, 1, dq, d);
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	const size_t rows = (size_t)views * (size_t)n;

	return rows * (3 * (size_t)d + 1 + (size_t)k->queue + 4);
}

static size_t
state(const struct ss_knobs *k, int d)
{
	return (size_t)k->queue * (size_t)d + 1;
}

/* Random directions, as the paper's code begins. */
static void
begin(const struct ss_knobs *k, int d, uint64_t seed, float *state)
{
	struct ss_rng r;

	ss_rng_init(&r, seed, SS_RNG_WEIGHTS, 0, 0x6d6f636f, 0);
	for (int i = 0; i < k->queue; i++) {
		float *row = state + (size_t)i * d;

		for (int c = 0; c < d; c++)
			row[c] = (float)ss_rng_normal(&r);
		ss_unit(row, row, d);
	}
	state[(size_t)k->queue * d] = 0;
}

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *space, struct ss_pool *pool)
{
	const int directions = k->symmetric ? 2 : 1;
	const size_t rows = (size_t)directions * (size_t)v->n, d = (size_t)v->d;
	const float *const keys[2] = { v->t[1], v->t[0] };
	struct job j = { .v = v, .queue = v->state, .rows = (int)rows, .length = k->queue,
		.temperature = k->temperature };
	float *place = v->state + (size_t)k->queue * d;
	int next = (int)*place;

	j.q = space;
	j.key = j.q + rows * d;
	j.dq = j.key + rows * d;
	j.s = j.dq + rows * d;
	j.norm = j.s + rows * (1 + (size_t)k->queue);
	j.loss = j.norm + rows;
	j.hit = j.loss + rows;
	ss_rows_unit(v->z, directions, v->n, v->d, j.q, j.norm, pool);
	ss_rows_unit(keys, directions, v->n, v->d, j.key, NULL, pool);
	ss_pool_run(pool, (rows + ROWS - 1) / ROWS, piece, &j);
	ss_rows_back(j.q, j.norm, j.dq, directions, v->n, v->d, v->dz, pool);
	if (!k->symmetric)
		memset(v->dz[1], 0, (size_t)v->n * d * sizeof(float));
	for (size_t i = 0; i < rows; i++, next = (next + 1) % k->queue)
		memcpy(v->state + (size_t)next * d, j.key + i * d, d * sizeof(float));
	*place = (float)next;
	return (struct ss_loss){ ss_sum(j.loss, rows) / (double)rows,
		{ { "queue_accuracy", ss_sum(j.hit, rows) / (double)rows } } };
}

/* Version 2's hidden layer; features' width, 128 outputs. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	*projector = (struct ss_head){ 2, {
		{ .width = features > 512 ? features : 512, .bias = true, .norm = true, .affine = true,
		  .relu = true },
		{ .width = 128, .bias = true } } };
	*predictor = (struct ss_head){ 0 };
}

const struct ss_method ss_moco = {
	.name = "moco", .summary = "MoCo v2: find the target's key among those of past batches",
	.min_views = 2, .max_views = 2, .z_grad = true, .target = true,
	.lr = 0.06, .weight_decay = 5e-4, .target_momentum = 0.99, .momentum_stays = true,
	.knobs = { .temperature = 0.1, .queue = 4096, .symmetric = true },
	.heads = heads, .scratch = scratch, .state = state, .begin = begin, .loss = loss
};
