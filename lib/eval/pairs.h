/*
 * pairs.h - all pairs of rows whose cosine is at or above a threshold
 *
 * Exact: the kernels' dots, in floats, only leave out what cannot be one. What is left is computed again in doubles,
 * in an order that depends on the number of features alone, so that neither threads nor the CPU's kernels change a bit of
 * it: the cosine of equal rows is 1.
 */
#ifndef SS_PAIRS_H
#define SS_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"

struct ss_pair {
	double cosine;
	uint32_t a, b;		/* rows, a < b */
};

/* Larger cosines come first, then lower a, then lower b. Below 0, 0 or above, as for qsort. */
int ss_pair_order(const void *x, const void *y);

/* Of two rows of d floats, -1..1; 0 if one of them is all 0. */
double ss_pair_cosine(const float *a, const float *b, size_t d);

struct ss_pairs_question {
	double threshold;	/* -1..1 */
	size_t most;		/* pairs; no more memory is taken than these need */
	void (*progress)(void *arg, size_t done, size_t total);	/* or NULL; from the caller's thread */
	void *arg;
};

/*
 * Pairs of x (n,d), in unit rows, in ss_pair_order; free(). 0; or 1, and *out is NULL, if there are more than q->most.
 * Memory beside them: 8 bytes for each row, and per thread 1 MiB and 5 KiB for each feature.
 */
int ss_pairs_find(struct ss_pair **out, size_t *count, struct ss_pool *p, const float *x, size_t n, size_t d,
    const struct ss_pairs_question *q, struct ss_err *e) SS_MUST_USE;

#endif
