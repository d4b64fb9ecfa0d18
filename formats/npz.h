/*
 * npz.h - NumPy's archives of arrays: written as numpy.savez does, read also if they are packed
 *
 * What is written has no compression and no time of day: the same members give the same bytes. Large files get
 * the 64-bit fields of zip. Errors of writing stay in the FILE, for its owner to look at.
 */
#ifndef SS_NPZ_H
#define SS_NPZ_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "safetensors.h"

struct ss_zip;

/* The archive is written to f, from its first byte on. */
int ss_zip_create(struct ss_zip **out, FILE *f, struct ss_err *e) SS_MUST_USE;

/* Begins a member; the caller then writes its `bytes` bytes, whose CRC-32 it knows, to f. */
int ss_zip_member(struct ss_zip *z, const char *name, uint64_t bytes, uint32_t crc,
    struct ss_err *e) SS_MUST_USE;

/* Writes the directory, and frees z. */
void ss_zip_end(struct ss_zip *z);
void ss_zip_free(struct ss_zip *z);

struct ss_npz;

/*
 * Reads a whole archive (unzip.h), all of whose members must be .npy files without holes; their checksums are checked. The names
 * and data of the arrays, which lie at any alignment, are owned by the ss_npz. Names that repeat are SS_EDATA.
 */
int ss_npz_open(struct ss_npz **out, const char *path, struct ss_err *e) SS_MUST_USE;
void ss_npz_free(struct ss_npz *z);

/* The arrays in the order of the directory, without ".npy". */
size_t ss_npz_count(const struct ss_npz *z);
const struct ss_st_tensor *ss_npz_at(const struct ss_npz *z, size_t i);

/*
 * Why an array cannot be used, as it is in Fortran order, of objects, or the like; its type and shape then mean nothing. NULL: it
 * can.
 */
const char *ss_npz_problem(const struct ss_npz *z, size_t i);

#endif
