/*
 * sample_filter.c - the records of a stream that have the labels, the numbers and the places asked for
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "lines.h"
#include "sample.h"

/* The ID of the class of that name in the header, or -1. */
static long long
class_of_name(const struct ss_header *h, const char *name)
{
	long long found = -1;
	size_t at = 0;
	char *line;

	while (found < 0 && (line = line_next(h, "@LB", &at)) != NULL) {
		char *id = line_value(line, "ID"), *nm = line_value(line, "NM"), *end;

		if (id != NULL && nm != NULL && strcmp(nm, name) == 0) {
			found = strtoll(id, &end, 10);
			if (end == id || *end != '\0' || found > INT32_MAX)
				found = -1;
		}
		free(id);
		free(nm);
		free(line);
	}
	return found;
}

/* Makes room for an item behind n others; there is room up to the next power of two. */
static void *
grow(void *p, size_t n, size_t size)
{
	if ((n & (n + 1)) != 0)
		return p;
	void *more = realloc(p, 2 * (n + 1) * size);

	if (more == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return more;
}

static void
read_classes(struct sample_filter *f, const char *input)
{
	char *copy = strdup(sample.classes), *rest = copy, *item, *comma;

	if (copy == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	while ((item = rest) != NULL) {
		long long id;

		if ((comma = strchr(item, ',')) != NULL)
			*comma++ = '\0';
		rest = comma;
		if ((id = class_of_name(f->h, item)) < 0) {
			if (item[0] == '\0' || strspn(item, "0123456789") != strlen(item))
				tool_die(TOOL_MISUSE, "--classes: %s has no class '%s'", input, item);
			id = tool_int("--classes", item, 0, INT32_MAX);
		}
		f->class = grow(f->class, f->classes, sizeof(*f->class));
		f->class[f->classes++] = (int32_t)id;
	}
	free(copy);
}

static int
compare_numbers(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
read_indices(struct sample_filter *f)
{
	FILE *in = fopen(sample.indices, "re");
	unsigned long line = 1;
	char word[32];
	int c, n = 0;

	if (in == NULL)
		tool_die(TOOL_FAILURE, "cannot open '%s': %s", sample.indices, strerror(errno));
	do {
		c = getc(in);
		if (c == EOF && ferror(in))
			tool_die(TOOL_FAILURE, "cannot read '%s': %s", sample.indices, strerror(errno));
		if (c >= '0' && c <= '9' && n < (int)sizeof(word) - 1) {
			word[n++] = (char)c;
			continue;
		}
		if (c != EOF && strchr(" \t\r\n", c) == NULL)
			tool_die(TOOL_DAMAGED, "'%s', line %lu: not a whole number", sample.indices, line);
		if (n > 0) {
			word[n] = '\0';
			f->number = grow(f->number, f->numbers, sizeof(*f->number));
			errno = 0;
			f->number[f->numbers++] = strtoull(word, NULL, 10);
			if (errno != 0)
				tool_die(TOOL_DAMAGED, "'%s', line %lu: %s is too large", sample.indices, line, word);
		}
		n = 0;
		line += c == '\n';
	} while (c != EOF);
	fclose(in);
	if (f->numbers == 0)
		tool_die(TOOL_DAMAGED, "'%s' has no numbers", sample.indices);
	qsort(f->number, f->numbers, sizeof(*f->number), compare_numbers);
}

void
sample_filter_open(struct sample_filter *f, const struct ss_reader *in)
{
	const struct ss_header *h = ss_reader_header(in);
	const char *name = ss_reader_name(in);

	*f = (struct sample_filter){ .h = h, .label = -1, .index = -1, .epoch = h->first_epoch };
	if (sample.classes != NULL || sample.balanced) {
		f->label = ss_header_find(h, "label");
		if (f->label < 0 || h->tensor[f->label].rank != 0 || ss_type_is_float(h->tensor[f->label].type))
			tool_die(TOOL_MISUSE, "%s has no tensor 'label' of one integer", name);
	}
	if (sample_chooses() || sample.shuffle || sample.indices != NULL) {
		f->index = ss_header_find(h, "index");
		if (f->index < 0 || h->tensor[f->index].rank != 0 || h->tensor[f->index].type != SS_U64)
			tool_die(TOOL_MISUSE, "%s has no tensor 'index' (u64), the key of all randomness", name);
	}
	if (sample.classes != NULL)
		read_classes(f, name);
	if (sample.indices != NULL)
		read_indices(f);
}

void
sample_filter_close(struct sample_filter *f)
{
	free(f->class);
	free(f->number);
}

int32_t
sample_label(const struct sample_filter *f, const struct ss_frame *one)
{
	double y;

	ss_elements(f->h->tensor[f->label].type, one->data[f->label], 0, 1, &y);
	return y >= 0 && y <= INT32_MAX ? (int32_t)y : -1;
}

uint64_t
sample_index(const struct sample_filter *f, const struct ss_frame *one)
{
	uint64_t index;

	memcpy(&index, one->data[f->index], sizeof(index));
	return index;
}

static bool
has_class(const struct sample_filter *f, int32_t label)
{
	for (size_t i = 0; i < f->classes; i++)
		if (f->class[i] == label)
			return true;
	return false;
}

bool
sample_filter_passes(struct sample_filter *f, const struct ss_frame *one)
{
	if (one->epoch != f->epoch) {
		f->epoch = one->epoch;
		f->seen = f->kept = 0;
	}
	if (f->classes > 0 && !has_class(f, sample_label(f, one)))
		return false;
	if (f->numbers > 0) {
		const uint64_t index = sample_index(f, one);

		if (bsearch(&index, f->number, f->numbers, sizeof(index), compare_numbers) == NULL)
			return false;
	}
	const uint64_t place = f->seen++;

	if (place < (uint64_t)sample.skip || (place - (uint64_t)sample.skip) % (uint64_t)sample.every != 0 ||
	    f->kept == (uint64_t)sample.limit)
		return false;
	f->kept++;
	return true;
}

uint64_t
sample_filter_count(const struct sample_filter *f, uint64_t n)
{
	const uint64_t skip = (uint64_t)sample.skip, every = (uint64_t)sample.every;

	if (n == SS_UNKNOWN || f->classes > 0 || f->numbers > 0)
		return SS_UNKNOWN;
	n = n > skip ? n - skip : 0;
	n = n / every + (n % every != 0);
	return n < (uint64_t)sample.limit ? n : (uint64_t)sample.limit;
}
