/*
 * lanes.h - SS_LANES pixels side by side, each in 32 bits
 *
 * For pixels_body.h only. The vector extensions of GCC and Clang do the
 * arithmetic; intrinsics do what GCC 12 makes a mess of: widening and narrowing
 * of bytes, maxima and choices. Any other machine takes the generic branches.
 */
#ifndef SS_LANES_H
#define SS_LANES_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

#if SS_LANES == 16 && defined(__AVX512BW__)
#define SS_AVX512
#elif SS_LANES == 8 && defined(__AVX2__)
#define SS_AVX2
#elif SS_LANES == 4 && defined(__SSE2__)
#define SS_SSE2
#endif

typedef float vf __attribute__((vector_size(4 * SS_LANES)));
typedef int32_t vi __attribute__((vector_size(4 * SS_LANES)));
typedef uint32_t vu __attribute__((vector_size(4 * SS_LANES)));
typedef uint8_t vb __attribute__((vector_size(SS_LANES)));
typedef uint16_t vh __attribute__((vector_size(2 * SS_LANES)));
typedef uint8_t v16 __attribute__((vector_size(16)));

static inline vi
load(const uint8_t *p)
{
#if defined SS_AVX512
	return (vi)_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
#elif defined SS_AVX2
	return (vi)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
#elif defined SS_SSE2
	const __m128i zero = _mm_setzero_si128();
	int32_t four;

	memcpy(&four, p, sizeof four);
	return (vi)_mm_unpacklo_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero), zero);
#else
	vb b;

	memcpy(&b, p, sizeof b);
	return __builtin_convertvector(b, vi);
#endif
}

/* Keeps the low byte of each lane. */
static inline void
store(uint8_t *p, vi v)
{
#if defined SS_AVX512
	_mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)v));
#elif defined SS_AVX2
	__m256i s = _mm256_shuffle_epi8((__m256i)v, _mm256_set1_epi32(0x0c080400));

	_mm_storel_epi64((__m128i *)p, _mm_unpacklo_epi32(_mm256_castsi256_si128(s),
	    _mm256_extracti128_si256(s, 1)));
#elif defined SS_SSE2
	__m128i s = _mm_and_si128((__m128i)v, _mm_set1_epi32(255));
	int32_t four;

	s = _mm_packs_epi32(s, s);
	four = _mm_cvtsi128_si32(_mm_packus_epi16(s, s));
	memcpy(p, &four, sizeof four);
#else
	vb b = __builtin_convertvector(v, vb);

	memcpy(p, &b, sizeof b);
#endif
}

#ifdef __SSE2__
/*
 * Products of 16 bits are several times as fast as those of 32, and exact as well where one
 * factor is split in two. They come in sums of two, so numbers a and b are zipped: a0 b0 a1 b1 ...
 */
#define SS_ZIPPED
typedef uint16_t vs __attribute__((vector_size(4 * SS_LANES)));

/* 2 * SS_LANES bytes. */
static inline vs
load_short(const uint8_t *p)
{
#if defined SS_AVX512
	return (vs)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif defined SS_AVX2
	return (vs)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
#else
	return (vs)_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128());
#endif
}

/* Half of a and b, zipped: of each 16 bytes of theirs the first half, */
static inline vs
zip_first(vs a, vs b)
{
#if defined SS_AVX512
	return (vs)_mm512_unpacklo_epi16((__m512i)a, (__m512i)b);
#elif defined SS_AVX2
	return (vs)_mm256_unpacklo_epi16((__m256i)a, (__m256i)b);
#else
	return (vs)_mm_unpacklo_epi16((__m128i)a, (__m128i)b);
#endif
}

/* and the second. */
static inline vs
zip_second(vs a, vs b)
{
#if defined SS_AVX512
	return (vs)_mm512_unpackhi_epi16((__m512i)a, (__m512i)b);
#elif defined SS_AVX2
	return (vs)_mm256_unpackhi_epi16((__m256i)a, (__m256i)b);
#else
	return (vs)_mm_unpackhi_epi16((__m128i)a, (__m128i)b);
#endif
}

/* a0 * x + b0 * y, a1 * x + b1 * y ... of a and b zipped; xy is x in its lower 16 bits, y above. */
static inline vu
weigh_zipped(vs ab, uint32_t xy)
{
	const vu both = (vu){ 0 } + xy;

#if defined SS_AVX512
	return (vu)_mm512_madd_epi16((__m512i)ab, (__m512i)both);
#elif defined SS_AVX2
	return (vu)_mm256_madd_epi16((__m256i)ab, (__m256i)both);
#else
	return (vu)_mm_madd_epi16((__m128i)ab, (__m128i)both);
#endif
}

/* What the halves became, whole again and in order; numbers of 16 bits with their sign. */
static inline vs
join(vi first, vi second)
{
#if defined SS_AVX512
	return (vs)_mm512_packs_epi32((__m512i)first, (__m512i)second);
#elif defined SS_AVX2
	return (vs)_mm256_packs_epi32((__m256i)first, (__m256i)second);
#else
	return (vs)_mm_packs_epi32((__m128i)first, (__m128i)second);
#endif
}

/* As bytes, clamped. */
static inline void
store_short(uint8_t *p, vs v)
{
#if defined SS_AVX512
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6), both = _mm512_packus_epi16((__m512i)v, (__m512i)v);

	_mm256_storeu_si256((__m256i *)p, _mm512_castsi512_si256(_mm512_permutexvar_epi64(even, both)));
#elif defined SS_AVX2
	const __m256i both = _mm256_packus_epi16((__m256i)v, (__m256i)v);

	_mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(_mm256_permute4x64_epi64(both, 8)));
#else
	_mm_storel_epi64((__m128i *)p, _mm_packus_epi16((__m128i)v, (__m128i)v));
#endif
}
#endif

static inline vf
to_float(vi v)
{
	return __builtin_convertvector(v, vf);
}

/* Towards zero. */
static inline vi
to_int(vf v)
{
	return __builtin_convertvector(v, vi);
}

static inline vf
load_float(const uint8_t *p)
{
	return to_float(load(p));
}

static inline vf
all(float x)
{
	return (vf){ 0 } + x;
}

/* mask ? a : b in each lane; a lane of the mask is all ones or all zeros. */
static inline vf
pick(vi mask, vf a, vf b)
{
#if defined SS_AVX2
	return (vf)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
#else
	return (vf)((mask & (vi)a) | (~mask & (vi)b));
#endif
}

static inline vf
greater(vf a, vf b)
{
#if defined SS_AVX512
	return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined SS_AVX2
	return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined SS_SSE2
	return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
	return pick(a > b, a, b);
#endif
}

static inline vf
lesser(vf a, vf b)
{
#if defined SS_AVX512
	return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined SS_AVX2
	return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined SS_SSE2
	return (vf)_mm_min_ps((__m128)a, (__m128)b);
#else
	return pick(a < b, a, b);
#endif
}

#endif
