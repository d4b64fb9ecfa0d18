/*
 * pixels_avx2.c - the loops for x86-64 with AVX2; elsewhere nothing
 */
#ifdef __AVX2__
#define SS_LANES 8
#define SS_PIXELS_NAME "avx2"
#define SS_PIXELS_TABLE ss_pixels_avx2
#include "image/pixels_body.h"
#endif
