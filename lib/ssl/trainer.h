/*
 * trainer.h - one step of self-supervised training
 *
 * Owns what a run needs in memory: weights, momentum, plan, activations of each
 * view. Knows nothing of streams, files or time.
 */
#ifndef SS_TRAINER_H
#define SS_TRAINER_H

#include "nn/plan.h"
#include "ssl/method.h"

struct ss_trainer {
	const struct ss_net *net;
	const struct ss_method *method;
	struct ss_plan *plan;
	struct ss_weights weights;
	float *momentum;		/* net->params.floats */
	/* scratch */
	int views, d;			/* d: width of the projector's output */
	struct ss_pass pass[SS_METHOD_VIEWS];
	float *grads, *seeds, *loss_scratch;
	struct ss_workspace space;	/* of the kernels, for `threads`; its profile is the caller's, or NULL */
	int threads;
	double *health_scratch;
};

struct ss_step {
	double loss, accuracy;		/* struct ss_loss */
	double std_ratio;		/* of the projections of view 1, health.h */
	double grad_norm;
};

/* For steps on a pool of at most `threads`. Weights are zero: ss_net_init them or load a model. */
int ss_trainer_create(struct ss_trainer **out, const struct ss_net *net,
    const struct ss_method *method, const struct ss_kernels *kern, int views, int batch, int threads,
    struct ss_err *e) SS_MUST_USE;
void ss_trainer_free(struct ss_trainer *t);

/* Bytes that a trainer of this plan takes. */
size_t ss_trainer_bytes(const struct ss_trainer *t);

struct ss_hyper {
	double lr, momentum, weight_decay, temperature;
};

/*
 * Forward, loss, backward, update; images[v] holds the plan's batch of u8 (c,h,w).
 * SS_ENONFINITE, with nothing updated but running statistics, if the loss or a
 * gradient is not finite.
 */
int ss_trainer_step(struct ss_trainer *t, const uint8_t *const *images, const struct ss_hyper *h,
    struct ss_step *result, struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;

#endif
