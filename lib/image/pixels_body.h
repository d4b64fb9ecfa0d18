/*
 * pixels_body.h - body of the pixels_*.c files: the loops, for one vector width
 *
 * Included with SS_LANES, SS_PIXELS_TABLE and SS_PIXELS_NAME defined, and
 * compiled with the flags of that width. All variants must come out alike, so
 * nothing here may be contracted to a fused multiply-add; flags.mk sees to that.
 */
#include "image/lanes.h"
#include "image/pixels.h"

static inline vf
clamp255(vf v)
{
	return lesser(greater(v, all(0)), all(255));
}

/* To the nearest whole number, halves to even: the sum has no place for a fraction. */
static inline vf
whole(vf v)
{
	const float round = 0x1.8p23f;

	return (v + round) - round;
}

#ifdef SS_ZIPPED
enum {
	PART = SS_TAP_LOWER,
	TAPS_ZIPPED = 64,	/* weights that are split beforehand, */
	LONG = 128		/* which pays for as many pixels */
};

/* The same as weigh(), two rows at a time. Sums of parts may overflow; that of all does not. */
static void
weigh_pairs(uint8_t *out, const uint8_t *in, size_t n, size_t step, const int32_t *coef, int count)
{
	const uint32_t half = 1u << (SS_TAP_BITS - 1);
	uint32_t lower[TAPS_ZIPPED / 2], upper[TAPS_ZIPPED / 2];

	for (int k = 0; k < count; k += 2) {
		const int32_t next = k + 1 < count ? coef[k + 1] : 0;

		lower[k / 2] = ss_lower_parts(coef[k], next);
		upper[k / 2] = ss_upper_parts(coef[k], next);
	}
	for (size_t j = 0; j < n; j += 2 * SS_LANES) {
		vu low1 = { 0 }, low2 = { 0 }, up1 = { 0 }, up2 = { 0 };

		for (int k = 0; k < count; k += 2) {
			const uint8_t *row = in + (size_t)k * step + j;
			const vs a = load_short(row), b = k + 1 < count ? load_short(row + step) : a;
			const vs first = zip_first(a, b), second = zip_second(a, b);

			low1 += weigh_zipped(first, lower[k / 2]);
			low2 += weigh_zipped(second, lower[k / 2]);
			up1 += weigh_zipped(first, upper[k / 2]);
			up2 += weigh_zipped(second, upper[k / 2]);
		}
		store_short(out + j, join((vi)((up1 << PART) + low1 + half) >> SS_TAP_BITS,
		    (vi)((up2 << PART) + low2 + half) >> SS_TAP_BITS));
	}
}
#endif

static void
weigh(uint8_t *out, const uint8_t *in, size_t n, size_t step, const int32_t *coef, int count)
{
	const int32_t half = 1 << (SS_TAP_BITS - 1);

	if (count == 1 && coef[0] == 1 << SS_TAP_BITS) {	/* borders of an enlarged image */
		memcpy(out, in, n);
#ifdef SS_ZIPPED
	} else if (n >= LONG && count <= TAPS_ZIPPED) {
		weigh_pairs(out, in, n, step, coef, count);
#endif
	} else if (count == 2 && coef[0] >= 0 && coef[1] >= 0) {	/* no overshoot */
		for (size_t j = 0; j < n; j += SS_LANES) {
			vi s = load(in + j) * coef[0] + load(in + step + j) * coef[1] + half;

			store(out + j, s >> SS_TAP_BITS);
		}
	} else {
		for (size_t j = 0; j < n; j += SS_LANES) {
			vi s = (vi){ 0 } + half;

			for (int k = 0; k < count; k++)
				s += load(in + (size_t)k * step + j) * coef[k];
			s >>= SS_TAP_BITS;
			s &= s > 0;
			s |= s > 255;	/* all ones: the low byte is 255 */
			store(out + j, s);
		}
	}
}

#ifdef SS_AVX512
/* A plan stays in registers while all rows go by. */
static void
across(uint8_t *out, size_t out_pitch, const uint8_t *in, size_t in_pitch, size_t rows,
    const struct ss_across *plan, size_t plans)
{
	const __m512i half = _mm512_set1_epi32(1 << (SS_TAP_BITS - 1));

	for (const struct ss_across *a = plan; a < plan + plans; a++) {
		const uint8_t *from = in + a->from;
		uint8_t *to = out + a->to;

		for (size_t y = 0; y < rows; y++, from += in_pitch, to += out_pitch) {
			const __m512i row = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(a->there, from));
			__m512i low = half, up = _mm512_setzero_si512();

			for (int p = 0; p < a->pairs; p++) {
				const __m512i two = _mm512_permutexvar_epi16(_mm512_loadu_si512(a->place[p]), row);

				low = _mm512_add_epi32(low, _mm512_madd_epi16(two, _mm512_loadu_si512(a->lower[p])));
				up = _mm512_add_epi32(up, _mm512_madd_epi16(two, _mm512_loadu_si512(a->upper[p])));
			}
			low = _mm512_srai_epi32(_mm512_add_epi32(low, _mm512_slli_epi32(up, PART)), SS_TAP_BITS);
			low = _mm512_max_epi32(low, _mm512_setzero_si512());
			_mm_mask_storeu_epi8(to, a->wanted, _mm512_cvtusepi32_epi8(low));
		}
	}
}
#else
#define across NULL
#endif

static void
blend(uint8_t *px, size_t n, int base, float factor)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf v = all((float)base) + factor * to_float(load(px + j) - base);

		store(px + j, to_int(clamp255(v)));
	}
}

/*
 * ITU-R 601 luma with weights in 16 binary places. All terms and their sum are
 * integers below 2^24, hence exact in float, where multiplication is cheaper.
 */
static inline vi
luma(vf r, vf g, vf b)
{
	return to_int(19595.0f * r + 38470.0f * g + 7471.0f * b + 32768.0f) >> 16;
}

static void
saturate(uint8_t *r, uint8_t *g, uint8_t *b, size_t n, float factor)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf fr = load_float(r + j), fg = load_float(g + j), fb = load_float(b + j);
		vf l = to_float(luma(fr, fg, fb));

		store(r + j, to_int(clamp255(l + factor * (fr - l))));
		store(g + j, to_int(clamp255(l + factor * (fg - l))));
		store(b + j, to_int(clamp255(l + factor * (fb - l))));
	}
}

static void
gray(uint8_t *out, const uint8_t *r, const uint8_t *g, const uint8_t *b, size_t n)
{
	for (size_t j = 0; j < n; j += SS_LANES)
		store(out + j, luma(load_float(r + j), load_float(g + j), load_float(b + j)));
}

/* Reads no further than n. */
static uint64_t
sum(const uint8_t *px, size_t n)
{
	const size_t most = (size_t)SS_LANES << 20;	/* before a lane could overflow */
	uint64_t total = 0;

	while (n >= SS_LANES) {
		size_t k = (n < most ? n : most) / SS_LANES * SS_LANES;
		vi part = { 0 };

		for (size_t j = 0; j < k; j += SS_LANES)
			part += load(px + j);
		for (int i = 0; i < SS_LANES; i++)
			total += (uint64_t)part[i];
		px += k;
		n -= k;
	}
	while (n-- > 0)
		total += *px++;
	return total;
}

/*
 * One channel of the way back from hue, saturation and value: angle counts 255
 * to a sixth of the circle, the ramp over it goes 0..255..0, and w is value times
 * saturation. The result is v - w * ramp / 255^2 rounded; the quotient is never
 * a half, and float is exact enough for every argument (the tests try all).
 */
static inline vi
from_angle(vf v, vf w, vf angle)
{
	vf ramp;

	angle -= pick(angle >= 1530, all(1530), all(0));
	ramp = clamp255(lesser(angle, 1020 - angle));
	return to_int(v) - to_int(w * ramp * (1 / 65025.0f) + 0.5f);
}

/*
 * Pillow's way there and back: hue and saturation pass through 8 bits, cut off
 * and not rounded. Where the hue is an exact multiple of 1/255, the rounding of
 * the float quotients decides whether the cut loses a whole unit, so these
 * operations are Pillow's in kind and order (in float where it widens to double,
 * which gives the same for all 2^24 colours).
 */
static void
turn(uint8_t *r, uint8_t *g, uint8_t *b, size_t n, int shift)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf fr = load_float(r + j), fg = load_float(g + j), fb = load_float(b + j);
		vf v = greater(fr, greater(fg, fb));
		vf range = v - lesser(fr, lesser(fg, fb));
		/* distances from the largest channel: 0, range, and that of the middle one */
		vf dr = v - fr, dg = v - fg, db = v - fb;
		vf q = (dr + dg + db - range) / greater(range, all(1));
		vi red = dr == 0, green = dg == 0;
		vf diff = pick(red, db - dg, pick(green, dr - db, dg - dr));
		vf sixth = pick(red, all(0), pick(green, all(2), all(4)));
		/* one rounding: first the whole numbers, then the quotient */
		vf h = sixth + pick(diff > 0, all(1), all(-1)) + pick(diff > 0, -q, q);
		vf s = to_float(to_int(range / greater(v, all(1)) * 255));
		vf w = v * s, angle;

		h /= 6;
		h += pick(h < 0, all(1), all(0));
		angle = to_float(((to_int(h * 255) + shift) & 255) * 6);
		store(r + j, from_angle(v, w, angle + 1275));
		store(g + j, from_angle(v, w, angle + 765));
		store(b + j, from_angle(v, w, angle + 255));
	}
}

static void
solarize(uint8_t *px, size_t n, int threshold)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vi v = load(px + j);

		store(px + j, v ^ (v >= threshold));	/* the low byte of ~v is 255 - v */
	}
}

#ifdef SS_ZIPPED
enum { RADIUS_ZIPPED = 63 };		/* 127 bytes add up to less than 2^15 */

static inline vs
loads(const uint16_t *p)
{
	vs v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* The same as box(). */
static void
box_pairs(uint16_t *out, const uint16_t *in, size_t n, ptrdiff_t step, int radius, uint32_t middle,
    uint32_t edge)
{
	const uint32_t lower = ss_lower_parts((int32_t)middle, (int32_t)edge), upper = ss_upper_parts((int32_t)middle, (int32_t)edge);
	const uint32_t half = 1u << 23;
	const ptrdiff_t far = (radius + 1) * step;

	for (size_t j = 0; j < n; j += 2 * SS_LANES) {
		const uint16_t *mid = in + j;
		vs acc = loads(mid), ends = loads(mid - far) + loads(mid + far), first, second;

		for (ptrdiff_t k = step; k != far; k += step)
			acc += loads(mid - k) + loads(mid + k);
		first = zip_first(acc, ends);
		second = zip_second(acc, ends);
		acc = join((vi)(((weigh_zipped(first, upper) << PART) + weigh_zipped(first, lower) + half) >> 24),
		    (vi)(((weigh_zipped(second, upper) << PART) + weigh_zipped(second, lower) + half) >> 24));
		memcpy(out + j, &acc, sizeof acc);
	}
}
#endif

static inline vi
load_wide(const uint16_t *p)
{
	vh v;

	memcpy(&v, p, sizeof v);
	return __builtin_convertvector(v, vi);
}

static void
box(uint16_t *out, const uint16_t *in, size_t n, ptrdiff_t step, int radius, uint32_t middle,
    uint32_t edge)
{
	const ptrdiff_t far = (radius + 1) * step;

#ifdef SS_ZIPPED
	if (radius <= RADIUS_ZIPPED) {
		box_pairs(out, in, n, step, radius, middle, edge);
		return;
	}
#endif
	for (size_t j = 0; j < n; j += SS_LANES) {
		const uint16_t *mid = in + j;
		vi acc = load_wide(mid);
		vu s;
		vh low;

		for (ptrdiff_t k = step; k != far; k += step)
			acc += load_wide(mid - k) + load_wide(mid + k);
		s = (vu)acc * middle + (vu)(load_wide(mid - far) + load_wide(mid + far)) * edge + (1u << 23);
		low = __builtin_convertvector(s >> 24, vh);
		memcpy(out + j, &low, sizeof low);
	}
}

static void
widen(uint16_t *out, const uint8_t *in, size_t n)
{
#ifdef SS_ZIPPED
	for (size_t j = 0; j < n; j += 2 * SS_LANES) {
		const vs v = load_short(in + j);

		memcpy(out + j, &v, sizeof v);
	}
#else
	for (size_t j = 0; j < n; j++)
		out[j] = in[j];
#endif
}

static void
narrow(uint8_t *out, const uint16_t *in, size_t n)
{
#ifdef SS_ZIPPED
	for (size_t j = 0; j < n; j += 2 * SS_LANES)
		store_short(out + j, loads(in + j));
#else
	for (size_t j = 0; j < n; j++)
		out[j] = (uint8_t)in[j];
#endif
}

static void
convolve(float *out, const uint8_t *in, size_t n, size_t step, const float *coef, int count)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf acc = { 0 };

		for (int k = 0; k < count; k++)
			acc += load_float(in + (size_t)k * step + j) * coef[k];
		memcpy(out + j, &acc, sizeof acc);
	}
}

static void
convolve_back(uint8_t *out, const float *in, size_t n, const float *coef, int count)
{
	for (size_t j = 0; j < n; j += SS_LANES) {
		vf acc = { 0 }, v;

		for (int k = 0; k < count; k++) {
			memcpy(&v, in + (size_t)k + j, sizeof v);
			acc += v * coef[k];
		}
		store(out + j, to_int(clamp255(whole(acc))));
	}
}

/* Of three registers in a row, every third byte from k on; s and t are the places in the last one. */
#define THIRD(x, y, z, k, s, t) __builtin_shufflevector(__builtin_shufflevector(x, y, k, k + 3, k + 6, k + 9, \
    k + 12, k + 15, k + 18, k + 21, k + 24, k + 27, (k + 30) % 32, 0, 0, 0, 0, 0), z, \
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, s, t, t + 3, t + 6, t + 9, t + 12)

static void
split(uint8_t *r, uint8_t *g, uint8_t *b, const uint8_t *rgb, size_t n)
{
	size_t i = 0;

#if !defined __SSE2__ || defined __SSSE3__	/* the first cannot shuffle bytes */
	for (; i + 16 <= n; i += 16) {
		v16 x, y, z, third;

		memcpy(&x, rgb + 3 * i, sizeof x);
		memcpy(&y, rgb + 3 * i + 16, sizeof y);
		memcpy(&z, rgb + 3 * i + 32, sizeof z);
		third = THIRD(x, y, z, 0, 10, 17);
		memcpy(r + i, &third, sizeof third);
		third = THIRD(x, y, z, 1, 10, 18);
		memcpy(g + i, &third, sizeof third);
		third = THIRD(x, y, z, 2, 16, 19);
		memcpy(b + i, &third, sizeof third);
	}
#endif
	for (; i < n; i++) {
		r[i] = rgb[3 * i];
		g[i] = rgb[3 * i + 1];
		b[i] = rgb[3 * i + 2];
	}
}

#include "image/pixels_floats.h"

const struct ss_pixels SS_PIXELS_TABLE = {
	SS_PIXELS_NAME, weigh, across, blend, saturate, gray, sum, turn, solarize, box,
	widen, narrow, convolve, convolve_back, split, spread, saturate_floats, turn_floats, gray_floats,
	solarize_floats, clamp_floats, cut_floats, convolve_floats, to_bytes
};
