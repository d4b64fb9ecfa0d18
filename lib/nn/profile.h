/*
 * profile.h - where the time of training steps goes
 */
#ifndef SS_PROFILE_H
#define SS_PROFILE_H

#include "nn/plan.h"

/* What a step does beside the phases of its plan. */
enum ss_extra { SS_EXTRA_PACK, SS_EXTRA_LOCAL, SS_EXTRA_TARGET, SS_EXTRA_LOSS, SS_EXTRA_UPDATE, SS_EXTRAS };

/* Seconds of each thread in each phase, forward and backward, and then in each extra. */
struct ss_profile {
	const struct ss_plan *plan;
	int threads, views;	/* views: passes over the plan in a step */
	double *seconds;	/* (threads, phases + SS_EXTRAS) */
};

/* Zeros. -1: out of memory. */
int ss_profile_create(struct ss_profile *p, const struct ss_plan *plan, int threads,
    int views) SS_MUST_USE;
void ss_profile_free(struct ss_profile *p);

/* p may be NULL: nothing happens. */
void ss_profile_add(struct ss_profile *p, int worker, int phase, double seconds);

/* Phases that do the same to the same shape, together. */
struct ss_profile_row {
	char name[64];		/* "conv 3x3 16>16 at 32x32, Winograd: data gradient" */
	double seconds;		/* of all threads */
	double flop;		/* of one pass over each such phase, as direct convolution has them; 0: bound by memory */
	int phases;
};

/* Fills rows, which has room for phases + SS_EXTRAS; returns how many there are, longest first. */
int ss_profile_rows(const struct ss_profile *p, struct ss_profile_row *rows);

#endif
