/*
 * pixels_base.c - the loops for any CPU: SSE2 on x86-64, Neon on ARM
 */
#define SS_LANES 4
#define SS_PIXELS_NAME "base"
#define SS_PIXELS_TABLE ss_pixels_base
#include "image/pixels_body.h"
