/*
 * lbfgs.c - smooth convex functions of many variables, minimised
 *
 * Knows nothing of what it minimises. All sums run over the variables in order, on
 * one thread: the same function gives the same bytes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/lbfgs.h"
#include "eval/vectors.h"

/*
 * Wolfe's conditions with the usual constants for quasi-Newton steps (Nocedal & Wright,
 * section 3.1): sufficient decrease, and a slope that has flattened.
 */
static const double DECREASE = 1e-4, FLATTEN = 0.9;
enum { TRIES = 30 };		/* of a line search: 2^-30 of a step is noise */

struct memory {
	double *s, *y;		/* (pairs, n): steps, and changes of the gradient */
	double *rho;		/* (pairs): 1 / s'y */
	double *alpha;		/* (pairs) */
	double gamma;		/* s'y / y'y of the newest */
	int pairs, count, next;
};

struct state {
	double *x, *g, *p;	/* point, gradient, direction */
	double *new_x, *new_g;
	struct memory m;
};

/* p = H g: the two loops of algorithm 7.4, and the scale (7.20) between them. */
static void
multiply_inverse(const struct ss_lbfgs *l, struct memory *m, const double *g, double *p)
{
	const size_t n = l->n;
	const int last = (m->next + m->pairs - 1) % m->pairs;

	memcpy(p, g, n * sizeof(*p));
	for (int i = 0; i < m->count; i++) {
		int k = (last + m->pairs - i) % m->pairs;

		m->alpha[k] = m->rho[k] * ss_dot_double(m->s + k * n, p, n);
		ss_add_scaled(p, -m->alpha[k], m->y + k * n, n);
	}
	for (size_t i = 0; i < n; i++)
		p[i] *= m->gamma;
	for (int i = m->count - 1; i >= 0; i--) {
		int k = (last + m->pairs - i) % m->pairs;
		double beta = m->rho[k] * ss_dot_double(m->y + k * n, p, n);

		ss_add_scaled(p, m->alpha[k] - beta, m->s + k * n, n);
	}
}

/* Remembers the step from (x, g) to (new_x, new_g) if the function curves upwards along it. */
static void
remember(const struct ss_lbfgs *l, struct state *st)
{
	const size_t n = l->n;
	struct memory *m = &st->m;
	double *s = m->s + m->next * n, *y = m->y + m->next * n, sy, yy;

	for (size_t i = 0; i < n; i++) {
		s[i] = st->new_x[i] - st->x[i];
		y[i] = st->new_g[i] - st->g[i];
	}
	sy = ss_dot_double(s, y, n);
	yy = ss_dot_double(y, y, n);
	if (!(sy > 1e-12 * yy) || !(yy > 0))
		return;
	m->rho[m->next] = 1 / sy;
	m->gamma = sy / yy;
	m->next = (m->next + 1) % m->pairs;
	if (m->count < m->pairs)
		m->count++;
}

struct point {
	double step, value, slope;
};

/*
 * The minimum of the cubic through two points' values and slopes (3.59), or the middle if that
 * is no better guess.
 */
static double
between(const struct point *a, const struct point *b)
{
	const double middle = (a->step + b->step) / 2, width = b->step - a->step;
	double d1, d2, t;

	if (!isfinite(b->value) || !isfinite(b->slope))
		return middle;
	d1 = a->slope + b->slope - 3 * (a->value - b->value) / (a->step - b->step);
	d2 = d1 * d1 - a->slope * b->slope;
	if (!(d2 >= 0))
		return middle;
	d2 = sqrt(d2);
	t = b->step - width * (b->slope + d2 - d1) / (b->slope - a->slope + 2 * d2);
	/* At a tenth from the ends at least, so that the bracket shrinks. */
	return t > a->step + 0.1 * width && t < b->step - 0.1 * width ? t : middle;
}

/*
 * Walks from x along -p until Wolfe's conditions hold at new_x, where the
 * gradient is new_g, and returns the value there; NAN if no step does.
 *
 * Where the decrease drowns in the value's rounding error, the slopes decide (Hager & Zhang, "A new
 * conjugate gradient method with guaranteed descent", SIAM J. Optim. 2005, (4.1)).
 */
static double
search(const struct ss_lbfgs *l, struct state *st, double value, double slope, int *evaluations)
{
	struct point low = { 0, value, slope }, high = { INFINITY, NAN, NAN }, at = { 1, 0, 0 };
	const double noise = l->noise * fabs(value);

	for (int i = 0; i < TRIES; i++) {
		for (size_t j = 0; j < l->n; j++)
			st->new_x[j] = st->x[j] - at.step * st->p[j];
		at.value = l->evaluate(l->arg, st->new_x, st->new_g);
		at.slope = -ss_dot_double(st->new_g, st->p, l->n);
		++*evaluations;
		if (!isfinite(at.value) || !isfinite(at.slope) ||
		    (at.value > value + DECREASE * at.step * slope &&
		    (at.value > value + noise || at.slope > (2 * DECREASE - 1) * slope)))
			high = at;
		else if (at.slope < FLATTEN * slope)
			low = at;
		else
			return at.value;
		at.step = isinf(high.step) ? 2 * low.step : between(&low, &high);
	}
	return NAN;
}

static void
swap(double **a, double **b)
{
	double *t = *a;

	*a = *b;
	*b = t;
}

static int
minimise(const struct ss_lbfgs *l, struct state *st, struct ss_lbfgs_result *r, struct ss_err *e)
{
	double value = l->evaluate(l->arg, st->x, st->g), slope, next;

	r->evaluations = 1;
	for (;; r->iterations++) {
		multiply_inverse(l, &st->m, st->g, st->p);
		slope = -ss_dot_double(st->g, st->p, l->n);
		if (!isfinite(value) || !isfinite(slope))
			return ss_fail(e, SS_ENONFINITE, "the loss is not finite");
		r->value = value;
		r->decrement = -slope / 2;
		if (l->progress != NULL)
			l->progress(l->arg, r->iterations, value, r->decrement);
		if (r->decrement <= l->tolerance * fabs(value)) {
			r->converged = true;
			return 0;
		}
		if (r->iterations == l->max_iterations)
			return 0;
		next = search(l, st, value, slope, &r->evaluations);
		if (isnan(next) && st->m.count > 0) {	/* the memory misleads: begin anew */
			st->m.count = 0;
			st->m.gamma = 1;
			continue;
		}
		if (isnan(next)) {
			r->stalled = true;
			return 0;
		}
		remember(l, st);
		swap(&st->x, &st->new_x);
		swap(&st->g, &st->new_g);
		value = next;
	}
}

int
ss_lbfgs(const struct ss_lbfgs *l, double *x, struct ss_lbfgs_result *r, struct ss_err *e)
{
	const size_t n = l->n, pairs = (size_t)l->memory;
	size_t rows = 5 + 2 * pairs, all;
	struct state st;
	double *block;
	int status;

	*r = (struct ss_lbfgs_result){ 0 };
	if (!ss_mul(rows, n, &all) || !ss_add(all, 2 * pairs, &all) ||
	    (block = ss_alloc(all, sizeof(*block))) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	st = (struct state){ .x = block, .g = block + n, .p = block + 2 * n,
	    .new_x = block + 3 * n, .new_g = block + 4 * n,
	    .m = { .s = block + 5 * n, .y = block + (5 + pairs) * n, .rho = block + rows * n,
	    .alpha = block + rows * n + pairs, .gamma = 1, .pairs = l->memory } };
	memcpy(st.x, x, n * sizeof(*x));
	status = minimise(l, &st, r, e);
	memcpy(x, st.x, n * sizeof(*x));
	free(block);
	return status;
}
