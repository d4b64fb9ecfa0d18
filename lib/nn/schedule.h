/*
 * schedule.h - numbers that change from step to step: learning rate, momentum of a target network, weight decay
 */
#ifndef SS_SCHEDULE_H
#define SS_SCHEDULE_H

#include <stdint.h>

enum ss_decay {
	SS_COSINE,		/* by step */
	SS_COSINE_EPOCH,	/* by epoch, counted from 0 */
	SS_COSINE_EPOCH1,	/* by epoch, counted from 1: the last one trains at the end's rate */
	SS_MILESTONES,		/* times gamma at each of them */
	SS_CONSTANT
};

enum { SS_MILESTONES_MAX = 16 };

struct ss_schedule {
	enum ss_decay decay;
	double base, end;		/* rates */
	uint64_t steps;			/* at which `end` is reached; it stays from there on */
	uint64_t warmup;		/* steps */
	uint64_t per_epoch;		/* steps */
	uint64_t milestone[SS_MILESTONES_MAX];	/* epochs, rising */
	int milestones;
	double gamma;
};

/* Their names: "cosine", "cosine-epoch", "cosine-epoch1", "milestones", "constant"; NULL at the end. */
extern const char *const ss_decay_names[];

/*
 * Rate of step k, k from 0: base (k + 1) / warmup while k < warmup; then, with t from 0 to 1 the share of the steps (or
 * epochs) between warm-up and `steps` that is done, end + (base - end) (1 + cos(pi t)) / 2.
 */
double ss_schedule_rate(const struct ss_schedule *s, uint64_t k);

/*
 * What goes from `begin` at step 0 to `end` at step `steps` by half a cosine: end - (end - begin) (cos(pi k / steps) + 1) / 2.
 * So does the momentum of a target network, from its base to 1 (Grill et al. 2020, section 3.3), and DINO's weight decay.
 */
double ss_half_cosine(double begin, double end, uint64_t k, uint64_t steps);

/* What goes from `begin` at step 0 to `end` at step `steps` in a straight line, and stays there. */
double ss_ramp(double begin, double end, uint64_t k, uint64_t steps);

#endif
