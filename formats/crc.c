/*
 * crc.c - CRC-32, by carry-less multiplication where the CPU has it, else zlib's
 *
 * A message is a polynomial over GF(2), and what counts of it is the remainder modulo P. So a block
 * of 128 bits may be taken away if it is added, times x^n modulo P, n bits further on (Gopal et al.,
 * Intel, 2009, "Fast CRC computation for generic polynomials using PCLMULQDQ"). Four blocks go
 * side by side, as a multiplication takes longer than the next can wait for. What is left in the
 * end, 16 bytes and a few, zlib sums.
 */
#include <string.h>
#include <zlib.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "crc.h"

#ifdef __x86_64__
#define CLMUL __attribute__((target("pclmul")))

enum { BLOCK = 16, SIDE_BY_SIDE = 4 * BLOCK, LEAST = 2 * SIDE_BY_SIDE };

/*
 * x^n mod P, bits reversed as in the message, and doubled: the product of two reversed
 * polynomials is a bit short. Of the block's first half, n is the distance plus 32; of its second, less 32.
 */
static const uint64_t far_first = 0x154442bd4, far_second = 0x1c6e41596;	/* 512 bits: n is 544, 480 */
static const uint64_t near_first = 0x1751997d0, near_second = 0x0ccaa009e;	/* 128 bits: n is 160, 96 */

static inline __m128i
load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

CLMUL static inline __m128i
carry(__m128i block, __m128i by, __m128i onto)
{
	const __m128i first = _mm_clmulepi64_si128(block, by, 0x00), second = _mm_clmulepi64_si128(block, by, 0x11);

	return _mm_xor_si128(_mm_xor_si128(first, second), onto);
}

/* n is LEAST or more. */
CLMUL static uint32_t
multiply(uint32_t crc, const uint8_t *p, size_t n)
{
	const __m128i far = _mm_set_epi64x((int64_t)far_second, (int64_t)far_first);
	const __m128i near = _mm_set_epi64x((int64_t)near_second, (int64_t)near_first);
	__m128i a = load(p), b = load(p + BLOCK), c = load(p + 2 * BLOCK), d = load(p + 3 * BLOCK);
	uint8_t rest[BLOCK];

	/* what came before, complemented as CRCs are, adds to the first 32 bits */
	a = _mm_xor_si128(a, _mm_cvtsi32_si128((int)~crc));
	for (p += SIDE_BY_SIDE, n -= SIDE_BY_SIDE; n >= SIDE_BY_SIDE; p += SIDE_BY_SIDE, n -= SIDE_BY_SIDE) {
		a = carry(a, far, load(p));
		b = carry(b, far, load(p + BLOCK));
		c = carry(c, far, load(p + 2 * BLOCK));
		d = carry(d, far, load(p + 3 * BLOCK));
	}
	a = carry(carry(carry(a, near, b), near, c), near, d);
	for (; n >= BLOCK; p += BLOCK, n -= BLOCK)
		a = carry(a, near, load(p));
	memcpy(rest, &a, sizeof(rest));
	/* from a register of zeros, which is the complement of this CRC */
	crc = (uint32_t)crc32_z(0xffffffff, rest, sizeof(rest));
	return (uint32_t)crc32_z(crc, p, n);
}
#endif

uint32_t
ss_crc32(uint32_t crc, const void *p, size_t n)
{
#ifdef __x86_64__
	if (n >= LEAST && __builtin_cpu_supports("pclmul"))
		return multiply(crc, p, n);
#endif
	return (uint32_t)crc32_z(crc, p, n);
}
