/*
 * gram.c - inner products of columns, or of rows, in double
 *
 * By tiles of the result, each the sum of gemms over blocks of what is summed: the values are
 * widened and centred block by block, so no copy of the matrix is made.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/eigen.h"
#include "kern/gemm.h"

enum {
	AREA = 128,		/* rows and columns of a tile */
	DEPTH = 256		/* products of a tile's element at a time */
};

struct gram {
	const float *x;
	size_t n, d;
	const double *mean;
	bool by_rows;
	size_t size, depth;	/* of the result; values that each of its elements sums over */
	double *room;		/* (threads, 2, DEPTH, AREA) */
	double *out;
};

/* Elements `begin` .. of the result's side, depth `first` .., into to (rows,count) or, by rows, (count,rows). */
static void
widen(const struct gram *g, size_t begin, size_t count, size_t first, size_t rows, double *to)
{
	const size_t row = g->by_rows ? begin : first, column = g->by_rows ? first : begin;
	const size_t high = g->by_rows ? count : rows, wide = g->by_rows ? rows : count;

	for (size_t i = 0; i < high; i++) {
		const float *x = g->x + (row + i) * g->d + column;

		for (size_t k = 0; k < wide; k++)
			to[i * wide + k] = (double)x[k] - (g->mean == NULL ? 0 : g->mean[column + k]);
	}
}

/* Piece i * (i + 1) / 2 + j is the tile of areas j and i, j <= i, and its mirror image. */
static void
tile(void *arg, size_t piece, int worker)
{
	const struct gram *g = arg;
	double *a = g->room + (size_t)worker * 2 * DEPTH * AREA, *b = a + DEPTH * AREA;
	size_t i = 0, r, c, high, wide;

	while ((i + 1) * (i + 2) / 2 <= piece)
		i++;
	c = i * AREA;
	r = (piece - i * (i + 1) / 2) * AREA;
	high = ss_least(AREA, g->size - r);
	wide = ss_least(AREA, g->size - c);
	for (size_t at = 0; at < g->depth; at += DEPTH) {
		const size_t rows = ss_least(DEPTH, g->depth - at);

		widen(g, r, high, at, rows, a);
		if (r != c)
			widen(g, c, wide, at, rows, b);
		ss_gemm_double(!g->by_rows, g->by_rows, (int)high, (int)wide, (int)rows, 1,
		    a, (int)(g->by_rows ? rows : high), r == c ? a : b, (int)(g->by_rows ? rows : wide),
		    at > 0, g->out + r * g->size + c, (int)g->size);
	}
	for (size_t k = 0; k < high; k++)
		for (size_t m = r == c ? k + 1 : 0; m < wide; m++)
			g->out[(c + m) * g->size + r + k] = g->out[(r + k) * g->size + c + m];
}

int
ss_gram(struct ss_pool *p, const float *x, size_t n, size_t d, const double *mean, bool by_rows,
    double *out, struct ss_err *e)
{
	struct gram g = { .x = x, .n = n, .d = d, .mean = mean, .by_rows = by_rows, .size = by_rows ? n : d,
		.depth = by_rows ? d : n, .out = out };
	const size_t areas = (g.size + AREA - 1) / AREA;

	g.room = ss_alloc((size_t)ss_pool_threads(p), 2 * DEPTH * AREA * sizeof(double));
	if (g.room == NULL)
		return ss_fail(e, SS_EIO, "out of memory for inner products of %zu features", d);
	if (g.depth == 0)
		memset(out, 0, g.size * g.size * sizeof(*out));
	ss_pool_run(p, areas * (areas + 1) / 2, tile, &g);
	free(g.room);
	return 0;
}
