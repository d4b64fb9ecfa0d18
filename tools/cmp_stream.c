/*
 * cmp_stream.c - ss-cmp for tensor streams
 *
 * Frames of the two streams need not have the same borders: two cursors step by
 * as many records as both frames still have.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmp.h"

struct cursor {
	struct ss_reader *in;
	const struct ss_header *h;
	struct ss_frame f;
	uint32_t used;				/* records of f already compared */
	const unsigned char *at[SS_MAX_TENSORS];	/* first item not yet compared */
	int tensor[SS_MAX_TENSORS];		/* which tensor of this stream is the k-th compared */
	bool ended;
};

/* Makes sure that the cursor stands at a record, or at the end. */
static void
settle(struct cursor *u)
{
	while (!u->ended && u->used == u->f.records) {
		u->ended = !tool_next(u->in, &u->f);
		u->used = 0;
		for (int i = 0; !u->ended && i < u->h->tensors; i++)
			u->at[i] = u->f.data[i];
	}
	if (u->ended)
		u->f.records = 0;
}

static bool
same_shape(const struct ss_tensor *a, const struct ss_tensor *b)
{
	return a->type == b->type && a->rank == b->rank &&
	    memcmp(a->shape, b->shape, (size_t)a->rank * sizeof(a->shape[0])) == 0;
}

/* Pairs the tensors by name; returns how many. What cannot be paired is a difference. */
static int
pair_tensors(struct cmp *c, struct cursor u[2])
{
	int n = 0;

	for (int s = 0; s < 2; s++)
		for (int i = 0; i < u[s].h->tensors; i++) {
			const struct ss_tensor *t = &u[s].h->tensor[i];
			int k = ss_header_find(u[1 - s].h, t->name);

			if (c->only != NULL && strcmp(c->only, t->name) != 0)
				continue;
			if (k < 0) {
				snprintf(c->other, sizeof(c->other), "only %.200s has a tensor '%s'", c->name[s], t->name);
			} else if (!same_shape(t, &u[1 - s].h->tensor[k])) {
				snprintf(c->other, sizeof(c->other), "tensor '%s' has two types or shapes", t->name);
			} else if (s == 0) {
				u[0].tensor[n] = i;
				u[1].tensor[n++] = k;
			}
		}
	if (n == 0 && c->other[0] == '\0')
		tool_die(TOOL_MISUSE, "there is no tensor '%s'", c->only);
	return n;
}

/* The rows of varying dimensions of the record that the cursor stands at. */
static const uint32_t *
row(const struct cursor *u, int i)
{
	return u->f.dims[i] + (size_t)u->used * (size_t)ss_tensor_varying(&u->h->tensor[i]);
}

static size_t
item_elements(const struct cursor *u, int i)
{
	const struct ss_tensor *t = &u->h->tensor[i];
	const uint32_t *d = row(u, i);
	size_t n = 1;

	for (int k = 0; k < t->rank; k++)	/* the reader has checked the product */
		n *= t->shape[k] == SS_VARIES ? *d++ : t->shape[k];
	return n;
}

static void
compare_record(struct cmp *c, struct cursor u[2], int tensors, uint64_t number)
{
	char where[64];

	snprintf(where, sizeof(where), "record %" PRIu64 ", ", number);
	for (int k = 0; k < tensors; k++) {
		int i = u[0].tensor[k], j = u[1].tensor[k];
		const struct ss_tensor *t = &u[0].h->tensor[i];
		size_t varying = (size_t)ss_tensor_varying(t), size = ss_type_size(t->type);
		size_t n, m;

		if (varying == 0) {
			n = m = ss_tensor_elements(t);
		} else {
			n = item_elements(&u[0], i);
			m = item_elements(&u[1], j);
		}
		if (varying > 0 && memcmp(row(&u[0], i), row(&u[1], j), varying * sizeof(uint32_t)) != 0) {
			if (c->other[0] == '\0')
				snprintf(c->other, sizeof(c->other), "%stensor '%s' has two shapes", where, t->name);
		} else {
			cmp_elements(c, where, t->name, t->type, u[0].at[i], u[1].at[j], n);
		}
		u[0].at[i] += n * size;
		u[1].at[j] += m * size;
	}
}

void
cmp_streams(struct cmp *c, const char *path[2])
{
	struct cursor u[2] = { { .used = 0 }, { .used = 0 } };
	uint64_t number = 0;
	int tensors;

	for (int s = 0; s < 2; s++) {
		u[s].in = tool_input(path[s]);
		u[s].h = ss_reader_header(u[s].in);
	}
	tensors = pair_tensors(c, u);
	for (;;) {
		settle(&u[0]);
		settle(&u[1]);
		if (u[0].ended || u[1].ended)
			break;
		compare_record(c, u, tensors, number++);
		u[0].used++;
		u[1].used++;
	}
	if (u[0].ended != u[1].ended && c->other[0] == '\0')
		snprintf(c->other, sizeof(c->other), "%.200s ends after %" PRIu64 " records, the other has more",
		    c->name[u[0].ended ? 0 : 1], number);
	for (int s = 0; s < 2; s++) {		/* the rest must be sound too */
		while (!u[s].ended) {
			u[s].used = u[s].f.records;
			settle(&u[s]);
		}
		ss_reader_free(u[s].in);
	}
}
