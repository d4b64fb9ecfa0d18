/*
 * tsne.h - t-SNE: a map on which neighbours stay neighbours
 *
 * L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", JMLR 2008: points y of the
 * plane are moved so that q(i,j) = (1 + |yi - yj|^2)^-1 / Z, Z the sum of these over all pairs, comes near
 * to the affinities p(i,j), measured by KL = the sum of p log(p / q). Far points may be counted
 * together as L. van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 2014, has it.
 */
#ifndef SS_TSNE_H
#define SS_TSNE_H

#include <stddef.h>

#include "eval/affinity.h"

struct ss_tsne {
	int iterations;
	int early;		/* of these, the first with exaggerated affinities and less momentum */
	double exaggeration;
	double rate;		/* 0: n / exaggeration / 4, at least 50 */
	double angle;		/* see quadtree.h; 0: all pairs are computed */
	void (*progress)(void *arg, int iteration);	/* after each, unless NULL */
	void *arg;
};

/* scikit-learn's defaults; the angle is 0 up to so many points, where that is quick enough. */
enum { SS_TSNE_EXACT = 5000 };
struct ss_tsne ss_tsne_defaults(size_t n);

/*
 * Moves y (n,2), which holds where the points begin, downhill by gradient descent with momentum
 * and gains; *kl becomes the value reached. Ends before the last iteration where the
 * gradient is 0. The same bytes for any pool.
 */
int ss_tsne_run(const struct ss_tsne *o, struct ss_pool *p, const struct ss_affinity *a, double *y,
    double *kl, struct ss_err *e) SS_MUST_USE;

/* KL at y (n,2), and its gradient into g (n,2), with the affinities exaggerated so many times in the latter. */
int ss_tsne_gradient(struct ss_pool *p, const struct ss_affinity *a, const double *y, double angle,
    double exaggeration, double *g, double *kl, struct ss_err *e) SS_MUST_USE;

/*
 * Where points begin: scores (n,2), as principal components, scaled so that the first
 * coordinate has the standard deviation 1e-4; the second one, or both, are drawn at random, of
 * that deviation, where there is none.
 */
void ss_tsne_begin(double *y, size_t n, uint64_t seed);

#endif
