/*
 * siamese.h - predictions that should be like targets: what SimSiam, FastSiam and BYOL share
 */
#ifndef SS_SIAMESE_H
#define SS_SIAMESE_H

#include "ssl/method.h"

struct ss_siamese {
	const struct ss_outputs *v;
	const float *const *target;
	float *const *dtarget;	/* gradient of the targets, added to what is there; NULL: none flows */
	bool mean;		/* aim at the mean of the others' targets, not at each; no gradient flows */
	bool cross_entropy;	/* instead of the cosine */
	bool one_way;		/* view 1 predicts view 2, view 3 view 4 and so on, and that is all; an even number, all global */
	double scale;
};

/*
 * With predictions p of all views and targets t of the global ones:
 *
 *	D(p_a, t_b) = -1/N sum over images of cos(p_a, t_b), or of
 *		sum over channels of softmax(t_b) log softmax(p_a)
 *
 * Returns the mean of D over all pairs of different views, times scale; or, if `one_way`, over those pairs; or, if `mean`,
 * over all views the mean of D(p_a, mean of the others' targets). v->dp gets the gradient.
 */
double ss_siamese_loss(const struct ss_siamese *s, float *scratch, struct ss_pool *pool);
size_t ss_siamese_scratch(int n, int d);

#endif
