/*
 * table.h - columns of numbers from text: logs in JSON Lines, and tables separated by TABs
 *
 * What a file is, its first character tells: '{' begins JSON Lines, one object a line, whose
 * members are the columns. Anything else is a table whose first line has the columns' names.
 */
#ifndef SS_TABLE_H
#define SS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { SS_TABLE_COLUMNS = 1024 };

struct ss_column {
	char *name;
	double *value;		/* (rows); NaN: this row has none, or null */
	bool words;		/* holds text, which is not kept */
};

struct ss_table {
	int columns;
	struct ss_column column[SS_TABLE_COLUMNS];	/* in the order in which they appear */
	size_t rows, room;
	bool log;		/* JSON Lines */
	bool unfinished;	/* the last line was being written, and was left out */
};

/*
 * Reads all of it; path NULL or "-": standard input. Values are numbers, true (1), false (0);
 * other members of a log are left out. In a log whose rows have a member "step", a row that
 * goes back to an earlier step replaces all from that step on, as a run does that goes on
 * from a checkpoint. SS_EDATA with file and line for what is neither.
 */
int ss_table_read(struct ss_table *t, const char *path, struct ss_err *e) SS_MUST_USE;

/* The column of that name, or NULL. */
const struct ss_column *ss_table_find(const struct ss_table *t, const char *name);

void ss_table_free(struct ss_table *t);

#endif
