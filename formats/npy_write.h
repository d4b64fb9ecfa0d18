/*
 * npy_write.h - tensors as arrays in NumPy's .npy and .npz formats
 *
 * An array has the records as its first dimension and the shape of the tensor behind
 * it. All element types are NumPy's own but bf16, which becomes f32 without loss.
 * Errors of writing stay in the FILE, for its owner to look at.
 */
#ifndef SS_NPY_WRITE_H
#define SS_NPY_WRITE_H

#include <stdio.h>

#include "sst.h"

/* Room for the header of any array; its length depends on the tensor, not on the records. */
enum { SS_NPY_HEADER = 256 };

/* "<f4"; NULL for bf16, which NumPy has not. */
const char *ss_npy_descr(enum ss_type t);

/* Bytes of an element in the file. */
size_t ss_npy_element(enum ss_type t);

/* The header of `records` records of t, whose shape is fixed: version 1.0, a multiple of 64 bytes, which it returns. */
size_t ss_npy_header(char to[SS_NPY_HEADER], const struct ss_tensor *t, uint64_t records);

/* That of an array of any shape, which has not to grow; rank 0: a scalar. */
size_t ss_npy_array_header(char to[SS_NPY_HEADER], enum ss_type t, int rank, const size_t *shape);

/* n elements as they are in the file; crc NULL, or the running CRC-32 of what is written. */
void ss_npy_elements(FILE *f, enum ss_type t, const void *data, size_t n, uint32_t *crc);

/* The CRC-32 of the first n bytes, and of all that follow, whose CRC-32 and number are known. */
uint32_t ss_npy_crc(const char *header, size_t n, uint32_t crc, uint64_t bytes);

#endif
