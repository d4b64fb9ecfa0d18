/*
 * decode.h - many pictures at once, over threads
 *
 * A picture is decoded by one thread, whichever is free; what becomes of it, and what
 * is told of a damaged one, does not depend on that.
 */
#ifndef SS_DECODE_H
#define SS_DECODE_H

#include <stddef.h>

#include "base/work.h"
#include "imagefile.h"

/* A picture before it is decoded, and what became of it. */
struct ss_coded {
	const char *name;	/* the file to open; of one in memory, what messages call it */
	const void *bytes;	/* NULL: in a file */
	size_t length;
	uint32_t size[2];
	uint8_t *pixels;	/* room for (3,height,width) */
	int code;		/* 0, or SS_E... and why, malloc'd; NULL: out of memory */
	char *why;
};

struct ss_decoder;

/* Takes the pool over, which may be NULL. */
int ss_decoder_create(struct ss_decoder **out, const struct ss_imagefile_how *how, struct ss_pool *pool,
    struct ss_err *e) SS_MUST_USE;
void ss_decoder_free(struct ss_decoder *d);
int ss_decoder_threads(const struct ss_decoder *d);

enum ss_decoding {
	SS_LOOK,	/* size[] is found; pixels are not touched */
	SS_TRY,		/* the same, and all of the file is read to see if it is sound */
	SS_DECODE	/* size[] was found before; pixels are written */
};

/*
 * Sets code and why of n pictures. Unless `all`, what comes behind the first that fails may be left
 * undone; what comes before it is done. Returns how many come before it: n if none fails.
 */
size_t ss_decoder_run(struct ss_decoder *d, enum ss_decoding what, struct ss_coded *coded, size_t n, bool all);

/* Code and message of a picture that failed, which is forgotten then. */
int ss_coded_failure(struct ss_coded *c, struct ss_err *e);

#endif
