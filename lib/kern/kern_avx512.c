/*
 * kern_avx512.c - the kernels with avx512 vectors of 16 floats
 */
#include <math.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <string.h>

#include "kern/variants.h"

#if defined(__x86_64__)
#define W	16
#define PIX1	8
#define PIX2	8
#define PIXW	16
#define STREAM(p, v)	_mm512_stream_ps(p, (__m512)(v))
#define STREAM_END()	_mm_sfence()
#define DOTS	12
#define WINO	12
#define WINO4	6
#define WINO_IN	8
#include "kern/vector.h"
#include "kern/norm_template.h"
#include "kern/conv_template.h"
#include "kern/pool_template.h"
#include "kern/dots_template.h"
#include "kern/wgrad_template.h"
#include "kern/winograd_template.h"
#include "kern/flush_template.h"
#include "kern/repel_template.h"
#include "kern/peak_template.h"

const struct ss_kernels ss_kernels_avx512 = {
	"avx512", conv_pack, conv_pack_t, conv, conv_dgrad, conv_wgrad, conv_wgrad_sum,
	W, wino_pack, wino_pack_t, wino_conv, wino_dgrad, wino_wgrad,
	wino_input, wino_gradient, wino_multiply, wino_output, wino_multiply_t, wino_finish,
	norm_stats, norm_apply, norm_reduce, norm_dgrad, pool_max, pool_max_back,
	DOTS, 2 * W, dots, above, flush, repel, peak
};
#else
typedef int ss_no_avx512;	/* ISO C forbids an empty file */
#endif
