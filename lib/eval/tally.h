/*
 * tally.h - how many predictions are right: in all, per class, and what for what
 */
#ifndef SS_TALLY_H
#define SS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ss_tally {
	int classes;		/* predictions are 0..classes-1 */
	int labels;		/* true labels seen are 0..labels-1, maybe more than the classes */
	size_t total, correct;
	size_t *of, *right;	/* (labels): records of that label, and how many are right */
	bool pairs;		/* whether to count them: labels x classes numbers */
	size_t *confusion;	/* (labels, classes): records of that label predicted as that class */
};

/* Begins with all 0 but classes and pairs. label and predicted (n); labels are >= 0. */
int ss_tally_add(struct ss_tally *t, const int32_t *label, const int32_t *predicted, size_t n,
    struct ss_err *e) SS_MUST_USE;

/* What is right if the most frequent label is predicted always. */
size_t ss_tally_chance(const struct ss_tally *t);

void ss_tally_free(struct ss_tally *t);

#endif
