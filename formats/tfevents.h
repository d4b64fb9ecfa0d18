/*
 * tfevents.h - event files of TensorBoard: scalars only
 *
 * A file is TFRecords: u64 length, its checksum, the data, their checksum, where a
 * checksum is CRC-32C, rotated and offset ("masked"). The data are Event messages in
 * the encoding of Protocol Buffers. Written by hand: no library is needed for three
 * kinds of field. Errors of writing stay in the stream, for its owner to look at.
 */
#ifndef SS_TFEVENTS_H
#define SS_TFEVENTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SS_TAG_MAX = 255 };	/* bytes of a tag */

/* CRC-32C (Castagnoli; RFC 3720, B.4) of n bytes. */
uint32_t ss_crc32c(const void *p, size_t n);

/* The first record: the version of the file. */
void ss_tfevents_begin(FILE *f, double wall_time);

/* A scalar under its tag, which is UTF-8 of at most SS_TAG_MAX bytes. step is not negative. */
void ss_tfevents_scalar(FILE *f, double wall_time, int64_t step, const char *tag, float value);

#endif
