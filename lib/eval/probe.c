/*
 * probe.c - the linear probe: from features and labels to a classifier, and its predictions
 *
 * Scales the features, numbers the labels, and leaves the learning to probe_converge.c or
 * probe_step.c.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/objective.h"
#include "eval/probe_parts.h"
#include "eval/softmax.h"

struct ss_probe {
	size_t d;
	int classes;		/* that occur in the training set */
	int labels;		/* largest label + 1 */
	int32_t *label;		/* (classes), rising */
	struct ss_scaling scaling;
	float *w, *b;		/* (classes,d) and (classes), of scaled features */
};

int
ss_probe_loss(struct ss_pool *p, const float *x, const int32_t *label, size_t n, size_t d,
    int classes, double l2, const double *w, double *value, double *gradient, struct ss_err *e)
{
	struct ss_objective f = { .pool = p, .x = x, .label = label, .n = n, .d = d, .classes = classes,
	    .l2 = l2 / (double)n };
	int r = ss_objective_init(&f, e);

	if (r == 0)
		*value = ss_objective_value(&f, w, gradient);
	ss_objective_free(&f);
	return r;
}

/* Finds the labels that occur, and numbers the records' labels (own, n) by them; *number (labels), -1 elsewhere. */
static int
number_labels(struct ss_probe *probe, const int32_t *label, size_t n, int32_t *own, int32_t **number,
    struct ss_err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (label[i] < 0 || label[i] == INT32_MAX)
			return ss_fail(e, SS_EUSAGE, "training record %zu has no label", i);
		if (label[i] >= probe->labels)
			probe->labels = label[i] + 1;
	}
	*number = ss_alloc((size_t)probe->labels, sizeof(**number));
	probe->label = ss_alloc((size_t)probe->labels, sizeof(*probe->label));
	if (*number == NULL || probe->label == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < n; i++)
		(*number)[label[i]] = 1;
	for (int32_t l = 0; l < probe->labels; l++) {
		if ((*number)[l] != 0)
			probe->label[probe->classes++] = l;
		(*number)[l] = (*number)[l] != 0 ? probe->classes - 1 : -1;
	}
	for (size_t i = 0; i < n; i++)
		own[i] = (*number)[label[i]];
	if (probe->classes < 2)
		return ss_fail(e, SS_EUSAGE, "all %zu training records have the same label", n);
	return 0;
}

/* Moves the held-out records of known labels to the front, and numbers them (own); returns how many. */
static size_t
number_held(const struct ss_probe_set *set, const int32_t *number, int labels, int32_t *own)
{
	size_t n = 0;

	for (size_t i = 0; i < set->helds; i++) {
		const int32_t l = set->held_label[i];

		if (l < 0 || l >= labels || number[l] < 0)
			continue;
		if (n < i)
			memcpy(set->held + n * set->d, set->held + i * set->d, set->d * sizeof(*set->held));
		own[n++] = number[l];
	}
	return n;
}

static int
train(struct ss_probe *probe, struct problem *k, const struct ss_probe_set *set,
    const struct ss_probe_options *o, struct ss_probe_fit *fit, struct ss_err *e)
{
	int32_t *own = ss_alloc(set->n, sizeof(*own)), *held = ss_alloc(set->helds, sizeof(*held)), *number = NULL;
	int r = SS_EIO;

	if (own == NULL || held == NULL) {
		ss_fail(e, r, "out of memory");
		goto end;
	}
	if ((r = number_labels(probe, set->label, set->n, own, &number, e)) < 0)
		goto end;
	k->label = own;
	k->classes = probe->classes;
	k->held_label = held;
	k->helds = number_held(set, number, probe->labels, held);
	if (set->helds > 0 && k->helds == 0) {
		r = ss_fail(e, SS_EUSAGE, "no record that is held out has a label of the training set");
		goto end;
	}
	probe->w = ss_alloc((size_t)k->classes, k->d * sizeof(*probe->w));
	probe->b = ss_alloc((size_t)k->classes, sizeof(*probe->b));
	if (probe->w == NULL || probe->b == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto end;
	}
	if ((r = ss_scaling_fit(&probe->scaling, o->scale, k->pool, set->x, k->views * k->n, k->d, e)) < 0)
		goto end;
	ss_scaling_apply(&probe->scaling, k->pool, set->x, k->views * k->n);
	ss_scaling_apply(&probe->scaling, k->pool, set->held, k->helds);
	fit->constant = probe->scaling.constant;
	r = o->by_steps ? ss_probe_step(k, o, probe->w, probe->b, fit, e) :
	    ss_probe_converge(k, o, probe->w, probe->b, fit, e);
end:
	free(number);
	free(held);
	free(own);
	return r;
}

int
ss_probe_train(struct ss_probe **out, struct ss_pool *p, const struct ss_probe_set *set,
    const struct ss_probe_options *o, struct ss_probe_fit *fit, struct ss_err *e)
{
	struct problem k = { .pool = p, .x = set->x, .n = set->n, .d = set->d,
	    .views = set->views == 0 ? 1 : set->views, .held = set->held };
	struct ss_probe *probe;
	int r;

	*out = NULL;
	*fit = (struct ss_probe_fit){ 0 };
	if (set->n < 2 || set->d < 1 || set->d > INT_MAX)
		return ss_fail(e, SS_EUSAGE, "cannot train on %zu records of %zu features", set->n, set->d);
	probe = calloc(1, sizeof(*probe));
	if (probe == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	probe->d = set->d;
	r = train(probe, &k, set, o, fit, e);
	if (r == 0) {
		*out = probe;
	} else {
		ss_probe_free(probe);
		ss_probe_fit_free(fit);
	}
	return r;
}

struct prediction {
	const struct ss_probe *probe;
	const float *x;
	size_t m;
	int tile;
	float *room;		/* per thread: records (tile,d), logits (classes,tile) */
	int32_t *predicted;
};

static void
predict_piece(void *arg, size_t piece, int worker)
{
	struct prediction *k = arg;
	const struct ss_probe *probe = k->probe;
	const size_t d = probe->d, tile = (size_t)k->tile;
	const size_t first = piece * tile, rows = ss_least(tile, k->m - first);
	float *x = k->room + (size_t)worker * tile * (d + (size_t)probe->classes);
	float *z = x + tile * d;

	memcpy(x, k->x + first * d, rows * d * sizeof(*x));
	ss_scaling_apply(&probe->scaling, NULL, x, rows);
	ss_logits(x, rows, d, probe->classes, probe->w, probe->b, z, tile);
	for (size_t i = 0; i < rows; i++) {
		int top = 0;

		for (int c = 1; c < probe->classes; c++)
			if (z[(size_t)c * tile + i] > z[(size_t)top * tile + i])
				top = c;
		k->predicted[first + i] = probe->label[top];
	}
}

int
ss_probe_predict(const struct ss_probe *probe, struct ss_pool *p, const float *x, size_t m,
    int32_t *predicted, struct ss_err *e)
{
	struct prediction k = { .probe = probe, .x = x, .m = m, .tile = ss_softmax_rows(probe->d),
	    .predicted = predicted };
	const size_t tile = (size_t)k.tile;

	k.room = ss_alloc(tile * (probe->d + (size_t)probe->classes),
	    (size_t)ss_pool_threads(p) * sizeof(*k.room));
	if (k.room == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	ss_pool_run(p, (m + tile - 1) / tile, predict_piece, &k);
	free(k.room);
	return 0;
}

int
ss_probe_classes(const struct ss_probe *probe)
{
	return probe->labels;
}

void
ss_probe_free(struct ss_probe *probe)
{
	if (probe == NULL)
		return;
	free(probe->label);
	ss_scaling_free(&probe->scaling);
	free(probe->w);
	free(probe->b);
	free(probe);
}

void
ss_probe_fit_free(struct ss_probe_fit *fit)
{
	free(fit->epoch);
	fit->epoch = NULL;
}
