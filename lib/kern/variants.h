/*
 * variants.h - the kernel tables of this build, for kern.c alone
 */
#ifndef SS_VARIANTS_H
#define SS_VARIANTS_H

#include "kern/kern.h"

extern const struct ss_kernels ss_kernels_ref, ss_kernels_portable;
#if defined(__x86_64__)
extern const struct ss_kernels ss_kernels_avx512, ss_kernels_avx2;
#elif defined(__aarch64__)
extern const struct ss_kernels ss_kernels_neon;
#endif

#endif
