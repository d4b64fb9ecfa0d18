/*
 * optim.h - optimisers and learning-rate schedules
 */
#ifndef SS_OPTIM_H
#define SS_OPTIM_H

#include <stddef.h>
#include <stdint.h>

#include "base/work.h"

/*
 * SGD as PyTorch does it, over n floats: g += weight_decay * w;
 * v = momentum * v + g; w -= lr * v.
 */
void ss_sgd(float *w, float *v, const float *g, size_t n, double lr, double momentum,
    double weight_decay, struct ss_pool *pool);

/* follower = momentum * follower + (1 - momentum) * w, over n floats: a moving average of w. */
void ss_follow(float *follower, const float *w, size_t n, double momentum, struct ss_pool *pool);

/* Sum of squares of n floats in double, in fixed pieces; not finite if any of them is not. */
double ss_sum_squares(const float *x, size_t n, struct ss_pool *pool);

/*
 * Learning rate of step k of `steps`, k from 0: rising linearly as base * (k + 1) / warmup
 * for k < warmup, then half a cosine: base/2 * (1 + cos(pi (k - warmup) / (steps - warmup))).
 */
double ss_cosine(double base, uint64_t k, uint64_t steps, uint64_t warmup);

/*
 * Momentum of a target network after step k of `steps`: 1 - (1 - base) (cos(pi k / steps) + 1) / 2, which rises from
 * base to 1 (Grill et al. 2020, section 3.3).
 */
double ss_target_momentum(double base, uint64_t k, uint64_t steps);

#endif
