/*
 * scaling.h - how features are brought to one scale before a classifier learns from them
 */
#ifndef SS_SCALING_H
#define SS_SCALING_H

#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

enum ss_scale {
	SS_SCALE_STANDARD,	/* (x - mean) / standard deviation of each feature; 0 if it does not vary */
	SS_SCALE_UNIT,		/* each record to length 1 */
	SS_SCALE_NONE
};

/* Their names: "standard", "unit", "none"; NULL at the end. */
extern const char *const ss_scale_names[];

struct ss_scaling {
	enum ss_scale kind;
	size_t d;
	double *mean, *scale;	/* (d), of SS_SCALE_STANDARD: x is (x - mean) * scale */
	int constant;		/* features that do not vary */
};

/*
 * Learns it from x (n,d). The standard deviation is the biased one. SS_ENONFINITE if a feature is not
 * finite. The result does not depend on p.
 */
int ss_scaling_fit(struct ss_scaling *s, enum ss_scale kind, struct ss_pool *p, const float *x,
    size_t n, size_t d, struct ss_err *e) SS_MUST_USE;

/* x (n,d) in place. */
void ss_scaling_apply(const struct ss_scaling *s, struct ss_pool *p, float *x, size_t n);

void ss_scaling_free(struct ss_scaling *s);

#endif
