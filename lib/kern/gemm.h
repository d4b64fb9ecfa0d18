/*
 * gemm.h - matrix products, row-major, in float and in double
 *
 *     C = alpha op(A) op(B) + beta C
 *
 * with op(A) m x k, op(B) k x n, C m x n; op(X) is X, or its transpose if
 * trans_x. ld is the distance between the rows of a matrix as it is stored.
 * C is not read if beta is 0, A and B are not read if alpha or k is 0.
 *
 * A call runs on the thread that makes it: callers cut their work into pieces
 * that depend on the work alone, so the bytes do not depend on the number of
 * threads. They do depend on the sizes of the piece, and on the CPU.
 */
#ifndef SS_GEMM_H
#define SS_GEMM_H

#include <stdbool.h>

/* The BLAS's where sstools is built with one, else ours. */
void ss_gemm(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc);

/* Our own, in blocks; always built. */
void ss_gemm_own(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a,
    int lda, const float *b, int ldb, float beta, float *c, int ldc);

/* The same in double. */
void ss_gemm_double(bool trans_a, bool trans_b, int m, int n, int k, double alpha, const double *a, int lda,
    const double *b, int ldb, double beta, double *c, int ldc);
void ss_gemm_own_double(bool trans_a, bool trans_b, int m, int n, int k, double alpha, const double *a,
    int lda, const double *b, int ldb, double beta, double *c, int ldc);

/* The definition, in float, summed in double: what the others are tested against. */
void ss_gemm_ref(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a,
    int lda, const float *b, int ldb, float beta, float *c, int ldc);

#endif
