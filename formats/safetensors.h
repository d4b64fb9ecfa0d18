/*
 * safetensors.h - models and checkpoints as safetensors files
 *
 * The format is that of Hugging Face: u64 length, JSON header, data without holes.
 * What we add fits into its __metadata__: a CRC-32 per tensor ("ss.crc32.NAME") and
 * one of the header itself ("ss.header.crc32"), which the format lacks; other
 * programs see two kinds of strings more. Files of others, which have neither, are
 * read too, but damage to their data cannot be noticed.
 */
#ifndef SS_SAFETENSORS_H
#define SS_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "sst.h"

#define SS_ST_MAX_HEADER ((size_t)16 << 20)	/* bytes of JSON */

struct ss_st_tensor {
	const char *name;		/* UTF-8, not empty, not "__metadata__" */
	enum ss_type type;
	int rank;			/* 0: a scalar */
	size_t shape[SS_MAX_RANK];
	const void *data;		/* row-major, little-endian */
};

/* Bytes of its data; false if that does not fit into a size_t. */
bool ss_st_bytes(const struct ss_st_tensor *t, size_t *bytes);

struct ss_st_pair {
	const char *key, *value;	/* UTF-8 */
};

struct ss_st;

/*
 * Reads a whole file and checks all of it: lengths, shapes, that the tensors fill
 * the data without hole or overlap, and the checksums where there are any. Everything
 * that the functions below return is owned by the ss_st. The data of each tensor are
 * aligned to 64 bytes, whatever the file's layout.
 */
int ss_st_open(struct ss_st **out, const char *path, struct ss_err *e) SS_MUST_USE;
void ss_st_free(struct ss_st *s);
const char *ss_st_path(const struct ss_st *s);

/* Tensors in the order of their data in the file. */
size_t ss_st_count(const struct ss_st *s);
const struct ss_st_tensor *ss_st_at(const struct ss_st *s, size_t i);

/* By name, or NULL. */
const struct ss_st_tensor *ss_st_find(const struct ss_st *s, const char *name);

/*
 * The data of the tensor of that name, type and shape. Its absence or another type
 * or shape is SS_EDATA, with a message that names what was expected and found.
 */
int ss_st_expect(const struct ss_st *s, const char *name, enum ss_type type, int rank,
    const size_t *shape, const void **data, struct ss_err *e) SS_MUST_USE;

/* Metadata in the file's order, without the checksums; a value by its key, or NULL. */
size_t ss_st_pairs(const struct ss_st *s);
const struct ss_st_pair *ss_st_pair(const struct ss_st *s, size_t i);
const char *ss_st_meta(const struct ss_st *s, const char *key);

/* CRC-32 of names and data of all tensors in the file's order; neither of metadata nor of layout. */
uint32_t ss_st_digest(const struct ss_st *s);

/* Whether the file carries our checksums (of its header, and of every tensor). */
bool ss_st_checked(const struct ss_st *s);

/*
 * Writes a file with the tensors and pairs in the given order, data beginning at a
 * multiple of 64. The same input gives the same bytes. The file appears complete or
 * not at all (outfile.h). Names or keys that repeat, are not UTF-8, or are those of
 * the checksums are SS_EUSAGE.
 */
int ss_st_write(const char *path, const struct ss_st_tensor *tensor, size_t tensors,
    const struct ss_st_pair *pair, size_t pairs, struct ss_err *e) SS_MUST_USE;

#endif
