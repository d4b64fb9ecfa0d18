/*
 * embeddings.c - features of a stream, with or without labels, as floats in memory
 */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "embeddings.h"

bool
embeddings_usable(const struct ss_tensor *t, enum ss_type type)
{
	return t->type == type && t->rank > 0 && ss_tensor_varying(t) == 0;
}

void
embeddings_take(const struct ss_reader *in, const struct ss_frame *f, int tensor, enum tool_status bad, float *out)
{
	const struct ss_tensor *t = &ss_reader_header(in)->tensor[tensor];
	const size_t d = ss_tensor_elements(t), count = f->records * d;
	const uint8_t *pixel = f->data[tensor];
	int wrong = 0;

	if (t->type == SS_U8) {
		for (size_t i = 0; i < count; i++)
			out[i] = (float)pixel[i] / 255;
		return;
	}
	memcpy(out, f->data[tensor], count * sizeof(*out));
	for (size_t i = 0; i < count; i++)
		wrong |= !isfinite(out[i]);
	for (size_t i = 0; wrong && i < count; i++)
		if (!isfinite(out[i]))
			tool_die(bad, "%s: record %" PRIu64 ": element %zu of tensor '%s' is %s",
			    ss_reader_name(in), f->first + i / d, i % d, t->name,
			    isnan(out[i]) ? "not a number" : "infinite");
}

static bool
same_shape(const struct ss_tensor *a, const struct ss_tensor *b)
{
	return a->type == b->type && a->rank == b->rank &&
	    memcmp(a->shape, b->shape, (size_t)a->rank * sizeof(*a->shape)) == 0;
}

static void
choose_tensors(struct embeddings *f, const char *name)
{
	const struct ss_header *h = ss_reader_header(f->in);
	static const enum ss_type types[] = { SS_F32, SS_U8 };

	if (name != NULL) {
		f->tensor[f->views++] = ss_header_find(h, name);
		if (f->tensor[0] < 0)
			tool_die(TOOL_MISUSE, "%s has no tensor '%s'", ss_reader_name(f->in), name);
		if (!embeddings_usable(&h->tensor[f->tensor[0]], SS_F32) &&
		    !embeddings_usable(&h->tensor[f->tensor[0]], SS_U8))
			tool_die(TOOL_MISUSE, "%s: tensor '%s' is not f32 or u8 of one fixed shape",
			    ss_reader_name(f->in), name);
		return;
	}
	for (int k = 0; k < 2 && f->views == 0; k++)
		for (int i = 0; i < h->tensors; i++) {
			if (!embeddings_usable(&h->tensor[i], types[k]) ||
			    (f->views > 0 && !same_shape(&h->tensor[i], &h->tensor[f->tensor[0]])))
				continue;
			if (f->views == EMBEDDINGS_VIEWS)
				tool_die(TOOL_MISUSE, "%s has more than %d tensors of features; name one with --tensor",
				    ss_reader_name(f->in), EMBEDDINGS_VIEWS);
			f->tensor[f->views++] = i;
		}
	if (f->views == 0)
		tool_die(TOOL_MISUSE, "%s has no tensor of f32 or u8 with one fixed shape",
		    ss_reader_name(f->in));
}

/* Room for `more` records; grows by halves, so that a wrong count in the header costs nothing. */
static void
make_room(struct embeddings *f, size_t more)
{
	size_t want = f->room, cells;
	bool fits;

	if (more <= f->room - f->n)
		return;
	while (want - f->n < more)
		want += want / 2 + 256;
	fits = ss_mul(want, f->d, &cells) && cells <= SIZE_MAX / sizeof(float);
	for (int v = 0; fits && v < f->views; v++) {
		float *x = realloc(f->x[v], cells * sizeof(*x));

		fits = x != NULL;
		f->x[v] = fits ? x : f->x[v];
	}
	if (!fits || (f->number = realloc(f->number, want * sizeof(*f->number))) == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu x %zu features", want, f->d);
	f->room = want;
}

void
embeddings_read(struct embeddings *f, const char *path, const char *tensor, size_t limit)
{
	const struct ss_header *h;
	struct ss_frame g;

	*f = (struct embeddings){ .in = tool_input(path) };
	h = ss_reader_header(f->in);
	if (h->epochs > 1)
		tool_die(TOOL_MISUSE, "%s has %" PRIu32 " epochs: every image counts once",
		    ss_reader_name(f->in), h->epochs);
	choose_tensors(f, tensor);
	f->d = ss_tensor_elements(&h->tensor[f->tensor[0]]);
	if (f->d == 0 || f->d > INT_MAX)
		tool_die(TOOL_MISUSE, "%s: tensor '%s' has %zu elements", ss_reader_name(f->in),
		    h->tensor[f->tensor[0]].name, f->d);
	f->index = ss_header_find(h, "index");
	if (f->index >= 0 && (h->tensor[f->index].rank != 0 || h->tensor[f->index].type != SS_U64))
		f->index = -1;
	while (f->n < limit && tool_next(f->in, &g)) {
		make_room(f, g.records);
		for (int v = 0; v < f->views; v++)
			embeddings_take(f->in, &g, f->tensor[v], TOOL_NONFINITE, f->x[v] + f->n * f->d);
		if (f->index >= 0)
			memcpy(f->number + f->n, g.data[f->index], g.records * sizeof(*f->number));
		f->n += g.records;
		tool_progress("%s: %zu records", ss_reader_name(f->in), f->n);
	}
	tool_progress_end();
	f->n = ss_least(f->n, limit);
}

void
embeddings_close(struct embeddings *f)
{
	ss_reader_free(f->in);
	for (int v = 0; v < f->views; v++)
		free(f->x[v]);
	free(f->number);
	*f = (struct embeddings){ 0 };
}
