/*
 * lbfgs.h - smooth convex functions of many variables, minimised
 *
 * Limited-memory BFGS (Nocedal & Wright, Numerical Optimization, 2nd ed.,
 * algorithms 7.4 and 7.5) with a line search for the weak Wolfe conditions. The
 * first step tried is the negative gradient itself: a caller who knows the scale of his function
 * chooses variables in which the Hessian is at most about 1.
 */
#ifndef SS_LBFGS_H
#define SS_LBFGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct ss_lbfgs {
	size_t n;		/* variables */
	void *arg;

	/* The function's value at x (n), its gradient into g (n). */
	double (*evaluate)(void *arg, const double *x, double *g);

	int memory;		/* pairs of steps kept, >= 1 */
	int max_iterations;

	/*
	 * Stops when the decrease still to be expected, g' H g / 2 with the H built so
	 * far (the Newton decrement), is at most tolerance * |value|.
	 */
	double tolerance;

	/*
	 * The value's relative rounding error: changes smaller than that decide nothing in the
	 * line search.
	 */
	double noise;

	/* Called after each iteration with its number, value and decrement, unless NULL. */
	void (*progress)(void *arg, int iteration, double value, double decrement);
};

struct ss_lbfgs_result {
	bool converged;		/* the tolerance was met */
	bool stalled;		/* no step along a descent direction improved the value */
	int iterations;
	int evaluations;
	double value;
	double decrement;	/* g' H g / 2 at the end */
};

/* Improves x (n) in place. SS_ENONFINITE if the value or gradient is not finite at the start. */
int ss_lbfgs(const struct ss_lbfgs *l, double *x, struct ss_lbfgs_result *r, struct ss_err *e)
    SS_MUST_USE;

#endif
