/*
 * run.h - a training run: from the first batch, or from a checkpoint, to the last
 */
#ifndef SS_RUN_H
#define SS_RUN_H

#include "batch.h"
#include "monitor.h"
#include "model.h"
#include "nn/schedule.h"
#include "ssl/trainer.h"

struct run_options {
	const char *output;		/* model and checkpoints */
	const char *log;		/* NULL: none */
	const char *monitor;		/* NULL: none */
	int log_every;			/* steps */
	uint64_t checkpoint_every;	/* steps; 0: epochs */
	int monitor_every;		/* epochs */
	int keep;			/* earlier checkpoints as NAME.1, NAME.2 ... */
	bool resume, stop_on_collapse, profile;
	/* the recipe */
	const struct ss_method *method;
	const struct ss_kernels *kern;
	bool exact;			/* kern has no Winograd kernels */
	const char *arch;
	struct ss_head projector, predictor;
	bool own_projector, own_predictor;	/* given, not the method's */
	bool predictor_fixed;		/* as it begins */
	int batch;
	struct ss_update update;	/* momentum and so on; the rates follow from the schedule */
	struct ss_schedule schedule;	/* its base is the rate after scaling; in steps as far as that is said here */
	double decay_epochs;		/* at which the schedule ends; 0: with the run */
	double predictor_rate;		/* 0: the schedule's; > 0: this one, always; < 0: its base, always */
	int accumulate;			/* batches in a step */
	struct ss_knobs knobs;		/* of the method */
	double target_momentum;		/* of the first step */
	int groups;			/* that the target sees a batch in */
	int classes;			/* 0: as many as the stream names */
	double warmup;			/* epochs */
	uint64_t steps;			/* 0: as many as the stream has */
	uint64_t seed;
	float mean[4], std[4];
	int means, stds;		/* how many were given */
};

/* Trains on what the stream brings. Returns the exit status; ends the tool on failure. */
int run_train(struct ss_reader *in, const struct run_options *o, struct ss_pool *pool);

#endif
