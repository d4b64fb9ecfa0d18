/*
 * prototypes.h - scores of unit rows against prototypes: what SwAV and DINO share
 */
#ifndef SS_PROTOTYPES_H
#define SS_PROTOTYPES_H

#include <stddef.h>

#include "base/work.h"

/* `matrices` of n rows of d floats against `prototypes` unit rows of d floats. */
struct ss_scores {
	int matrices, n, d, prototypes;
	float *u, *norm;	/* unit rows of all matrices, and their lengths */
	float *s;		/* (matrices n) x prototypes: u . prototype */
};

/* Takes what it needs from *space, moving it on; x are the matrices. */
void ss_scores_make(struct ss_scores *s, const float *const *x, const float *prototypes, float **space,
    struct ss_pool *pool);
size_t ss_scores_floats(int matrices, int n, int d, int prototypes);

/*
 * Each view learns the choices of the others: with P_b = softmax(S_b / t) and `choice` of the first `choosers` views, laid out
 * as s->s, the mean over pairs of views a != b, a one of these, and images of -sum_k choice_a,k log P_b,k. The scores
 * become their gradient, (sum over a != b of (P_b - choice_a)) / (t N pairs). space: n floats.
 */
double ss_scores_learn(const struct ss_scores *s, const float *choice, int choosers, double temperature,
    float *space, struct ss_pool *pool);

/*
 * From the gradient of the scores, which stands in s->s: dx of each matrix whose place is not NULL, and of the prototypes,
 * summed over all rows. space: as many floats as s->u has.
 */
void ss_scores_back(const struct ss_scores *s, const float *prototypes, float *const *dx,
    float *dprototypes, float *space, struct ss_pool *pool);

/*
 * How so many rows of probabilities choose, over the logarithm of how many prototypes there are: entropy of their mean, and the mean
 * of their entropies. Both near 1: nothing is told apart; both near 0: all choose the same. mean: room for one row.
 */
void ss_choice_entropy(const float *choice, int rows, int prototypes, float *mean, double *of_mean,
    double *each);

#endif
