/*
 * tarfile.h - the members of a tar archive, one after the other, from a file or a pipe
 *
 * Through libarchive; plain, or packed by gzip, zstd, xz or bzip2. Nothing is written to disk
 * and no other program is run. Several archives behind each other are as one. An
 * archive must end with its blocks of zeros, so that a cut between members is noticed.
 */
#ifndef SS_TARFILE_H
#define SS_TARFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct ss_tar;

int ss_tar_open(struct ss_tar **out, const char *path, struct ss_err *e) SS_MUST_USE;	/* "-": standard input */
void ss_tar_close(struct ss_tar *t);

struct ss_member {
	const char *path;	/* valid until the next member */
	uint64_t size;		/* as the archive claims */
	bool sparse;		/* it has holes, which take no room in the archive */
};

/* 1: the next regular file. 0: the sound end, all checksums of packing verified. SS_EDATA, SS_EIO. */
int ss_tar_next(struct ss_tar *t, struct ss_member *m, struct ss_err *e) SS_MUST_USE;

/*
 * The bytes of the member at hand, called name in messages, at most max of them, into *out
 * (malloc'd, also after an error). Memory grows with what comes, not with what is claimed.
 */
int ss_tar_take(struct ss_tar *t, const struct ss_member *m, const char *name, uint64_t max,
    unsigned char **out, struct ss_err *e) SS_MUST_USE;

const char *ss_tar_name(const struct ss_tar *t);
uint64_t ss_tar_offset(const struct ss_tar *t);		/* how much is read, for messages; gzip is unpacked */
/* Members so far that are no regular files: links, devices, pipes; without folders. */
uint64_t ss_tar_special(const struct ss_tar *t);

#endif
