/*
 * gemm.c - matrix products: one wrapper, two bodies, and the oracle of both
 *
 * The BLAS is told once to stay on the caller's thread. Our own body copies a
 * block of op(A) and one of op(B) into the stack, so that the inner loop reads
 * both in order whatever is transposed, and keeps a tile of C in registers.
 */
#include <stddef.h>
#include <string.h>

#ifdef SS_OPENBLAS
#include <cblas.h>
#include <pthread.h>
#endif

#include "kern/gemm.h"

/*
 * A tile of C is ROWS x COLS: of floats 8 vectors of 4, two of B and one of A fit the 16
 * registers that every x86-64 has. A block of op(A) is 16 KiB, one of op(B)
 * 64 KiB, of doubles twice that: the first stays in the level-1 cache, both in the second.
 */
enum { COLS = 8, BLOCK_M = 64, BLOCK_N = 256, BLOCK_K = 64 };

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

#ifdef SS_OPENBLAS
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
keep_to_one_thread(void)
{
	openblas_set_num_threads(1);
}
#endif

#define REAL		float
#define NAME(x)		x
#define CBLAS_GEMM	cblas_sgemm
#define ROWS		4
#include "gemm_template.h"

#define REAL		double
#define NAME(x)		x##_double
#define CBLAS_GEMM	cblas_dgemm
#define ROWS		2
#include "gemm_template.h"

void
ss_gemm_ref(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc)
{
	for (int i = 0; i < m; i++)
		for (int j = 0; j < n; j++) {
			float *out = &c[(size_t)i * (size_t)ldc + (size_t)j];
			double sum = 0;

			for (int p = 0; p < k && alpha != 0; p++)
				sum += (double)(trans_a ? a[(size_t)p * (size_t)lda + (size_t)i] :
				    a[(size_t)i * (size_t)lda + (size_t)p]) *
				    (double)(trans_b ? b[(size_t)j * (size_t)ldb + (size_t)p] :
				    b[(size_t)p * (size_t)ldb + (size_t)j]);
			*out = (float)(alpha * sum + (beta == 0 ? 0 : (double)beta * (double)*out));
		}
}
