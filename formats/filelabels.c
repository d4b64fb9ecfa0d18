/*
 * filelabels.c - the labels of files: by folder, by name, or from a table
 *
 * All three give each file a class by name; the names, sorted bytewise, give the
 * numbers. So the labels depend on the names alone, not on an order of files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filelabels.h"

/* A class name in place, not ended by a zero. at NULL: none. */
struct word {
	const char *at;
	size_t length;
};

static int
compare_words(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	const size_t n = x->length < y->length ? x->length : y->length;
	const int r = n > 0 ? memcmp(x->at, y->at, n) : 0;

	return r != 0 ? r : (x->length > y->length) - (x->length < y->length);
}

/* The different words among n, sorted, at the front of w; returns how many. */
static size_t
sort_words(struct word *w, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (w[i].at != NULL)
			w[kept++] = w[i];
	n = kept;
	if (n > 0)
		qsort(w, n, sizeof(*w), compare_words);
	kept = 0;
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || compare_words(&w[kept - 1], &w[i]) != 0)
			w[kept++] = w[i];
	return kept;
}

/* Numbers the classes of n files and gives each file its own. */
static int
number_classes(struct ss_filelabels *l, const struct word *class, size_t n, struct ss_err *e)
{
	struct word *sorted = malloc((n + 1) * sizeof(*sorted));
	int r = 0;

	l->label = malloc((n + 1) * sizeof(*l->label));
	if (sorted == NULL || l->label == NULL) {
		free(sorted);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	if (n > 0)
		memcpy(sorted, class, n * sizeof(*sorted));
	const size_t classes = sort_words(sorted, n);

	if (classes > SS_FILE_CLASSES)
		r = ss_fail(e, SS_EDATA, "%zu classes: at most %d can be told apart", classes, SS_FILE_CLASSES);
	else if ((l->name = calloc(classes + 1, sizeof(*l->name))) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	for (; r == 0 && l->classes < classes; l->classes++) {
		const struct word *w = &sorted[l->classes];

		if ((l->name[l->classes] = strndup(w->at, w->length)) == NULL) {
			r = ss_fail(e, SS_EIO, "out of memory");
			break;
		}
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct word *w = class[i].at == NULL ? NULL :
		    bsearch(&class[i], sorted, classes, sizeof(*sorted), compare_words);

		l->label[i] = w == NULL ? -1 : (int32_t)(w - sorted);
	}
	free(sorted);
	return r;
}

int
ss_filelabels_directory(struct ss_filelabels *l, char *const *path, const size_t *skip, size_t n,
    struct ss_err *e)
{
	struct word *class = calloc(n + 1, sizeof(*class));
	int r;

	if (class == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < n; i++) {
		const char *at = path[i] + skip[i], *slash = strchr(at, '/');

		if (slash != NULL)
			class[i] = (struct word){ at, (size_t)(slash - at) };
	}
	r = number_classes(l, class, n, e);
	free(class);
	return r;
}

int
ss_filelabels_prefix(struct ss_filelabels *l, char *const *path, size_t n, struct ss_err *e)
{
	struct word *class = calloc(n + 1, sizeof(*class));
	int r = 0;

	if (class == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *slash = strrchr(path[i], '/'), *at = slash != NULL ? slash + 1 : path[i];
		const size_t length = strcspn(at, "_");

		class[i] = (struct word){ at, length };
		if (length == 0 || at[length] == '\0')
			r = ss_fail(e, SS_EDATA, "'%s': no class: nothing stands before a '_' in its name", path[i]);
	}
	if (r == 0)
		r = number_classes(l, class, n, e);
	free(class);
	return r;
}

/* Paths and the place of each, to be found by name. */
struct entry {
	const char *path;
	size_t place;
};

static int
compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

/* A line of the table into class[]; line ends with a zero and stays in memory. */
static int
take_line(const char *table, size_t number, char *line, const struct entry *sorted, size_t n,
    struct word *class, struct ss_err *e)
{
	char *tab = strchr(line, '\t');
	struct entry key = { line, 0 };
	size_t end = strlen(line);

	if (end > 0 && line[end - 1] == '\r')
		line[--end] = '\0';
	if (end == 0)
		return 0;
	if (tab == NULL || tab == line || tab[1] == '\0' || strchr(tab + 1, '\t') != NULL)
		return ss_fail(e, SS_EDATA, "'%s', line %zu: not path, TAB, label", table, number);
	*tab = '\0';
	if (strncmp(line, "./", 2) == 0)
		key.path += 2;
	const struct entry *found = bsearch(&key, sorted, n, sizeof(*sorted), compare_entries);

	if (found == NULL)
		return ss_fail(e, SS_EDATA, "'%s', line %zu: there is no file '%s'", table, number, line);
	if (class[found->place].at != NULL)
		return ss_fail(e, SS_EDATA, "'%s', line %zu: a second label for '%s'", table, number, line);
	class[found->place] = (struct word){ tab + 1, strlen(tab + 1) };
	return 0;
}

/* Labels as numbers, if all classes of the table are such; class[] are strings here. */
static int
take_numbers(struct ss_filelabels *l, const struct word *class, size_t n, struct ss_err *e)
{
	for (size_t i = 0; i < n; i++)
		if (class[i].at != NULL && (class[i].length > 7 || strtol(class[i].at, NULL, 10) >= SS_FILE_CLASSES ||
		    strspn(class[i].at, "0123456789") != class[i].length))
			return 0;
	if ((l->label = malloc((n + 1) * sizeof(*l->label))) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < n; i++)
		l->label[i] = class[i].at != NULL ? (int32_t)strtol(class[i].at, NULL, 10) : -1;
	return 1;
}

static int
read_table(FILE *f, const char *table, char **text, size_t *size, struct ss_err *e)
{
	size_t room = 0;

	*text = NULL;
	*size = 0;
	do {
		if (*size + 1 >= room) {
			char *more = realloc(*text, room = room + room / 2 + 65536);

			if (more == NULL)
				return ss_fail(e, SS_EIO, "out of memory for '%s'", table);
			*text = more;
		}
		*size += fread(*text + *size, 1, room - 1 - *size, f);
	} while (!feof(f) && !ferror(f));
	if (ferror(f))
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", table);
	(*text)[*size] = '\0';
	if (memchr(*text, '\0', *size) != NULL)
		return ss_fail(e, SS_EDATA, "'%s': not a text of labels", table);
	return 0;
}

int
ss_filelabels_table(struct ss_filelabels *l, const char *table, char *const *path, size_t n,
    struct ss_err *e)
{
	struct word *class = calloc(n + 1, sizeof(*class));
	struct entry *sorted = malloc((n + 1) * sizeof(*sorted));
	char *text = NULL;
	size_t size = 0, number = 0;
	FILE *f = fopen(table, "re");
	int r = 0;

	if (f == NULL)
		r = ss_fail_errno(e, SS_EIO, "cannot open '%s'", table);
	else if (class == NULL || sorted == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	else
		r = read_table(f, table, &text, &size, e);
	if (r < 0)
		goto out;
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct entry){ path[i], i };
	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), compare_entries);
	for (char *line = text, *next; r == 0 && line != NULL; line = next) {
		if ((next = strchr(line, '\n')) != NULL)
			*next++ = '\0';
		r = take_line(table, ++number, line, sorted, n, class, e);
	}
	if (r == 0 && (r = take_numbers(l, class, n, e)) == 0)
		r = number_classes(l, class, n, e);
out:
	if (f != NULL)
		fclose(f);
	free(text);
	free(sorted);
	free(class);
	return r < 0 ? r : 0;
}

void
ss_filelabels_free(struct ss_filelabels *l)
{
	for (uint32_t i = 0; i < l->classes; i++)
		free(l->name[i]);
	free(l->name);
	free(l->label);
	*l = (struct ss_filelabels)SS_FILELABELS_INIT;
}
