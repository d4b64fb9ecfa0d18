/*
 * chart_text.c - curves in plain characters, for terminals
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/axis.h"
#include "image/chart.h"

enum { NUMBERS = 9 };		/* columns for the numbers at the left */

static const char marks[] = "*+ox#@%&";

static char
mark_of(const struct ss_curve *v)
{
	return marks[(size_t)v->style % (sizeof(marks) - 1)];
}

/* Text that grows; once memory is short it is NULL. */
struct page {
	char *text;
	size_t n, room;
};

static void
add(struct page *p, const char *fmt, ...)
{
	va_list ap;
	char *more;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (p->text == NULL || n < 0)
		return;
	if (p->n + (size_t)n >= p->room) {
		p->room += p->room + (size_t)n;
		more = realloc(p->text, p->room);
		if (more == NULL)
			free(p->text);
		p->text = more;
		if (more == NULL)
			return;
	}
	va_start(ap, fmt);
	vsnprintf(p->text + p->n, p->room - p->n, fmt, ap);
	va_end(ap);
	p->n += (size_t)n;
}

static int
row_of(const struct ss_axis *y, double v, int height)
{
	return (int)lrint((1 - ss_axis_at(y, v)) * (height - 1));
}

static int
column_of(const struct ss_axis *x, double v, int columns)
{
	return (int)lrint(ss_axis_at(x, v) * (columns - 1));
}

static void
put(char *grid, int columns, int column, int from, int to, char mark)
{
	for (int row = from < to ? from : to; row <= (from < to ? to : from); row++)
		grid[row * columns + column] = mark;
}

/* Points, and between neighbours that are columns apart the line from one to the other. */
static void
draw(char *grid, int columns, int height, const struct ss_axis *x, const struct ss_axis *y,
    const struct ss_curve *v)
{
	int before = -1, row_before = 0;

	for (size_t i = 0; i < v->n; i++) {
		int column, row;

		if (y->log && !(v->y[i] > 0))
			continue;
		column = column_of(x, v->x[i], columns);
		row = row_of(y, v->y[i], height);
		put(grid, columns, column, before == column ? row_before : row, row, mark_of(v));
		for (int k = before + 1; before >= 0 && k < column; k++) {
			int at = row_before + (int)lrint((double)(row - row_before) * (k - before) /
			    (column - before));

			put(grid, columns, k, at, at, mark_of(v));
		}
		before = column;
		row_before = row;
	}
}

static void
add_panel(struct page *p, const struct ss_chart *c, const struct ss_panel *panel,
    const struct ss_axis *x, const struct ss_axis *y, char *grid)
{
	const int columns = c->width - NUMBERS - 2;

	memset(grid, ' ', (size_t)columns * (size_t)c->height);
	add(p, "%*s  %s%s", NUMBERS, "", panel->label, panel->log ? " (log)" : "");
	for (int k = 0; k < panel->curves; k++) {
		draw(grid, columns, c->height, x, y, &panel->curve[k]);
		if (c->legend)
			add(p, "%s%c %s", k == 0 ? ":  " : "  ", mark_of(&panel->curve[k]),
			    panel->curve[k].name);
	}
	add(p, "\n");
	for (int row = 0; row < c->height; row++) {
		const char *number = "", *cells = grid + row * columns;
		int n = columns;

		for (int i = 0; i < y->ticks; i++)
			if (row_of(y, y->tick[i], c->height) == row)
				number = y->text[i];
		while (n > 0 && cells[n - 1] == ' ')
			n--;
		add(p, "%*s %c%.*s\n", NUMBERS, number, *number == '\0' ? '|' : '+', n, cells);
	}
}

/* The line below the last panel, with its ticks, and the numbers under it. */
static void
add_axis(struct page *p, const struct ss_chart *c, const struct ss_axis *x, char *line)
{
	const int columns = c->width - NUMBERS - 2;
	int end = 0;

	memset(line, '-', (size_t)columns);
	for (int i = 0; i < x->ticks; i++)
		line[column_of(x, x->tick[i], columns)] = '+';
	add(p, "%*s +%.*s\n%*s  ", NUMBERS, "", columns, line, NUMBERS, "");
	for (int i = 0; i < x->ticks; i++) {
		const int n = (int)strlen(x->text[i]);
		int at = column_of(x, x->tick[i], columns) - n / 2;

		at = at + n > columns ? columns - n : at;
		at = at < 0 ? 0 : at;
		if (at < end + (i > 0))
			continue;		/* it would touch the one before */
		add(p, "%*s%s", at - end, "", x->text[i]);
		end = at + n;
	}
	add(p, "\n%*s  %*s\n", NUMBERS, "", (columns + (int)strlen(c->x_label)) / 2, c->x_label);
}

int
ss_chart_text(const struct ss_chart *c, char **out, struct ss_err *e)
{
	const int columns = c->width - NUMBERS - 2;
	struct ss_axis x, field[c->panels];
	struct page p = { malloc(4096), 0, 4096 };
	char *grid;
	int r;

	r = ss_chart_axes(c, columns / 10 + 2, c->height / 4 + 2, &x, field, e);
	grid = columns < 1 ? NULL : malloc((size_t)columns * (size_t)c->height);
	if (r == 0 && grid != NULL) {
		if (c->title != NULL)
			add(&p, "%*s  %s\n", NUMBERS, "", c->title);
		for (int i = 0; i < c->panels; i++)
			add_panel(&p, c, &c->panel[i], &x, &field[i], grid);
		add_axis(&p, c, &x, grid);
	}
	if (r == 0 && (p.text == NULL || grid == NULL))
		r = ss_fail(e, SS_EIO, "out of memory for a chart of %d x %d characters", c->width,
		    c->height);
	free(grid);
	if (r == 0)
		*out = p.text;
	else
		free(p.text);
	return r;
}
