/*
 * optim.h - optimisers
 *
 * With gradient g, weights w, learning rate r, momentum m, weight decay d, each tensor by itself:
 *
 *	sgd	g += d w; v = m v + g; w -= r v				PyTorch
 *	sgd-keras	g += d w; v = m v - r g; w += v			Keras
 *	lars	g += d w; g *= trust |w| / |g|; v = m v + g; w -= r v	Barlow Twins, VICReg
 *	lars-google	g += d w; v = m v + r trust |w| / |g| g; w -= v	SimCLR
 *	larc	q = trust |w| / (|g| + d |w|); with clip q = min(q / r, 1); g = (g + d w) q; then sgd
 *	adam	g += d w; v = b1 v + (1 - b1) g; s = b2 s + (1 - b2) g^2;
 *		w -= r (v / (1 - b1^k)) / (sqrt(s / (1 - b2^k)) + eps)	k: step, from 1
 *	adamw	w -= r d w; then adam without d				Loshchilov and Hutter 2017
 *
 * b1 is the momentum. Where a norm is 0 its quotient counts as 1. Tensors of rank 1, biases and those of norms, are
 * neither scaled by any LARS nor, unless decay_vectors, decayed.
 */
#ifndef SS_OPTIM_H
#define SS_OPTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/work.h"
#include "nn/net.h"

enum ss_optimiser { SS_SGD, SS_SGD_KERAS, SS_LARS, SS_LARS_GOOGLE, SS_LARC, SS_ADAM, SS_ADAMW };

/* Their names in that order; NULL at the end. */
extern const char *const ss_optimiser_names[];

/* The parts of a network, which may have rates of their own. */
enum ss_part { SS_BACKBONE, SS_PROJECTOR, SS_PREDICTOR, SS_PROTOTYPES, SS_PARTS };

/* Of a tensor, by its name. */
enum ss_part ss_part_of(const char *name);

struct ss_update {
	enum ss_optimiser optimiser;
	double rate[SS_PARTS];
	double momentum, weight_decay;
	bool decay_vectors;
	double vector_scale;	/* of the rate for tensors of rank 1; 0 stands for 1 */
	double max_norm;	/* to which gradients are cut, see ss_cut; 0: they are not */
	bool max_each;
	double trust;		/* of LARS */
	bool clip;		/* of LARC */
	double beta2;		/* of Adam, whose eps is 1e-8 */
	uint64_t step;		/* from 0 */
};

/* Whether it keeps second moments; whether it decays tensors of rank 1 if nobody says. */
bool ss_optimiser_squares(enum ss_optimiser o);
bool ss_optimiser_decays_vectors(enum ss_optimiser o);

/* Updates w and v (and s, if it keeps them), all laid out as list says; the same bytes for any pool. */
void ss_update(const struct ss_update *u, const struct ss_list *list, float *w, float *v, float *s,
    const float *g, struct ss_pool *pool);

/*
 * Cuts gradients to max_norm as PyTorch does: all of them, whose norm is given, times max_norm / (norm + 1e-6) if that is
 * below 1; or, with max_each, each tensor by its own norm (DINO's way).
 */
void ss_cut(const struct ss_update *u, const struct ss_list *list, float *g, double norm);

/* follower = momentum * follower + (1 - momentum) * w, over n floats: a moving average of w. */
void ss_follow(float *follower, const float *w, size_t n, double momentum, struct ss_pool *pool);

/* Sum of squares of n floats in double, in fixed pieces; not finite if any of them is not. */
double ss_sum_squares(const float *x, size_t n, struct ss_pool *pool);

#endif
