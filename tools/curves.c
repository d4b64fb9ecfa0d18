/*
 * curves.c - the columns of logs and tables as curves of a chart
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "curves.h"
#include "tool.h"

/* What stands on the common axis if all files have it, and what is drawn of logs unless asked. */
static const char *const common[] = { "step", "epoch", "seconds", NULL };
static const char *const usual[] = { "loss", "knn", "lr", "std_ratio", NULL };

static void *
room_for(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return p;
}

static void
add_key(struct curve_group *g, const char *key)
{
	const size_t n = strlen(g->label);

	if (g->keys == CURVES_KEYS)
		tool_die(TOOL_MISUSE, "more than %d columns in a panel", CURVES_KEYS);
	g->key[g->keys++] = key;
	snprintf(g->label + n, sizeof(g->label) - n, "%s%s", n > 0 ? ", " : "", key);
}

static struct curve_group *
add_group(struct curves *c)
{
	if (c->groups == CURVES_PANELS)
		tool_die(TOOL_MISUSE, "more than %d panels; choose some with --key", CURVES_PANELS);
	return &c->group[c->groups++];
}

void
curves_take_keys(struct curves *c, const char *list)
{
	char *key = strdup(list);	/* the names stay in use until the end */

	if (key == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (bool more = true, together = false; more;) {
		const size_t n = strcspn(key, ",+");
		const char end = key[n];

		if (n == 0)
			tool_die(TOOL_MISUSE, "--key: a name is missing in '%s'", list);
		key[n] = '\0';
		add_key(together ? &c->group[c->groups - 1] : add_group(c), key);
		together = end == '+';
		more = end != '\0';
		key += n + 1;
	}
}

static bool
all_have(const struct curves *c, const char *name)
{
	for (int f = 0; f < c->files; f++)
		if (ss_table_find(&c->file[f].table, name) == NULL)
			return false;
	return true;
}

static bool
any_has(const struct curves *c, const char *name)
{
	for (int f = 0; f < c->files; f++)
		if (ss_table_find(&c->file[f].table, name) != NULL)
			return true;
	return false;
}

static void
choose_x(struct curves *c)
{
	const struct ss_table *first = &c->file[0].table;

	for (int f = 0; c->x != NULL && f < c->files; f++)
		if (ss_table_find(&c->file[f].table, c->x) == NULL)
			tool_die(TOOL_MISUSE, "--x: %s has no column '%s'", c->file[f].path, c->x);
	for (int i = 0; c->x == NULL && common[i] != NULL; i++)
		if (all_have(c, common[i]))
			c->x = common[i];
	if (c->x == NULL && !first->log && all_have(c, first->column[0].name))
		c->x = first->column[0].name;
	if (c->x == NULL)
		tool_die(TOOL_MISUSE, "the files have no column step, epoch or seconds in common; see --x");
}

/* Of a log the usual ones; of a table all, together if they are few and no log has a say. */
static void
choose_keys(struct curves *c)
{
	for (int i = 0; usual[i] != NULL; i++)
		if (strcmp(usual[i], c->x) != 0 && any_has(c, usual[i]))
			add_key(add_group(c), usual[i]);
	for (int f = 0; c->groups == 0 && f < c->files; f++)
		for (int i = 0; i < c->file[f].table.columns; i++) {
			const struct ss_column *v = &c->file[f].table.column[i];
			bool known = strcmp(v->name, c->x) == 0 || v->words;

			for (int g = 0; g < c->groups; g++)
				known = known || strcmp(c->group[g].key[0], v->name) == 0;
			if (!known)
				add_key(add_group(c), v->name);
		}
	if (c->groups == 0)
		tool_die(TOOL_MISUSE, "%s has no column beside '%s' to draw", c->file[0].path, c->x);
}

void
curves_choose(struct curves *c)
{
	choose_x(c);
	for (int g = 0; g < c->groups; g++)
		for (int k = 0; k < c->group[g].keys; k++)
			if (!any_has(c, c->group[g].key[k]))
				tool_die(TOOL_MISUSE, "--key: %s%s has no column '%s'", c->file[0].path,
				    c->files > 1 ? ", as the other files," : "", c->group[g].key[k]);
	if (c->groups == 0)
		choose_keys(c);
}

/*
 * Steps of an epoch. A log counts steps from 1 and epochs from 0, so the last step of epoch e
 * is (e + 1) times that; the last epoch of the log counts only if it is the only one, as it may
 * not be complete.
 */
static double
steps_per_epoch(const double *step, const double *epoch, size_t rows)
{
	double last = NAN, at = NAN, found = NAN;

	for (size_t i = 0; i < rows; i++) {
		if (isnan(step[i]) || isnan(epoch[i]))
			continue;
		if (epoch[i] > at)
			found = last / (at + 1);
		last = step[i];
		at = epoch[i];
	}
	return isnan(found) ? last / (at + 1) : found;
}

/* The common column of a file; epochs of a log with their fractions. */
static double *
make_x(const struct ss_table *t, const char *name)
{
	const struct ss_column *c = ss_table_find(t, name), *step = ss_table_find(t, "step");
	const bool fractions = t->log && step != NULL && strcmp(name, "epoch") == 0;
	const double *from = fractions ? step->value : c->value;
	const double of = fractions ? steps_per_epoch(step->value, c->value, t->rows) : 1;
	double *x = room_for(t->rows, sizeof(*x));

	for (size_t i = 0; i < t->rows; i++)
		x[i] = from[i] / of;
	return x;
}

/* y (n) = the mean of the n values of v around each, as far as there are so many. */
static void
smooth(const double *v, size_t n, size_t window, double *y)
{
	const size_t before = (window - 1) / 2, after = window / 2;
	double sum = 0;

	for (size_t i = 0, begin = 0, end = 0; i < n; i++) {
		while (end < n && end <= i + after)
			sum += v[end++];
		while (begin + before < i)
			sum -= v[begin++];
		y[i] = sum / (double)(end - begin);
	}
}

/* The points of a column where it and the common one have values. */
static void
take_points(const struct curves *c, const struct ss_table *t, const double *x,
    const struct ss_column *v, struct ss_curve *out)
{
	double *at = room_for(t->rows, sizeof(*at)), *raw = room_for(t->rows, sizeof(*raw)), *y;
	size_t n = 0;

	for (size_t i = 0; i < t->rows; i++) {
		if (!isfinite(x[i]) || !isfinite(v->value[i]))
			continue;
		at[n] = x[i];
		raw[n++] = v->value[i];
	}
	out->n = n;
	out->x = at;
	out->y = raw;
	if (c->smooth > 1) {
		y = room_for(n, sizeof(*y));
		smooth(raw, n, (size_t)c->smooth, y);
		out->faint = raw;
		out->y = y;
	}
}

static char *
name_curve(const struct curves *c, const char *file, const char *key, bool of_many)
{
	const bool both = of_many && c->files > 1;
	const size_t room = strlen(file) + strlen(key) + 3;
	char *name = room_for(room, 1);

	snprintf(name, room, "%s%s%s", of_many && !both ? "" : file, both ? ": " : "", of_many ? key : "");
	return name;
}

bool
curves_make(const struct curves *c, bool log_y, struct ss_panel *panel)
{
	double **x = room_for((size_t)c->files, sizeof(*x));
	bool many = false;
	int most = 1;

	for (int g = 0; g < c->groups; g++)
		most = c->group[g].keys > most ? c->group[g].keys : most;
	for (int f = 0; f < c->files; f++)
		x[f] = make_x(&c->file[f].table, c->x);
	for (int g = 0; g < c->groups; g++) {
		const struct curve_group *group = &c->group[g];
		struct ss_curve *curve = room_for((size_t)c->files * (size_t)group->keys, sizeof(*curve));
		int n = 0;

		for (int f = 0; f < c->files; f++) {
			for (int k = 0; k < group->keys; k++) {
				const struct ss_table *t = &c->file[f].table;
				const struct ss_column *v = ss_table_find(t, group->key[k]);

				if (v == NULL)
					continue;
				curve[n].name = name_curve(c, c->file[f].name, group->key[k], group->keys > 1);
				curve[n].style = f * most + k;
				take_points(c, t, x[f], v, &curve[n++]);
			}
		}
		panel[g] = (struct ss_panel){ group->label, log_y, curve, n };
		many = many || n > 1;
	}
	for (int f = 0; f < c->files; f++)
		free(x[f]);
	free(x);
	return many;
}

/* What the panels point at is ours, and only lent to them. */
static void
release(const void *p)
{
	free((void *)(uintptr_t)p);
}

void
curves_free(const struct curves *c, struct ss_panel *panel)
{
	for (int g = 0; g < c->groups; g++) {
		for (int k = 0; k < panel[g].curves; k++) {
			const struct ss_curve *v = &panel[g].curve[k];

			release(v->name);
			release(v->x);
			release(v->y);
			release(v->faint);
		}
		release(panel[g].curve);
	}
}
