/*
 * variants.h - what the files of this folder share: the kernel tables of this build
 */
#ifndef SS_VARIANTS_H
#define SS_VARIANTS_H

#include "kern/kern.h"

/* Winograd: tiles in a block; channels, in and out, in a block of the weight gradient. */
enum { SS_WINOGRAD_TILES = 48, SS_WINOGRAD_BLOCK = 64 };

extern const struct ss_kernels ss_kernels_ref, ss_kernels_portable;
#if defined(__x86_64__)
extern const struct ss_kernels ss_kernels_avx512, ss_kernels_avx2;
#elif defined(__aarch64__)
extern const struct ss_kernels ss_kernels_neon;
#endif

#endif
