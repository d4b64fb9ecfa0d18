/*
 * chart.c - curves over a common axis, in panels one above the other
 *
 * Sizes are in units of `u` pixels, one for each 640 of the picture's width: so letters and
 * lines keep their share of it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "image/axis.h"
#include "image/chart.h"
#include "image/font.h"
#include "image/palette.h"

enum {
	UNIT_WIDTH = 640,	/* units across */
	GAP = 6,		/* between things that do not touch */
	TICK = 4,		/* length of a tick */
	LINE = 12,		/* from one line of text to the next */
	SWATCH = 16,		/* of a legend */
	NAME_CELLS = 28,	/* of a legend's names; longer ones are cut */
	MARKED = 60		/* curves of fewer points get marks */
};

struct layout {
	const struct ss_chart *chart;
	struct ss_canvas *canvas;
	struct ss_axis x, y;		/* y: of the panel being drawn */
	int u;
	int left, right;		/* of the fields, pixels */
	int top;			/* of the panel's field */
};

int
ss_chart_axes(const struct ss_chart *c, int x_ticks, int y_ticks, struct ss_axis *x,
    struct ss_axis *fields, struct ss_err *e)
{
	double x_lo = INFINITY, x_hi = -INFINITY;

	for (int p = 0; p < c->panels; p++) {
		const struct ss_panel *panel = &c->panel[p];
		double lo = INFINITY, hi = -INFINITY, more;

		for (int k = 0; k < panel->curves; k++) {
			const struct ss_curve *v = &panel->curve[k];

			for (size_t i = 0; i < v->n; i++) {
				if (panel->log && !(v->y[i] > 0))
					continue;
				lo = fmin(lo, v->y[i]);
				hi = fmax(hi, v->y[i]);
				if (v->faint != NULL && !(panel->log && !(v->faint[i] > 0))) {
					lo = fmin(lo, v->faint[i]);
					hi = fmax(hi, v->faint[i]);
				}
				x_lo = fmin(x_lo, v->x[i]);
				x_hi = fmax(x_hi, v->x[i]);
			}
		}
		if (lo > hi)
			return ss_fail(e, SS_EUSAGE, "there is no value of '%s' to show%s", panel->label,
			    panel->log ? " on a logarithmic axis" : "");
		more = panel->log ? pow(hi / lo, 0.04) : (hi - lo) * 0.04;	/* air above and below */
		ss_axis_fit(&fields[p], panel->log ? lo / more : lo - more,
		    panel->log ? hi * more : hi + more, panel->log, y_ticks);
	}
	ss_axis_fit(x, x_lo, x_hi, false, x_ticks);
	return 0;
}

static double
place_x(const struct layout *l, double v)
{
	return l->left + ss_axis_at(&l->x, v) * (l->right - l->left);
}

static double
place_y(const struct layout *l, double v)
{
	return l->top + (1 - ss_axis_at(&l->y, v)) * l->chart->height;
}

static int
text_width(const struct layout *l, const char *text)
{
	return ss_font_cells(text) * SS_FONT_WIDTH * l->u;
}

/* Grid, frame and ticks of a panel; numbers below it where it is the last. */
static void
draw_field(const struct layout *l, const struct ss_panel *panel, bool last)
{
	struct ss_canvas *c = l->canvas;
	const int u = l->u, bottom = l->top + l->chart->height;
	const int thin = u < 4 ? 1 : u / 2;
	char label[256];

	for (int i = 0; i < l->y.ticks; i++) {
		const int y = (int)place_y(l, l->y.tick[i]);

		ss_canvas_rectangle(c, l->left, y, l->right, y + thin, ss_pale, 1);
		ss_canvas_text(c, l->left - GAP * u - text_width(l, l->y.text[i]), y - SS_FONT_RISE * u / 2,
		    l->y.text[i], u, 0, ss_ink);
	}
	for (int i = 0; i < l->x.ticks; i++) {
		const int x = (int)place_x(l, l->x.tick[i]);

		ss_canvas_rectangle(c, x, l->top, x + thin, bottom, ss_pale, 1);
		ss_canvas_rectangle(c, x, bottom, x + thin, bottom + TICK * u, ss_ink, 1);
		if (last)
			ss_canvas_text(c, x - text_width(l, l->x.text[i]) / 2, bottom + GAP * u,
			    l->x.text[i], u, 0, ss_ink);
	}
	ss_canvas_rectangle(c, l->left, l->top, l->left + thin, bottom, ss_ink, 1);
	ss_canvas_rectangle(c, l->left, bottom, l->right, bottom + thin, ss_ink, 1);
	snprintf(label, sizeof(label), "%s%s", panel->label, panel->log ? " (log)" : "");
	ss_canvas_text(c, GAP * u, l->top + (l->chart->height + text_width(l, label)) / 2, label, u, 1,
	    ss_ink);
	if (last)
		ss_canvas_text(c, (l->left + l->right - text_width(l, l->chart->x_label)) / 2,
		    bottom + (GAP + LINE) * u, l->chart->x_label, u, 0, ss_ink);
}

/* What a curve is drawn with, and how far its dashes have come. */
struct pen {
	const struct layout *l;
	struct ss_style style;
	double width, opacity, walked;
};

/* Dashes grow shorter with each round of the colours. */
static void
stroke(struct pen *p, double x0, double y0, double x1, double y1)
{
	const double length = hypot(x1 - x0, y1 - y0), u = p->l->u;
	const double on = p->style.round == 0 ? INFINITY : 8 * u / p->style.round, period = on + 3 * u;
	double from = 0;

	while (from < length) {
		const double phase = p->style.round == 0 ? 0 : fmod(p->walked + from, period);
		const double to = fmin(length, from + (phase < on ? on : period) - phase);

		if (phase < on)
			ss_canvas_line(p->l->canvas, x0 + (x1 - x0) * from / length,
			    y0 + (y1 - y0) * from / length, x0 + (x1 - x0) * to / length,
			    y0 + (y1 - y0) * to / length, p->width, p->style.colour, p->opacity);
		from = to > from ? to : length;
	}
	p->walked += length;
}

/* Where many points share a column of pixels, one stroke from the lowest to the highest shows them. */
static void
draw_line(struct pen *p, const struct ss_curve *v, const double *y)
{
	double px = 0, py = 0, lo = 0, hi = 0;
	bool begun = false;

	for (size_t i = 0; i < v->n; i++) {
		const double x = place_x(p->l, v->x[i]), at = place_y(p->l, y[i]);

		if (isnan(at))
			continue;
		if (begun && floor(x) == floor(px)) {
			lo = fmin(lo, at);
			hi = fmax(hi, at);
		} else {
			if (begun && lo < hi)
				stroke(p, px, lo, px, hi);
			if (begun)
				stroke(p, px, py, x, at);
			lo = hi = at;
		}
		px = x;
		py = at;
		begun = true;
	}
	if (begun && lo < hi)
		stroke(p, px, lo, px, hi);
}

static void
draw_curve(const struct layout *l, const struct ss_curve *v)
{
	struct pen pen = { l, ss_style_of(v->style), 1.2 * l->u, 1, 0 }, pale = pen;

	pale.opacity = 0.25;
	if (v->faint != NULL)
		draw_line(&pale, v, v->faint);
	draw_line(&pen, v, v->y);
	for (size_t i = 0; i < v->n && v->n < MARKED; i++) {
		const double y = place_y(l, v->y[i]);

		if (!isnan(y))
			ss_canvas_mark(l->canvas, place_x(l, v->x[i]), y, 2.2 * l->u, pen.style.mark,
			    pen.style.colour, 1);
	}
}

static void
shorten(char *to, size_t room, const char *name)
{
	const bool fits = ss_font_cells(name) <= NAME_CELLS;

	snprintf(to, room, "%.*s%s", (int)ss_font_bytes(name, fits ? NAME_CELLS : NAME_CELLS - 1), name,
	    fits ? "" : "…");
}

/* The lines of a panel's legend, down to `floor`; what does not fit is counted. */
static void
draw_legend(const struct layout *l, const struct ss_panel *panel, int floor)
{
	const int u = l->u, room = (floor - l->top) / (LINE * u);
	const int shown = panel->curves <= room ? panel->curves : room - 1;
	const int left = l->right + 2 * GAP * u;
	char text[4 * NAME_CELLS + 8];

	for (int k = 0; k < shown; k++) {
		struct pen pen = { l, ss_style_of(panel->curve[k].style), 1.6 * u, 1, 0 };
		const int top = l->top + k * LINE * u;
		const double middle = top + SS_FONT_RISE * u / 2.0;

		stroke(&pen, left, middle, left + SWATCH * u, middle);
		if (panel->curve[k].n < MARKED)
			ss_canvas_mark(l->canvas, left + SWATCH * u / 2.0, middle, 2.2 * u, pen.style.mark,
			    pen.style.colour, 1);
		shorten(text, sizeof(text), panel->curve[k].name);
		ss_canvas_text(l->canvas, left + (SWATCH + GAP) * u, top, text, u, 0, ss_ink);
	}
	if (shown < panel->curves) {
		snprintf(text, sizeof(text), "and %d more", panel->curves - shown);
		ss_canvas_text(l->canvas, left, l->top + shown * LINE * u, text, u, 0, ss_ink);
	}
}

static bool
same_legend(const struct ss_panel *a, const struct ss_panel *b)
{
	bool same = a->curves == b->curves;

	for (int k = 0; same && k < a->curves; k++)
		same = a->curve[k].style == b->curve[k].style &&
		    strcmp(a->curve[k].name, b->curve[k].name) == 0;
	return same;
}

/* Cells of the longest name, as it is shown. */
static int
legend_cells(const struct ss_chart *c)
{
	int most = 0;

	for (int p = 0; p < c->panels; p++) {
		for (int k = 0; k < c->panel[p].curves; k++) {
			int n = ss_font_cells(c->panel[p].curve[k].name);

			n = n < NAME_CELLS ? n : NAME_CELLS;
			most = n > most ? n : most;
		}
	}
	return most;
}

/* The panel's field stands at `at`, counted in panels from the top. */
static int
field_top(const struct layout *l, int at)
{
	const int title = l->chart->title != NULL ? (SS_FONT_HEIGHT * (l->u + 1) + GAP * l->u) : 0;

	return GAP * l->u + title + at * (l->chart->height + (GAP + TICK) * l->u);
}

int
ss_chart_draw(const struct ss_chart *c, struct ss_canvas *out, struct ss_err *e)
{
	struct layout l = { .chart = c, .canvas = out, .u = (c->width + UNIT_WIDTH / 2) / UNIT_WIDTH };
	struct ss_axis field[c->panels];
	int cells = 0, r, width;

	l.u = l.u < 1 ? 1 : l.u;
	width = c->legend ? (SWATCH + 3 * GAP + legend_cells(c) * SS_FONT_WIDTH) * l.u : 0;
	r = ss_chart_axes(c, c->width / (75 * l.u), c->height / (24 * l.u) + 2, &l.x, field, e);
	if (r < 0)
		return r;
	for (int p = 0; p < c->panels; p++)
		for (int i = 0; i < field[p].ticks; i++)
			if ((int)strlen(field[p].text[i]) > cells)
				cells = (int)strlen(field[p].text[i]);
	l.left = (3 * GAP + SS_FONT_HEIGHT + cells * SS_FONT_WIDTH) * l.u;
	l.right = c->width - 3 * GAP * l.u - width;
	if (l.right - l.left < 60 * l.u)
		return ss_fail(e, SS_EUSAGE, "a picture %d pixels wide has no room for names and curves",
		    c->width);
	r = ss_canvas_create(out, c->width, field_top(&l, c->panels) + 2 * LINE * l.u, e);
	if (r < 0)
		return r;
	if (c->title != NULL)
		ss_canvas_text(out, (c->width - ss_font_cells(c->title) * SS_FONT_WIDTH * (l.u + 1)) / 2,
		    GAP * l.u, c->title, l.u + 1, 0, ss_ink);
	for (int p = 0; p < c->panels; p++) {
		const struct ss_panel *panel = &c->panel[p];
		int next = p + 1;

		l.top = field_top(&l, p);
		l.y = field[p];
		draw_field(&l, panel, p == c->panels - 1);
		for (int k = 0; k < panel->curves; k++)
			draw_curve(&l, &panel->curve[k]);
		while (next < c->panels && same_legend(panel, &c->panel[next]))
			next++;
		if (c->legend && (p == 0 || !same_legend(panel, panel - 1)))
			draw_legend(&l, panel, field_top(&l, next));
	}
	return 0;
}
