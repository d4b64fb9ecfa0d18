/*
 * element.h - elements of any type as numbers: values, statistics, differences
 */
#ifndef SS_ELEMENT_H
#define SS_ELEMENT_H

#include "sst.h"

bool ss_type_is_float(enum ss_type t);

/* Elements at..at+n-1 of data as doubles; of 64-bit integers the 53 leading bits. */
void ss_elements(enum ss_type t, const void *data, size_t at, size_t n, double *out);

/*
 * Element i of data as the decimal text that reads back to the same bits (halves also as f32), ended by
 * a NUL; returns its length. All kinds of not-a-number are "nan", infinities "inf" and "-inf".
 */
enum { SS_ELEMENT_TEXT = 32 };
int ss_element_text(enum ss_type t, const void *data, size_t i, char out[SS_ELEMENT_TEXT]);

/* Begin with SS_STATS_INIT; mean and deviation are over the finite elements. */
struct ss_stats {
	uint64_t count, nan, inf;
	double min, max;		/* of the finite ones; meaningless if there are none */
	double mean, m2;		/* m2: sum of squared deviations from the mean */
};
#define SS_STATS_INIT { 0, 0, 0, 0, 0, 0, 0 }

void ss_stats_add(struct ss_stats *s, enum ss_type t, const void *data, size_t n);
uint64_t ss_stats_finite(const struct ss_stats *s);
double ss_stats_std(const struct ss_stats *s);		/* of the population; 0 for none */

struct ss_difference {
	uint64_t count;			/* elements that differ */
	size_t first, largest;		/* which, counted from 0 */
	double a, b;			/* values of the first */
	double amount;			/* |a - b| of the largest, infinite if one of them is NaN */
};

/*
 * Compares n elements. Floats are equal if |a - b| <= atol + rtol * |b|, or if both
 * are NaN, or if they are the same number; with rtol = atol = 0 all are equal only if
 * they are the same bits.
 */
void ss_elements_compare(enum ss_type t, const void *a, const void *b, size_t n, double rtol,
    double atol, struct ss_difference *d);

#endif
