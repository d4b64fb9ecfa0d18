/*
 * trainer.h - one step of self-supervised training
 *
 * Owns what a run needs in memory: weights, momentum, plan, activations of each view; the same network once more for
 * small crops (multi-crop); and, if the method looks at one, the target: a second network of the same shape whose
 * weights follow, which sees the large views alone. Knows nothing of streams, files or time.
 */
#ifndef SS_TRAINER_H
#define SS_TRAINER_H

#include "nn/optim.h"
#include "nn/plan.h"
#include "ssl/health.h"
#include "ssl/method.h"

/* What a step sees of each image: global views of the network's own size, then local ones, small crops. */
struct ss_crops {
	int globals, locals;
	int height, width;		/* of a local one */
};

struct ss_trainer {
	const struct ss_net *net;
	const struct ss_method *method;
	struct ss_knobs knobs;
	struct ss_plan *plan;
	struct ss_weights weights;
	float *momentum;		/* net->params.floats */
	float *squares;			/* the same, of an optimiser that keeps second moments; else NULL */
	struct ss_weights target;	/* its params are NULL if there is none */
	float *state;			/* of the method */
	size_t state_floats;
	/* scratch */
	int views, globals, d;		/* d: width of the projector's output */
	int accumulate;			/* batches in a step */
	struct ss_pass pass[SS_METHOD_VIEWS];
	float *grads, *seeds, *loss_scratch;
	float *own_grad;		/* of one batch */
	struct ss_net *local_net;	/* for the views after the global ones; NULL if there are none */
	struct ss_plan *local_plan;
	struct ss_weights local_weights;	/* those of `weights`, packed for it */
	struct ss_plan *target_plan;	/* for a group of images */
	struct ss_pass target_pass;
	int groups;
	float *targets;			/* globals x batch x d */
	uint8_t *shuffled;		/* images of a group */
	int *order;			/* of the batch */
	struct ss_workspace space;	/* of the kernels, for `threads`; its profile is the caller's, or NULL */
	int threads;
	double *health_scratch;
};

struct ss_step {
	struct ss_loss loss;
	struct ss_health health;	/* of the projections of the first batch, view 1 and view 2 */
	double grad_norm;
};

/*
 * For steps on a pool of at most `threads`; net has prototypes if knobs say so. Weights are zero: ss_trainer_begin or load a
 * model. The target sees a batch in `groups` of images drawn by lot, each normalised by its own statistics: a batch's
 * mates would tell which key belongs to which query (He et al. 2019, section 3.3). It must divide by them. A step is
 * that of the mean gradient over `accumulate` batches, each normalised and compared by itself.
 */
int ss_trainer_create(struct ss_trainer **out, const struct ss_net *net,
    const struct ss_method *method, const struct ss_knobs *knobs, const struct ss_kernels *kern,
    const struct ss_crops *crops, int batch, int groups, int accumulate, bool squares, int threads,
    struct ss_err *e) SS_MUST_USE;

/* Initial weights, target and state, from the seed. */
void ss_trainer_begin(struct ss_trainer *t, uint64_t seed);

/* The target begins anew, as the trained weights are now. */
void ss_trainer_align(struct ss_trainer *t);

void ss_trainer_free(struct ss_trainer *t);

/* Bytes that a trainer of this plan takes. */
size_t ss_trainer_bytes(const struct ss_trainer *t);

struct ss_hyper {
	struct ss_update update;
	double target_momentum;
	double target_temperature;	/* 0: that of the knobs */
	bool freeze_own;		/* the method's own parameters stay */
	uint64_t seed;			/* of the lot by which groups are drawn */
	bool health;			/* measure all of it, not only what a pass over the outputs gives */
};

/*
 * Forward, loss, backward, update; images[v] holds t->accumulate of the plan's batches of u8 (c,h,w), label
 * their labels, or NULL.
 * SS_ENONFINITE, with nothing updated but running statistics, if the loss or a
 * gradient is not finite.
 */
int ss_trainer_step(struct ss_trainer *t, const uint8_t *const *images, const int *label,
    const struct ss_hyper *h, struct ss_step *result, struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;

#endif
