/*
 * cholesky.c - triangular factors of large positive matrices, in float
 *
 * By blocks, each subtracted from all that lies right of and below it: nearly all
 * of the work is gemm. The factor of a block on the diagonal is computed in double.
 */
#include <math.h>
#include <string.h>

#include "base/size.h"
#include "eval/cholesky.h"
#include "kern/gemm.h"

enum {
	BLOCK = 64,		/* columns factored at a time */
	AREA = 256,		/* rows and columns of a piece of what is subtracted */
	WIDE = 4		/* vectors solved side by side */
};

struct job {
	float *a;
	size_t n, first, cols;	/* the block on the diagonal */
};

static bool
factor_diagonal(const struct job *k, double shift)
{
	for (size_t i = 0; i < k->cols; i++) {
		float *ri = k->a + (k->first + i) * k->n + k->first;

		for (size_t j = 0; j <= i; j++) {
			const float *rj = k->a + (k->first + j) * k->n + k->first;
			double sum = (double)ri[j] + (i == j ? shift : 0);

			for (size_t p = 0; p < j; p++)
				sum -= (double)ri[p] * (double)rj[p];
			if (i == j) {
				if (!(sum > 0))
					return false;
				ri[j] = (float)sqrt(sum);
			} else {
				ri[j] = (float)(sum / (double)rj[j]);
			}
		}
	}
	return true;
}

/* The rows below the block, AREA at a time: X L' = A. */
static void
solve_rows(void *arg, size_t piece, int worker)
{
	const struct job *k = arg;
	const size_t first = k->first + k->cols + piece * AREA, end = ss_least(first + AREA, k->n);

	(void)worker;
	for (size_t i = first; i < end; i++) {
		float *x = k->a + i * k->n + k->first;

		for (size_t j = 0; j < k->cols; j++) {
			const float *l = k->a + (k->first + j) * k->n + k->first;
			float sum = 0;

			for (size_t p = 0; p < j; p++)
				sum += x[p] * l[p];
			x[j] = (x[j] - sum) / l[j];
		}
	}
}

/* Piece i * (i + 1) / 2 + j subtracts the product of the solved rows of areas i and j, j <= i. */
static void
subtract(void *arg, size_t piece, int worker)
{
	const struct job *k = arg;
	const size_t begin = k->first + k->cols;
	size_t i = 0, r, c;

	(void)worker;
	while ((i + 1) * (i + 2) / 2 <= piece)
		i++;
	r = begin + i * AREA;
	c = begin + (piece - i * (i + 1) / 2) * AREA;
	ss_gemm(false, true, (int)ss_least(AREA, k->n - r), (int)ss_least(AREA, k->n - c),
	    (int)k->cols, -1, k->a + r * k->n + k->first, (int)k->n,
	    k->a + c * k->n + k->first, (int)k->n, 1, k->a + r * k->n + c, (int)k->n);
}

bool
ss_cholesky(struct ss_pool *p, float *a, size_t n, double shift)
{
	for (size_t first = 0; first < n; first += BLOCK) {
		struct job k = { a, n, first, ss_least(BLOCK, n - first) };
		const size_t areas = (n - first - k.cols + AREA - 1) / AREA;

		if (!factor_diagonal(&k, shift))
			return false;
		ss_pool_run(p, areas, solve_rows, &k);
		ss_pool_run(p, areas * (areas + 1) / 2, subtract, &k);
	}
	return true;
}

/* Row i of the solution, for the vectors side by side in t (n,m): L y = b. */
static void
solve_forward(const float *l, size_t n, double *t, size_t m)
{
	for (size_t i = 0; i < n; i++)
		for (size_t v = 0; v < m; v += WIDE) {
			double sum[WIDE] = { 0 };

			for (size_t j = 0; j < i; j++)
				for (int w = 0; w < WIDE; w++)
					sum[w] += (double)l[i * n + j] * t[j * m + v + w];
			for (int w = 0; w < WIDE; w++) {
				double *y = &t[i * m + v + w];

				*y = (*y - sum[w]) / (double)l[i * n + i];
			}
		}
}

/* L' y = b, a row of L at a time, as it lies in memory. */
static void
solve_backward(const float *l, size_t n, double *t, size_t m)
{
	for (size_t i = n; i-- > 0;)
		for (size_t v = 0; v < m; v += WIDE) {
			double y[WIDE];

			for (int w = 0; w < WIDE; w++)
				y[w] = t[i * m + v + w] /= (double)l[i * n + i];
			for (size_t j = 0; j < i; j++)
				for (int w = 0; w < WIDE; w++)
					t[j * m + v + w] -= (double)l[i * n + j] * y[w];
		}
}

void
ss_cholesky_solve(const float *l, size_t n, bool transposed, double *b, size_t m, size_t ld,
    double *room)
{
	const size_t wide = (m + WIDE - 1) / WIDE * WIDE;

	memset(room, 0, n * wide * sizeof(*room));
	for (size_t v = 0; v < m; v++)
		for (size_t i = 0; i < n; i++)
			room[i * wide + v] = b[v * ld + i];
	if (transposed)
		solve_backward(l, n, room, wide);
	else
		solve_forward(l, n, room, wide);
	for (size_t v = 0; v < m; v++)
		for (size_t i = 0; i < n; i++)
			b[v * ld + i] = room[i * wide + v];
}
