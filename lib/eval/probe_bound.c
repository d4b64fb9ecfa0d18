/*
 * probe_bound.c - the bound on the second derivatives of softmax regression, factored
 */
#include <limits.h>
#include <stdlib.h>

#include "base/size.h"
#include "eval/cholesky.h"
#include "eval/probe_parts.h"
#include "kern/gemm.h"

enum {
	BLOCK = 256,
	FEATURES_MAX = 4096	/* with more the factorisation costs more than it saves */
};

struct gram {
	const float *x;
	size_t n, d;
	float *out;		/* (d,d), the lower triangle in blocks */
};

/* Piece i * (i + 1) / 2 + j is block (i,j), j <= i. */
static void
multiply_gram(void *arg, size_t piece, int worker)
{
	const struct gram *g = arg;
	size_t i = 0, j, r, c;

	(void)worker;
	while ((i + 1) * (i + 2) / 2 <= piece)
		i++;
	j = piece - i * (i + 1) / 2;
	r = i * BLOCK;
	c = j * BLOCK;
	ss_gemm(true, false, (int)ss_least(BLOCK, g->d - r), (int)ss_least(BLOCK, g->d - c),
	    (int)g->n, (float)(0.5 / (double)g->n), g->x + r, (int)g->d, g->x + c, (int)g->d, 0,
	    g->out + r * g->d + c, (int)g->d);
}

/*
 * Where features depend on each other a shift keeps it positive. A part of the records would not
 * do: features that are rarely active would be taken for constant.
 */
int
ss_probe_bound(float **out, struct ss_pool *pool, const float *x, size_t n, size_t d, double l2,
    struct ss_err *e)
{
	const size_t blocks = (d + BLOCK - 1) / BLOCK;
	struct gram g = { .x = x, .n = n, .d = d };

	*out = NULL;
	if (d > FEATURES_MAX || n > INT_MAX)
		return 0;
	g.out = ss_alloc(d * d, sizeof(*g.out));
	if (g.out == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (double shift = 1e-5; shift < 1; shift *= 10) {
		ss_pool_run(pool, blocks * (blocks + 1) / 2, multiply_gram, &g);
		if (ss_cholesky(pool, g.out, d, l2 + shift)) {
			*out = g.out;
			return 0;
		}
	}
	free(g.out);
	return 0;
}
