/*
 * probe.h - the linear probe: multinomial logistic regression on fixed features
 *
 * Features are standardised with the mean and (biased) standard deviation of the training set;
 * features that do not vary there are left out. Over the weights W (classes,d) and biases b,
 * for n records of standardised features x and labels y,
 *
 *     F(W,b) = 1/n sum_i [ log sum_c exp(W_c x_i + b_c) - (W_y x_i + b_y) ] + l2/(2n) |W|^2
 *
 * is minimised to convergence from W = 0: one minimum, no learning rate, no seed. The biases
 * are not penalised. l2 is scikit-learn's 1/C.
 *
 * Solver: L-BFGS (lbfgs.h) over the variables W L, where L L' = 1/2 X'X/n + l2/n. This is the
 * bound on the Hessian of Böhning ("Multinomial logistic regression algorithm", 1992), the same
 * for every class. Correlated features, which make plain L-BFGS crawl, are decorrelated at the
 * price of one Cholesky factorisation, and a step of length 1 is the right first guess. The
 * minimum is the same.
 */
#ifndef SS_PROBE_H
#define SS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"

#define SS_PROBE_L2		1.0
#define SS_PROBE_TOLERANCE	1e-7
#define SS_PROBE_ITERATIONS	1000

struct ss_probe_options {
	double l2;		/* >= 0 */
	double tolerance;	/* stops when the decrease still expected is this share of F */
	int max_iterations;
	/* Called after each iteration, unless NULL. */
	void (*progress)(void *arg, int iteration, double objective, double decrement);
	void *arg;
};
#define SS_PROBE_DEFAULTS { .l2 = SS_PROBE_L2, .tolerance = SS_PROBE_TOLERANCE, \
	.max_iterations = SS_PROBE_ITERATIONS }

struct ss_probe_fit {
	bool converged;
	bool stalled;		/* rounding errors ended it before the tolerance was met */
	int iterations, evaluations;
	double objective;	/* F */
	double loss;		/* F without the penalty */
	double decrement;	/* decrease still expected */
	size_t correct;		/* training records that the classifier gets right */
	int constant;		/* features that do not vary */
};

struct ss_probe;

/*
 * Fits a classifier to x (n,d), label (n), both in use only during the call; x is standardised
 * in place. Labels are >= 0; those that do not occur are never predicted. SS_EUSAGE if fewer
 * than two occur, SS_ENONFINITE if x is not finite. The result does not depend on p.
 */
int ss_probe_train(struct ss_probe **out, struct ss_pool *p, float *x, const int32_t *label,
    size_t n, size_t d, const struct ss_probe_options *o, struct ss_probe_fit *fit,
    struct ss_err *e) SS_MUST_USE;

/* predicted (m) for x (m,d), features as they come; of equal scores the lowest label. */
int ss_probe_predict(const struct ss_probe *probe, struct ss_pool *p, const float *x, size_t m,
    int32_t *predicted, struct ss_err *e) SS_MUST_USE;

int ss_probe_classes(const struct ss_probe *probe);	/* largest label + 1 */
void ss_probe_free(struct ss_probe *probe);

/*
 * F and its gradient (classes, d + 1; biases last) at w of the same shape, for features that
 * are standardised already and labels 0..classes-1: what ss_probe_train minimises, for tests
 * and other solvers.
 */
int ss_probe_loss(struct ss_pool *p, const float *x, const int32_t *label, size_t n, size_t d,
    int classes, double l2, const double *w, double *value, double *gradient, struct ss_err *e)
    SS_MUST_USE;

#endif
