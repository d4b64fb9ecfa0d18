/*
 * unit.h - rows of length one, and the gradient through them
 */
#ifndef SS_UNIT_H
#define SS_UNIT_H

#include <stddef.h>

#include "base/work.h"

/* PyTorch's floor under a norm, so that a row of zeros stays zero. */
#define SS_UNIT_FLOOR 1e-12

/* Sum of a[i] * b[i] over n floats, in double. */
double ss_dot(const float *a, const float *b, int n);

/* max(|x|, SS_UNIT_FLOOR) */
double ss_norm(const float *x, int n);

/* u = x / ss_norm(x); returns the norm. u may be x. */
double ss_unit(const float *x, float *u, int n);

/*
 * dx = (du - (du . u) u) / norm: the gradient through u = x / norm. dx may be du.
 */
void ss_unit_back(const float *u, double norm, const float *du, float *dx, int n);

/* Matrices of n rows of d floats, one behind the other in u: their unit rows and, if norm is not NULL, lengths. */
void ss_rows_unit(const float *const *x, int matrices, int n, int d, float *u, float *norm,
    struct ss_pool *pool);

/* The way back; a matrix whose dx is NULL is left out. */
void ss_rows_back(const float *u, const float *norm, const float *du, int matrices, int n, int d,
    float *const *dx, struct ss_pool *pool);

/* s = softmax(s) over n floats; returns log sum exp of what s was. NaN stays NaN. */
double ss_softmax(float *s, int n);

/* Sum of n floats, in their order, in double. */
double ss_sum(const float *x, size_t n);

#endif
