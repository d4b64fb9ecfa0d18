/*
 * choose.c - so many of the records of a data set, chosen by seed and number
 *
 * The candidates of a class are a heap with the largest key on top, so one that
 * comes with a smaller key takes its place. With replacement, n draws from m records hit
 * d <= n different ones. Which of them repeat, and how often, does not depend on
 * which records they are; so the pattern is drawn by itself, and the d smallest keys
 * say whose it is: in distribution the same as drawing records.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "choose.h"

struct class {
	int32_t label;
	uint64_t seen;
	struct ss_chosen *heap;
	size_t n, room;
};

struct ss_chooser {
	struct ss_choose_plan plan;
	uint64_t seen;
	struct class *class;	/* sorted by label */
	size_t classes;
};

static uint64_t
key_of(uint64_t seed, uint64_t index)
{
	struct ss_rng r;

	ss_rng_init(&r, seed, SS_RNG_SAMPLE, 0, index, 0);
	const uint64_t high = ss_rng_u32(&r);

	return high << 32 | ss_rng_u32(&r);
}

int
ss_chooser_create(struct ss_chooser **out, const struct ss_choose_plan *plan, struct ss_err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	(*out)->plan = *plan;
	return 0;
}

/* How many are wanted of so many. */
static uint64_t
count_of(const struct ss_choose_plan *p, uint64_t seen)
{
	return p->count != SS_CHOOSE_SHARE ? p->count : (uint64_t)floor(p->fraction * (double)seen + 0.5);
}

/* How many candidates of a class can still be chosen: classes come, records are at most so many. */
static uint64_t
candidates(const struct ss_chooser *c)
{
	if (c->plan.count == SS_CHOOSE_SHARE && c->plan.most == UINT64_MAX)
		return UINT64_MAX;
	return count_of(&c->plan, c->plan.most) / c->classes;
}

static bool
before(const struct ss_chosen *a, const struct ss_chosen *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	return a->index != b->index ? a->index < b->index : a->place < b->place;
}

/* Moves the item at i down to where neither below it is larger. */
static void
sink(struct ss_chosen *heap, size_t n, size_t i)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(&heap[child], &heap[child + 1]))
			child++;
		if (!before(&heap[i], &heap[child]))
			break;
		const struct ss_chosen t = heap[i];

		heap[i] = heap[child];
		heap[child] = t;
	}
}

static void
rise(struct ss_chosen *heap, size_t i)
{
	for (size_t up; i > 0 && before(&heap[up = (i - 1) / 2], &heap[i]); i = up) {
		const struct ss_chosen t = heap[i];

		heap[i] = heap[up];
		heap[up] = t;
	}
}

static void
shrink(struct class *k, uint64_t most, void (*drop)(void *arg, uint64_t place), void *arg)
{
	while (k->n > most) {
		drop(arg, k->heap[0].place);
		k->heap[0] = k->heap[--k->n];
		sink(k->heap, k->n, 0);
	}
}

/* The class of that label; a new one makes the others smaller. NULL: out of memory. */
static struct class *
find_class(struct ss_chooser *c, int32_t label, void (*drop)(void *arg, uint64_t place), void *arg)
{
	size_t lo = 0, hi = c->classes;

	while (lo < hi) {
		const size_t mid = lo + (hi - lo) / 2;

		if (c->class[mid].label < label)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < c->classes && c->class[lo].label == label)
		return &c->class[lo];
	struct class *more = realloc(c->class, (c->classes + 1) * sizeof(*more));

	if (more == NULL)
		return NULL;
	c->class = more;
	memmove(&more[lo + 1], &more[lo], (c->classes - lo) * sizeof(*more));
	more[lo] = (struct class){ .label = label };
	c->classes++;
	for (size_t i = 0; i < c->classes; i++)
		shrink(&more[i], candidates(c), drop, arg);
	return &more[lo];
}

int
ss_chooser_offer(struct ss_chooser *c, uint64_t index, int32_t label, uint64_t place,
    void (*drop)(void *arg, uint64_t place), void *arg, struct ss_err *e)
{
	struct class *k = find_class(c, c->plan.balanced ? label : 0, drop, arg);

	if (k == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	c->seen++;
	k->seen++;
	if (k->n == k->room) {
		const size_t room = k->room + k->room / 2 + 16;
		struct ss_chosen *more = realloc(k->heap, room * sizeof(*more));

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		k->heap = more;
		k->room = room;
	}
	k->heap[k->n] = (struct ss_chosen){ key_of(c->plan.seed, index), index, place, 1 };
	rise(k->heap, k->n++);
	shrink(k, candidates(c), drop, arg);
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	return before(a, b) ? -1 : before(b, a);
}

static int
by_place(const void *a, const void *b)
{
	const struct ss_chosen *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

/* Draws `count` times from k->seen; the candidates, by key, get the copies. Returns how many have any. */
static int
draw_copies(const struct ss_chooser *c, struct class *k, uint64_t count, size_t *different,
    struct ss_err *e)
{
	/* of each rank the place + 1 in the order of the first draws, 0: not drawn */
	uint32_t *slot = k->seen <= UINT32_MAX ? calloc((size_t)k->seen, sizeof(*slot)) : NULL;
	struct ss_rng r;

	if (slot == NULL)
		return ss_fail(e, SS_EIO, "out of memory for draws from %llu records", (unsigned long long)k->seen);
	for (size_t i = 0; i < k->n; i++)
		k->heap[i].copies = 0;
	ss_rng_init(&r, c->plan.seed, SS_RNG_SAMPLE, 0, (uint32_t)k->label, 1);
	*different = 0;
	for (uint64_t j = 0; j < count; j++) {
		uint32_t *s = &slot[ss_rng_below(&r, (uint32_t)k->seen)];

		if (*s == 0)
			*s = (uint32_t)++*different;
		k->heap[*s - 1].copies++;
	}
	free(slot);
	return 0;
}

int
ss_chooser_finish(struct ss_chooser *c, struct ss_chosen **out, size_t *n, int32_t *label,
    struct ss_err *e)
{
	const uint64_t count = count_of(&c->plan, c->seen);
	const uint64_t each = c->classes > 0 ? count / c->classes : 0;
	int r;

	*out = NULL;
	*n = 0;
	*label = -1;
	if (c->classes == 0 || count == 0)
		return ss_fail(e, SS_EUSAGE, "%llu of %llu records: that is none", (unsigned long long)count,
		    (unsigned long long)c->seen);
	if (each == 0)
		return ss_fail(e, SS_EUSAGE, "%llu records are fewer than the %zu classes",
		    (unsigned long long)count, c->classes);
	size_t total = 0;

	for (size_t i = 0; i < c->classes; i++) {
		const struct class *k = &c->class[i];

		total += k->n < each ? k->n : (size_t)each;
		if (c->plan.replace || k->seen >= each)
			continue;
		*label = c->plan.balanced ? k->label : -1;
		return ss_fail(e, SS_EUSAGE, "%llu records are wanted, there are %llu",
		    (unsigned long long)each, (unsigned long long)k->seen);
	}
	if ((*out = malloc((total + 1) * sizeof(**out))) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < c->classes; i++) {
		struct class *k = &c->class[i];
		size_t take = (size_t)each;

		qsort(k->heap, k->n, sizeof(*k->heap), by_key);
		if (c->plan.replace && (r = draw_copies(c, k, each, &take, e)) < 0) {
			free(*out);
			*out = NULL;
			return r;
		}
		memcpy(*out + *n, k->heap, take * sizeof(**out));
		*n += take;
	}
	qsort(*out, *n, sizeof(**out), by_place);
	return 0;
}

void
ss_chooser_free(struct ss_chooser *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->classes; i++)
		free(c->class[i].heap);
	free(c->class);
	free(c);
}
