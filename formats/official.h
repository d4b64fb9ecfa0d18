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

/* A file. */
struct ss_rows {
	const char *file;	/* "data_batch_1.bin"; NULL: there is none */
	size_t size;		/* bytes of a row */
	char *name;		/* as messages say it */
	int fd;			/* -1: in memory */
	unsigned char *bytes;
	uint64_t rows;		/* that the file has; a limit may be below that */
};

struct ss_official_part {
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

/* Makes images and labels of n rows of a part, raw, from number `at` of its file on. */
typedef int ss_unpack(const struct ss_official_kind *kind, const struct ss_official_part *p, uint64_t at,
    const unsigned char *raw, size_t n, unsigned char *images, int32_t *labels, struct ss_err *e);

struct ss_official {
	struct ss_source s;
	const struct ss_official_kind *kind;
	ss_unpack *unpack;
	size_t block;			/* rows that are read at once */
	int parts;
	struct ss_official_part part[SS_OFFICIAL_PARTS];
	unsigned char *buffer;
};

/* NULL: out of memory. Its images are u8 (3,side,side). */
struct ss_official *ss_official_create(const struct ss_official_kind *kind, uint32_t side,
    ss_unpack *unpack, size_t block);

/* Adds a part: a file of rows of so many bytes, and one of labels of a byte, or NULL. */
void ss_official_add(struct ss_official *o, const char *data, size_t size, const char *labels);

/*
 * Opens the parts that hold the first `limit` records: from a folder with the
 * files, from one that holds the official folder or archive, or from an archive
 * (.tar, .tar.gz), whose members are taken into memory. *out is the source, or NULL
 * after an error; o is freed with it.
 */
int ss_official_open(struct ss_official *o, struct ss_source **out, const char *path, uint64_t limit,
    struct ss_err *e) SS_MUST_USE;

/* n rows from number `at` on: *out points into memory that is held, or to buffer, which takes them. */
int ss_rows_read(const struct ss_rows *r, uint64_t at, size_t n, unsigned char *buffer,
    const unsigned char **out, struct ss_err *e) SS_MUST_USE;

#endif
