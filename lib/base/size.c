/*
 * size.c - aligned allocation from checked sizes
 */
#define _DEFAULT_SOURCE		/* madvise */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/size.h"

#define HUGE_PAGE	((size_t)2 << 20)
#define HUGE_MIN	((size_t)8 << 20)

void *
ss_alloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (!ss_mul(n, size, &bytes) || bytes > SIZE_MAX - 64)
		return NULL;
	bytes = ss_round64(bytes == 0 ? 1 : bytes);
	if (bytes < HUGE_MIN) {
		p = aligned_alloc(64, bytes);
	} else {		/* arenas: fewer page faults and TLB misses, where the system can */
		if (bytes > SIZE_MAX - HUGE_PAGE)
			return NULL;
		p = aligned_alloc(HUGE_PAGE, (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
#ifdef MADV_HUGEPAGE
		if (p != NULL)
			madvise(p, bytes, MADV_HUGEPAGE);
#endif
	}
	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}
