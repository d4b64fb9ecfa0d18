/*
 * gemm.c - matrix products in float: one wrapper, two bodies, and the oracle of both
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
 * A tile of C is ROWS x COLS: 8 vectors of 4, two of B and one of A fit the 16
 * registers that every x86-64 has. A block of op(A) is 16 KiB, one of op(B)
 * 64 KiB: the first stays in the level-1 cache, both in the second.
 */
enum { ROWS = 4, COLS = 8, BLOCK_M = 64, BLOCK_N = 256, BLOCK_K = 64 };

typedef float vec __attribute__((vector_size(4 * sizeof(float))));

/* c (ROWS x COLS, to be added to) = a (depth x ROWS) times b (depth x COLS), both packed. */
static void
multiply_tile(int depth, const float *a, const float *b, float c[ROWS][COLS])
{
	vec sum[ROWS][2] = { 0 };

	for (int p = 0; p < depth; p++, a += ROWS, b += COLS) {
		vec b0, b1;

		memcpy(&b0, b, sizeof(b0));
		memcpy(&b1, b + 4, sizeof(b1));
		for (int i = 0; i < ROWS; i++) {
			sum[i][0] += a[i] * b0;
			sum[i][1] += a[i] * b1;
		}
	}
	memcpy(c, sum, sizeof(sum));
}

/*
 * Copies count x depth values, count being rows of op(A) or columns of op(B),
 * into strips of `width`, depth by depth; what is missing of the last strip is 0.
 */
static void
pack(int count, int depth, int width, const float *x, size_t step, size_t depth_step, float *out)
{
	for (int i = 0; i < count; i += width)
		for (int p = 0; p < depth; p++)
			for (int j = i; j < i + width; j++)
				*out++ = j < count ? x[(size_t)j * step + (size_t)p * depth_step] : 0;
}

static void
scale(int m, int n, float beta, float *c, int ldc)
{
	for (int i = 0; i < m; i++) {
		float *row = c + (size_t)i * (size_t)ldc;

		if (beta == 0)
			memset(row, 0, (size_t)n * sizeof(*row));
		else if (beta != 1)
			for (int j = 0; j < n; j++)
				row[j] *= beta;
	}
}

static int
smaller(int a, int b)
{
	return a < b ? a : b;
}

void
ss_gemm_own(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc)
{
	_Alignas(64) float pa[BLOCK_M * BLOCK_K], pb[BLOCK_K * BLOCK_N];
	const size_t a_row = trans_a ? 1 : (size_t)lda, a_depth = trans_a ? (size_t)lda : 1;
	const size_t b_col = trans_b ? (size_t)ldb : 1, b_depth = trans_b ? 1 : (size_t)ldb;

	if (m <= 0 || n <= 0)
		return;
	scale(m, n, beta, c, ldc);
	if (alpha == 0)
		return;
	for (int j0 = 0; j0 < n; j0 += BLOCK_N)
	for (int p0 = 0; p0 < k; p0 += BLOCK_K) {
		const int nb = smaller(n - j0, BLOCK_N), kb = smaller(k - p0, BLOCK_K);

		pack(nb, kb, COLS, b + (size_t)j0 * b_col + (size_t)p0 * b_depth, b_col, b_depth, pb);
		for (int i0 = 0; i0 < m; i0 += BLOCK_M) {
			const int mb = smaller(m - i0, BLOCK_M);

			pack(mb, kb, ROWS, a + (size_t)i0 * a_row + (size_t)p0 * a_depth, a_row,
			    a_depth, pa);
			for (int i = 0; i < mb; i += ROWS)
			for (int j = 0; j < nb; j += COLS) {
				const int ib = smaller(mb - i, ROWS), jb = smaller(nb - j, COLS);
				float *out = c + (size_t)(i0 + i) * (size_t)ldc + j0 + j;
				float t[ROWS][COLS];

				multiply_tile(kb, pa + i * kb, pb + j * kb, t);
				for (int y = 0; y < ib; y++, out += ldc)
					for (int x = 0; x < jb; x++)
						out[x] += alpha * t[y][x];
			}
		}
	}
}

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

#ifdef SS_OPENBLAS

static void
keep_to_one_thread(void)
{
	openblas_set_num_threads(1);
}

void
ss_gemm(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (m <= 0 || n <= 0)
		return;
	if (alpha == 0 || k <= 0) {
		scale(m, n, beta, c, ldc);
		return;
	}
	pthread_once(&once, keep_to_one_thread);
	cblas_sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans,
	    trans_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#else

void
ss_gemm(bool trans_a, bool trans_b, int m, int n, int k, float alpha, const float *a, int lda,
    const float *b, int ldb, float beta, float *c, int ldc)
{
	ss_gemm_own(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#endif
