/*
 * filelabels.h - the labels of files: by folder, by name, or from a table
 */
#ifndef SS_FILELABELS_H
#define SS_FILELABELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { SS_FILE_CLASSES = 1 << 20 };	/* labels are below that */

struct ss_filelabels {
	int32_t *label;		/* of each file; -1: it has none */
	char **name;		/* of each class, in order; NULL where a table gives numbers */
	uint32_t classes;
};
#define SS_FILELABELS_INIT { 0 }

/*
 * Class is the first folder on the path behind its first skip[i] bytes; a file
 * without one has label -1. Classes are sorted bytewise.
 */
int ss_filelabels_directory(struct ss_filelabels *l, char *const *path, const size_t *skip, size_t n,
    struct ss_err *e) SS_MUST_USE;

/* Class is what stands before the first '_' of the file's own name; without one: SS_EDATA. */
int ss_filelabels_prefix(struct ss_filelabels *l, char *const *path, size_t n,
    struct ss_err *e) SS_MUST_USE;

/*
 * From a file of lines path<TAB>class; path[] is sorted in runs, each path comes
 * once. If all classes are whole numbers they are the labels, else they are names, sorted
 * bytewise. Files that are not in the table have label -1.
 */
int ss_filelabels_table(struct ss_filelabels *l, const char *table, char *const *path, size_t n,
    struct ss_err *e) SS_MUST_USE;

void ss_filelabels_free(struct ss_filelabels *l);

#endif
