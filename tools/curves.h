/*
 * curves.h - the columns of logs and tables as curves of a chart
 *
 * All functions end the tool if something is wrong.
 */
#ifndef SS_CURVES_H
#define SS_CURVES_H

#include "image/chart.h"
#include "table.h"

enum { CURVES_PANELS = 32, CURVES_KEYS = 16 };

/* A file that is drawn. */
struct drawn_file {
	const char *path, *name;
	struct ss_table table;
};

/* The columns that share a panel. */
struct curve_group {
	int keys;
	const char *key[CURVES_KEYS];
	char label[256];
};

struct curves {
	struct drawn_file *file;
	int files;
	const char *x;		/* name of the common column */
	int groups;
	struct curve_group group[CURVES_PANELS];
	int smooth;		/* points of a mean; 1: none */
};

/* Takes LIST of --key: columns separated by commas, or by '+' if they share a panel. */
void curves_take_keys(struct curves *c, const char *list);

/* Chooses what the user has not: the common column, and what is drawn over it. */
void curves_choose(struct curves *c);

/* Fills panel (groups) and returns whether there is anything that needs a legend. */
bool curves_make(const struct curves *c, bool log_y, struct ss_panel *panel);
void curves_free(const struct curves *c, struct ss_panel *panel);

#endif
