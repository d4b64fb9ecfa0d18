/*
 * npy.h - images and labels in NumPy's .npy format
 */
#ifndef SS_NPY_H
#define SS_NPY_H

#include "source.h"

enum ss_layout { SS_CHW, SS_HWC };

/*
 * path is a file of shape (N, C, H, W), or with SS_HWC (N, H, W, C), or
 * (N, H, W), of u8 or little-endian f32, in C order; "-" is standard input.
 * labels: a file of shape (N,) of integers, or NULL. Either may be gzipped.
 */
int ss_npy_open(struct ss_source **out, const char *path, const char *labels,
    enum ss_layout layout, uint64_t limit, struct ss_err *e) SS_MUST_USE;

#endif
