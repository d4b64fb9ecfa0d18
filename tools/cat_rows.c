/*
 * cat_rows.c - ss-cat: the records of streams with the same tensors, one after the other or in turn
 *
 * A stream must not go back in its epochs, so epochs are joined one by one: the records of
 * epoch 0 of all streams, then those of epoch 1.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "cat.h"
#include "sst_slice.h"

static struct ss_writer *
open_output(const struct cat *c, struct ss_header *h)
{
	const struct ss_header **from = calloc((size_t)c->n, sizeof(*from));

	if (from == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	cat_merge(c, h, true);
	for (int i = 0; i < c->n; i++)
		from[i] = c->input[i].h;
	ss_merge_epochs(h, from, c->n);
	free(from);
	return tool_output(c->output, h);
}

/*
 * The epoch to be written next; false if all streams have ended. A stream that has not begun
 * is not read, and so holds no memory, before its first epoch comes.
 */
static bool
next_epoch(struct cat *c, uint32_t *epoch)
{
	bool found = false;

	for (int i = 0; i < c->n; i++) {
		struct cat_input *u = &c->input[i];
		uint32_t e;

		if (u->begun && !cat_settle(u))
			continue;
		e = u->begun ? u->f.epoch : u->h->first_epoch;
		if (!found || e < *epoch)
			*epoch = e;
		found = true;
	}
	return found;
}

struct ss_writer *
cat_rows(struct cat *c)
{
	struct ss_header h;
	struct ss_writer *out = open_output(c, &h);
	uint32_t epoch = 0;

	while (next_epoch(c, &epoch))
		for (int i = 0; i < c->n; i++) {
			struct cat_input *u = &c->input[i];

			if (!u->begun && u->h->first_epoch > epoch)
				continue;
			for (; cat_settle(u) && u->f.epoch == epoch; u->used = u->f.records)
				cat_write(c, out, &u->f);
		}
	ss_header_free(&h);
	return out;
}

/* Records gathered one by one into a frame. */
struct gathered {
	struct ss_frame f;
	size_t total;				/* bytes of all data */
	void *data[SS_MAX_TENSORS], *dims[SS_MAX_TENSORS];
	size_t room[SS_MAX_TENSORS], dims_room[SS_MAX_TENSORS];	/* bytes */
};

/* A frame is written from here on: the middle of what sst.md recommends. */
static const size_t FRAME_BYTES = (size_t)1 << 20;
enum { FRAME_RECORDS = 4096 };

static void
append(void **buf, size_t *room, size_t at, const void *p, size_t n)
{
	size_t want = 2 * (at + n);

	if (n == 0)
		return;
	if (*buf == NULL || at + n > *room) {
		*buf = realloc(*buf, want);
		if (*buf == NULL)
			tool_die(TOOL_FAILURE, "out of memory");
		*room = want;
	}
	memcpy((unsigned char *)*buf + at, p, n);
}

/* Takes the record that the cursor stands at. */
static void
gather(struct gathered *g, const struct ss_header *h, struct cat_input *u)
{
	struct ss_frame one;

	ss_frame_slice(h, &u->f, u->used++, 1, &one);
	for (int i = 0; i < h->tensors; i++) {
		const size_t row = (size_t)ss_tensor_varying(&h->tensor[i]) * sizeof(uint32_t);

		append(&g->data[i], &g->room[i], g->f.bytes[i], one.data[i], one.bytes[i]);
		append(&g->dims[i], &g->dims_room[i], g->f.records * row, one.dims[i], row);
		g->f.bytes[i] += one.bytes[i];
		g->total += one.bytes[i];
		g->f.data[i] = g->data[i];
		g->f.dims[i] = row > 0 ? g->dims[i] : NULL;
	}
	g->f.epoch = one.epoch;
	g->f.records++;
}

static void
flush(struct cat *c, struct gathered *g, struct ss_writer *out)
{
	cat_write(c, out, &g->f);
	g->f.records = 0;
	memset(g->f.bytes, 0, sizeof(g->f.bytes));
	g->total = 0;
}

/* A record of each stream; false when the epoch is at its end, as all streams must be then. */
static bool
gather_round(struct cat *c, struct gathered *g, const struct ss_header *h, uint32_t epoch)
{
	int last = -1;		/* the stream that had no record any more */

	for (int k = 0; k < c->n || (last >= 0 && k < c->n + last); k++) {
		struct cat_input *u = &c->input[k % c->n];

		if (!cat_settle(u) || u->f.epoch != epoch)
			last = last < 0 ? k : last;
		else if (last < 0)
			gather(g, h, u);
		else
			tool_die(TOOL_MISUSE, "%s has more records of epoch %lu than can come in turn with those "
			    "of %s: give all shards, in their order", u->name, (unsigned long)epoch,
			    c->input[last].name);
	}
	return last < 0;
}

struct ss_writer *
cat_interleave(struct cat *c)
{
	struct gathered g = { .total = 0 };
	struct ss_header h;
	struct ss_writer *out = open_output(c, &h);
	uint32_t epoch = 0;

	while (next_epoch(c, &epoch)) {
		while (gather_round(c, &g, &h, epoch))
			if (g.total >= FRAME_BYTES || g.f.records >= FRAME_RECORDS)
				flush(c, &g, out);
		flush(c, &g, out);
	}
	for (int i = 0; i < h.tensors; i++)
		free(g.data[i]), free(g.dims[i]);
	ss_header_free(&h);
	return out;
}
