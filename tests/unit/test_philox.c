/*
 * test_philox.c - random numbers: published answers, ranges, uniformity, independence of order
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/philox.h"

/* Philox4x32-10 in the file kat_vectors of Random123 1.14. */
static void
test_known_answers(void **state)
{
	static const struct { uint32_t ctr[4], key[2], out[4]; } known[] = {
		{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
		{ { ~0u, ~0u, ~0u, ~0u }, { ~0u, ~0u }, { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
		{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
		    { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint32_t out[4];

		ss_philox(known[i].ctr, known[i].key, out);
		assert_memory_equal(out, known[i].out, sizeof(out));
	}
}

/* The sequence of a name is part of the promise "same seed, same bytes": it must never change. */
static void
test_sequence_is_fixed(void **state)
{
	static const uint32_t expected[6] = { 0x420838e3, 0xd0e1f279, 0xc1edefba, 0xed4d181b, 0xe31979c2, 0xed2edd9b };
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 42, SS_RNG_AUGMENT, 3, 0x123456789, 1);
	for (int i = 0; i < 6; i++)
		assert_int_equal(ss_rng_u32(&r), expected[i]);
}

/* Every part of the name matters. */
static void
test_names_differ(void **state)
{
	struct ss_rng r[7];
	uint32_t first[7];

	(void)state;
	ss_rng_init(&r[0], 1, SS_RNG_AUGMENT, 2, 3, 4);
	ss_rng_init(&r[1], 2, SS_RNG_AUGMENT, 2, 3, 4);
	ss_rng_init(&r[2], 1, SS_RNG_SHUFFLE, 2, 3, 4);
	ss_rng_init(&r[3], 1, SS_RNG_AUGMENT, 3, 3, 4);
	ss_rng_init(&r[4], 1, SS_RNG_AUGMENT, 2, 4, 4);
	ss_rng_init(&r[5], 1, SS_RNG_AUGMENT, 2, 3, 5);
	ss_rng_init(&r[6], 1 + (1ull << 32), SS_RNG_AUGMENT, 2, 3, 4);
	for (int i = 0; i < 7; i++) {
		first[i] = ss_rng_u32(&r[i]);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(first[i], first[k]);
	}
}

static void
test_uniform(void **state)
{
	enum { N = 200000, BINS = 50 };
	struct ss_rng r;
	double sum = 0, squares = 0, chi = 0;
	int bin[BINS] = { 0 };

	(void)state;
	ss_rng_init(&r, 7, SS_RNG_SAMPLE, 0, 0, 0);
	for (int i = 0; i < N; i++) {
		double u = ss_rng_uniform(&r);

		assert_true(u >= 0 && u < 1);
		sum += u;
		squares += u * u;
		bin[(int)(u * BINS)]++;
	}
	assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N));
	assert_true(fabs(squares / N - 1.0 / 3) < 5 * sqrt(4.0 / 45 / N));
	for (int i = 0; i < BINS; i++)
		chi += (bin[i] - (double)N / BINS) * (bin[i] - (double)N / BINS) / ((double)N / BINS);
	assert_true(chi > 20 && chi < 90);	/* 49 degrees of freedom: beyond 1e-4 on either side */
}

static void
test_below(void **state)
{
	static const uint32_t n[] = { 1, 2, 3, 7, 10, 1000, 0x80000001u, UINT32_MAX };
	struct ss_rng r;
	double chi = 0;
	int bin[7] = { 0 }, high = 0;

	(void)state;
	ss_rng_init(&r, 8, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t k = 0; k < sizeof(n) / sizeof(*n); k++)
		for (int i = 0; i < 2000; i++)
			assert_true(ss_rng_below(&r, n[k]) < n[k]);
	for (int i = 0; i < 70000; i++)
		bin[ss_rng_below(&r, 7)]++;
	for (int i = 0; i < 7; i++)
		chi += (bin[i] - 10000.0) * (bin[i] - 10000.0) / 10000.0;
	assert_true(chi < 27);			/* 6 degrees of freedom: beyond 1e-4 */
	/* Without rejection the lower third would be twice as likely as the rest for this n. */
	for (int i = 0; i < 30000; i++)
		high += ss_rng_below(&r, 0xc0000000u) >= 0x80000000u;
	assert_true(abs(high - 10000) < 5 * 82);
}

static void
test_normal(void **state)
{
	enum { N = 200000 };
	struct ss_rng r;
	double sum = 0, squares = 0, fourth = 0;

	(void)state;
	ss_rng_init(&r, 9, SS_RNG_WEIGHTS, 0, 0, 0);
	for (int i = 0; i < N; i++) {
		double x = ss_rng_normal(&r);

		assert_true(isfinite(x));
		sum += x;
		squares += x * x;
		fourth += x * x * x * x;
	}
	assert_true(fabs(sum / N) < 5 / sqrt(N));
	assert_true(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
	assert_true(fabs(fourth / N - 3) < 5 * sqrt(96.0 / N));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_sequence_is_fixed),
		cmocka_unit_test(test_names_differ),
		cmocka_unit_test(test_uniform),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
