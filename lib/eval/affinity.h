/*
 * affinity.h - which points are each other's neighbours, and how much
 *
 * The joint probabilities of t-SNE (van der Maaten and Hinton, JMLR 2008, section 2), for each
 * point's nearest neighbours alone (van der Maaten, JMLR 2014, section 4.1): from point i, its
 * neighbour j has p(j|i) proportional to exp(-|xi - xj|^2 b), b such that the entropy of p(.|i) is the
 * logarithm of the perplexity; and p(i,j) = (p(j|i) + p(i|j)) / 2n.
 */
#ifndef SS_AFFINITY_H
#define SS_AFFINITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"

/* A symmetric matrix of which only some elements are not 0, row by row. */
struct ss_affinity {
	size_t n;
	size_t *begin;		/* (n + 1): where the elements of a row begin */
	uint32_t *to;		/* their columns */
	double *p;		/* all of them sum to 1 */
};

/* How many neighbours of n points count: three times the perplexity, and one; see SS_EUSAGE below. */
size_t ss_affinity_neighbours(size_t n, double perplexity);

/*
 * For the rows of x (n,d), from which the mean is subtracted in place. Memory: 40 bytes for each
 * point and neighbour. SS_EUSAGE unless 1 <= perplexity < n. The same bytes for any pool.
 */
int ss_affinity_create(struct ss_affinity *a, struct ss_pool *p, float *x, size_t n, size_t d,
    double perplexity, struct ss_err *e) SS_MUST_USE;
void ss_affinity_free(struct ss_affinity *a);

#endif
