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

/* What is measured at the end of an epoch, and can be watched: for the best network, for an early end. */
enum measure { MEASURE_LOSS, MEASURE_KNN, MEASURE_VALIDATION_LOSS, MEASURE_VALIDATION_ACCURACY, MEASURES };

/* Their names in that order; NULL at the end. */
extern const char *const run_watchable[];

/* What --init takes; names in that order, NULL at the end. */
enum init_parts { INIT_BACKBONE, INIT_ALL };
extern const char *const run_init_parts[];

struct run_options {
	const char *output;		/* model and checkpoints */
	const char *log;		/* NULL: none */
	const char *monitor, *validate;	/* NULL: none */
	int log_every;			/* steps */
	uint64_t checkpoint_every;	/* steps; 0: epochs */
	int monitor_every;		/* epochs */
	int watch;			/* a measure, or -1 */
	bool early_stop, restore_best;
	int patience;			/* epochs */
	int save_every;			/* epochs; 0: never */
	int keep;			/* earlier checkpoints as NAME.1, NAME.2 ... */
	bool resume, stop_on_collapse, profile;
	/* the recipe */
	const struct ss_method *method;
	const struct ss_kernels *kern;
	bool exact;			/* kern has no Winograd kernels */
	const char *arch;		/* NULL: that of --init */
	const char *init;		/* NULL: none */
	enum init_parts init_parts;
	enum ss_init init_weights;
	bool zero_gamma, frozen, norm_running;
	bool recompute;			/* --checkpoint-activations */
	double norm_eps, norm_momentum;	/* NAN: those of --init, or the usual ones */
	struct ss_head projector, predictor;
	bool own_projector, own_predictor;	/* given, not the method's */
	bool predictor_fixed;		/* as it begins */
	int batch;			/* 0, until the options are complete: the method's */
	struct ss_update update;	/* momentum and so on; the rates follow from the schedule */
	struct ss_schedule schedule;	/* its base is the rate after scaling; in steps as far as that is said here */
	double decay_epochs;		/* at which the schedule ends; 0: with the run */
	double backbone_scale;		/* of the rate */
	double decay_end;		/* weight decay after the last step */
	double predictor_rate;		/* 0: the schedule's; > 0: this one, always; < 0: its base, always */
	int accumulate;			/* batches in a step */
	struct ss_knobs knobs;		/* of the method */
	double target_momentum, target_end;	/* of the first step, and after the last */
	double temperature_begin, temperature_epochs;	/* of the target: in the first step, and until it is the knobs' */
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
