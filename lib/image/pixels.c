/*
 * pixels.c - which variant of the inner loops this CPU can run
 */
#include "image/pixels.h"

extern const struct ss_pixels ss_pixels_base, ss_pixels_avx2, ss_pixels_avx512;

const struct ss_pixels *
ss_pixels_variant(int i)
{
	const struct ss_pixels *able[4] = { &ss_pixels_base };
	int n = 1;

#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2"))
		able[n++] = &ss_pixels_avx2;
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
	    && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		able[n++] = &ss_pixels_avx512;
#endif
	return i >= 0 && i < n ? able[i] : NULL;
}

const struct ss_pixels *
ss_pixels(void)
{
	const struct ss_pixels *best = &ss_pixels_base, *next;

	for (int i = 0; (next = ss_pixels_variant(i)) != NULL; i++)
		best = next;
	return best;
}
