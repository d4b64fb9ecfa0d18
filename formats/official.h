/*
 * official.h - data sets of fixed-size records, as their authors publish them
 *
 * A part of such a data set is a file of rows of one size, and perhaps a second
 * file with the labels of those rows. The files are in a folder, or members of the
 * authors' archive, which is read without being written to disk. What a row holds
 * is known to cifar.c and stl10.c, not here.
 */
#ifndef SS_OFFICIAL_H
#define SS_OFFICIAL_H

#include "source.h"

enum { SS_OFFICIAL_PARTS = 6, SS_OFFICIAL_PROBES = 4 };

/* A file; the opener of the data set gives file and size. */
struct ss_rows {
	const char *file;	/* "data_batch_1.bin"; NULL: there is none */
	size_t size;		/* bytes of a row */
	char *name;		/* as messages say it */
	int fd;			/* -1: in memory */
	unsigned char *bytes;
	uint64_t rows;		/* that the file has; a limit may be below that */
};

struct ss_part {
	struct ss_rows data, labels;
	uint64_t first, records;	/* numbers in the data set, as limited */
};

struct ss_official_kind {
	const char *title, *folder, *archive, *site;
	const char *probe[SS_OFFICIAL_PROBES];	/* a folder with any of these is meant */
	const char *names_file;
	const char *const *names;	/* if there is no such file */
	uint32_t classes;
};

/* The head of the reader's own structure: kind, parts and the files of part[] are set by it. */
struct ss_official {
	struct ss_source s;
	const struct ss_official_kind *kind;
	int parts;
	struct ss_part part[SS_OFFICIAL_PARTS];
};

/*
 * Opens the parts that hold the first `limit` records: from a folder with the
 * files, from one that holds the official folder or archive, or from an archive
 * (.tar, .tar.gz), whose members are taken into memory. Sets s.records and the
 * class names, and s.random if the records are in memory. After an error too, ss_official_close.
 */
int ss_official_open(struct ss_official *o, const char *path, uint64_t limit,
    struct ss_err *e) SS_MUST_USE;
void ss_official_close(struct ss_official *o);

/* Of the records first..first+*n-1 those that lie in one part: lowers *n. */
const struct ss_part *ss_official_part(const struct ss_official *o, uint64_t first, size_t *n);

/* n rows from number `at` on: *out points into memory that is held, or to buffer, which takes them. */
int ss_rows_read(const struct ss_rows *r, uint64_t at, size_t n, unsigned char *buffer,
    const unsigned char **out, struct ss_err *e) SS_MUST_USE;

#endif
