/*
 * starve.h - requests for memory that fail on purpose, and a count of what is held
 *
 * For one file of a test program: what is defined here takes the place of the C library's, so
 * that the requests of all libraries are seen. Sanitizers have their own; there nothing fails.
 */
#ifndef STARVE_H
#define STARVE_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define STARVE_WORKS 1
#else
#define STARVE_WORKS 0
#endif

static long starve_requests, starve_held, starve_nth;
static bool starve_forever;

/* From now on request number nth fails (0: none), with forever all behind it. */
static void
starve(long nth, bool forever)
{
	starve_requests = 0;
	starve_nth = nth;
	starve_forever = forever;
}

#if STARVE_WORKS
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void *
starve_count(void *p)
{
	if (p != NULL)
		__atomic_add_fetch(&starve_held, 1, __ATOMIC_RELAXED);
	return p;
}

static bool
starve_fails(void)
{
	const long i = __atomic_add_fetch(&starve_requests, 1, __ATOMIC_RELAXED);

	if (starve_nth == 0 || (starve_forever ? i < starve_nth : i != starve_nth))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n) { return starve_fails() ? NULL : starve_count(__libc_malloc(n)); }
void *calloc(size_t a, size_t b) { return starve_fails() ? NULL : starve_count(__libc_calloc(a, b)); }
void *memalign(size_t a, size_t n);
void *memalign(size_t a, size_t n) { return starve_fails() ? NULL : starve_count(__libc_memalign(a, n)); }
void *aligned_alloc(size_t a, size_t n) { return memalign(a, n); }

void *
realloc(void *p, size_t n)
{
	void *q = starve_fails() ? NULL : __libc_realloc(p, n);

	return p == NULL ? starve_count(q) : q;
}

int
posix_memalign(void **p, size_t a, size_t n)
{
	*p = memalign(a, n);
	return *p == NULL ? ENOMEM : 0;
}

void
free(void *p)
{
	if (p != NULL)
		__atomic_sub_fetch(&starve_held, 1, __ATOMIC_RELAXED);
	__libc_free(p);
}
#endif

#endif
