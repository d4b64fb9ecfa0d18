/*
 * probe_step.c - softmax regression by steps of an optimiser, as published linear evaluations do it
 *
 * A batch is cut into pieces of ROWS records whatever the number of threads, and what they give is
 * added in their order. Weights, gradients and the optimiser's state are floats, as elsewhere.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/shuffle.h"
#include "base/size.h"
#include "eval/probe_parts.h"
#include "eval/softmax.h"
#include "kern/gemm.h"

enum {
	ROWS = 128,		/* records in a piece */
	PARTS = 32,		/* pieces at least that are measured at once */
	COLUMNS = 16384		/* weights in a piece of a sum over pieces */
};

static const double NORMAL_STD = 0.01;

const char *const ss_probe_init_names[] = {
	[SS_PROBE_ZERO] = "zero", [SS_PROBE_NORMAL] = "normal", [SS_PROBE_GLOROT] = "glorot", NULL
};

/* A piece of a batch, or of records whose loss is asked for. */
struct part {
	float *gradient;	/* (classes,d), of the sum of the losses; NULL where no batch reaches */
	double *bias;		/* (classes), the same */
	double loss;		/* sum */
	size_t correct;
};

struct work {
	const struct problem *p;
	struct ss_list list;		/* weights (classes,d), then biases (classes) */
	struct ss_param param[2];
	float *w, *v, *s, *g, *best;	/* laid out as list says: weights, momentum, squares, gradient, the best weights */
	struct part *part;		/* (parts) */
	size_t parts;
	float *rows;			/* per thread (ROWS,d): records brought together */
	int32_t *own;			/* per thread (ROWS): their labels */
	float *logit;			/* per thread (classes,ROWS) */
	uint32_t *order;		/* (n) */

	const float *x;			/* the view of the epoch, or what is measured */
	const int32_t *label;
	const uint32_t *at;		/* places of the batch's records, or NULL: one after the other */
	size_t count;			/* records of the batch */
};

/* Records first..first+rows-1 of the batch side by side, with their labels. */
static const float *
gather(struct work *k, size_t first, size_t rows, int worker, const int32_t **label)
{
	const size_t d = k->p->d;
	float *x = k->rows + (size_t)worker * ROWS * d;
	int32_t *own = k->own + (size_t)worker * ROWS;

	if (k->at == NULL) {
		*label = k->label + first;
		return k->x + first * d;
	}
	for (size_t i = 0; i < rows; i++) {
		const size_t from = k->at[first + i];

		memcpy(x + i * d, k->x + from * d, d * sizeof(*x));
		own[i] = k->label[from];
	}
	*label = own;
	return x;
}

/* Loss and, with k->at, gradient of a piece. */
static void
batch_piece(void *arg, size_t piece, int worker)
{
	struct work *k = arg;
	const size_t d = k->p->d, first = piece * ROWS, rows = ss_least(ROWS, k->count - first);
	const int classes = k->p->classes;
	float *z = k->logit + (size_t)worker * (size_t)classes * ROWS;
	struct part *part = &k->part[piece];
	const int32_t *label;
	const float *x = gather(k, first, rows, worker, &label);

	memset(part->bias, 0, (size_t)classes * sizeof(*part->bias));
	part->correct = 0;
	ss_logits(x, rows, d, classes, k->w, k->w + k->param[1].offset, z, ROWS);
	part->loss = ss_softmax_loss(z, classes, rows, ROWS, label, part->bias, &part->correct);
	if (k->at != NULL)
		ss_gemm(false, false, classes, (int)d, (int)rows, 1, z, ROWS, x, (int)d, 0,
		    part->gradient, (int)d);
}

/* Means of some of the weights' gradients. */
static void
add_up(void *arg, size_t piece, int worker)
{
	struct work *k = arg;
	const size_t first = piece * COLUMNS, end = ss_least(first + COLUMNS, k->param[0].count);
	const size_t pieces = (k->count + ROWS - 1) / ROWS;

	(void)worker;
	for (size_t i = first; i < end; i++) {
		double sum = 0;

		for (size_t p = 0; p < pieces; p++)
			sum += (double)k->part[p].gradient[i];
		k->g[i] = (float)(sum / (double)k->count);
	}
}

/* The gradient of the mean loss of records at[0..count-1] into k->g; returns the losses' sum. */
static double
batch_gradient(struct work *k, const uint32_t *at, size_t count)
{
	const size_t pieces = (count + ROWS - 1) / ROWS;
	double loss = 0;

	k->at = at;
	k->count = count;
	ss_pool_run(k->p->pool, pieces, batch_piece, k);
	ss_pool_run(k->p->pool, (k->param[0].count + COLUMNS - 1) / COLUMNS, add_up, k);
	for (int c = 0; c < k->p->classes; c++) {
		double sum = 0;

		for (size_t p = 0; p < pieces; p++)
			sum += k->part[p].bias[c];
		k->g[k->param[1].offset + (size_t)c] = (float)(sum / (double)count);
	}
	for (size_t p = 0; p < pieces; p++)
		loss += k->part[p].loss;
	return loss;
}

/* Mean loss of n records, and how many are right. */
static double
measure(struct work *k, const float *x, const int32_t *label, size_t n, size_t *correct)
{
	double loss = 0;

	k->at = NULL;
	*correct = 0;
	for (size_t first = 0; first < n; first += k->count) {
		k->x = x + first * k->p->d;
		k->label = label + first;
		k->count = ss_least(k->parts * ROWS, n - first);
		ss_pool_run(k->p->pool, (k->count + ROWS - 1) / ROWS, batch_piece, k);
		for (size_t p = 0; p < (k->count + ROWS - 1) / ROWS; p++) {
			loss += k->part[p].loss;
			*correct += k->part[p].correct;
		}
	}
	return loss / (double)n;
}

static void
draw_weights(struct work *k, const struct ss_probe_steps *o)
{
	const double bound = sqrt(6 / (double)(k->p->d + (size_t)k->p->classes));
	struct ss_rng rng;

	ss_rng_init(&rng, o->seed, SS_RNG_PROBE, 0, 0, 0);
	for (size_t i = 0; o->init != SS_PROBE_ZERO && i < k->param[0].count; i++)
		k->w[i] = (float)(o->init == SS_PROBE_NORMAL ? NORMAL_STD * ss_rng_normal(&rng) :
		    ss_rng_range(&rng, -bound, bound));
}

static int
begin(struct work *k, const struct ss_probe_steps *o, struct ss_err *e)
{
	const size_t classes = (size_t)k->p->classes, d = k->p->d, batch = ss_least((size_t)o->batch, k->p->n);
	const size_t threads = (size_t)ss_pool_threads(k->p->pool), pieces = (batch + ROWS - 1) / ROWS;
	float **const room[] = { &k->w, &k->v, &k->s, &k->g, &k->best };

	if (k->p->n > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "%zu records are too many", k->p->n);
	k->param[0] = (struct ss_param){ .name = "weight", .rank = 2, .count = classes * d };
	k->param[1] = (struct ss_param){ .name = "bias", .rank = 1, .offset = (classes * d + 15) / 16 * 16,
	    .count = classes };
	k->list = (struct ss_list){ k->param, 2, k->param[1].offset + (classes + 15) / 16 * 16 };
	for (size_t i = 0; i < sizeof(room) / sizeof(*room); i++)
		if ((*room[i] = ss_alloc(k->list.floats, sizeof(float))) == NULL)
			goto no_memory;
	k->parts = pieces < PARTS ? PARTS : pieces;
	k->part = calloc(k->parts, sizeof(*k->part));
	k->rows = ss_alloc(threads * ROWS, d * sizeof(*k->rows));
	k->own = ss_alloc(threads * ROWS, sizeof(*k->own));
	k->logit = ss_alloc(threads * ROWS, classes * sizeof(*k->logit));
	k->order = ss_alloc(k->p->n, sizeof(*k->order));
	if (k->part == NULL || k->rows == NULL || k->own == NULL || k->logit == NULL || k->order == NULL)
		goto no_memory;
	for (size_t i = 0; i < k->parts; i++) {
		k->part[i].gradient = i < pieces ? ss_alloc(classes, d * sizeof(float)) : NULL;
		k->part[i].bias = ss_alloc(classes, sizeof(double));
		if ((i < pieces && k->part[i].gradient == NULL) || k->part[i].bias == NULL)
			goto no_memory;
	}
	return 0;
no_memory:
	return ss_fail(e, SS_EIO, "out of memory");
}

static void
end(struct work *k)
{
	for (size_t i = 0; k->part != NULL && i < k->parts; i++) {
		free(k->part[i].gradient);
		free(k->part[i].bias);
	}
	free(k->part);
	free(k->rows);
	free(k->own);
	free(k->logit);
	free(k->order);
	free(k->w);
	free(k->v);
	free(k->s);
	free(k->g);
	free(k->best);
}

/* How the learning rate goes: what the caller could not know. */
static struct ss_schedule
make_schedule(const struct problem *p, const struct ss_probe_steps *o)
{
	const size_t batch = (size_t)o->batch, whole = p->n < batch ? 1 : p->n / batch;
	struct ss_schedule s = o->schedule;

	s.per_epoch = (p->n + batch - 1) / batch;
	s.steps = (size_t)o->epochs * (o->whole_batches ? whole : s.per_epoch);
	return s;
}

/* Epoch number, from 0: all its steps, and its row. */
static int
run_epoch(struct work *k, const struct ss_probe_options *o, const struct ss_schedule *s,
    struct ss_update *u, int number, struct ss_probe_epoch *now, struct ss_err *e)
{
	const struct problem *p = k->p;
	const size_t batch = (size_t)o->steps.batch;
	size_t correct;
	double loss = 0;

	ss_shuffle(k->order, (uint32_t)p->n, o->steps.seed, (uint32_t)number);
	k->x = p->x + (size_t)number % p->views * p->n * p->d;
	k->label = p->label;
	for (size_t i = 0; i < s->per_epoch; i++, u->step++) {
		const size_t first = i * batch, count = ss_least(batch, p->n - first);

		now->rate = ss_schedule_rate(s, u->step);
		loss += batch_gradient(k, k->order + first, count);
		u->rate[SS_BACKBONE] = now->rate;	/* that of every tensor without a part of its own */
		ss_update(u, &k->list, k->w, k->v, k->s, k->g, p->pool);
		now->loss = loss / (double)(first + count);
		if (o->steps.progress != NULL)
			o->steps.progress(o->arg, number, i, s->per_epoch, now);
	}
	if (p->helds > 0)
		now->held = measure(k, p->held, p->held_label, p->helds, &correct);
	if (!isfinite(now->loss) || !isfinite(now->held))
		return ss_fail(e, SS_ENONFINITE, "the loss is not finite in epoch %d", number + 1);
	return 0;
}

int
ss_probe_step(const struct problem *p, const struct ss_probe_options *o, float *w, float *b,
    struct ss_probe_fit *fit, struct ss_err *e)
{
	const struct ss_probe_steps *steps = &o->steps;
	const struct ss_schedule schedule = make_schedule(p, steps);
	struct work k = { .p = p };
	struct ss_update u = { .optimiser = steps->optimiser, .momentum = steps->momentum,
	    .weight_decay = steps->weight_decay, .trust = steps->trust, .beta2 = steps->beta2,
	    .decay_vectors = ss_optimiser_decays_vectors(steps->optimiser) };
	double least = INFINITY;
	int r = begin(&k, steps, e);

	fit->epoch = ss_alloc((size_t)steps->epochs, sizeof(*fit->epoch));
	if (r == 0 && fit->epoch == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	if (r == 0)
		draw_weights(&k, steps);
	for (int i = 0; r == 0 && i < steps->epochs; i++) {
		struct ss_probe_epoch *now = &fit->epoch[fit->epochs++];
		double loss;

		r = run_epoch(&k, o, &schedule, &u, i, now, e);
		loss = p->helds > 0 ? now->held : now->loss;
		if (steps->patience == 0 || loss < least) {
			least = loss;
			fit->best = i + 1;
			memcpy(k.best, k.w, k.list.floats * sizeof(float));
		} else if (i + 1 - fit->best >= steps->patience) {
			break;
		}
	}
	if (r == 0) {
		memcpy(k.w, k.best, k.list.floats * sizeof(float));
		memcpy(w, k.w, k.param[0].count * sizeof(float));
		memcpy(b, k.w + k.param[1].offset, k.param[1].count * sizeof(float));
		fit->loss = fit->objective = measure(&k, p->x, p->label, p->n, &fit->correct);
		fit->total = p->n;
	}
	end(&k);
	return r;
}
