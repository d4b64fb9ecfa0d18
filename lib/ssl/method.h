/*
 * method.h - what a method of training is
 *
 * A method says which heads it wants, which outputs it sends gradients to, whether it
 * looks at a second network that follows the first (the target), and how loss and
 * gradients follow from the outputs of all views of a batch. It knows nothing of networks,
 * optimisers or files: one function over matrices. What it has to remember between steps
 * is its state, which the caller keeps and saves with the model.
 */
#ifndef SS_METHOD_H
#define SS_METHOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/work.h"
#include "nn/net.h"
#include "nn/optim.h"

#define SS_METHOD_VIEWS 16

/* What a method can be told; each looks at what concerns it. */
struct ss_knobs {
	double temperature;
	double target_temperature;	/* dino: of the teacher; swav: epsilon of the codes */
	double coefficient[3];		/* barlow: lambda; vicreg: invariance, variance, covariance */
	int prototypes;			/* rows of its own parameters */
	int queue;			/* moco: keys of past batches */
	bool symmetric;			/* moco: each view is asked about the other; simsiam: each predicts the others; or else
					 * 1 predicts 2, 3 predicts 4 ..., of an even number, all global */
	/* ablations of simsiam */
	bool flow;			/* the gradient is not stopped */
	bool cross_entropy;		/* instead of the cosine */
	int alternate;			/* steps for which targets come from the same weights; 0: those of the step */
};

/*
 * Outputs of the heads for n images in each view: row i of every view belongs to image i. The first `globals` views, two or
 * more unless there is only one view, show most of an image; the others are small crops, from which nothing is aimed at.
 */
struct ss_outputs {
	int views, globals, n, d;
	const float *z[SS_METHOD_VIEWS];	/* projector's output, n x d */
	const float *p[SS_METHOD_VIEWS];	/* predictor's, n x d; NULL without one */
	const float *t[SS_METHOD_VIEWS];	/* the target's projections of the global views; NULL if the method has none */
	const int *label;			/* n, if the method wants them */
	float *dz[SS_METHOD_VIEWS];	/* to be filled with the gradient of the loss, if the method says so */
	float *dp[SS_METHOD_VIEWS];
	const float *own;		/* the method's own parameters, prototypes x d, and the target's */
	const float *target_own;
	float *own_grad;		/* to be filled */
	float *state;			/* to be read and brought up to date */
};

enum { SS_NOTES = 3 };

struct ss_loss {
	double loss;
	struct ss_note {		/* how it goes, for the log */
		const char *name;	/* NULL after the last */
		double value;
	} note[SS_NOTES + 1];
};

struct ss_method {
	const char *name;
	const char *summary;
	int min_views, max_views;
	bool z_grad, p_grad;		/* where its gradients enter */
	bool target, labels;		/* what it needs */
	/* published defaults, for CIFAR-10 where there are such, but for simsiam, whose own learn sooner */
	int batch;			/* 0: 256 */
	enum ss_optimiser optimiser;	/* SS_SGD unless it says otherwise */
	double lr, weight_decay;
	double vector_lr;		/* of biases and norms; 0: lr */
	double predictor_lr;		/* of the predictor, always; 0: as the rest */
	double target_momentum;		/* of the first step; it rises to 1 by half a cosine, or stays */
	bool momentum_stays;
	struct ss_knobs knobs;		/* 0: it has no such */

	/* Default heads behind a backbone with the given features; layers = 0 for none. */
	void (*heads)(int features, struct ss_head *projector, struct ss_head *predictor);

	/* Floats of scratch space that loss needs; and of state, NULL for none. */
	size_t (*scratch)(const struct ss_knobs *k, int views, int n, int d);
	size_t (*state)(const struct ss_knobs *k, int d);

	/* A state to begin with, from random numbers of the seed, and what is done to its own parameters before each step; or NULL. */
	void (*begin)(const struct ss_knobs *k, int d, uint64_t seed, float *state);
	void (*prepare)(const struct ss_knobs *k, int d, float *own);

	/* Loss and gradients; the same bytes for any pool. */
	struct ss_loss (*loss)(const struct ss_outputs *v, const struct ss_knobs *k, float *scratch,
	    struct ss_pool *pool);
};

/* All methods, ended by NULL; by name, or NULL. */
extern const struct ss_method *const ss_methods[];
const struct ss_method *ss_method_find(const char *name);

extern const struct ss_method ss_simsiam, ss_fastsiam, ss_byol, ss_simclr, ss_dcl, ss_moco, ss_swav,
    ss_dino, ss_barlow, ss_vicreg, ss_supervised;

/* Heads that two methods share: three layers of 2048 without biases, norm and ReLU behind the first two; no predictor. */
void ss_expander(int features, struct ss_head *projector, struct ss_head *predictor);

/* Whether a method that can do both is told to look in one direction: view 2, 4 ... are targets and nothing else, the others none. */
static inline bool
ss_method_one_way(const struct ss_method *m, const struct ss_knobs *k)
{
	return m->knobs.symmetric && !k->symmetric;
}

/* The value of a note, or NAN. */
double ss_loss_note(const struct ss_loss *l, const char *name);

#endif
