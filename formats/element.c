/*
 * element.c - elements of any type as numbers: values, statistics, differences
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "element.h"

enum { BLOCK = 512 };		/* elements converted at a time */

bool
ss_type_is_float(enum ss_type t)
{
	return t == SS_F16 || t == SS_BF16 || t == SS_F32 || t == SS_F64;
}

static double
from_bits32(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static double
from_f16(uint16_t h)
{
	int exponent = h >> 10 & 31;
	double m = h & 1023, v;

	if (exponent == 31)
		v = m == 0 ? INFINITY : NAN;
	else if (exponent == 0)
		v = ldexp(m, -24);
	else
		v = ldexp(m + 1024, exponent - 25);
	return h & 0x8000 ? -v : v;
}

/* The data may lie anywhere, hence memcpy, which costs nothing. */
#define CONVERT(type, expression) do {						\
	for (size_t i = 0; i < n; i++) {					\
		type x;								\
		memcpy(&x, (const char *)data + (at + i) * sizeof(x), sizeof(x)); \
		out[i] = (double)(expression);					\
	} } while (0)

void
ss_elements(enum ss_type t, const void *data, size_t at, size_t n, double *out)
{
	switch (t) {
	case SS_U8:	CONVERT(uint8_t, x); break;
	case SS_I8:	CONVERT(int8_t, x); break;
	case SS_U16:	CONVERT(uint16_t, x); break;
	case SS_I16:	CONVERT(int16_t, x); break;
	case SS_U32:	CONVERT(uint32_t, x); break;
	case SS_I32:	CONVERT(int32_t, x); break;
	case SS_U64:	CONVERT(uint64_t, x); break;
	case SS_I64:	CONVERT(int64_t, x); break;
	case SS_F16:	CONVERT(uint16_t, from_f16(x)); break;
	case SS_BF16:	CONVERT(uint16_t, from_bits32((uint32_t)x << 16)); break;
	case SS_F32:	CONVERT(float, x); break;
	case SS_F64:	CONVERT(double, x); break;
	case SS_TYPES:	SS_BUG_IF(t == SS_TYPES);
	}
}

/* All 64 bits of an integer, sign-extended. */
static uint64_t
integer(enum ss_type t, const void *data, size_t i)
{
	const size_t size = ss_type_size(t);
	uint64_t v = 0;

	memcpy(&v, (const char *)data + i * size, size);	/* little-endian, as the stream is */
	if (t == SS_I8 || t == SS_I16 || t == SS_I32)
		v = (v ^ UINT64_C(1) << (8 * size - 1)) - (UINT64_C(1) << (8 * size - 1));
	return v;
}

int
ss_element_text(enum ss_type t, const void *data, size_t i, char out[SS_ELEMENT_TEXT])
{
	/*
	 * 1 + ceil(p log10(2)) digits tell any two numbers of p bits apart: p is 53 or 24. The halves
	 * get as many as f32, so that they are the same numbers to a reader that has no such type.
	 */
	const int digits = t == SS_F64 ? 17 : 9;
	double v;

	if (t == SS_I8 || t == SS_I16 || t == SS_I32 || t == SS_I64)
		return snprintf(out, SS_ELEMENT_TEXT, "%" PRId64, (int64_t)integer(t, data, i));
	if (!ss_type_is_float(t))
		return snprintf(out, SS_ELEMENT_TEXT, "%" PRIu64, integer(t, data, i));
	ss_elements(t, data, i, 1, &v);
	if (isnan(v))
		return snprintf(out, SS_ELEMENT_TEXT, "nan");
	return snprintf(out, SS_ELEMENT_TEXT, "%.*g", digits, v);
}

/* Merges the moments of a block (Chan, Golub, LeVeque 1979): exact means of large streams. */
static void
add_block(struct ss_stats *s, const double *v, size_t n)
{
	double sum = 0, mean, m2 = 0, delta;
	uint64_t before = ss_stats_finite(s), finite = 0;

	for (size_t i = 0; i < n; i++) {
		s->count++;
		if (isnan(v[i])) {
			s->nan++;
		} else if (isinf(v[i])) {
			s->inf++;
		} else {
			if (before + finite == 0 || v[i] < s->min)
				s->min = v[i];
			if (before + finite == 0 || v[i] > s->max)
				s->max = v[i];
			sum += v[i];
			finite++;
		}
	}
	if (finite == 0)
		return;
	mean = sum / (double)finite;
	for (size_t i = 0; i < n; i++)
		if (isfinite(v[i]))
			m2 += (v[i] - mean) * (v[i] - mean);
	delta = mean - s->mean;
	s->m2 += m2 + delta * delta * (double)before * ((double)finite / (double)(before + finite));
	s->mean += delta * ((double)finite / (double)(before + finite));
}

void
ss_stats_add(struct ss_stats *s, enum ss_type t, const void *data, size_t n)
{
	double v[BLOCK];

	for (size_t at = 0; at < n; at += BLOCK) {
		size_t k = n - at < BLOCK ? n - at : BLOCK;

		ss_elements(t, data, at, k, v);
		add_block(s, v, k);
	}
}

uint64_t
ss_stats_finite(const struct ss_stats *s)
{
	return s->count - s->nan - s->inf;
}

double
ss_stats_std(const struct ss_stats *s)
{
	uint64_t n = ss_stats_finite(s);

	return n == 0 ? 0 : sqrt(s->m2 / (double)n);
}

static bool
close_enough(double a, double b, double rtol, double atol)
{
	return a == b || (isnan(a) && isnan(b)) || (isfinite(b) && fabs(a - b) <= atol + rtol * fabs(b));
}

void
ss_elements_compare(enum ss_type t, const void *a, const void *b, size_t n, double rtol,
    double atol, struct ss_difference *d)
{
	bool tolerant = ss_type_is_float(t) && (rtol > 0 || atol > 0);
	size_t size = ss_type_size(t);
	double x[BLOCK], y[BLOCK];

	memset(d, 0, sizeof(*d));
	for (size_t at = 0; at < n; at += BLOCK) {
		size_t k = n - at < BLOCK ? n - at : BLOCK;
		const char *p = (const char *)a + at * size, *q = (const char *)b + at * size;

		if (memcmp(p, q, k * size) == 0)
			continue;
		ss_elements(t, a, at, k, x);
		ss_elements(t, b, at, k, y);
		for (size_t i = 0; i < k; i++) {
			double amount = fabs(x[i] - y[i]);

			if (tolerant ? close_enough(x[i], y[i], rtol, atol) :
			    memcmp(p + i * size, q + i * size, size) == 0)
				continue;
			if (isnan(amount))
				amount = INFINITY;
			if (d->count == 0) {
				d->first = at + i;
				d->a = x[i];
				d->b = y[i];
			}
			if (d->count++ == 0 || amount > d->amount) {
				d->largest = at + i;
				d->amount = amount;
			}
		}
	}
}
