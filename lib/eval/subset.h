/*
 * subset.h - some of the records of a training set that is in memory: held out, or labelled
 *
 * Who is chosen depends on seed and number alone, as in choose.h, so that ss-sample chooses the same.
 */
#ifndef SS_SUBSET_H
#define SS_SUBSET_H

#include <stddef.h>
#include <stdint.h>

#include "eval/choose.h"

/* Records by place: label (n), and number (n) or NULL, where place is the number. */
struct ss_records {
	const int32_t *label;
	const uint64_t *number;
	size_t n;
};

/*
 * Chooses from the m records place[0..m-1] by plan, whose `most` is set here: *out (*count), which the
 * caller frees, has their places, rising, and several times if drawn so. Errors are those of
 * ss_chooser_finish.
 */
int ss_subset(uint32_t **out, size_t *count, const struct ss_records *r, const uint32_t *place, size_t m,
    struct ss_choose_plan plan, struct ss_err *e) SS_MUST_USE;

/*
 * Holds out `share` of all records, rounded: *out (n), which the caller frees, has the places of the
 * others, rising, and then of the *held that are held out, rising.
 */
int ss_hold_out(uint32_t **out, size_t *held, const struct ss_records *r, double share, uint64_t seed,
    struct ss_err *e) SS_MUST_USE;

#endif
