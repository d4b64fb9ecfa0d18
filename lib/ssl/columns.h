/*
 * columns.h - channels of a batch of vectors, and the gradient through their standardisation
 */
#ifndef SS_COLUMNS_H
#define SS_COLUMNS_H

#include <stdbool.h>

#include "base/work.h"

/*
 * u = (x - mean) / deviation for each of d channels over n rows, deviation[k] = sqrt(biased variance + eps).
 */
void ss_standardise(const float *x, int n, int d, double eps, float *u, float *deviation,
    struct ss_pool *pool);

/* dx = (du - mean(du) - u mean(du u)) / deviation */
void ss_standardise_back(const float *u, int n, int d, const float *deviation, const float *du,
    float *dx, struct ss_pool *pool);

/* u = x - mean, by channel; variance[k] is unbiased: divided by n - 1. */
void ss_centre(const float *x, int n, int d, float *u, float *variance, struct ss_pool *pool);

#endif
