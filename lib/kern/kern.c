/*
 * kern.c - which kernels this CPU can run
 */
#include <string.h>

#include "kern/kern.h"
#include "kern/variants.h"

/* Each file of kernels is compiled for all that it needs. */
static const struct {
	const struct ss_kernels *kernels;
	unsigned needs;
} variants[] = {
#if defined(__x86_64__)
	{ &ss_kernels_avx512, SS_CPU_ALL },
	{ &ss_kernels_avx2, SS_CPU_AVX2 | SS_CPU_FMA },
#elif defined(__aarch64__)
	{ &ss_kernels_neon, 0 },
#endif
	{ &ss_kernels_portable, 0 },
	{ &ss_kernels_ref, 0 },
};

static unsigned
this_cpu(void)
{
	unsigned cpu = 0;

#if defined(__x86_64__)
	cpu |= __builtin_cpu_supports("avx2") ? SS_CPU_AVX2 : 0;
	cpu |= __builtin_cpu_supports("fma") ? SS_CPU_FMA : 0;
	cpu |= __builtin_cpu_supports("avx512f") ? SS_CPU_AVX512F : 0;
	cpu |= __builtin_cpu_supports("avx512vl") ? SS_CPU_AVX512VL : 0;
	cpu |= __builtin_cpu_supports("avx512dq") ? SS_CPU_AVX512DQ : 0;
	cpu |= __builtin_cpu_supports("avx512bw") ? SS_CPU_AVX512BW : 0;
#endif
	return cpu;
}

void
ss_kernels_with(unsigned cpu, const struct ss_kernels *list[SS_MAX_VARIANTS + 1])
{
	int n = 0;

	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++)
		if ((variants[i].needs & ~cpu) == 0)
			list[n++] = variants[i].kernels;
	while (n <= SS_MAX_VARIANTS)
		list[n++] = NULL;
}

const struct ss_kernels *const *
ss_kernels_list(void)
{
	static const struct ss_kernels *list[SS_MAX_VARIANTS + 1];
	const struct ss_kernels *found[SS_MAX_VARIANTS + 1];

	ss_kernels_with(this_cpu(), found);
	memcpy(list, found, sizeof(list));	/* the same whoever calls, so a race is harmless */
	return list;
}

const struct ss_kernels *
ss_kernels_find(const char *name)
{
	const struct ss_kernels *const *k = ss_kernels_list();

	if (name == NULL || strcmp(name, "auto") == 0)
		return *k;
	for (; *k != NULL; k++)
		if (strcmp((*k)->name, name) == 0)
			return *k;
	return NULL;
}

const struct ss_kernels *
ss_kernels_exact(const struct ss_kernels *k)
{
	static struct ss_kernels exact[SS_MAX_VARIANTS];
	int i = 0;

	while (ss_kernels_list()[i] != k)
		i++;
	exact[i] = *k;
	exact[i].lanes = 0;
	return &exact[i];
}

bool
ss_winograd_fits(const struct ss_kernels *k, const struct ss_conv *c)
{
	return k->lanes > 0 && c->k == 3 && c->stride == 1 && c->ci % k->lanes == 0 &&
	    c->co % k->lanes == 0;
}

size_t
ss_winograd_scratch(const struct ss_conv *c)
{
	const int block = SS_WINOGRAD_BLOCK, lanes = 16;
	const int wide = c->ci > c->co ? c->ci : c->co;		/* in either direction */
	const size_t run = ss_winograd_step(SS_WINOGRAD_TILES, wide) +
	    ss_winograd_step(SS_WINOGRAD_TILES, 4 * lanes);
	const size_t wgrad = 2 * ss_winograd_step(SS_WINOGRAD_TILES, block) + ss_winograd_step(block, block);

	return 36 * (run > wgrad ? run : wgrad);
}

int
ss_winograd_count(int n, int h, int w)
{
	return n * ((h + 3) / 4) * ((w + 3) / 4);
}

size_t
ss_winograd_floats(int tiles, int channels)
{
	return 36 * ss_winograd_step(tiles, channels);
}

size_t
ss_winograd_sum_floats(int ci, int co)
{
	return 36 * ss_winograd_step(ci, co);
}
