/*
 * names.c - what the records of a stream are called, in memory
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "lines.h"
#include "names.h"
#include "tool.h"

void
names_open(struct names *a, const struct ss_header *h)
{
	const struct ss_tensor *t;

	*a = (struct names){ .name = ss_header_find(h, "name"), .index = ss_header_find(h, "index") };
	t = a->name < 0 ? NULL : &h->tensor[a->name];
	if (t != NULL && (t->type != SS_U8 || t->rank != 1 || t->shape[0] != SS_VARIES))
		a->name = -1;
	t = a->index < 0 ? NULL : &h->tensor[a->index];
	if (t != NULL && (t->type != SS_U64 || t->rank != 0))
		a->index = -1;
}

static size_t
used(const struct names *a)
{
	return a->n == 0 ? 0 : a->end[a->n - 1];
}

static void *
grown(void *p, size_t *room, size_t want, size_t size)
{
	size_t bytes;

	if (want <= *room)
		return p;
	want += want / 2 + 256;
	p = ss_mul(want, size, &bytes) ? realloc(p, bytes) : NULL;
	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the names of %zu records", want);
	*room = want;
	return p;
}

static void
append(struct names *a, const char *text, size_t n)
{
	const size_t at = used(a);

	a->text = grown(a->text, &a->room, at + n, 1);
	if (n > 0)
		memcpy(a->text + at, text, n);
	a->end = grown(a->end, &a->rooms, a->n + 1, sizeof(*a->end));
	a->end[a->n++] = at + n;
}

void
names_take(struct names *a, const struct ss_frame *f)
{
	const char *name = a->name < 0 ? NULL : f->data[a->name];
	const uint64_t *index = a->index < 0 ? NULL : f->data[a->index];
	char number[24];

	for (uint32_t i = 0; i < f->records; i++) {
		if (name != NULL) {
			append(a, name, f->dims[a->name][i]);
			name += f->dims[a->name][i];
		} else {
			append(a, number, (size_t)snprintf(number, sizeof(number), "%" PRIu64,
			    index != NULL ? index[i] : f->first + i));
		}
	}
}

void
names_drop(struct names *a, size_t n)
{
	const size_t gone = n == 0 ? 0 : a->end[n - 1], all = used(a);

	a->n -= n;
	memmove(a->text, a->text + gone, all - gone);
	memmove(a->end, a->end + n, a->n * sizeof(*a->end));
	for (size_t i = 0; i < a->n; i++)
		a->end[i] -= gone;
}

const char *
names_get(const struct names *a, size_t i, size_t *bytes)
{
	const size_t from = i == 0 ? 0 : a->end[i - 1];

	*bytes = a->end[i] - from;
	return a->text + from;
}

void
names_put(FILE *f, const struct names *a, size_t i)
{
	size_t n;
	const char *text = names_get(a, i, &n);

	line_put(f, text, n);
}

char *
names_text(const struct names *a, size_t i)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	if (f != NULL)
		names_put(f, a, i);
	if (f == NULL || fclose(f) != 0 || text == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return text;
}

void
names_close(struct names *a)
{
	free(a->end);
	free(a->text);
	*a = (struct names){ .name = -1, .index = -1 };
}
