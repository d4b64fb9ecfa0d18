/*
 * table.c - columns of numbers from text: logs in JSON Lines, and tables separated by TABs
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#include "base/size.h"
#include "json.h"
#include "table.h"

enum { LINE_MAX_BYTES = 1 << 20 };

/* The file being read. */
struct text {
	FILE *f;
	const char *name;
	char *line;
	size_t room, length;	/* without the newline */
	unsigned long long number;
	bool ended;		/* the line has its newline */
	struct ss_err *e;
};

/* 1: a line. 0: the end. */
static int
next_line(struct text *x)
{
	ssize_t n = getline(&x->line, &x->room, x->f);

	if (n < 0)		/* not by ferror: it does not tell when there is no memory for the line */
		return feof(x->f) ? 0 : ss_fail_errno(x->e, SS_EIO, "cannot read '%s'", x->name);
	x->number++;
	if (n > LINE_MAX_BYTES || memchr(x->line, '\0', (size_t)n) != NULL)
		return ss_fail(x->e, SS_EDATA, "%s: line %llu is no text", x->name, x->number);
	x->ended = x->line[n - 1] == '\n';
	n -= x->ended;
	n -= n > 0 && x->line[n - 1] == '\r';
	x->line[n] = '\0';
	x->length = (size_t)n;
	return 1;
}

const struct ss_column *
ss_table_find(const struct ss_table *t, const char *name)
{
	for (int i = 0; i < t->columns; i++)
		if (strcmp(t->column[i].name, name) == 0)
			return &t->column[i];
	return NULL;
}

static int
add_column(struct ss_table *t, const struct text *x, const char *name)
{
	struct ss_column *c = &t->column[t->columns];

	if (t->columns == SS_TABLE_COLUMNS)
		return ss_fail(x->e, SS_EDATA, "%s: line %llu: more than %d columns", x->name, x->number,
		    SS_TABLE_COLUMNS);
	*c = (struct ss_column){ .name = strdup(name) };
	c->value = t->room > 0 ? malloc(t->room * sizeof(*c->value)) : NULL;
	t->columns++;
	if (c->name == NULL || (t->room > 0 && c->value == NULL))
		return ss_fail(x->e, SS_EIO, "out of memory for '%s'", x->name);
	for (size_t i = 0; c->value != NULL && i < t->rows; i++)
		c->value[i] = NAN;
	return 0;
}

/* One row more, without values. */
static int
add_row(struct ss_table *t, const struct text *x)
{
	const size_t want = t->room + t->room / 2 + 256;

	for (int i = 0; t->rows == t->room && i < t->columns; i++) {
		double *more = want > SIZE_MAX / sizeof(*more) ? NULL :
		    realloc(t->column[i].value, want * sizeof(*more));

		if (more == NULL)
			return ss_fail(x->e, SS_EIO, "out of memory for '%s'", x->name);
		t->column[i].value = more;
	}
	if (t->rows == t->room)
		t->room = want;
	for (int i = 0; i < t->columns; i++)
		t->column[i].value[t->rows] = NAN;
	t->rows++;
	return 0;
}

static double
number_of(const json_t *v)
{
	if (json_is_number(v))
		return json_number_value(v);
	return json_is_boolean(v) ? json_is_true(v) : (double)NAN;
}

/* Whether the row and the object have a member in common, beside those that say where they are. */
static bool
same_kind(const struct ss_table *t, size_t row, json_t *object)
{
	for (int i = 0; i < t->columns; i++) {
		const struct ss_column *c = &t->column[i];

		if (strcmp(c->name, "step") != 0 && strcmp(c->name, "epoch") != 0 &&
		    !isnan(c->value[row]) && json_object_get(object, c->name) != NULL)
			return true;
	}
	return false;
}

/*
 * Takes back the rows that one of that step replaces: those of later steps, and those of the
 * same one if one of them is of its kind.
 */
static void
drop_replaced(struct ss_table *t, json_t *object)
{
	const struct ss_column *at = ss_table_find(t, "step");
	const double step = number_of(json_object_get(object, "step"));
	size_t same;

	if (at == NULL)
		return;
	while (t->rows > 0 && at->value[t->rows - 1] > step)
		t->rows--;
	for (same = t->rows; same > 0 && at->value[same - 1] == step; same--)
		if (same_kind(t, same - 1, object)) {
			while (t->rows > 0 && at->value[t->rows - 1] == step)
				t->rows--;
			return;
		}
}

static int
take_object(struct ss_table *t, const struct text *x)
{
	struct ss_err why = SS_ERR_INIT;
	json_t *object = NULL, *v;
	const char *key;
	int r = ss_json_parse(&object, x->line, x->length, &why);

	if (r == SS_EIO)
		return ss_fail(x->e, r, "cannot read '%s': %s", x->name, why.text);
	if (!json_is_object(object)) {
		json_decref(object);
		if (!x->ended) {
			t->unfinished = true;
			return 0;
		}
		return ss_fail(x->e, SS_EDATA, "%s: line %llu is no JSON object%s%s", x->name, x->number,
		    r < 0 ? ": " : "", why.text);
	}
	drop_replaced(t, object);
	json_object_foreach(object, key, v)
		if (r == 0 && (json_is_number(v) || json_is_boolean(v) || json_is_null(v)) &&
		    ss_table_find(t, key) == NULL)
			r = add_column(t, x, key);
	if (r == 0)
		r = add_row(t, x);
	for (int i = 0; r == 0 && i < t->columns; i++)
		t->column[i].value[t->rows - 1] = number_of(json_object_get(object, t->column[i].name));
	json_decref(object);
	return r;
}

/* The field at *at, cut off in place; *at moves to the next one, or becomes NULL. */
static char *
next_field(char **at)
{
	char *field = *at, *tab = strchr(field, '\t');

	if (tab != NULL)
		*tab++ = '\0';
	*at = tab;
	return field;
}

static int
take_names(struct ss_table *t, const struct text *x)
{
	int r = 0;

	for (char *at = x->line; r == 0 && at != NULL;) {
		const char *name = next_field(&at);

		if (ss_table_find(t, name) != NULL)
			return ss_fail(x->e, SS_EDATA, "%s: line 1: two columns '%s'", x->name, name);
		r = add_column(t, x, name);
	}
	return r;
}

/* A column whose first entry is a word has words; elsewhere they are an error. */
static int
take_entry(struct ss_table *t, const struct text *x, int column, const char *field)
{
	struct ss_column *c = &t->column[column];
	const bool none = *field == '\0' || strcmp(field, "-") == 0 || strcmp(field, "null") == 0;
	char *end;
	const double v = strtod(field, &end);

	if (c->words || none)
		return 0;
	if (*end == '\0') {
		c->value[t->rows - 1] = v;
		return 0;
	}
	for (size_t i = 0; i + 1 < t->rows; i++)
		if (!isnan(c->value[i]))
			return ss_fail(x->e, SS_EDATA, "%s: line %llu: '%.40s' in column '%s' is not a number",
			    x->name, x->number, field, c->name);
	c->words = true;
	return 0;
}

static int
take_entries(struct ss_table *t, const struct text *x)
{
	char *at = x->line;
	int r = add_row(t, x), i = 0;

	for (; r == 0 && at != NULL && i < t->columns; i++)
		r = take_entry(t, x, i, next_field(&at));
	if (r == 0 && (at != NULL || i < t->columns))
		r = ss_fail(x->e, SS_EDATA, "%s: line %llu has %s fields than the %d of line 1", x->name,
		    x->number, at != NULL ? "more" : "less", t->columns);
	return r;
}

int
ss_table_read(struct ss_table *t, const char *path, struct ss_err *e)
{
	const bool standard = path == NULL || strcmp(path, "-") == 0;
	struct text x = { .name = standard ? "standard input" : path, .e = e };
	int r;

	memset(t, 0, sizeof(*t));
	x.f = standard ? stdin : fopen(path, "r");
	if (x.f == NULL)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	r = next_line(&x);
	if (r == 0)
		r = ss_fail(e, SS_EDATA, "%s: empty input", x.name);
	t->log = r > 0 && x.line[strspn(x.line, " \t")] == '{';
	if (r > 0 && !t->log) {
		r = take_names(t, &x);
		if (r == 0)
			r = next_line(&x);
	}
	while (r > 0) {
		if (x.length > 0)
			r = t->log ? take_object(t, &x) : take_entries(t, &x);
		if (r >= 0)
			r = next_line(&x);
	}
	free(x.line);
	if (!standard)
		fclose(x.f);
	if (r < 0)
		ss_table_free(t);
	return r;
}

void
ss_table_free(struct ss_table *t)
{
	for (int i = 0; i < t->columns; i++) {
		free(t->column[i].name);
		free(t->column[i].value);
	}
	memset(t, 0, sizeof(*t));
}
