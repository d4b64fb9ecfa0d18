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
 * From the gradient of the scores, which stands in s->s: dx of each matrix whose place is not NULL, and of the prototypes,
 * summed over all rows. space: as many floats as s->u has.
 */
void ss_scores_back(const struct ss_scores *s, const float *prototypes, float *const *dx,
    float *dprototypes, float *space, struct ss_pool *pool);

/* Entropy of n probabilities, in nats. */
double ss_entropy(const float *p, int n);

#endif
