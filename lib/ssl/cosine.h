/*
 * cosine.h - predictions that should point where targets point: what SimSiam, FastSiam and BYOL share
 */
#ifndef SS_COSINE_H
#define SS_COSINE_H

#include "ssl/method.h"

/*
 * With V views, predictions p and targets, through which no gradient flows:
 *
 *	D(p_a, t_b) = -1/N sum over images of cos(p_a, t_b)
 *
 * Returns the mean of D over all ordered pairs of different views, times scale; or, if `mean`, over all views the mean of
 * D(p_a, mean of the others' targets). v->dp gets the gradient.
 */
double ss_cosine_loss(const struct ss_outputs *v, const float *const *target, bool mean, double scale,
    float *scratch, struct ss_pool *pool);
size_t ss_cosine_scratch(int n, int d);

#endif
