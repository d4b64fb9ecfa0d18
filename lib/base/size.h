/*
 * size.h - sizes that are checked before they are believed
 */
#ifndef SS_SIZE_H
#define SS_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *out = a * b, or a + b; false if that does not fit. */
static inline bool
ss_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

static inline bool
ss_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline size_t
ss_least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* n rounded up to a multiple of 64, the alignment of everything we lay out. */
static inline size_t
ss_round64(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/*
 * 64-byte aligned memory for n items of the given size, zeroed; NULL if the
 * product overflows or memory is short. n = 0 gives a valid pointer. free().
 */
void *ss_alloc(size_t n, size_t size);

/* How many parts of at most `part` a whole has. */
static inline int
ss_parts(int whole, int part)
{
	return (whole + part - 1) / part;
}

#endif
