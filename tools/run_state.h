/*
 * run_state.h - a run while it goes on: what run*.c share, and nobody else
 */
#ifndef SS_RUN_STATE_H
#define SS_RUN_STATE_H

#include <stdio.h>

#include "checkpoint.h"
#include "nn/profile.h"
#include "run.h"
#include "validation.h"

/* Steps, and measurements of the rank, after which a collapse is named. */
enum { RUN_COLLAPSED = 20, RUN_NARROW = 3 };

struct run {
	const struct run_options *o;
	struct batch batch;
	struct model model;
	struct ss_net *net;
	struct ss_trainer *trainer;
	struct ss_st *origin_file;	/* of --init, until its weights are taken */
	struct model origin;
	struct monitor *monitor;
	struct validation *validation;
	FILE *log;			/* NULL: none */
	uint64_t per_epoch;		/* steps */
	struct ss_schedule schedule;
	struct checkpoint checkpoint;
	double rate;			/* images a second, the wait for them included, smoothed */
	int collapsed;			/* steps in a row */
	int narrow;			/* measured steps in a row whose rank is low; the first of them */
	uint64_t narrow_since;
	struct ss_profile profile;	/* of the steps after the first */
	uint64_t profiled;
	double profiled_seconds, waiting;
};

/*
 * run_plan.c: the network, the steps of the run and of an epoch, and the schedule of the rate, from options and stream; ends the
 * tool if they do not fit each other. The batch knows its views and classes.
 */
void run_plan(struct run *r, const struct ss_header *h);

/* run_log.c: whether the coming step is one whose outputs are measured in full; */
bool run_measures(const struct run *r);

/* a line of the log, if the step is due for one; */
void run_log_step(struct run *r, const struct ss_step *s, double lr);

/* and a collapse named in words, once, when it has lasted; ends the tool if that was asked for. */
void run_watch(struct run *r, const struct ss_step *s);

/* run_init.c: reads the model of --init, and takes its weights; both do nothing without one. */
void run_init_open(struct run *r);
void run_init_take(struct run *r);

/*
 * run_epoch.c: what is measured after the last step of an epoch, written to the log, and kept if it is the best; whether the run
 * is over, for it has all its steps or has not got better for long; and the best weights put in the place of the last.
 */
void run_epoch_open(struct run *r, uint32_t watched[2], struct ss_pool *pool);	/* watched: see recipe_text */
void run_epoch_end(struct run *r, struct ss_pool *pool);
bool run_over(const struct run *r);
void run_restore(struct run *r);
void run_epoch_close(struct run *r);

#endif
