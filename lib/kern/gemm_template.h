/*
 * gemm_template.h - gemm, the BLAS's and our own, for one type of numbers
 *
 * Included by gemm.c once for each, which defines
 *	REAL		the type
 *	NAME(x)		x with an ending of its own
 *	CBLAS_GEMM	the function of the BLAS
 *	ROWS		of a tile of C: 2 ROWS vectors of 4 and three more must fit 16 registers of 16 bytes
 *
 * No include guard, on purpose.
 */

typedef REAL NAME(vec) __attribute__((vector_size(4 * sizeof(REAL))));

/* c (ROWS x COLS, to be added to) = a (depth x ROWS) times b (depth x COLS), both packed. */
static void
NAME(multiply_tile)(int depth, const REAL *a, const REAL *b, REAL c[ROWS][COLS])
{
	NAME(vec) sum[ROWS][2] = { 0 };

	for (int p = 0; p < depth; p++, a += ROWS, b += COLS) {
		NAME(vec) b0, b1;

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
NAME(pack)(int count, int depth, int width, const REAL *x, size_t step, size_t depth_step, REAL *out)
{
	for (int i = 0; i < count; i += width)
		for (int p = 0; p < depth; p++)
			for (int j = i; j < i + width; j++)
				*out++ = j < count ? x[(size_t)j * step + (size_t)p * depth_step] : 0;
}

static void
NAME(scale)(int m, int n, REAL beta, REAL *c, int ldc)
{
	for (int i = 0; i < m; i++) {
		REAL *row = c + (size_t)i * (size_t)ldc;

		if (beta == 0)
			memset(row, 0, (size_t)n * sizeof(*row));
		else if (beta != 1)
			for (int j = 0; j < n; j++)
				row[j] *= beta;
	}
}

void
NAME(ss_gemm_own)(bool trans_a, bool trans_b, int m, int n, int k, REAL alpha, const REAL *a, int lda,
    const REAL *b, int ldb, REAL beta, REAL *c, int ldc)
{
	_Alignas(64) REAL pa[BLOCK_M * BLOCK_K], pb[BLOCK_K * BLOCK_N];
	const size_t a_row = trans_a ? 1 : (size_t)lda, a_depth = trans_a ? (size_t)lda : 1;
	const size_t b_col = trans_b ? (size_t)ldb : 1, b_depth = trans_b ? 1 : (size_t)ldb;

	if (m <= 0 || n <= 0)
		return;
	NAME(scale)(m, n, beta, c, ldc);
	if (alpha == 0)
		return;
	for (int j0 = 0; j0 < n; j0 += BLOCK_N)
	for (int p0 = 0; p0 < k; p0 += BLOCK_K) {
		const int nb = smaller(n - j0, BLOCK_N), kb = smaller(k - p0, BLOCK_K);

		NAME(pack)(nb, kb, COLS, b + (size_t)j0 * b_col + (size_t)p0 * b_depth, b_col, b_depth, pb);
		for (int i0 = 0; i0 < m; i0 += BLOCK_M) {
			const int mb = smaller(m - i0, BLOCK_M);

			NAME(pack)(mb, kb, ROWS, a + (size_t)i0 * a_row + (size_t)p0 * a_depth, a_row,
			    a_depth, pa);
			for (int i = 0; i < mb; i += ROWS)
			for (int j = 0; j < nb; j += COLS) {
				const int ib = smaller(mb - i, ROWS), jb = smaller(nb - j, COLS);
				REAL *out = c + (size_t)(i0 + i) * (size_t)ldc + j0 + j;
				REAL t[ROWS][COLS];

				NAME(multiply_tile)(kb, pa + i * kb, pb + j * kb, t);
				for (int y = 0; y < ib; y++, out += ldc)
					for (int x = 0; x < jb; x++)
						out[x] += alpha * t[y][x];
			}
		}
	}
}

void
NAME(ss_gemm)(bool trans_a, bool trans_b, int m, int n, int k, REAL alpha, const REAL *a, int lda,
    const REAL *b, int ldb, REAL beta, REAL *c, int ldc)
{
#ifdef SS_OPENBLAS
	if (m <= 0 || n <= 0)
		return;
	if (alpha == 0 || k <= 0) {
		NAME(scale)(m, n, beta, c, ldc);
		return;
	}
	pthread_once(&once, keep_to_one_thread);
	CBLAS_GEMM(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans,
	    trans_b ? CblasTrans : CblasNoTrans, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#else
	NAME(ss_gemm_own)(trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
#endif
}

#undef CBLAS_GEMM
#undef REAL
#undef NAME
#undef ROWS
