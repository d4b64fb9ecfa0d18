/*
 * folder.h - a folder of pictures, each in a file of its own
 */
#ifndef SS_FOLDER_H
#define SS_FOLDER_H

#include "decode.h"
#include "source.h"

struct ss_folder_plan {
	bool split_given;	/* the split was asked for: its sub-folder must be there */
	enum ss_source_split split;	/* train, test, all */
	const char *labels;	/* "directory", "prefix", "none", a file; NULL: directory if there are any */
	uint64_t limit;		/* the first so many pictures */
	/* NULL: a file that is no sound picture is an error; else it is left out, and this is told of it */
	void (*bad)(void *arg, const char *message);
	void *arg;
};

/* What there was besides. */
struct ss_folder_report {
	uint64_t files, hidden, special, unlabelled;
};

/*
 * If the folder has both of the sub-folders train and test (or the one that was
 * asked for), the split is the sub-folder; all is train and then test. Else it is
 * the whole folder. Names and a table's paths are relative to the folder
 * itself, classes are those of both splits together. Only the first bytes of each
 * file are read here, to learn its size, unless bad is given: then all of it. The
 * decoder is taken over.
 */
int ss_folder_open(struct ss_source **out, const char *path, const struct ss_folder_plan *plan,
    struct ss_decoder *decoder, struct ss_folder_report *report, struct ss_err *e) SS_MUST_USE;

#endif
