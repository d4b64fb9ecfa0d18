/*
 * choose.h - so many of the records of a data set, chosen by seed and number
 *
 * A record has a random key that depends on seed and index alone, and the
 * records with the smallest keys are chosen. So the choice does not depend on the order
 * in which they come, and a smaller choice is part of any larger one of the same seed.
 */
#ifndef SS_CHOOSE_H
#define SS_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ss_chosen {
	uint64_t key, index, place;	/* place: what the caller calls it */
	uint32_t copies;		/* 1, unless drawn with replacement */
};

struct ss_choose_plan {
	uint64_t seed;
	bool balanced;			/* as many of each label; those below 0 are not offered */
	bool replace;			/* draw with replacement */
	uint64_t count;			/* so many; SS_CHOOSE_SHARE: fraction of what there is, rounded to the nearest */
	double fraction;
	uint64_t most;			/* never more than so many records will come, UINT64_MAX: unknown */
};
#define SS_CHOOSE_SHARE UINT64_MAX

struct ss_chooser;
int ss_chooser_create(struct ss_chooser **out, const struct ss_choose_plan *plan,
    struct ss_err *e) SS_MUST_USE;

/*
 * Offers a record, in any order, each place once. drop is called with the place of
 * each record, perhaps this one, that can no longer be chosen, so that the caller may forget
 * it; those that it still holds are never more than will be chosen at the end (or, if
 * the plan's count depends on a number that is not known, all).
 */
int ss_chooser_offer(struct ss_chooser *c, uint64_t index, int32_t label, uint64_t place,
    void (*drop)(void *arg, uint64_t place), void *arg, struct ss_err *e) SS_MUST_USE;

/*
 * The choice, sorted by place, malloc'd. Balanced, the count is divided among the
 * labels and rounded down. SS_EUSAGE: there are not enough records, or the count is 0;
 * *label is then that of the class that lacks them.
 */
int ss_chooser_finish(struct ss_chooser *c, struct ss_chosen **out, size_t *n, int32_t *label,
    struct ss_err *e) SS_MUST_USE;
void ss_chooser_free(struct ss_chooser *c);

#endif
