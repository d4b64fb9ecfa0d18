/*
 * npz.h - zip archives of stored members, as numpy.savez writes them
 *
 * No compression, no time of day: the same members give the same bytes. Large files get
 * the 64-bit fields of zip. Errors of writing stay in the FILE, for its owner to look at.
 */
#ifndef SS_NPZ_H
#define SS_NPZ_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct ss_zip;

/* The archive is written to f, from its first byte on. */
int ss_zip_create(struct ss_zip **out, FILE *f, struct ss_err *e) SS_MUST_USE;

/* Begins a member; the caller then writes its `bytes` bytes, whose CRC-32 it knows, to f. */
int ss_zip_member(struct ss_zip *z, const char *name, uint64_t bytes, uint32_t crc,
    struct ss_err *e) SS_MUST_USE;

/* Writes the directory, and frees z. */
void ss_zip_end(struct ss_zip *z);
void ss_zip_free(struct ss_zip *z);

#endif
