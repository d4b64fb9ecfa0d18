/*
 * pca.h - principal components: the directions in which points spread most
 */
#ifndef SS_PCA_H
#define SS_PCA_H

#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

/*
 * scores (n,k): the coordinates of x (n,d), less its mean, along the k directions of largest variance;
 * of each, the one farthest from 0 is positive. share (k): what part of all variance each has.
 * Directions beyond those that the points have give zeros. Needs 8 min(n,d)^2 bytes;
 * SS_EUSAGE if both n and d exceed SS_PCA_MAX. The same bytes for any pool.
 */
enum { SS_PCA_MAX = 8192 };
int ss_pca(struct ss_pool *p, const float *x, size_t n, size_t d, size_t k, double *scores,
    double *share, struct ss_err *e) SS_MUST_USE;

#endif
