/*
 * labelled.c - the features and labels of a stream, as floats in memory
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "embeddings.h"
#include "labelled.h"
#include "lines.h"

static int
choose_tensor(const struct labelled *f, const char *name)
{
	const struct ss_header *h = ss_reader_header(f->in);
	static const enum ss_type types[] = { SS_F32, SS_U8 };
	int i;

	if (name != NULL) {
		i = ss_header_find(h, name);
		if (i < 0)
			tool_die(TOOL_MISUSE, "%s has no tensor '%s'", ss_reader_name(f->in), name);
		if (!embeddings_usable(&h->tensor[i], SS_F32) && !embeddings_usable(&h->tensor[i], SS_U8))
			tool_die(TOOL_MISUSE, "%s: tensor '%s' is not f32 or u8 of one fixed shape",
			    ss_reader_name(f->in), name);
		return i;
	}
	for (int k = 0; k < 2; k++)
		for (i = 0; i < h->tensors; i++)
			if (embeddings_usable(&h->tensor[i], types[k]))
				return i;
	tool_die(TOOL_MISUSE, "%s has no tensor of f32 or u8 with one fixed shape",
	    ss_reader_name(f->in));
}

/* What the last @EM line says of how the features were made, if it is not of another tensor. */
static void
read_origin(struct labelled *f)
{
	const struct ss_header *h = ss_reader_header(f->in);
	size_t at = 0;
	char *line, *tensor, *last = NULL, *other;

	while ((line = line_next(h, "@EM", &at)) != NULL) {
		tensor = line_value(line, "TN");
		other = line;
		if (tensor == NULL || strcmp(tensor, h->tensor[f->tensor].name) == 0) {
			other = last;
			last = line;
		}
		free(other);
		free(tensor);
	}
	if (last == NULL || f->pixels)
		goto end;
	f->layer = line_value(last, "LY");
	f->arch = line_value(last, "AR");
	f->state = line_value(last, "ST");
	f->model = line_value(last, "MD");
end:
	free(last);
}

enum labels { NEEDED, OPTIONAL, IGNORED };

/* Of any number of epochs. */
static void
open_any(struct labelled *f, const char *path, const char *tensor, enum labels labels)
{
	const struct ss_header *h;
	const struct ss_tensor *label;

	*f = (struct labelled){ .in = tool_input(path) };
	h = ss_reader_header(f->in);
	f->tensor = choose_tensor(f, tensor);
	f->pixels = h->tensor[f->tensor].type == SS_U8;
	f->d = ss_tensor_elements(&h->tensor[f->tensor]);
	if (f->d == 0 || f->d > INT_MAX)
		tool_die(TOOL_MISUSE, "%s: tensor '%s' has %zu elements", ss_reader_name(f->in),
		    h->tensor[f->tensor].name, f->d);
	f->label = labels == IGNORED ? -1 : ss_header_find(h, "label");
	f->optional = labels != NEEDED;
	if (f->label < 0 && labels == NEEDED)
		tool_die(TOOL_MISUSE, "%s has no labels", ss_reader_name(f->in));
	label = f->label < 0 ? NULL : &h->tensor[f->label];
	if (label != NULL && (label->rank != 0 || ss_type_is_float(label->type)))
		tool_die(TOOL_MISUSE, "%s: tensor 'label' is not one integer",
		    ss_reader_name(f->in));
	f->index = ss_header_find(h, "index");
	if (f->index >= 0 && (h->tensor[f->index].rank != 0 || h->tensor[f->index].type != SS_U64))
		f->index = -1;
	read_origin(f);
}

static void
need_one_epoch(const struct labelled *f)
{
	const uint32_t epochs = ss_reader_header(f->in)->epochs;

	if (epochs > 1)
		tool_die(TOOL_MISUSE, "%s has %" PRIu32 " epochs: a score counts every image once",
		    ss_reader_name(f->in), epochs);
}

void
labelled_open(struct labelled *f, const char *path, const char *tensor)
{
	open_any(f, path, tensor, NEEDED);
	need_one_epoch(f);
}

/* Room for `more` records; grows by halves, so that a wrong count in the header costs nothing. */
static void
make_room(struct labelled *f, size_t more)
{
	size_t want = f->room;

	if (more <= f->room - f->n)
		return;
	while (want - f->n < more)
		want += want / 2 + 256;
	if (want > SIZE_MAX / sizeof(*f->x) / f->d)
		tool_die(TOOL_FAILURE, "out of memory for %zu x %zu features", want, f->d);
	f->x = realloc(f->x, want * f->d * sizeof(*f->x));
	f->y = realloc(f->y, want * sizeof(*f->y));
	f->number = realloc(f->number, want * sizeof(*f->number));
	if (f->x == NULL || f->y == NULL || f->number == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu x %zu features", want, f->d);
	f->room = want;
}

bool
labelled_more(struct labelled *f)
{
	const struct ss_header *h = ss_reader_header(f->in);
	struct ss_frame g;

	if (!tool_next(f->in, &g))
		return false;
	make_room(f, g.records);
	embeddings_take(f->in, &g, f->tensor, TOOL_DAMAGED, f->x + f->n * f->d);
	for (uint32_t i = 0; i < g.records; i++) {
		double y = -1;

		if (f->label >= 0)
			ss_elements(h->tensor[f->label].type, g.data[f->label], i, 1, &y);
		if (y < 0 && !f->optional)
			tool_die(TOOL_MISUSE, "%s: record %" PRIu64 " has no label (%g)",
			    ss_reader_name(f->in), g.first + i, y);
		if (y > LABELLED_MAX)
			tool_die(TOOL_DAMAGED, "%s: record %" PRIu64 " has label %.0f, above %d",
			    ss_reader_name(f->in), g.first + i, y, LABELLED_MAX);
		f->y[f->n + i] = y < 0 ? -1 : (int32_t)y;
	}
	if (f->index >= 0)
		memcpy(f->number + f->n, g.data[f->index], g.records * sizeof(*f->number));
	if (f->named)
		names_take(&f->names, &g);
	f->n += g.records;
	return true;
}

static void
read_all(struct labelled *f)
{
	while (labelled_more(f))
		tool_progress("%s: %zu records", ss_reader_name(f->in), f->n);
	tool_progress_end();
	if (f->n == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(f->in));
}

void
labelled_read(struct labelled *f, const char *path, const char *tensor)
{
	labelled_open(f, path, tensor);
	read_all(f);
}

size_t
labelled_read_epochs(struct labelled *f, const char *path, const char *tensor)
{
	size_t epochs;

	open_any(f, path, tensor, NEEDED);
	epochs = ss_reader_header(f->in)->epochs;
	read_all(f);
	if (f->n % epochs != 0)
		tool_die(TOOL_DAMAGED, "%s has %zu records in %zu epochs", ss_reader_name(f->in), f->n, epochs);
	return epochs;
}

void
labelled_read_features(struct labelled *f, const char *path, const char *tensor)
{
	open_any(f, path, tensor, OPTIONAL);
	need_one_epoch(f);
	read_all(f);
}

void
labelled_open_named(struct labelled *f, const char *path, const char *tensor)
{
	open_any(f, path, tensor, IGNORED);
	need_one_epoch(f);
	f->named = true;
	names_open(&f->names, ss_reader_header(f->in));
}

void
labelled_read_named(struct labelled *f, const char *path, const char *tensor)
{
	labelled_open_named(f, path, tensor);
	read_all(f);
}

void
labelled_drop(struct labelled *f, size_t n)
{
	f->n -= n;
	memmove(f->x, f->x + n * f->d, f->n * f->d * sizeof(*f->x));
	memmove(f->y, f->y + n, f->n * sizeof(*f->y));
	memmove(f->number, f->number + n, f->n * sizeof(*f->number));
	if (f->named)
		names_drop(&f->names, n);
}

static void
match_origin(const struct labelled *a, const struct labelled *b, const char *what, const char *x,
    const char *y)
{
	if (x != NULL && y != NULL && strcmp(x, y) != 0)
		tool_die(TOOL_MISUSE, "%s and %s do not belong together: %s %s, and %s",
		    ss_reader_name(a->in), ss_reader_name(b->in), what, x, y);
}

void
labelled_match(const struct labelled *a, const struct labelled *b)
{
	if (a->d != b->d)
		tool_die(TOOL_MISUSE, "%s has %zu features, %s has %zu",
		    ss_reader_name(a->in), a->d, ss_reader_name(b->in), b->d);
	if (a->pixels != b->pixels)
		tool_die(TOOL_MISUSE, "%s has %s, %s has %s", ss_reader_name(a->in),
		    a->pixels ? "pixels" : "embeddings", ss_reader_name(b->in),
		    b->pixels ? "pixels" : "embeddings");
	match_origin(a, b, "layer", a->layer, b->layer);
	match_origin(a, b, "arch", a->arch, b->arch);
	match_origin(a, b, "network", a->state, b->state);
	match_origin(a, b, "model", a->model, b->model);
}

bool
labelled_share_index(struct labelled *a, const struct labelled *b, bool unnamed)
{
	const char *x = ss_reader_header(a->in)->dataset, *y = ss_reader_header(b->in)->dataset;

	return b->index >= 0 && strcmp(x, y) == 0 && (x[0] != '\0' || unnamed) && labelled_sort(a);
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

bool
labelled_sort(struct labelled *f)
{
	if (f->index < 0)
		return false;
	f->sorted = calloc(f->n, 2 * sizeof(*f->sorted));
	if (f->sorted == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (size_t i = 0; i < f->n; i++) {
		f->sorted[2 * i] = f->number[i];
		f->sorted[2 * i + 1] = i;
	}
	qsort(f->sorted, f->n, 2 * sizeof(*f->sorted), compare_numbers);
	for (size_t i = 1; i < f->n; i++)
		if (f->sorted[2 * i] == f->sorted[2 * i - 2])
			return false;
	return true;
}

size_t
labelled_find(const struct labelled *f, uint64_t number)
{
	const uint64_t *at = bsearch(&number, f->sorted, f->n, 2 * sizeof(*f->sorted),
	    compare_numbers);

	return at == NULL ? SIZE_MAX : (size_t)at[1];
}

char **
labelled_header_names(const struct ss_header *h, int n)
{
	char **names = calloc((size_t)n + 1, sizeof(*names)), *line;
	size_t at = 0;

	if (names == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	while ((line = line_next(h, "@LB", &at)) != NULL) {
		char *id = line_value(line, "ID"), *end;
		unsigned long long k = id == NULL ? 0 : strtoull(id, &end, 10);

		if (id != NULL && end != id && *end == '\0' && k < (unsigned long long)n &&
		    names[k] == NULL) {
			char *name = line_value(line, "NM");

			names[k] = name == NULL ? NULL : line_escape(name);
			free(name);
		}
		free(id);
		free(line);
	}
	return names;
}

char **
labelled_names(const struct labelled *f, int n)
{
	return labelled_header_names(ss_reader_header(f->in), n);
}

void
labelled_free_names(char **names, int n)
{
	for (int i = 0; names != NULL && i < n; i++)
		free(names[i]);
	free(names);
}

void
labelled_close(struct labelled *f)
{
	ss_reader_free(f->in);
	free(f->x);
	free(f->y);
	free(f->number);
	free(f->sorted);
	free(f->layer);
	free(f->arch);
	free(f->state);
	free(f->model);
	names_close(&f->names);
	*f = (struct labelled){ 0 };
}
