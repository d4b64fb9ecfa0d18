/*
 * probe.h - the linear probe: softmax regression on fixed features
 *
 * Features are brought to one scale by what the training set is like (scaling.h). Over the weights
 * W (classes,d) and biases b, for n records of such features x and labels y,
 *
 *     F(W,b) = 1/n sum_i [ log sum_c exp(W_c x_i + b_c) - (W_y x_i + b_y) ] + l2/(2n) |W|^2
 *
 * is made small, in one of two ways.
 *
 * To convergence, from W = 0: one minimum, no learning rate, no seed. The biases are not penalised.
 * l2 is scikit-learn's 1/C. The solver is L-BFGS (lbfgs.h) over the variables W L, where
 * L L' = 1/2 X'X/n + l2/n. This is the bound on the Hessian of Böhning ("Multinomial logistic
 * regression algorithm", 1992), the same for every class. Correlated features, which make plain
 * L-BFGS crawl, are decorrelated at the price of one Cholesky factorisation, and a step of length 1
 * is the right first guess. The minimum is the same.
 *
 * By steps of an optimiser (nn/optim.h) on batches, as most published linear evaluations: l2 is 0,
 * the optimiser may decay the weights, and it stops after so many epochs or when they no longer help.
 */
#ifndef SS_PROBE_H
#define SS_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"
#include "eval/scaling.h"
#include "nn/optim.h"
#include "nn/schedule.h"

#define SS_PROBE_L2		1.0
#define SS_PROBE_TOLERANCE	1e-7
#define SS_PROBE_ITERATIONS	1000

enum ss_probe_init {
	SS_PROBE_ZERO,
	SS_PROBE_NORMAL,	/* N(0, 0.01): standard deviation 0.01 (SimSiam's, MoCo's linear evaluation) */
	SS_PROBE_GLOROT		/* U(+-sqrt(6 / (d + classes))), as Keras's Dense */
};

/* Their names: "zero", "normal", "glorot"; NULL at the end. */
extern const char *const ss_probe_init_names[];

/* One epoch of steps. */
struct ss_probe_epoch {
	double rate;		/* learning rate of its last step */
	double loss;		/* mean of the training records as they passed */
	double held;		/* of the held-out records after it; 0 without any */
};

struct ss_probe_steps {
	enum ss_optimiser optimiser;
	double momentum, beta2, weight_decay, trust;
	struct ss_schedule schedule;	/* but for `steps` and `per_epoch`, which follow from the records */
	bool whole_batches;	/* a cosine ends after the epochs' whole batches, though the last one is not dropped */
	enum ss_probe_init init;
	int batch, epochs;
	int patience;		/* epochs without a lower loss that end it, and the best weights count; 0: never */
	uint64_t seed;		/* of the order of the records and of the initial weights */

	/* Called after each step (`done` of `all` in its epoch, from 0), unless NULL. */
	void (*progress)(void *arg, int epoch, size_t done, size_t all, const struct ss_probe_epoch *now);
};

struct ss_probe_options {
	enum ss_scale scale;
	bool by_steps;

	double l2;		/* >= 0 */
	double tolerance;	/* stops when the decrease still expected is this share of F */
	int max_iterations;
	/* Called after each iteration, unless NULL. */
	void (*progress)(void *arg, int iteration, double objective, double decrement);

	struct ss_probe_steps steps;
	void *arg;
};
#define SS_PROBE_DEFAULTS { .l2 = SS_PROBE_L2, .tolerance = SS_PROBE_TOLERANCE, \
	.max_iterations = SS_PROBE_ITERATIONS }

/* What to learn from. Labels are >= 0; those that do not occur in `label` are never predicted. */
struct ss_probe_set {
	float *x;		/* (views, n, d): the same records, augmented differently */
	const int32_t *label;	/* (n) */
	size_t n, d;
	size_t views;		/* epoch e learns from view e mod views; to convergence, from all; 0 is 1 */
	float *held;		/* (helds, d), to stop early by; NULL: by the training loss */
	const int32_t *held_label;	/* of these, records of labels that do not occur in `label` are left out */
	size_t helds;
};

struct ss_probe_fit {
	double objective;	/* F */
	double loss;		/* F without the penalty, over the first view */
	size_t correct, total;	/* training records that the classifier gets right */
	int constant;		/* features that do not vary */

	bool converged;
	bool stalled;		/* rounding errors ended it before the tolerance was met */
	int iterations, evaluations;
	double decrement;	/* decrease still expected */

	struct ss_probe_epoch *epoch;	/* (epochs): what the steps gave; for ss_probe_fit_free */
	int epochs;
	int best;		/* epoch whose weights count, from 1: the last without patience */
};

struct ss_probe;

/*
 * Fits a classifier to a set, in use only during the call; its features are scaled in place.
 * SS_EUSAGE if fewer than two labels occur, SS_ENONFINITE if a feature or a loss is not finite.
 * The result does not depend on p. ss_probe_fit_free is due if it succeeds.
 */
int ss_probe_train(struct ss_probe **out, struct ss_pool *p, const struct ss_probe_set *set,
    const struct ss_probe_options *o, struct ss_probe_fit *fit, struct ss_err *e) SS_MUST_USE;
void ss_probe_fit_free(struct ss_probe_fit *fit);

/* predicted (m) for x (m,d), features as they come; of equal scores the lowest label. */
int ss_probe_predict(const struct ss_probe *probe, struct ss_pool *p, const float *x, size_t m,
    int32_t *predicted, struct ss_err *e) SS_MUST_USE;

int ss_probe_classes(const struct ss_probe *probe);	/* largest label + 1 */
void ss_probe_free(struct ss_probe *probe);

/*
 * F and its gradient (classes, d + 1; biases last) at w of the same shape, for features that
 * are scaled already and labels 0..classes-1: what is minimised, for tests and other solvers.
 */
int ss_probe_loss(struct ss_pool *p, const float *x, const int32_t *label, size_t n, size_t d,
    int classes, double l2, const double *w, double *value, double *gradient, struct ss_err *e)
    SS_MUST_USE;

#endif
