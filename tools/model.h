/*
 * model.h - models and checkpoints: networks as safetensors files
 *
 * Tensors: the backbone under torchvision's names (conv1.weight, layer1.0.bn1.running_mean
 * ...), heads under "projector." and "predictor.", the method's own as "prototypes.weight"; in a
 * checkpoint also momentum of tensor T under "optimizer.momentum.T" and second moments under "optimizer.squares.T", the target network's under "target.T", and
 * what the method remembers as "method.state". __metadata__ holds what struct model says, one key each.
 */
#ifndef SS_MODEL_H
#define SS_MODEL_H

#include <stdint.h>

#include "nn/net.h"
#include "nn/plan.h"
#include "safetensors.h"

struct model {
	char arch[32], method[32];
	int shape[3];			/* c, h, w of the images */
	int stages;			/* that the backbone built of it has; 0: all */
	float mean[4], std[4];		/* input normalisation */
	struct ss_head projector, predictor;
	double norm_eps, norm_momentum;	/* of batch normalisations */
	enum ss_init init;		/* what its weights began with, unless `from` says another model */
	bool zero_gamma;
	char from[64];			/* digest of that, the parts taken, its method; "" */
	/* where training stands */
	uint64_t step, steps;		/* done, in all */
	uint32_t epoch;			/* in which the next record falls */
	uint64_t records;		/* of that epoch already used */
	uint64_t seed;
	char watch[24];			/* what is watched, "none" */
	double best;			/* its best value, -1 if there is none */
	uint64_t best_step;		/* at which that was measured; 0: never */
	double epoch_loss;		/* sum over the steps of an epoch that has not ended */
	uint64_t restored;		/* the weights are those of this step, taken back at the end; 0: those of `step` */
	bool done;			/* no step follows: all are done, or it was stopped early */
	char recipe[1536];		/* the options that a resumed run must share */
	char *history;			/* @PG lines, or NULL; owned */
};

/* Builds the network that m describes. */
int model_net(struct ss_net **out, const struct model *m, struct ss_err *e) SS_MUST_USE;

/* What a run needs to go on, beside the weights. */
struct model_state {
	float *momentum;
	float *squares;			/* NULL: the optimiser keeps none */
	struct ss_weights *target;	/* NULL: the method has none */
	float *method;			/* floats: 0 if it remembers nothing */
	size_t floats;
};

/* state NULL: weights alone, from which no run goes on. */
int model_save(const char *path, const struct model *m, const struct ss_net *net,
    const struct ss_weights *w, const struct model_state *state, struct ss_err *e) SS_MUST_USE;

/* Reads and checks a file; model_open tells what it holds, model_weights copies it out, state too if that is not NULL. */
int model_open(struct ss_st **file, struct model *m, const char *path, struct ss_err *e) SS_MUST_USE;
int model_weights(const struct ss_st *file, const struct ss_net *net, struct ss_weights *w,
    const struct model_state *state, struct ss_err *e) SS_MUST_USE;
void model_free(struct model *m);

/* Fills in the usual normalisations: of images of m->shape CIFAR-10's for three channels, else 0.5 and 0.25; of batches PyTorch's. */
void model_defaults(struct model *m);

#endif
