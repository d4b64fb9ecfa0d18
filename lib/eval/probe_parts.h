/*
 * probe_parts.h - what the parts of the probe hand to each other; for probe*.c alone
 */
#ifndef SS_PROBE_PARTS_H
#define SS_PROBE_PARTS_H

#include "eval/probe.h"

/* A set whose features are scaled and whose labels are numbered 0..classes-1. */
struct problem {
	struct ss_pool *pool;
	const float *x;		/* (views, n, d) */
	const int32_t *label;	/* (n) */
	size_t n, d, views;
	int classes;
	const float *held;	/* (helds, d), or NULL */
	const int32_t *held_label;
	size_t helds;
};

/* w (classes,d) and b (classes), to convergence. */
int ss_probe_converge(const struct problem *p, const struct ss_probe_options *o, float *w, float *b,
    struct ss_probe_fit *fit, struct ss_err *e) SS_MUST_USE;

/* The same by steps. */
int ss_probe_step(const struct problem *p, const struct ss_probe_options *o, float *w, float *b,
    struct ss_probe_fit *fit, struct ss_err *e) SS_MUST_USE;

/*
 * A factor L (d,d), lower triangle, of 1/2 X'X/n + l2 for x (n,d), as small a multiple of 1 being
 * added as rounding allows; NULL if there are too many features, or no such factor.
 */
int ss_probe_bound(float **out, struct ss_pool *pool, const float *x, size_t n, size_t d, double l2,
    struct ss_err *e) SS_MUST_USE;

#endif
