/*
 * npy_header.h - what the header of a .npy file says, versions 1 to 3
 */
#ifndef SS_NPY_HEADER_H
#define SS_NPY_HEADER_H

#include "sst.h"

enum {
	SS_NPY_START = 8,		/* bytes of magic and version */
	SS_NPY_BEFORE = 12,		/* at most so many before the dictionary */
	SS_NPY_TEXT_MAX = 1 << 16	/* bytes of the dictionary that are read */
};

struct ss_npy_head {
	enum ss_type type;
	int rank;			/* 0: a scalar */
	uint64_t dim[SS_MAX_RANK];
};

/*
 * The SS_NPY_START bytes with which a file begins: *more gets the bytes of the length that follows them. `name` is the file
 * as messages call it. SS_EDATA if it is no .npy file, or of a newer version.
 */
int ss_npy_start(const unsigned char start[SS_NPY_START], const char *name, size_t *more, struct ss_err *e) SS_MUST_USE;

/* The length of the dictionary, from those bytes. SS_EDATA if it is above SS_NPY_TEXT_MAX. */
int ss_npy_text_length(const unsigned char *length, size_t more, const char *name, size_t *bytes, struct ss_err *e) SS_MUST_USE;

/*
 * The dictionary, ended by a NUL, which stands at `offset` in the file. SS_EDATA if it is damaged; SS_EUSAGE, with a message
 * too, if it is sound but of what is not read here: Fortran order, records, objects, big-endian elements, more than SS_MAX_RANK
 * dimensions.
 */
int ss_npy_parse(struct ss_npy_head *h, const char *text, const char *name, uint64_t offset, struct ss_err *e) SS_MUST_USE;

#endif
