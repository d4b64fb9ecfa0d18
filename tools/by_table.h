/*
 * by_table.h - ss-grid --by: which pictures stand where, by the table of another tool
 *
 * Rows of pictures are what ss-dups, ss-dups --pairs and ss-knn --neighbours print: lines that follow each other and have the same
 * group, first, or query. First and query are names of pictures too, and lead their row. All functions end the tool if
 * something is wrong.
 */
#ifndef BY_TABLE_H
#define BY_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct by_entry {
	char *name;
	size_t row, column, line;
	bool found;
};

struct by_table {
	const char *path;
	struct by_entry *entry;
	size_t n, room;
	size_t rows, longest;	/* of the sheet; pictures of its longest row */
	size_t more;		/* rows that there is no place for */
};

/* Reads the first rows_max rows; path "-": standard input. */
void by_table_read(struct by_table *t, const char *path, size_t rows_max);

/* Leaves out what is beyond so many columns, and prepares by_table_find. Returns how many rows are cut. */
size_t by_table_cut(struct by_table *t, size_t columns);

/* The entries of that name; returns how many. */
size_t by_table_find(const struct by_table *t, const char *name, struct by_entry **first);

/* An entry that was not found, the first of the table, or NULL. */
const struct by_entry *by_table_missing(const struct by_table *t);

void by_table_free(struct by_table *t);

#endif
