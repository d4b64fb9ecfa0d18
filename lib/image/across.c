/*
 * across.c - the weights that scale the columns of an image, as plans for ss_pixels.across
 */
#include <string.h>

#include "image/image_work.h"

enum { ACROSS_LEAST = 64 };

/* The taps of output column x. */
static int
tap_of(const struct ss_taps *t, int x, bool mirror)
{
	return mirror ? t->out - 1 - x : x;
}

/* Columns to .. to + n - 1; false if they come from too many, or each from too many. */
static bool
plan_columns(struct ss_across *a, const struct ss_taps *t, int to, int n, bool mirror)
{
	int end = 0, most = 0;

	memset(a, 0, sizeof *a);
	a->to = to;
	a->from = t->in;
	for (int i = 0; i < n; i++) {
		const int j = tap_of(t, to + i, mirror), last = t->first[j] + t->count[j];

		a->from = t->first[j] < a->from ? t->first[j] : a->from;
		end = last > end ? last : end;
		most = t->count[j] > most ? t->count[j] : most;
	}
	if (end - a->from > SS_ACROSS_FROM || most > 2 * SS_ACROSS_PAIRS)
		return false;
	a->pairs = (most + 1) / 2;
	a->there = t->in - a->from >= SS_ACROSS_FROM ? 0xffffffff : (1u << (t->in - a->from)) - 1;
	a->wanted = (uint16_t)((1u << n) - 1);
	for (int i = 0; i < n; i++) {
		const int j = tap_of(t, to + i, mirror), first = t->first[j] - a->from;
		const int32_t *coef = t->coef + (size_t)j * (size_t)t->most;

		for (int k = 0; k < t->count[j]; k += 2) {
			const bool two = k + 1 < t->count[j];
			const int32_t next = two ? coef[k + 1] : 0;

			a->place[k / 2][2 * i] = (uint16_t)(first + k);
			a->place[k / 2][2 * i + 1] = (uint16_t)(two ? first + k + 1 : 0);
			a->lower[k / 2][i] = ss_lower_parts(coef[k], next);
			a->upper[k / 2][i] = ss_upper_parts(coef[k], next);
		}
	}
	return true;
}

const struct ss_across *
ss_work_across(struct ss_image_work *w, const struct ss_taps *t, bool mirror, size_t *plans)
{
	struct ss_across *a;

	/* plans of few columns cost more than they save; a side this much smaller will not fit into any */
	if (w->px->across == NULL || t->out < ACROSS_LEAST || t->in / 2 > t->out)
		return NULL;
	*plans = ((size_t)t->out + SS_ACROSS - 1) / SS_ACROSS;
	a = ss_work_room(w, 2, *plans * sizeof *a);
	for (size_t i = 0; a != NULL && i < *plans; i++) {
		const int to = (int)i * SS_ACROSS, left = t->out - to;

		if (!plan_columns(&a[i], t, to, left < SS_ACROSS ? left : SS_ACROSS, mirror))
			return NULL;
	}
	return a;
}
