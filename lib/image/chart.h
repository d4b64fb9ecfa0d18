/*
 * chart.h - curves over a common axis, in panels one above the other
 */
#ifndef SS_CHART_H
#define SS_CHART_H

#include <stdbool.h>
#include <stddef.h>

#include "image/canvas.h"

struct ss_curve {
	const char *name;	/* for the legend */
	int style;		/* number of its colour, see palette.h */
	size_t n;
	const double *x, *y;	/* (n), finite */
	const double *faint;	/* (n), or NULL: drawn pale behind y, of which y is a smoothed version */
};

struct ss_panel {
	const char *label;
	bool log;		/* the values' axis is logarithmic; what is not above 0 is left out */
	const struct ss_curve *curve;
	int curves;
};

struct ss_chart {
	const char *title;	/* NULL: none */
	const char *x_label;
	const struct ss_panel *panel;
	int panels;
	bool legend;		/* names of the curves are shown */
	int width;		/* of all: pixels, or characters */
	int height;		/* of each panel's field, without its axis */
};

/* SS_EUSAGE if there is no room, or a panel has no value that can be shown. */
int ss_chart_draw(const struct ss_chart *c, struct ss_canvas *out, struct ss_err *e) SS_MUST_USE;

/* The same in lines of plain characters; *out is malloc'd. */
int ss_chart_text(const struct ss_chart *c, char **out, struct ss_err *e) SS_MUST_USE;

/* Fits the axes: one for all x, one for the values of each panel (fields (panels)), with this many ticks at most. */
struct ss_axis;
int ss_chart_axes(const struct ss_chart *c, int x_ticks, int y_ticks, struct ss_axis *x,
    struct ss_axis *fields, struct ss_err *e) SS_MUST_USE;

#endif
