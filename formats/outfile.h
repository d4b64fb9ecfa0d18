/*
 * outfile.h - named outputs that appear complete or not at all
 *
 * Bytes go to a temporary beside the target (.NAME.tmp, made with O_EXCL and
 * locked), which replaces the target only in ss_outfile_commit: fsync, rename,
 * fsync of the folder. Until then the old file stands untouched. A temporary left
 * behind by a killed process is taken away by the next writer of the same name;
 * one that a living process holds makes it fail. A target that is a device, a
 * FIFO or below /dev is written directly, since it cannot be replaced; so is
 * standard output (path NULL or "-").
 */
#ifndef SS_OUTFILE_H
#define SS_OUTFILE_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

struct ss_outfile;

/* Nothing is left behind if this fails. */
int ss_outfile_open(struct ss_outfile **out, const char *path, struct ss_err *e) SS_MUST_USE;

/* All n bytes, or an error; short writes and EINTR are dealt with. */
int ss_outfile_write(struct ss_outfile *o, const void *data, size_t n,
    struct ss_err *e) SS_MUST_USE;

/* For writers that want writev or a buffer of their own; owned by o. */
int ss_outfile_fd(const struct ss_outfile *o);

/*
 * For writers that want stdio; owned by o, which flushes it and asks for its errors at the end.
 * NULL: it failed. Not to be mixed with ss_outfile_write.
 */
FILE *ss_outfile_stream(struct ss_outfile *o, struct ss_err *e) SS_MUST_USE;

/* Has a write to the stream failed so far? Saves the rest of a long run on a full disk. */
int ss_outfile_check(const struct ss_outfile *o, struct ss_err *e) SS_MUST_USE;

/* Makes the file appear under its name. Frees o in any case; on failure the temporary is gone. */
int ss_outfile_commit(struct ss_outfile *o, struct ss_err *e) SS_MUST_USE;

/*
 * The same for files that belong together: none appears before all are on the disk, and they
 * appear in their order. If one cannot get its name, those before it are taken away again.
 */
int ss_outfile_commit_all(struct ss_outfile *const *o, int n, struct ss_err *e) SS_MUST_USE;

/* Takes the temporary away and frees o. NULL is allowed. */
void ss_outfile_discard(struct ss_outfile *o);

#endif
