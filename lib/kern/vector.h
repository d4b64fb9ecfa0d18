/*
 * vector.h - what the templates share: a vector of W floats, and how loops over them are written
 *
 * Included first by each kern_WIDTH.c, which defines
 *	W		floats in a vector
 *	STREAM(p, v)	a store past the caches, where the CPU has one: a common store first reads the line that it writes
 *	STREAM_END()	what comes after such stores, before other threads read
 *
 * No include guard, on purpose.
 */

typedef float vf __attribute__((vector_size(4 * W), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define PIX_MAX 16	/* rows of a register tile at most */

#ifndef STREAM
#define STREAM(p, v)	(*(vf *)(p) = (v))
#define STREAM_END()	((void)0)
#endif
