/*
 * cat_columns.c - ss-cat --columns: the tensors of several streams side by side, record by record
 *
 * The streams must have the same records in the same order. What tells which record it is
 * (index, label, name) must be the same in all that have it, and is written once.
 */
#include <stdlib.h>
#include <string.h>

#include "cat.h"
#include "lines.h"
#include "sst_slice.h"

/* Bytes of a frame of the output, unless a single record has more. */
static const size_t FRAME_BYTES = (size_t)4 << 20;

/* Where a tensor of the output comes from. */
struct column {
	int stream, tensor;
};

static bool
is_shared(const char *name)
{
	return strcmp(name, "index") == 0 || strcmp(name, "label") == 0 || strcmp(name, "name") == 0;
}

/* Streams that cannot go side by side, as far as their headers tell. */
static void
check_headers(const struct cat *c)
{
	const struct cat_input *a = &c->input[0];

	for (int i = 0; i < c->n; i++) {
		const struct cat_input *b = &c->input[i];
		int k = ss_header_find(b->h, "index");

		if (k < 0 || b->h->tensor[k].type != SS_U64 || b->h->tensor[k].rank != 0)
			tool_die(TOOL_MISUSE, "%s has no index, by which its records could be told", b->name);
		if (b->h->epochs != a->h->epochs || b->h->first_epoch != a->h->first_epoch)
			tool_die(TOOL_MISUSE, "%s has %lu epochs from %lu, %s has %lu from %lu", b->name,
			    (unsigned long)b->h->epochs, (unsigned long)b->h->first_epoch, a->name,
			    (unsigned long)a->h->epochs, (unsigned long)a->h->first_epoch);
		if (a->h->records != SS_UNKNOWN && b->h->records != SS_UNKNOWN && a->h->records != b->h->records)
			tool_die(TOOL_MISUSE, "%s has %llu records in an epoch, %s has %llu", b->name,
			    (unsigned long long)b->h->records, a->name, (unsigned long long)a->h->records);
	}
}

/* What made the tensors of a stream: its @EM lines, each with the name that its tensor has now. */
static void
add_origins(struct ss_header *h, const struct cat_input *u, const char (*names)[SS_NAME_MAX + 1])
{
	struct ss_err e = SS_ERR_INIT;
	size_t at = 0;
	char *line, *tensor, *named;
	int k, r = 0;

	while (r == 0 && (line = line_next(u->h, "@EM", &at)) != NULL) {
		tensor = line_value(line, "TN");
		k = ss_header_find(u->h, tensor == NULL ? "embedding" : tensor);
		named = k < 0 ? NULL : ss_line_set(line, "TN", names[k]);
		if (k >= 0)
			r = named == NULL ? ss_fail(&e, SS_EIO, "out of memory") : ss_header_line(h, named, &e);
		free(line), free(tensor), free(named);
	}
	if (r < 0)
		tool_fail(r, &e);
}

/* Without its @EM lines. */
static void
drop_origins(struct ss_header *h)
{
	char *from = h->lines, *to = h->lines;

	while (from != NULL && *from != '\0') {
		const size_t n = strcspn(from, "\n") + 1;

		if (strncmp(from, "@EM", 3) != 0) {
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (to != NULL)
		*to = '\0';
}

/* Adds the tensors of stream s; one whose name is taken gets the number of its stream. */
static void
add_tensors(struct cat *c, struct ss_header *h, int s, struct column *column)
{
	const struct cat_input *u = &c->input[s];
	char names[SS_MAX_TENSORS][SS_NAME_MAX + 1];
	struct ss_err e = SS_ERR_INIT;

	for (int i = 0; i < u->h->tensors; i++) {
		const struct ss_tensor *t = &u->h->tensor[i];
		char name[SS_NAME_MAX + 16];
		int known = ss_header_find(h, t->name);

		snprintf(name, sizeof(name), "%s", t->name);
		if (known >= 0 && is_shared(t->name)) {
			struct ss_tensor *k = &h->tensor[known];

			if (k->type != t->type || k->rank != t->rank ||
			    memcmp(k->shape, t->shape, (size_t)t->rank * sizeof(t->shape[0])) != 0)
				tool_die(TOOL_MISUSE, "%s: tensor '%s' is of another type or shape than in %s", u->name,
				    t->name, c->input[column[known].stream].name);
			strcpy(names[i], t->name);
			continue;
		}
		if (known >= 0)
			snprintf(name, sizeof(name), "%s.%d", t->name, s + 1);
		if (h->tensors < SS_MAX_TENSORS)
			column[h->tensors] = (struct column){ s, i };
		if (ss_header_add(h, name, t->type, t->rank, t->shape, &e) < 0)
			tool_die(TOOL_MISUSE, "%s: %s", u->name, e.text);
		strcpy(names[i], name);
	}
	add_origins(h, u, (const char (*)[SS_NAME_MAX + 1])names);
}

/* The next records of all streams, as many as have the same place; false at their common end. */
static bool
next_slices(struct cat *c, struct ss_frame *slice)
{
	uint32_t n = UINT32_MAX;
	size_t bytes;

	for (int s = 0; s < c->n; s++) {
		struct cat_input *u = &c->input[s], *a = &c->input[0];

		if (cat_settle(u) == a->ended)
			tool_die(TOOL_MISUSE, "%s ends after %llu records, %s has more", u->ended ? u->name : a->name,
			    (unsigned long long)c->done, u->ended ? a->name : u->name);
		if (!u->ended && u->f.epoch != a->f.epoch)
			tool_die(TOOL_MISUSE, "record %llu is of epoch %lu in %s, of epoch %lu in %s",
			    (unsigned long long)c->done, (unsigned long)a->f.epoch, a->name,
			    (unsigned long)u->f.epoch, u->name);
		if (!u->ended && u->f.records - u->used < n)
			n = u->f.records - u->used;
	}
	if (c->input[0].ended)
		return false;
	for (;; n /= 2) {
		bytes = 0;
		for (int s = 0; s < c->n; s++) {
			ss_frame_slice(c->input[s].h, &c->input[s].f, c->input[s].used, n, &slice[s]);
			for (int i = 0; i < c->input[s].h->tensors; i++)
				bytes += slice[s].bytes[i];
		}
		if (bytes <= FRAME_BYTES || n == 1)
			break;
	}
	for (int s = 0; s < c->n; s++)
		c->input[s].used += n;
	return true;
}

/* Ends the tool unless a tensor that is written once is the same in this stream. */
static void
check_shared(const struct cat *c, const struct ss_frame *a, const struct cat_input *first, int i,
    const struct ss_frame *b, const struct cat_input *u, int k)
{
	const size_t row = (size_t)ss_tensor_varying(&u->h->tensor[k]) * sizeof(uint32_t);
	struct ss_frame x, y;

	if (a->bytes[i] == b->bytes[k] && memcmp(a->data[i], b->data[k], a->bytes[i]) == 0 &&
	    (row == 0 || memcmp(a->dims[i], b->dims[k], a->records * row) == 0))
		return;
	for (uint32_t r = 0; r < a->records; r++) {
		ss_frame_slice(first->h, a, r, 1, &x);
		ss_frame_slice(u->h, b, r, 1, &y);
		if (x.bytes[i] != y.bytes[k] || memcmp(x.data[i], y.data[k], x.bytes[i]) != 0 ||
		    (row > 0 && memcmp(x.dims[i], y.dims[k], row) != 0))
			tool_die(TOOL_MISUSE, "record %llu has another %s in %s than in %s",
			    (unsigned long long)(c->done + r), u->h->tensor[k].name, u->name, first->name);
	}
}

static void
join(struct cat *c, const struct ss_header *h, const struct column *column, const struct ss_frame *slice,
    struct ss_frame *f)
{
	*f = (struct ss_frame){ .records = slice[0].records, .epoch = slice[0].epoch };
	for (int i = 0; i < h->tensors; i++) {
		const struct column *from = &column[i];

		f->data[i] = slice[from->stream].data[from->tensor];
		f->dims[i] = slice[from->stream].dims[from->tensor];
		for (int s = from->stream + 1; s < c->n && is_shared(h->tensor[i].name); s++) {
			int k = ss_header_find(c->input[s].h, h->tensor[i].name);

			if (k >= 0)
				check_shared(c, &slice[from->stream], &c->input[from->stream], from->tensor, &slice[s],
				    &c->input[s], k);
		}
	}
}

struct ss_writer *
cat_columns(struct cat *c)
{
	struct column column[SS_MAX_TENSORS] = { { 0, 0 } };
	struct ss_frame *slice = calloc((size_t)c->n, sizeof(*slice)), f;
	struct ss_writer *out;
	struct ss_header h;

	if (slice == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	check_headers(c);
	cat_merge(c, &h, false);
	drop_origins(&h);
	h.tensors = 0;
	for (int s = 0; s < c->n; s++) {
		if (c->input[s].h->records != SS_UNKNOWN)
			h.records = c->input[s].h->records;
		add_tensors(c, &h, s, column);
	}
	out = tool_output(c->output, &h);
	while (next_slices(c, slice)) {
		join(c, &h, column, slice, &f);
		cat_write(c, out, &f);
	}
	free(slice);
	ss_header_free(&h);
	return out;
}
