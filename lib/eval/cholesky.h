/*
 * cholesky.h - triangular factors of large positive matrices, in float
 *
 * Good enough to precondition an optimiser, which corrects what the factor lacks;
 * not meant for solving equations to the last digit.
 */
#ifndef SS_CHOLESKY_H
#define SS_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

/*
 * a (n,n), of which the lower triangle is read, is replaced by L with L L' = a + shift * 1;
 * above the diagonal it holds rubbish. False if a pivot was not positive, which rounding may
 * cause where shift is below about 1e-6 of the largest eigenvalue: a is spoilt then.
 */
bool ss_cholesky(struct ss_pool *p, float *a, size_t n, double shift) SS_MUST_USE;

/*
 * Solves L y = b, or L' y = b if transposed, in place for m vectors of n, one every ld in b.
 * room holds n * (m rounded up to a multiple of 4) doubles.
 */
void ss_cholesky_solve(const float *l, size_t n, bool transposed, double *b, size_t m, size_t ld,
    double *room);

#endif
