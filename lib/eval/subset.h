/*
 * subset.h - some of the records of a training set: held out, or labelled
 */
#ifndef SS_SUBSET_H
#define SS_SUBSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum ss_draw {
	SS_DRAW_PLAIN,		/* each record at most once */
	SS_DRAW_BALANCED,	/* the same, of each class its share, rounded, and at least one */
	SS_DRAW_REPLACED	/* with replacement: a record may come several times */
};

/*
 * Holds out n * share of n records, rounded, but at least one, and leaves at least one: *out (n)
 * has the places of the others, rising, and then of those held out, rising. Returns how many these are.
 * SS_EUSAGE if n < 2 or n is too large. The caller frees *out.
 */
int ss_hold_out(uint32_t **out, size_t *held, size_t n, double share, uint64_t seed, struct ss_err *e)
    SS_MUST_USE;

/*
 * Draws m * share of the m records from[0..m-1], rounded, but at least one: *out (*count), which
 * the caller frees, has their places, rising. label is by place and >= 0.
 */
int ss_draw(uint32_t **out, size_t *count, const uint32_t *from, size_t m, const int32_t *label,
    double share, enum ss_draw how, uint64_t seed, struct ss_err *e) SS_MUST_USE;

#endif
