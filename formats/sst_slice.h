/*
 * sst_slice.h - a run of records of a frame, as a frame of its own
 *
 * For programs that make more of a record than they were given, and must write
 * smaller frames than they read.
 */
#ifndef SS_SST_SLICE_H
#define SS_SST_SLICE_H

#include "sst.h"

/* Elements of item r of tensor i, from its shape or the frame's table of dimensions. */
size_t ss_frame_elements(const struct ss_header *h, const struct ss_frame *f, int i, uint32_t r);

/* Records from .. from + n - 1 of f, which has them; out points into f's memory. */
void ss_frame_slice(const struct ss_header *h, const struct ss_frame *f, uint32_t from, uint32_t n,
    struct ss_frame *out);

#endif
