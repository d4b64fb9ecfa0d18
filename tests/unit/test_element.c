/*
 * test_element.c - elements of every type as numbers, statistics, differences
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "element.h"

static void
test_values(void **state)
{
	static const uint8_t u8[] = { 0, 255 };
	static const int8_t i8[] = { -128, 127 };
	static const uint16_t u16[] = { 0, 65535 };
	static const int16_t i16[] = { -32768, 32767 };
	static const uint32_t u32[] = { 0, UINT32_MAX };
	static const int32_t i32[] = { INT32_MIN, INT32_MAX };
	static const uint64_t u64[] = { 1, 1ull << 60 };
	static const int64_t i64[] = { INT64_MIN, -1 };
	static const float f32[] = { -0.5f, 1e-40f };
	static const double f64[] = { 1e300, -0.1 };
	static const struct { enum ss_type t; const void *data; double a, b; } cases[] = {
		{ SS_U8, u8, 0, 255 }, { SS_I8, i8, -128, 127 }, { SS_U16, u16, 0, 65535 },
		{ SS_I16, i16, -32768, 32767 }, { SS_U32, u32, 0, 4294967295.0 },
		{ SS_I32, i32, -2147483648.0, 2147483647.0 }, { SS_U64, u64, 1, 0x1p60 },
		{ SS_I64, i64, -0x1p63, -1 }, { SS_F32, f32, -0.5, 1e-40f }, { SS_F64, f64, 1e300, -0.1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char shifted[32];
		double v[2];

		memcpy(shifted + 1, cases[i].data, 2 * ss_type_size(cases[i].t));	/* need not be aligned */
		ss_elements(cases[i].t, shifted + 1, 0, 2, v);
		assert_true(v[0] == cases[i].a && v[1] == cases[i].b);
		ss_elements(cases[i].t, cases[i].data, 1, 1, v);
		assert_true(v[0] == cases[i].b);
	}
}

static void
test_halves(void **state)
{
	static const struct { uint16_t bits; double value; } half[] = {
		{ 0x0000, 0 }, { 0x0001, 0x1p-24 }, { 0x03ff, 0x1.ff8p-15 }, { 0x0400, 0x1p-14 },
		{ 0x3c00, 1 }, { 0x3c01, 1 + 0x1p-10 }, { 0xc000, -2 }, { 0x7bff, 65504 },
		{ 0x7c00, INFINITY }, { 0xfc00, -INFINITY },
	}, brain[] = {
		{ 0x0000, 0 }, { 0x3f80, 1 }, { 0x3f81, 1 + 0x1p-7 }, { 0xc040, -3 }, { 0x0080, 0x1p-126 },
		{ 0x7f80, INFINITY }, { 0xff80, -INFINITY },
	};
	static const uint16_t nan[] = { 0x7e00, 0x7c01, 0xfc01 };
	double v;

	(void)state;
	for (size_t i = 0; i < sizeof(half) / sizeof(*half); i++) {
		ss_elements(SS_F16, &half[i].bits, 0, 1, &v);
		assert_true(v == half[i].value);
	}
	for (size_t i = 0; i < sizeof(brain) / sizeof(*brain); i++) {
		ss_elements(SS_BF16, &brain[i].bits, 0, 1, &v);
		assert_true(v == brain[i].value);
	}
	for (size_t i = 0; i < sizeof(nan) / sizeof(*nan); i++) {
		ss_elements(SS_F16, &nan[i], 0, 1, &v);
		assert_true(isnan(v));
	}
}

/* Numbers far from 0, where the textbook formula sum(x^2) - n mean^2 loses all digits. */
static void
test_statistics(void **state)
{
	enum { N = 5000 };
	static double x[N];
	struct ss_stats s = SS_STATS_INIT, none = SS_STATS_INIT;
	struct ss_rng r;
	double mean = 0, var = 0;
	size_t at = 0;

	(void)state;
	assert_true(ss_stats_std(&none) == 0 && ss_stats_finite(&none) == 0);
	ss_rng_init(&r, 1, SS_RNG_SAMPLE, 0, 0, 0);
	for (int i = 0; i < N; i++)
		mean += (x[i] = 1e9 + ss_rng_normal(&r)) / N;
	for (int i = 0; i < N; i++)
		var += (x[i] - mean) * (x[i] - mean) / N;
	for (size_t n = 0; at < N; at += n, n = (n * 7 + 1) % 1999)	/* in uneven pieces, none included */
		ss_stats_add(&s, SS_F64, x + at, n = n < N - at ? n : N - at);
	assert_int_equal(s.count, N);
	assert_true(fabs(s.mean - mean) < 1e-5);
	assert_true(fabs(ss_stats_std(&s) / sqrt(var) - 1) < 1e-6);

	x[0] = NAN;
	x[1] = INFINITY;
	x[2] = -5;
	s = none;
	ss_stats_add(&s, SS_F64, x, 3);
	assert_true(s.nan == 1 && s.inf == 1 && s.min == -5 && s.max == -5 && s.mean == -5);
}

static void
test_differences(void **state)
{
	enum { N = 2000 };
	static float a[N], b[N];
	struct ss_difference d;
	static const int32_t p[3] = { 1, 2, 3 }, q[3] = { 1, 2, 4 };

	(void)state;
	for (int i = 0; i < N; i++)
		a[i] = b[i] = (float)i;
	ss_elements_compare(SS_F32, a, b, N, 0, 0, &d);
	assert_int_equal(d.count, 0);
	b[700] += 0.5f;
	b[1500] -= 2;
	ss_elements_compare(SS_F32, a, b, N, 0, 0, &d);
	assert_true(d.count == 2 && d.first == 700 && d.largest == 1500 && d.amount == 2 && d.b == 700.5);
	ss_elements_compare(SS_F32, a, b, N, 0, 0.5, &d);
	assert_true(d.count == 1 && d.first == 1500);
	ss_elements_compare(SS_F32, a, b, N, 2.0 / 1498, 0, &d);
	assert_int_equal(d.count, 0);
	a[3] = b[3] = NAN;
	a[4] = b[4] = INFINITY;
	ss_elements_compare(SS_F32, a, b, N, 0.1, 0, &d);
	assert_int_equal(d.count, 0);
	b[4] = -INFINITY;
	b[3] = 3;
	ss_elements_compare(SS_F32, a, b, N, 0.1, 0, &d);
	assert_true(d.count == 2 && d.first == 3 && isinf(d.amount));
	a[0] = 0.0f;
	b[0] = -0.0f;
	ss_elements_compare(SS_F32, a, b, 1, 0, 0, &d);
	assert_int_equal(d.count, 1);		/* other bits */
	ss_elements_compare(SS_F32, a, b, 1, 0, 1e-9, &d);
	assert_int_equal(d.count, 0);
	ss_elements_compare(SS_I32, p, q, 3, 10, 10, &d);
	assert_int_equal(d.count, 1);		/* integers know no tolerance */
}

/* Reads the text of element i back into the type, and compares the bits. */
static void
check_text(enum ss_type t, const void *data, size_t i)
{
	const size_t size = ss_type_size(t);
	char text[SS_ELEMENT_TEXT];
	unsigned char back[8] = { 0 };
	int n = ss_element_text(t, data, i, text);
	double v;

	assert_int_equal(n, strlen(text));
	ss_elements(t, data, i, 1, &v);
	if (isnan(v)) {
		assert_string_equal(text, "nan");
		return;
	}
	switch (t) {
	case SS_F64: memcpy(back, &(double){ strtod(text, NULL) }, 8); break;
	case SS_F32: memcpy(back, &(float){ strtof(text, NULL) }, 4); break;
	case SS_F16:
	case SS_BF16:	/* the halves are f32 too: the same number must come out */
		assert_true((double)strtof(text, NULL) == v && !signbit(v) == !signbit(strtof(text, NULL)));
		return;
	case SS_U64: memcpy(back, &(uint64_t){ strtoull(text, NULL, 10) }, 8); break;
	default: memcpy(back, &(int64_t){ strtoll(text, NULL, 10) }, size); break;
	}
	assert_memory_equal(back, (const char *)data + i * size, size);
}

static void
test_text(void **state)
{
	struct ss_rng r;

	(void)state;
	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		uint16_t half = (uint16_t)bits;

		for (enum ss_type t = SS_U16; t <= SS_BF16; t++)
			if (ss_type_size(t) == 2)
				check_text(t, &half, 0);
		check_text(SS_U8, &half, 0);
		check_text(SS_I8, &half, 0);
	}
	ss_rng_init(&r, 1, SS_RNG_SHAPES, 0, 0, 0);
	for (int k = 0; k < 20000; k++) {	/* any bits: subnormals, infinities, NaN among them */
		uint32_t bits[4] = { ss_rng_u32(&r), ss_rng_u32(&r), ss_rng_u32(&r), ss_rng_u32(&r) };

		for (enum ss_type t = SS_U32; t < SS_TYPES; t++)
			if (ss_type_size(t) >= 4)
				check_text(t, bits, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_statistics),
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
