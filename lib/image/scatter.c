/*
 * scatter.c - points of a plane, coloured by class, with a legend
 *
 * Sizes are in units of `u` pixels, one for each 500 of the field's side. Points are drawn in
 * a shuffled order, so that no class lies on top of all others.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/shuffle.h"
#include "base/size.h"
#include "image/font.h"
#include "image/palette.h"
#include "image/scatter.h"

enum { UNIT_SIDE = 500, GAP = 6, LINE = 12, NAME_CELLS = 24 };
static const double OPACITY = 0.8;

/* The classes that there are, and how wide their names. */
struct legend {
	int classes;
	int *class;		/* their labels, rising */
	int cells, rows, columns;
};

static const char *
name_of(const struct ss_scatter *s, int label, char room[4 * NAME_CELLS + 4])
{
	const char *name = s->name == NULL ? NULL : s->name[label];

	if (name == NULL)
		snprintf(room, 4 * NAME_CELLS + 4, "%d", label);
	else
		snprintf(room, 4 * NAME_CELLS + 4, "%.*s%s", (int)ss_font_bytes(name, NAME_CELLS - 1), name,
		    ss_font_cells(name) >= NAME_CELLS ? "…" : "");
	return room;
}

static int
collect(const struct ss_scatter *s, struct legend *l, int u)
{
	char *present = calloc((size_t)s->classes + 1, 1), room[4 * NAME_CELLS + 4];

	*l = (struct legend){ .class = calloc((size_t)s->classes + 1, sizeof(*l->class)) };
	if (present == NULL || l->class == NULL) {
		free(present);
		free(l->class);
		return 0;
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->label[i] >= 0)
			present[s->label[i]] = 1;
	for (int c = 0; c < s->classes; c++)
		if (present[c]) {
			const int cells = ss_font_cells(name_of(s, c, room));

			l->cells = cells > l->cells ? cells : l->cells;
			l->class[l->classes++] = c;
		}
	l->rows = s->size / (LINE * u);
	l->columns = l->classes == 0 ? 0 : ss_parts(l->classes, l->rows);
	free(present);
	return 1;
}

static int
column_width(const struct legend *l, int u)
{
	return (3 * GAP + l->cells * SS_FONT_WIDTH) * u;
}

static void
draw_legend(struct ss_canvas *c, const struct ss_scatter *s, const struct legend *l, int left, int top,
    int u)
{
	char room[4 * NAME_CELLS + 4];

	for (int k = 0; k < l->classes; k++) {
		const struct ss_style style = ss_style_of(l->class[k]);
		const int x = left + k / l->rows * column_width(l, u), y = top + k % l->rows * LINE * u;

		ss_canvas_mark(c, x + GAP * u / 2.0, y + SS_FONT_RISE * u / 2.0, 3 * u, style.mark,
		    style.colour, 1);
		ss_canvas_text(c, x + 2 * GAP * u, y, name_of(s, l->class[k], room), u, 0, ss_ink);
	}
}

/* The middle of the values in a column of s->at, and half of what they span. */
static void
span(const struct ss_scatter *s, int column, double *middle, double *half)
{
	double lo = INFINITY, hi = -INFINITY;

	for (size_t i = 0; i < s->n; i++) {
		lo = fmin(lo, s->at[2 * i + (size_t)column]);
		hi = fmax(hi, s->at[2 * i + (size_t)column]);
	}
	*middle = lo / 2 + hi / 2;
	*half = hi / 2 - lo / 2;
}

static int
draw_points(struct ss_canvas *c, const struct ss_scatter *s, int left, int top, int u)
{
	const double radius = fmin(fmax(0.18 * s->size / sqrt((double)s->n), 0.7 * u), 4.5 * u);
	const double room = s->size / 2.0 - radius - GAP * u;
	uint32_t *order = malloc(s->n * sizeof(*order));
	double x, y, half[2], scale;

	if (order == NULL)
		return 0;
	span(s, 0, &x, &half[0]);
	span(s, 1, &y, &half[1]);
	scale = fmax(half[0], half[1]);
	scale = scale > 0 ? room / scale : 0;
	ss_shuffle(order, (uint32_t)s->n, 0, 0);
	for (size_t k = 0; k < s->n; k++) {
		const size_t i = order[k];
		struct ss_style style = { .colour = ss_gray };

		if (s->label[i] >= 0)
			style = ss_style_of(s->label[i]);
		ss_canvas_mark(c, left + s->size / 2.0 + (s->at[2 * i] - x) * scale,
		    top + s->size / 2.0 - (s->at[2 * i + 1] - y) * scale, radius, style.mark, style.colour,
		    OPACITY);
	}
	free(order);
	return 1;
}

static void
draw_frame(struct ss_canvas *c, int left, int top, int side, int u)
{
	const int thin = u < 4 ? 1 : u / 2;

	ss_canvas_rectangle(c, left, top, left + side, top + thin, ss_pale, 1);
	ss_canvas_rectangle(c, left, top + side - thin, left + side, top + side, ss_pale, 1);
	ss_canvas_rectangle(c, left, top, left + thin, top + side, ss_pale, 1);
	ss_canvas_rectangle(c, left + side - thin, top, left + side, top + side, ss_pale, 1);
}

int
ss_scatter_draw(const struct ss_scatter *s, struct ss_canvas *out, struct ss_err *e)
{
	const int u = s->size < UNIT_SIDE ? 1 : s->size / UNIT_SIDE;
	const int left = (GAP + (s->up != NULL ? LINE : 0)) * u;
	const int top = GAP * u + (s->title != NULL ? SS_FONT_HEIGHT * (u + 1) + GAP * u : 0);
	const int below = top + s->size + GAP * u;		/* first line under the field */
	struct legend l;
	int r, line = below;

	if (s->n == 0 || s->n > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "a map of %zu points cannot be drawn", s->n);
	if (!collect(s, &l, u))
		return ss_fail(e, SS_EIO, "out of memory for a picture");
	r = ss_canvas_create(out, left + s->size + GAP * u + l.columns * column_width(&l, u),
	    below + ((s->across != NULL) + (s->note != NULL)) * LINE * u, e);
	if (r < 0)
		goto end;
	if (s->title != NULL)
		ss_canvas_text(out, left, GAP * u, s->title, u + 1, 0, ss_ink);
	draw_frame(out, left, top, s->size, u);
	if (!draw_points(out, s, left, top, u)) {
		ss_canvas_free(out);
		r = ss_fail(e, SS_EIO, "out of memory for a picture");
		goto end;
	}
	draw_legend(out, s, &l, left + s->size + GAP * u, top, u);
	if (s->up != NULL)
		ss_canvas_text(out, GAP * u / 2, top + (s->size + ss_font_cells(s->up) * SS_FONT_WIDTH * u) / 2,
		    s->up, u, 1, ss_ink);
	if (s->across != NULL) {
		ss_canvas_text(out, left + (s->size - ss_font_cells(s->across) * SS_FONT_WIDTH * u) / 2, line,
		    s->across, u, 0, ss_ink);
		line += LINE * u;
	}
	if (s->note != NULL)
		ss_canvas_text(out, left, line, s->note, u, 0, ss_ink);
end:
	free(l.class);
	return r;
}
