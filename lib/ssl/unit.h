/*
 * unit.h - rows of length one, and the gradient through them
 */
#ifndef SS_UNIT_H
#define SS_UNIT_H

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

#endif
