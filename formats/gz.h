/*
 * gz.h - reading a file that may be gzipped
 *
 * Plain files pass through as they are. Offsets count unpacked bytes. The
 * checksum of a gzip member is verified when its end is read, so a reader that
 * wants the whole file must ask for its end (ss_gz_end, ss_gz_drain).
 */
#ifndef SS_GZ_H
#define SS_GZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ss_gz;

int ss_gz_open(struct ss_gz **out, const char *path, struct ss_err *e) SS_MUST_USE;	/* "-": standard input */
const char *ss_gz_name(const struct ss_gz *g);
uint64_t ss_gz_offset(const struct ss_gz *g);
uint64_t ss_gz_size(const struct ss_gz *g);	/* of a plain regular file; UINT64_MAX if not known */

/* Up to n bytes; fewer only at the end of the file. */
int ss_gz_some(struct ss_gz *g, void *buf, size_t n, size_t *got, struct ss_err *e) SS_MUST_USE;
/* Exactly n bytes, or SS_EDATA. */
int ss_gz_read(struct ss_gz *g, void *buf, size_t n, struct ss_err *e) SS_MUST_USE;
/* Goes to an offset; going back in a gzipped file starts over, in a pipe fails. */
int ss_gz_seek(struct ss_gz *g, uint64_t offset, struct ss_err *e) SS_MUST_USE;
/* 0 if this is the sound end; SS_EDATA if more follows. */
int ss_gz_end(struct ss_gz *g, struct ss_err *e) SS_MUST_USE;
/* Reads to the sound end. */
int ss_gz_drain(struct ss_gz *g, struct ss_err *e) SS_MUST_USE;
void ss_gz_close(struct ss_gz *g);

#endif
