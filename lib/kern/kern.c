/*
 * kern.c - which kernels this CPU can run
 */
#include <string.h>

#include "kern/kern.h"
#include "kern/variants.h"

#define MAX_VARIANTS 5

const struct ss_kernels *const *
ss_kernels_list(void)
{
	static const struct ss_kernels *list[MAX_VARIANTS + 1];
	const struct ss_kernels *found[MAX_VARIANTS + 1] = { NULL };
	int n = 0;

#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
	    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
		found[n++] = &ss_kernels_avx512;
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		found[n++] = &ss_kernels_avx2;
#elif defined(__aarch64__)
	found[n++] = &ss_kernels_neon;
#endif
	found[n++] = &ss_kernels_portable;
	found[n++] = &ss_kernels_ref;
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
