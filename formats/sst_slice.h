/*
 * sst_slice.h - some records of a frame, as a frame of their own
 *
 * For programs that make more of a record than they were given, and must write
 * smaller frames than they read, or that leave records out.
 */
#ifndef SS_SST_SLICE_H
#define SS_SST_SLICE_H

#include "sst.h"

/* Elements of item r of tensor i, from its shape or the frame's table of dimensions. */
size_t ss_frame_elements(const struct ss_header *h, const struct ss_frame *f, int i, uint32_t r);

/* Records from .. from + n - 1 of f, which has them; out points into f's memory. */
void ss_frame_slice(const struct ss_header *h, const struct ss_frame *f, uint32_t from, uint32_t n,
    struct ss_frame *out);

/*
 * Walks over the records of f, one after the other, in linear time: one begins as
 * { 0 } and becomes a frame of the next record; false behind the last.
 */
bool ss_frame_each(const struct ss_header *h, const struct ss_frame *f, struct ss_frame *one);

/* A record, the first of f, as one block of memory to be freed; and as a frame again, which points into it. */
int ss_record_pack(const struct ss_header *h, const struct ss_frame *f, void **out, size_t *bytes,
    struct ss_err *e) SS_MUST_USE;
void ss_record_unpack(const struct ss_header *h, const void *packed, struct ss_frame *out);

#endif
