/*
 * probe_converge.c - softmax regression to its minimum: L-BFGS over decorrelated features
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/cholesky.h"
#include "eval/lbfgs.h"
#include "eval/objective.h"
#include "eval/probe_parts.h"

enum { PAIRS = 10 };		/* steps that L-BFGS remembers */

/*
 * Rounding of the mean loss: logits in float are good to a few 1e-7, and the errors of
 * many records cancel.
 */
static const double NOISE = 1e-8;

struct work {
	struct ss_objective f;
	float *factor;		/* (d,d), L of the variables V = W L; or NULL: diagonal */
	double diagonal;
	double *w;		/* (classes, d + 1) */
	double *room;		/* for the factor's solver */
	const struct ss_probe_options *o;
};

/*
 * Rows of w from rows of the optimiser's variables V = W L; with `gradient`, the gradient by V
 * from that by W.
 */
static void
change_variables(struct work *k, bool gradient, double *w)
{
	const size_t d = k->f.d;

	if (k->factor != NULL)
		ss_cholesky_solve(k->factor, d, !gradient, w, (size_t)k->f.classes, d + 1, k->room);
	for (int c = 0; c < k->f.classes; c++, w += d + 1) {
		for (size_t j = 0; k->factor == NULL && j < d; j++)
			w[j] /= k->diagonal;
		w[d] *= sqrt(2);	/* weight of a feature that is always 1: 1/2 1'1/n = 1/2 */
	}
}

static double
evaluate(void *arg, const double *v, double *g)
{
	struct work *k = arg;
	double value;

	memcpy(k->w, v, (size_t)k->f.classes * (k->f.d + 1) * sizeof(*v));
	change_variables(k, false, k->w);
	value = ss_objective_value(&k->f, k->w, g);
	change_variables(k, true, g);
	return value;
}

static void
report_progress(void *arg, int iteration, double value, double decrement)
{
	const struct work *k = arg;

	if (k->o->progress != NULL)
		k->o->progress(k->o->arg, iteration, value, decrement);
}

/* Once more at the best point v, as the last one that was tried need not be it. */
static void
take_result(struct work *k, const double *v, double *gradient, const struct ss_lbfgs_result *result,
    float *w, float *b, struct ss_probe_fit *fit)
{
	const size_t d = k->f.d;

	(void)evaluate(k, v, gradient);
	fit->correct = ss_objective_correct(&k->f);
	fit->total = k->f.n;
	fit->converged = result->converged;
	fit->stalled = result->stalled;
	fit->iterations = result->iterations;
	fit->evaluations = result->evaluations;
	fit->objective = fit->loss = result->value;
	fit->decrement = result->decrement;
	for (int c = 0; c < k->f.classes; c++) {
		for (size_t j = 0; j < d; j++) {
			const double x = k->w[(size_t)c * (d + 1) + j];

			w[(size_t)c * d + j] = (float)x;
			fit->loss -= k->f.l2 / 2 * x * x;
		}
		b[c] = (float)k->w[(size_t)c * (d + 1) + d];
	}
}

int
ss_probe_converge(const struct problem *p, const struct ss_probe_options *o, float *w, float *b,
    struct ss_probe_fit *fit, struct ss_err *e)
{
	const size_t n = p->n * p->views, d = p->d, variables = (size_t)p->classes * (d + 1);
	struct work k = { .o = o, .f = { .pool = p->pool, .x = p->x, .n = n, .d = d,
	    .classes = p->classes, .l2 = o->l2 / (double)n } };
	struct ss_lbfgs l = { .n = variables, .arg = &k, .evaluate = evaluate, .memory = PAIRS,
	    .max_iterations = o->max_iterations, .tolerance = o->tolerance, .noise = NOISE,
	    .progress = report_progress };
	struct ss_lbfgs_result result;
	int32_t *label = ss_alloc(n, sizeof(*label));
	double *v = ss_alloc(variables, sizeof(*v)), *gradient = ss_alloc(variables, sizeof(*gradient));
	int r = SS_EIO;

	k.w = ss_alloc(variables, sizeof(*k.w));
	k.room = ss_alloc(d, ((size_t)p->classes + 3) * sizeof(*k.room));
	if (label == NULL || v == NULL || gradient == NULL || k.w == NULL || k.room == NULL) {
		ss_fail(e, r, "out of memory");
		goto end;
	}
	for (size_t i = 0; i < p->views; i++)
		memcpy(label + i * p->n, p->label, p->n * sizeof(*label));
	k.f.label = label;
	k.diagonal = sqrt(0.5 + k.f.l2);	/* standardised features: that of X'X/n is 1 */
	if ((r = ss_objective_init(&k.f, e)) == 0 &&
	    (r = ss_probe_bound(&k.factor, p->pool, p->x, n, d, k.f.l2, e)) == 0 &&
	    (r = ss_lbfgs(&l, v, &result, e)) == 0)
		take_result(&k, v, gradient, &result, w, b, fit);
end:
	ss_objective_free(&k.f);
	free(label);
	free(v);
	free(gradient);
	free(k.w);
	free(k.room);
	free(k.factor);
	return r;
}
