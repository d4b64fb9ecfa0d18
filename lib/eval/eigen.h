/*
 * eigen.h - eigenvalues and eigenvectors of symmetric matrices, and the matrices of inner products
 */
#ifndef SS_EIGEN_H
#define SS_EIGEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

/*
 * out (d,d) = the sum over the n rows of x (n,d) of (x - mean)' (x - mean), or, if by_rows,
 * out (n,n) = the inner products of the rows; mean (d) is of zeros if NULL. In double, both triangles.
 * SS_EIO if memory is short. The same bytes for any pool.
 */
int ss_gram(struct ss_pool *p, const float *x, size_t n, size_t d, const double *mean, bool by_rows,
    double *out, struct ss_err *e) SS_MUST_USE;

/*
 * The eigenvalues of a (n,n), of which the upper triangle is read and which is overwritten, into
 * values (n), the largest first; and the eigenvectors of the `wanted` first, 0..n, into
 * vectors (wanted,n), of length one, the largest of each one's components being positive.
 * Errors are a small multiple of 2^-52 of the largest |value|. The same bytes for any pool.
 *
 * Householder's reduction to a tridiagonal matrix in blocks (Golub & Van Loan, Matrix Computations,
 * 4th ed., algorithm 8.3.1; Dongarra, Sorensen & Hammarling 1989), then QR with implicit shifts
 * (8.3.3). SS_ENONFINITE if a value is not finite, SS_EIO if memory is short.
 */
int ss_eigen_symmetric(struct ss_pool *p, double *a, size_t n, double *values, double *vectors,
    size_t wanted, struct ss_err *e) SS_MUST_USE;

#endif
