/*
 * training.c - the training set of ss-linprobe: one stream of features, or several of the same images
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/subset.h"
#include "training.h"

static void *
allocate(size_t n, size_t size)
{
	void *p = ss_alloc(n, size);

	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu x %zu features", n, size / sizeof(float));
	return p;
}

/* Where record i of a view belongs: where the first view has the same number. */
static size_t
find_place(const struct training *t, const struct labelled *f, size_t i, size_t position)
{
	return f->index < 0 || t->first.index < 0 ? position : labelled_find(&t->first, f->number[i]);
}

/* Takes records from..from+n-1 of f as a view. */
static void
take_view(struct training *t, const struct labelled *f, size_t from, size_t view)
{
	struct ss_probe_set *s = &t->set;

	memset(t->seen, 0, s->n * sizeof(*t->seen));
	for (size_t i = from; i < from + s->n; i++) {
		const size_t at = find_place(t, f, i, i - from);

		if (at == SIZE_MAX)
			tool_die(TOOL_MISUSE, "%s: record %zu has index %" PRIu64 ", which the first epoch of %s "
			    "has not", ss_reader_name(f->in), i, f->number[i], ss_reader_name(t->first.in));
		if (t->seen[at])
			tool_die(TOOL_MISUSE, "%s: index %" PRIu64 " comes twice in an epoch",
			    ss_reader_name(f->in), f->number[i]);
		if (f->y[i] != t->first.y[at])
			tool_die(TOOL_MISUSE, "%s: record %zu has label %" PRId32 ", but %" PRId32 " in %s",
			    ss_reader_name(f->in), i, f->y[i], t->first.y[at], ss_reader_name(t->first.in));
		t->seen[at] = true;
		memcpy(s->x + (view * s->n + at) * s->d, f->x + i * s->d, s->d * sizeof(*s->x));
	}
}

/* Room for more views behind those that there are. */
static void
add_views(struct ss_probe_set *s, size_t more)
{
	size_t rows, floats, bytes;

	if (!ss_mul(s->n, s->views + more, &rows) || !ss_mul(rows, s->d, &floats) ||
	    !ss_mul(floats, sizeof(*s->x), &bytes) || (s->x = realloc(s->x, bytes)) == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu views of %zu x %zu features", s->views + more,
		    s->n, s->d);
}

static void
match(const struct training *t, const struct labelled *f, size_t epochs)
{
	const char *data[2] = { ss_reader_header(t->first.in)->dataset, ss_reader_header(f->in)->dataset };

	labelled_match(&t->first, f);
	if (strcmp(data[0], data[1]) != 0)
		tool_die(TOOL_MISUSE, "%s and %s are of different data sets", ss_reader_name(t->first.in),
		    ss_reader_name(f->in));
	if (f->n / epochs != t->set.n)
		tool_die(TOOL_MISUSE, "%s has %zu records, %s has %zu", ss_reader_name(t->first.in), t->set.n,
		    ss_reader_name(f->in), f->n / epochs);
}

void
training_read(struct training *t, const char *const *path, size_t paths, const char *tensor)
{
	struct ss_probe_set *s = &t->set;
	size_t epochs;

	*t = (struct training){ 0 };
	epochs = labelled_read_epochs(&t->first, path[0], tensor);
	s->n = t->first.n /= epochs;
	s->d = t->first.d;
	t->seen = allocate(s->n, sizeof(*t->seen));
	t->numbered = labelled_sort(&t->first);
	if (epochs * paths > 1 && t->first.index >= 0 && !t->numbered)
		tool_die(TOOL_MISUSE, "%s: several records of an epoch have the same index",
		    ss_reader_name(t->first.in));
	if (epochs > 1) {	/* one behind the other, each in its own order */
		add_views(s, epochs);
		for (; s->views < epochs; s->views++)
			take_view(t, &t->first, s->views * s->n, s->views);
		free(t->first.x);
	} else {
		s->x = t->first.x;
		s->views = 1;
	}
	t->first.x = NULL;
	for (size_t i = 1; i < paths; i++) {
		struct labelled f;

		epochs = labelled_read_epochs(&f, path[i], tensor);
		match(t, &f, epochs);
		add_views(s, epochs);
		for (size_t k = 0; k < epochs; k++)
			take_view(t, &f, k * s->n, s->views++);
		labelled_close(&f);
	}
	t->label = allocate(s->n, sizeof(*t->label));
	memcpy(t->label, t->first.y, s->n * sizeof(*t->label));
	s->label = t->label;
}

/* Records place[0..count-1] of a view, x and labels. */
static void
gather(const struct training *t, const uint32_t *place, size_t count, size_t view, float *x, int32_t *label)
{
	const struct ss_probe_set *s = &t->set;

	for (size_t i = 0; i < count; i++) {
		memcpy(x + i * s->d, s->x + (view * s->n + place[i]) * s->d, s->d * sizeof(*x));
		label[i] = t->first.y[place[i]];
	}
}

void
training_divide(struct training *t, const struct ss_probe_protocol *p, uint64_t seed)
{
	const struct ss_choose_plan plan = { .seed = seed, .balanced = p->balanced, .replace = p->replace,
	    .count = SS_CHOOSE_SHARE, .fraction = p->label_fraction };
	const struct ss_records records = { t->first.y, t->first.index < 0 ? NULL : t->first.number, t->set.n };
	struct ss_probe_set *s = &t->set;
	struct ss_err e = SS_ERR_INIT;
	uint32_t *place = NULL, *drawn = NULL;
	size_t held = 0, count;
	float *x;
	int r = 0;

	if (p->hold_out == 0 && p->label_fraction == 1)
		return;
	if (p->hold_out > 0) {
		r = ss_hold_out(&place, &held, &records, p->hold_out, seed, &e);
	} else {
		place = allocate(s->n, sizeof(*place));
		for (size_t i = 0; i < s->n; i++)
			place[i] = (uint32_t)i;
	}
	count = s->n - held;
	if (r == 0 && p->label_fraction < 1)
		r = ss_subset(&drawn, &count, &records, place, count, plan, &e);
	if (r < 0)
		tool_fail(r, &e);
	if (held > 0) {
		s->helds = held;
		s->held = allocate(held, s->d * sizeof(*s->held));
		t->held_label = allocate(held, sizeof(*t->held_label));
		s->held_label = t->held_label;
		gather(t, place + (s->n - held), held, 0, s->held, t->held_label);
	}
	x = allocate(s->views * count, s->d * sizeof(*x));
	for (size_t v = 0; v < s->views; v++)
		gather(t, drawn == NULL ? place : drawn, count, v, x + v * count * s->d, t->label);
	free(s->x);
	s->x = x;
	s->n = count;
	free(place);
	free(drawn);
}

void
training_close(struct training *t)
{
	labelled_close(&t->first);
	free(t->set.x);
	free(t->set.held);
	free(t->seen);
	free(t->label);
	free(t->held_label);
	*t = (struct training){ 0 };
}
