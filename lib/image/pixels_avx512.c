/*
 * pixels_avx512.c - the loops for x86-64 with AVX-512 F, BW, DQ and VL; elsewhere nothing
 */
#ifdef __AVX512BW__
#define SS_LANES 16
#define SS_PIXELS_NAME "avx512"
#define SS_PIXELS_TABLE ss_pixels_avx512
#include "image/pixels_body.h"
#endif
