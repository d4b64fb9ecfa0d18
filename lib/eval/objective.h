/*
 * objective.h - the value and gradient of softmax regression over all records
 *
 * F of probe.h. Records are cut into pieces whatever the number of threads, and what they give is
 * added in their order, in double; products with the data are in float.
 */
#ifndef SS_OBJECTIVE_H
#define SS_OBJECTIVE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"

/* Filled by ss_objective_init, but for the first part. */
struct ss_objective {
	struct ss_pool *pool;
	const float *x;		/* (n,d) */
	const int32_t *label;	/* (n), in 0..classes-1 */
	size_t n, d;
	int classes;
	double l2;		/* divided by n */

	size_t pieces;
	int tile;		/* records at once */
	float *wf, *bf;		/* (classes,d) and (classes): where it is evaluated, in float */
	double *g;		/* (classes, d + 1): where the gradient goes */
	const double *w;
	float *logit;		/* per thread (classes, tile) */
	float *part;		/* per piece (classes, d): n times its share of the gradient */
	double *bias;		/* per piece (classes): the biases' share */
	double *loss;		/* per piece */
	size_t *correct;	/* per piece */
};

/* ss_objective_free is due even if it fails. */
int ss_objective_init(struct ss_objective *o, struct ss_err *e) SS_MUST_USE;

/* F at w (classes, d + 1; biases last), and its gradient of the same shape. */
double ss_objective_value(struct ss_objective *o, const double *w, double *gradient);

/* Records that the w of the last evaluation gets right. */
size_t ss_objective_correct(const struct ss_objective *o);

void ss_objective_free(struct ss_objective *o);

#endif
