/*
 * axis.c - where values stand on an axis, and the round numbers beside it
 */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "image/axis.h"

static const double round_step[] = { 1, 2, 5 };

static void
put_tick(struct ss_axis *a, double value)
{
	if (a->ticks < SS_TICKS)
		a->tick[a->ticks++] = value;
}

/* Multiples of step within the axis; returns how many there are, and takes them if `take`. */
static int
multiples(struct ss_axis *a, double step, bool take)
{
	const double first = ceil(a->lo / step - 1e-9), last = floor(a->hi / step + 1e-9);

	for (double i = first; take && i <= last && a->ticks < SS_TICKS; i++)
		put_tick(a, i * step);
	return last - first > SS_TICKS ? SS_TICKS + 1 : (int)(last - first) + 1;
}

/* The texts: all with as many digits as the steps between ticks need. */
static void
write_numbers(struct ss_axis *a, double step)
{
	const double most = fmax(fabs(a->lo), fabs(a->hi));
	const int decimals = step >= 1 ? 0 : (int)ceil(-log10(step) - 1e-9);

	for (int i = 0; i < a->ticks; i++) {
		const double v = fabs(a->tick[i]) < step / 2 ? 0 : a->tick[i];	/* no -0 */

		if (most >= 1e9 || step < 1e-4)
			snprintf(a->text[i], sizeof(a->text[i]), "%.*g",
			    (int)fmax(1, ceil(log10(most / step)) + 1), v);
		else if (most >= 1e7 && step >= 1e5)
			snprintf(a->text[i], sizeof(a->text[i]), "%gM", v / 1e6);
		else if (most >= 1e4 && step >= 1e2)
			snprintf(a->text[i], sizeof(a->text[i]), "%gk", v / 1e3);
		else
			snprintf(a->text[i], sizeof(a->text[i]), "%.*f", decimals, v);
	}
}

static void
linear_ticks(struct ss_axis *a, int most)
{
	double power = pow(10, floor(log10((a->hi - a->lo) / most)) - 1);

	for (;; power *= 10)
		for (int i = 0; i < 3; i++) {
			const double step = round_step[i] * power;

			if (multiples(a, step, false) > most)
				continue;
			multiples(a, step, true);
			write_numbers(a, step);
			return;
		}
}

/* Of round_step the first `kinds`, times each stride-th power of ten. */
static int
powers(struct ss_axis *a, int stride, int kinds, bool take)
{
	const int first = (int)floor(log10(a->lo)) - 1, last = (int)ceil(log10(a->hi)) + 1;
	int n = 0;

	for (int e = first; e <= last; e++) {
		for (int i = 0; i < kinds && e % stride == 0; i++) {
			const double v = round_step[i] * pow(10, e);

			if (v < a->lo * (1 - 1e-9) || v > a->hi * (1 + 1e-9))
				continue;
			n++;
			if (take)
				put_tick(a, v);
		}
	}
	return n;
}

static void
log_ticks(struct ss_axis *a, int most)
{
	int stride = 1;

	if (powers(a, 1, 3, false) <= most) {
		if (powers(a, 1, 3, false) < 2) {
			linear_ticks(a, most);		/* hardly more than a point of the axis */
			return;
		}
		powers(a, 1, 3, true);
	} else {
		while (powers(a, stride, 1, false) > most)
			stride++;
		powers(a, stride, 1, true);
	}
	for (int i = 0; i < a->ticks; i++)
		snprintf(a->text[i], sizeof(a->text[i]), "%g", a->tick[i]);
}

void
ss_axis_fit(struct ss_axis *a, double lo, double hi, bool log, int most)
{
	const double size = fmax(fabs(lo), fabs(hi));

	*a = (struct ss_axis){ .lo = lo, .hi = hi, .log = log };
	if (hi - lo <= 64 * DBL_EPSILON * size || hi - lo < DBL_MIN * 1e6) {
		const double more = size > DBL_MIN * 1e6 ? size / 10 : 1;

		a->lo = log ? lo / 1.5 : lo - more;
		a->hi = log ? hi * 1.5 : hi + more;
	}
	if (log)
		log_ticks(a, most);
	else
		linear_ticks(a, most);
}

double
ss_axis_at(const struct ss_axis *a, double value)
{
	if (!a->log)
		return (value - a->lo) / (a->hi - a->lo);
	return value > 0 ? log(value / a->lo) / log(a->hi / a->lo) : (double)NAN;
}
