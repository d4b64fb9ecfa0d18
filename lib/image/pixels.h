/*
 * pixels.h - the inner loops of lib/image, once per vector width
 *
 * pixels_body.h is compiled once for each set of instructions. Every variant
 * gives the same bytes, so the choice changes the time and nothing else. What
 * the loops are for, resize.c, colour.c and blur.c know.
 *
 * The loops work on whole vectors: they read and write up to SS_PIXELS_SPARE
 * elements past n. Whoever calls them has that much room behind each plane, and
 * writes rows that touch each other in rising order.
 */
#ifndef SS_PIXELS_H
#define SS_PIXELS_H

#include <stddef.h>
#include <stdint.h>

enum {
	SS_PIXELS_SPARE = 32,
	SS_TAP_BITS = 22,	/* of a weight: 32 less 8 of the pixel, sign, overshoot */
	SS_TAP_LOWER = 12,	/* of these, bits of its lower part, where it is split in two */
	SS_ACROSS = 16, SS_ACROSS_FROM = 32, SS_ACROSS_PAIRS = 4
};

/*
 * How SS_ACROSS columns come from SS_ACROSS_FROM. Column i of pair p is the sum of what is at the two
 * places [p][2i] and [p][2i + 1], times the lower and upper parts of two weights, 16 bits each.
 */
struct ss_across {
	uint16_t place[SS_ACROSS_PAIRS][2 * SS_ACROSS];
	uint32_t lower[SS_ACROSS_PAIRS][SS_ACROSS], upper[SS_ACROSS_PAIRS][SS_ACROSS];
	uint32_t there;		/* which of the columns that it comes from there are */
	uint16_t wanted;	/* which of the columns there shall be */
	int from, to, pairs;	/* the first of either */
};

/* Two weights' lower parts, or what is above them, one in each half. */
static inline uint32_t
ss_lower_parts(int32_t a, int32_t b)
{
	return ((uint32_t)a & ((1 << SS_TAP_LOWER) - 1)) | ((uint32_t)b & ((1 << SS_TAP_LOWER) - 1)) << 16;
}

static inline uint32_t
ss_upper_parts(int32_t a, int32_t b)
{
	return ((uint32_t)(a >> SS_TAP_LOWER) & 0xffff) | (uint32_t)(b >> SS_TAP_LOWER) << 16;
}

struct ss_pixels {
	const char *name;

	/*
	 * out[j] = the sum over k < count of in[j + k * step] * coef[k] / 2^SS_TAP_BITS,
	 * rounded and clamped
	 */
	void (*weigh)(uint8_t *out, const uint8_t *in, size_t n, size_t step,
	    const int32_t *coef, int count);

	/*
	 * The same along rows, as so many plans of columns have it; in and out are pitches apart. Touches
	 * nothing outside. NULL: this CPU does better with weigh and a transposed image.
	 */
	void (*across)(uint8_t *out, size_t out_pitch, const uint8_t *in, size_t in_pitch, size_t rows,
	    const struct ss_across *plan, size_t plans);

	/* px = base + factor * (px - base), cut off and clamped */
	void (*blend)(uint8_t *px, size_t n, int base, float factor);

	/* the same with the gray of each pixel as its base */
	void (*saturate)(uint8_t *r, uint8_t *g, uint8_t *b, size_t n, float factor);

	void (*gray)(uint8_t *out, const uint8_t *r, const uint8_t *g, const uint8_t *b, size_t n);

	uint64_t (*sum)(const uint8_t *px, size_t n);

	/* adds shift to the hue, of which 255 is the whole circle */
	void (*turn)(uint8_t *r, uint8_t *g, uint8_t *b, size_t n, int shift);

	/* px = px < threshold ? px : 255 - px */
	void (*solarize)(uint8_t *px, size_t n, int threshold);

	/*
	 * out[j] = (whole * the sum over |k| <= radius of in[j + k * step]
	 * + edge * the two beyond these) / 2^24, rounded; bytes, in 16 bits each
	 */
	void (*box)(uint16_t *out, const uint16_t *in, size_t n, ptrdiff_t step, int radius,
	    uint32_t whole, uint32_t edge);
	void (*widen)(uint16_t *out, const uint8_t *in, size_t n);	/* to these */
	void (*narrow)(uint8_t *out, const uint16_t *in, size_t n);	/* and back */

	/* out[j] = the sum over k < count of in[j + k * step] * coef[k] */
	void (*convolve)(float *out, const uint8_t *in, size_t n, size_t step,
	    const float *coef, int count);

	/* the same along a line, rounded to the nearest byte (halves to even), clamped */
	void (*convolve_back)(uint8_t *out, const float *in, size_t n, const float *coef,
	    int count);

	/* r[i], g[i], b[i] = rgb[3i], rgb[3i + 1], rgb[3i + 2]; touches nothing behind n pixels */
	void (*split)(uint8_t *r, uint8_t *g, uint8_t *b, const uint8_t *rgb, size_t n);

	/* The same on floats, 1 being white; what they are for, tf.c knows. */

	/* px = (px - base) * factor + base + more */
	void (*spread)(float *px, size_t n, float base, float factor, float more);
	/* multiplies the saturation, which stays in 0..1 */
	void (*saturate_floats)(float *r, float *g, float *b, size_t n, float factor);
	/* adds to the hue, of which 1 is the whole circle; -0.5..0.5 */
	void (*turn_floats)(float *r, float *g, float *b, size_t n, float turn);
	void (*gray_floats)(float *r, float *g, float *b, size_t n);
	void (*solarize_floats)(float *px, size_t n, float threshold);
	void (*clamp_floats)(float *px, size_t n);
	/* to 255ths: clamps 255.5 px and cuts off what is behind the point */
	void (*cut_floats)(float *px, size_t n);
	void (*convolve_floats)(float *out, const float *in, size_t n, size_t step,
	    const float *coef, int count);
	/* 255 px, rounded (halves to even), clamped */
	void (*to_bytes)(uint8_t *out, const float *in, size_t n);
};

/* The fastest variant for this CPU. */
const struct ss_pixels *ss_pixels(void);

/* Number i of those that this CPU can run, the plain one first; NULL past the last. */
const struct ss_pixels *ss_pixels_variant(int i);

#endif
