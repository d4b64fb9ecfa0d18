/*
 * axis.h - where values stand on an axis, and the round numbers beside it
 */
#ifndef SS_AXIS_H
#define SS_AXIS_H

#include <stdbool.h>

enum { SS_TICKS = 24 };

struct ss_axis {
	double lo, hi;		/* lo < hi; with log: 0 < lo */
	bool log;
	int ticks;
	double tick[SS_TICKS];
	char text[SS_TICKS][24];
};

/*
 * An axis from lo to hi with at most `most` ticks, 2..SS_TICKS: at multiples of 1, 2 or 5 times a power
 * of ten; on a logarithmic one at powers of ten, with 2 and 5 times these if few fit. Where lo is
 * hi, or so near that numbers cannot tell them apart, the axis becomes wider.
 */
void ss_axis_fit(struct ss_axis *a, double lo, double hi, bool log, int most);

/* 0 at lo, 1 at hi, and on beyond them; NaN for what a logarithmic axis cannot have. */
double ss_axis_at(const struct ss_axis *a, double value);

#endif
