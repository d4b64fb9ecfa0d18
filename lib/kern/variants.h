/*
 * variants.h - what the files of this folder share: the kernel tables of this build
 */
#ifndef SS_VARIANTS_H
#define SS_VARIANTS_H

#include "kern/kern.h"

/* Winograd: channels, in and out, in a block of the weight gradient. */
enum { SS_WINOGRAD_BLOCK = 64 };

/* Floats between two of the 36 matrices of a x b: an odd number of lines, so that no two fight for a place in L1. */
static inline size_t
ss_winograd_step(int a, int b)
{
	return 16 * (((size_t)(a | 1) * (size_t)b + 15) / 16 | 1);
}

/* What a CPU may have. */
enum {
	SS_CPU_AVX2 = 1, SS_CPU_FMA = 2, SS_CPU_AVX512F = 4, SS_CPU_AVX512VL = 8, SS_CPU_AVX512DQ = 16,
	SS_CPU_AVX512BW = 32, SS_CPU_ALL = 63
};
#define SS_MAX_VARIANTS 5

/* Fills list as ss_kernels_list gives it, for a CPU that has these. */
void ss_kernels_with(unsigned cpu, const struct ss_kernels *list[SS_MAX_VARIANTS + 1]);

extern const struct ss_kernels ss_kernels_ref, ss_kernels_portable;
#if defined(__x86_64__)
extern const struct ss_kernels ss_kernels_avx512, ss_kernels_avx2;
#elif defined(__aarch64__)
extern const struct ss_kernels ss_kernels_neon;
#endif

#endif
