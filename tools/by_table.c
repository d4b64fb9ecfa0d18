/*
 * by_table.c - ss-grid --by: which pictures stand where, by the table of another tool
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "by_table.h"
#include "tool.h"

/* Headings of the column that makes rows, and of that of pictures; is the first a picture, too? */
static const struct kind {
	const char *row, *picture;
	bool lead;
} kinds[] = { { "group", "name", false }, { "query", "neighbour", true }, { "first", "second", true } };

struct columns {
	const struct kind *kind;
	int row, picture, all;
};

/* Field k of a line that has more of them; malloc'd. */
static char *
field(const char *line, int k)
{
	char *copy;

	for (; k > 0; k--) {
		line = strchr(line, '\t');
		SS_BUG_IF(line == NULL);
		line++;
	}
	copy = strndup(line, strcspn(line, "\t"));
	if (copy == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return copy;
}

static int
fields(const char *line)
{
	int n = 1;

	for (; (line = strchr(line, '\t')) != NULL; line++)
		n++;
	return n;
}

static int
heading(const char *line, const char *name)
{
	int at = -1;

	for (int k = 0; at < 0 && k < fields(line); k++) {
		char *f = field(line, k);

		at = strcmp(f, name) == 0 ? k : -1;
		free(f);
	}
	return at;
}

static void
read_headings(const struct by_table *t, const char *line, struct columns *c)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		*c = (struct columns){ &kinds[i], heading(line, kinds[i].row), heading(line, kinds[i].picture), fields(line) };
		if (c->row >= 0 && c->picture >= 0)
			return;
	}
	tool_die(TOOL_DAMAGED, "%s is no table of ss-dups or ss-knn --neighbours: its first line has not the headings "
	    "group and name, query and neighbour, or first and second", t->path);
}

/* name is kept. */
static void
add(struct by_table *t, char *name, size_t column, size_t line)
{
	if (t->n == t->room) {
		const size_t room = t->room + t->room / 2 + 64;
		struct by_entry *p = realloc(t->entry, room * sizeof(*p));

		if (p == NULL)
			tool_die(TOOL_FAILURE, "out of memory for %zu lines", room);
		t->entry = p;
		t->room = room;
	}
	t->entry[t->n++] = (struct by_entry){ name, t->rows - 1, column, line, false };
	if (column + 1 > t->longest)
		t->longest = column + 1;
}

/* The next line without its newline; false at the end. */
static bool
next_line(const struct by_table *t, FILE *f, char **line, size_t *room, size_t number)
{
	ssize_t n;

	errno = 0;
	n = getline(line, room, f);
	if (n < 0 && ferror(f))
		tool_die(TOOL_FAILURE, "%s: cannot read: %s", t->path, strerror(errno));
	if (n < 0 && !feof(f))
		tool_die(TOOL_FAILURE, "%s: out of memory", t->path);
	if (n < 0)
		return false;
	if (strlen(*line) != (size_t)n)
		tool_die(TOOL_DAMAGED, "%s: line %zu has a zero byte", t->path, number);
	if ((*line)[n - 1] == '\n')
		(*line)[n - 1] = '\0';
	return true;
}

static void
read_lines(struct by_table *t, FILE *f, size_t rows_max)
{
	struct columns c = { 0 };
	char *line = NULL, *last = NULL;
	size_t room = 0, column = 0;

	for (size_t number = 1; next_line(t, f, &line, &room, number); number++) {
		char *row;

		if (number == 1) {
			read_headings(t, line, &c);
			continue;
		}
		if (fields(line) != c.all)
			tool_die(TOOL_DAMAGED, "%s: line %zu has %d fields, its headings are %d", t->path, number, fields(line), c.all);
		row = field(line, c.row);
		if (last == NULL || strcmp(row, last) != 0) {
			free(last);
			last = row;
			column = 0;
			if (t->rows == rows_max) {
				t->more++;
				continue;
			}
			t->rows++;
			if (c.kind->lead)
				add(t, field(line, c.row), column++, number);
		} else {
			free(row);
		}
		if (t->more == 0)
			add(t, field(line, c.picture), column++, number);
	}
	free(last);
	free(line);
}

void
by_table_read(struct by_table *t, const char *path, size_t rows_max)
{
	const bool standard = strcmp(path, "-") == 0;
	FILE *f;

	*t = (struct by_table){ .path = standard ? "standard input" : path };
	tool_check_input(path, "a table");
	f = standard ? stdin : fopen(path, "r");
	if (f == NULL)
		tool_die(TOOL_FAILURE, "cannot open '%s': %s", path, strerror(errno));
	read_lines(t, f, rows_max);
	if (!standard)
		fclose(f);
	if (t->rows == 0)
		tool_die(TOOL_FAILURE, "%s: there are no rows to show", t->path);
}

static int
by_name(const void *a, const void *b)
{
	const struct by_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

size_t
by_table_cut(struct by_table *t, size_t columns)
{
	size_t kept = 0, cut = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->entry[i].column < columns) {
			t->entry[kept++] = t->entry[i];
			continue;
		}
		cut += t->entry[i].column == columns;
		free(t->entry[i].name);
	}
	t->n = kept;
	qsort(t->entry, t->n, sizeof(*t->entry), by_name);
	return cut;
}

size_t
by_table_find(const struct by_table *t, const char *name, struct by_entry **first)
{
	size_t low = 0, high = t->n, n = 0;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (strcmp(t->entry[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = t->entry + low;
	while (low + n < t->n && strcmp(t->entry[low + n].name, name) == 0)
		n++;
	return n;
}

const struct by_entry *
by_table_missing(const struct by_table *t)
{
	const struct by_entry *first = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (!t->entry[i].found && (first == NULL || t->entry[i].line < first->line))
			first = &t->entry[i];
	return first;
}

void
by_table_free(struct by_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->entry[i].name);
	free(t->entry);
	*t = (struct by_table){ 0 };
}
