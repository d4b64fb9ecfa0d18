/*
 * size.c - aligned allocation from checked sizes
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void *
ss_alloc(size_t n, size_t size)
{
	size_t bytes;
	void *p;

	if (!ss_mul(n, size, &bytes) || bytes > SIZE_MAX - 64)
		return NULL;
	bytes = ss_round64(bytes == 0 ? 1 : bytes);
	p = aligned_alloc(64, bytes);
	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}
