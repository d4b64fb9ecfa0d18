/*
 * kern_portable.c - the kernels with 16-byte vectors, which every CPU's baseline has or the compiler imitates
 */
#include <math.h>
#include <string.h>

#include "kern/variants.h"

#define W	4
#define PIX1	8
#define PIX2	4
#define PIXW	8
#define DOTS	6
#define WINO	4
#define WINO_IN	4
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

const struct ss_kernels ss_kernels_portable = {
	"portable", conv_pack, conv_pack_t, conv, conv_dgrad, conv_wgrad, conv_wgrad_sum,
	W, wino_pack, wino_pack_t, wino_conv, wino_dgrad, wino_wgrad,
	wino_input, wino_gradient, wino_multiply, wino_output, wino_multiply_t, wino_finish,
	norm_stats, norm_apply, norm_reduce, norm_dgrad, pool_max, pool_max_back,
	DOTS, 2 * W, dots, above, flush, repel, peak
};
