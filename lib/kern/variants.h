/*
 * variants.h - what the files of this folder share: the kernel tables of this build
 */
#ifndef SS_VARIANTS_H
#define SS_VARIANTS_H

#include "kern/kern.h"

/* Winograd: channels, in and out, in a block of the weight gradient. */
enum { SS_WINOGRAD_BLOCK = 64 };

/* Tiles in a block. V of more than 144 channels leaves L2 anyhow: then each reading of U should serve more. */
static inline int
ss_winograd_tiles(int in)
{
	return in > 144 ? 2 * SS_WINOGRAD_TILES : SS_WINOGRAD_TILES;
}

/* Output channels in a strip: one block if V of `in` channels stays in L2, else all. */
static inline int
ss_winograd_strip(int in, int all, int block)
{
	return in > 144 ? all : block;
}

extern const struct ss_kernels ss_kernels_ref, ss_kernels_portable;
#if defined(__x86_64__)
extern const struct ss_kernels ss_kernels_avx512, ss_kernels_avx2;
#elif defined(__aarch64__)
extern const struct ss_kernels ss_kernels_neon;
#endif

#endif
