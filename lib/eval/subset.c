/*
 * subset.c - some of the records of a training set: held out, or labelled
 *
 * The first so many places of a shuffle, by Fisher and Yates over Philox.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "base/size.h"
#include "eval/subset.h"

/* Words of the key of the random numbers, so that one draw says nothing about another. */
enum { VIEW_HELD, VIEW_PLAIN, VIEW_BALANCED, VIEW_REPLACED };

static int
compare_places(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Puts `count` of x (n), drawn at random, to the front, rising. */
static void
draw_front(uint32_t *x, size_t n, size_t count, struct ss_rng *rng)
{
	for (size_t i = 0; i < count; i++) {
		const size_t j = i + ss_rng_below(rng, (uint32_t)(n - i));
		const uint32_t t = x[i];

		x[i] = x[j];
		x[j] = t;
	}
	qsort(x, count, sizeof(*x), compare_places);
}

/* n * share, rounded, but in least..n. */
static size_t
rounded(size_t n, double share)
{
	const double want = floor((double)n * share + 0.5);

	return want < 1 ? 1 : want > (double)n ? n : (size_t)want;
}

int
ss_hold_out(uint32_t **out, size_t *held, size_t n, double share, uint64_t seed, struct ss_err *e)
{
	struct ss_rng rng;
	uint32_t *place;

	*out = NULL;
	if (n < 2 || n > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "no part of %zu records can be held out", n);
	place = ss_alloc(n, sizeof(*place));
	if (place == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < n; i++)
		place[i] = (uint32_t)i;
	*held = ss_least(rounded(n, share), n - 1);
	ss_rng_init(&rng, seed, SS_RNG_SAMPLE, 0, 0, VIEW_HELD);
	draw_front(place, n, n - *held, &rng);
	qsort(place + (n - *held), *held, sizeof(*place), compare_places);
	*out = place;
	return 0;
}

/* Of each class its share of the places x (m), one class after the other; returns how many. */
static int
draw_balanced(uint32_t *x, size_t m, const int32_t *label, double share, uint64_t seed, size_t *count,
    struct ss_err *e)
{
	int32_t classes = 0;
	size_t *first, n = 0;
	uint32_t *sorted = ss_alloc(m, sizeof(*sorted));
	struct ss_rng rng;

	for (size_t i = 0; i < m; i++)
		if (label[x[i]] >= classes)
			classes = label[x[i]] + 1;
	first = ss_alloc((size_t)classes + 1, sizeof(*first));	/* of each class in `sorted`, and the end */
	if (sorted == NULL || first == NULL) {
		free(sorted);
		free(first);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	for (size_t i = 0; i < m; i++)
		first[label[x[i]] + 1]++;
	for (int32_t c = 0; c < classes; c++)
		first[c + 1] += first[c];
	for (size_t i = m; i > 0; i--) {	/* from the end, so that first[c + 1] ends as first[c] */
		const int32_t c = label[x[i - 1]];

		sorted[--first[c + 1]] = x[i - 1];
	}
	for (int32_t c = 0; c < classes; c++) {
		const size_t begin = first[c + 1], end = c + 1 < classes ? first[c + 2] : m;
		size_t some;

		if (begin == end)
			continue;
		some = rounded(end - begin, share);
		ss_rng_init(&rng, seed, SS_RNG_SAMPLE, 0, (uint64_t)c, VIEW_BALANCED);
		draw_front(sorted + begin, end - begin, some, &rng);
		memcpy(x + n, sorted + begin, some * sizeof(*x));
		n += some;
	}
	free(sorted);
	free(first);
	qsort(x, n, sizeof(*x), compare_places);
	*count = n;
	return 0;
}

int
ss_draw(uint32_t **out, size_t *count, const uint32_t *from, size_t m, const int32_t *label,
    double share, enum ss_draw how, uint64_t seed, struct ss_err *e)
{
	uint32_t *place;
	struct ss_rng rng;
	int r = 0;

	*out = NULL;
	if (m < 1 || m > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "no part of %zu records can be drawn", m);
	place = ss_alloc(m, sizeof(*place));
	if (place == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	memcpy(place, from, m * sizeof(*place));
	*count = rounded(m, share);
	ss_rng_init(&rng, seed, SS_RNG_SAMPLE, 0, 0, how == SS_DRAW_REPLACED ? VIEW_REPLACED : VIEW_PLAIN);
	if (how == SS_DRAW_BALANCED) {
		r = draw_balanced(place, m, label, share, seed, count, e);
	} else if (how == SS_DRAW_PLAIN) {
		draw_front(place, m, *count, &rng);
	} else {
		for (size_t i = 0; i < *count; i++)
			place[i] = from[ss_rng_below(&rng, (uint32_t)m)];
		qsort(place, *count, sizeof(*place), compare_places);
	}
	if (r < 0)
		free(place);
	else
		*out = place;
	return r;
}
