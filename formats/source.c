/*
 * source.c - what all readers of data sets share: gathering, holding, class names
 */
#include <libgen.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "gz.h"
#include "source.h"

enum { NAMES_TEXT_MAX = 1 << 20 };

const char *const ss_split_name[] = { "train", "test", "all", "unlabeled", "train+unlabeled" };

int
ss_source_split_parse(const char *name)
{
	for (int i = SS_SPLIT_TRAIN; i <= SS_SPLIT_TRAIN_UNLABELED; i++)
		if (strcmp(name, ss_split_name[i]) == 0)
			return i;
	return -1;
}

bool
ss_source_varies(const struct ss_source *s)
{
	return s->height == SS_VARIES;
}

size_t
ss_source_image_bytes(const struct ss_source *s, uint64_t number)
{
	uint32_t size[2] = { s->height, s->width };

	if (ss_source_varies(s))
		s->ops->size(s, number, size);
	return (size_t)s->channels * size[0] * size[1] * ss_type_size(s->type);
}

int
ss_source_read(struct ss_source *s, const uint64_t *number, size_t n, void *images,
    int32_t *labels, struct ss_err *e)
{
	unsigned char *to = images;
	int r = 0;

	s->sound = 0;
	for (size_t i = 0; i < n; i++)
		SS_BUG_IF(number[i] >= s->records);
	if (s->ops->pick != NULL)
		return s->ops->pick(s, number, n, images, labels, e);
	for (size_t i = 0, run; i < n && r == 0; i += run) {
		const size_t bytes = ss_source_image_bytes(s, number[i]);
		size_t all = bytes;

		if (s->held != NULL) {
			memcpy(to, (unsigned char *)s->held + number[i] * bytes, bytes);
			labels[i] = s->held_labels[number[i]];
			run = 1;
		} else {
			for (run = 1; i + run < n && number[i + run] == number[i] + run; run++)
				all += ss_source_image_bytes(s, number[i + run]);
			r = s->ops->read(s, number[i], run, to, labels + i, e);
		}
		to += all;
	}
	return r;
}

int
ss_source_hold(struct ss_source *s, struct ss_err *e)
{
	size_t bytes, total;
	int r = 0;

	if (s->random || s->held != NULL || s->records == 0)
		return 0;
	SS_BUG_IF(ss_source_varies(s));
	bytes = ss_source_image_bytes(s, 0);
	if (s->records > SIZE_MAX || !ss_mul((size_t)s->records, bytes, &total))
		return ss_fail(e, SS_EIO, "out of memory: %s is too large to hold", s->dataset);
	/* Untouched pages cost nothing, so a file that lies about its length takes no memory here. */
	unsigned char *held = malloc(total);
	int32_t *labels = malloc((size_t)s->records * sizeof(*labels));

	if (held == NULL || labels == NULL)
		r = ss_fail(e, SS_EIO, "out of memory: %s needs %zu bytes", s->dataset, total);
	for (uint64_t i = 0; r == 0 && i < s->records; ) {
		uint64_t n = s->records - i < 1024 ? s->records - i : 1024;

		r = s->ops->read(s, i, (size_t)n, held + i * bytes, labels + i, e);
		i += n;
	}
	if (r < 0) {
		free(held);
		free(labels);
		return r;
	}
	s->held = held;
	s->held_labels = labels;
	return 0;
}

static void
free_names(struct ss_source *s)
{
	for (uint32_t i = 0; i < s->classes; i++)
		free(s->class_name[i]);
	free(s->class_name);
	s->class_name = NULL;
	s->classes = 0;
}

static int
add_name(struct ss_source *s, const char *name, size_t len, struct ss_err *e)
{
	char **more = realloc(s->class_name, (s->classes + 1) * sizeof(*more));

	if (more == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	s->class_name = more;
	if ((s->class_name[s->classes] = strndup(name, len)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	s->classes++;
	return 0;
}

int
ss_source_names(struct ss_source *s, const char *const *name, uint32_t n, struct ss_err *e)
{
	int r = 0;

	free_names(s);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = add_name(s, name[i], strlen(name[i]), e);
	return r;
}

int
ss_source_names_text(struct ss_source *s, const char *text, size_t len, uint32_t want,
    const char *file, struct ss_err *e)
{
	const char *end = text + len;

	free_names(s);
	while (text < end) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl != NULL ? nl : end) - text);
		size_t keep = n;
		int r;

		while (keep > 0 && (text[keep - 1] == '\r' || text[keep - 1] == ' '))
			keep--;
		if (memchr(text, '\0', n) != NULL)
			return ss_fail(e, SS_EDATA, "'%s': not a text of class names", file);
		if (keep > 0 && (r = add_name(s, text, keep, e)) < 0)
			return r;
		text += n + (nl != NULL);
	}
	if (s->classes == 0 || (want != 0 && s->classes != want))
		return ss_fail(e, SS_EDATA, "'%s': %u class names, wanted %s%u", file, s->classes,
		    want != 0 ? "" : "at least ", want != 0 ? want : 1);
	return 0;
}

int
ss_source_names_file(struct ss_source *s, const char *path, uint32_t want, struct ss_err *e)
{
	struct ss_gz *g;
	size_t got = 0;
	int r = ss_gz_open(&g, path, e);

	if (r < 0)
		return r;
	char *text = malloc(NAMES_TEXT_MAX);

	if (text == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	else if ((r = ss_gz_some(g, text, NAMES_TEXT_MAX, &got, e)) == 0)
		r = ss_source_names_text(s, text, got, want, path, e);
	free(text);
	ss_gz_close(g);
	return r;
}

void
ss_source_dataset(struct ss_source *s, const char *fmt, ...)
{
	va_list ap;
	char *to = s->dataset;

	va_start(ap, fmt);
	vsnprintf(s->dataset, sizeof(s->dataset), fmt, ap);
	va_end(ap);
	for (const char *p = s->dataset; *p != '\0'; p++)
		if (*p > ' ' && *p < 0x7f)
			*to++ = *p;
	*to = '\0';
}

int
ss_source_dataset_path(struct ss_source *s, const char *path, const char *split,
    const char *fallback, struct ss_err *e)
{
	char *copy = strdup(path);

	if (copy == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	const char *base = basename(copy);

	if (base[0] == '\0' || base[0] == '.' || base[0] == '/')
		base = fallback;
	ss_source_dataset(s, "%.*s%s%s", split != NULL ? 50 : (int)strcspn(base, "."), base,
	    split != NULL ? "-" : "", split != NULL ? split : "");
	free(copy);
	return 0;
}

void
ss_source_free(struct ss_source *s)
{
	if (s == NULL)
		return;
	free(s->held);
	free(s->held_labels);
	free_names(s);
	s->ops->free(s);
}
