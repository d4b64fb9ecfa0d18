/*
 * test_shapes.c - drawn pictures: the same everywhere, balanced, different from each other
 *
 * Whether they can be learned, and how badly raw pixels do on them, is measured
 * by tests/cli/shapes.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

#include "image/shapes.h"

enum { SIZE = 32, BYTES = 3 * SIZE * SIZE };

/* The same bytes from every compiler, option and machine: part of the promise "same seed, same bytes". */
static void
known_pictures(void **state)
{
	static uint8_t rgb[3 * 100 * 100];
	uLong crc = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		ss_shapes_draw(rgb, SIZE, 1, 0, i);
		crc = crc32(crc, rgb, BYTES);
	}
	assert_int_equal(crc, 0xf9907af2);
	ss_shapes_draw(rgb, 99, 1, 1, UINT64_MAX);
	assert_int_equal(crc32(0, rgb, 3 * 99 * 99), 0xde7b0119);
}

static void
balanced_labels(void **state)
{
	int first[SS_SHAPES_CLASSES] = { 0 };

	(void)state;
	for (uint64_t block = 0; block < 2000; block++) {
		unsigned seen = 0;

		for (uint64_t i = 0; i < 10; i++)
			seen |= 1u << ss_shapes_label(7, 1, block * 10 + i);
		assert_int_equal(seen, 0x3ff);
		first[ss_shapes_label(7, 1, block * 10)]++;
	}
	for (int i = 0; i < SS_SHAPES_CLASSES; i++)	/* 200 expected, standard deviation 13 */
		assert_in_range(first[i], 140, 260);
}

static void
all_different(void **state)
{
	uint8_t a[BYTES], b[BYTES];

	(void)state;
	ss_shapes_draw(a, SIZE, 0, 0, 0);
	ss_shapes_draw(b, SIZE, 0, 0, 0);
	assert_memory_equal(a, b, BYTES);
	ss_shapes_draw(b, SIZE, 0, 0, 1);
	assert_memory_not_equal(a, b, BYTES);
	ss_shapes_draw(b, SIZE, 0, 1, 0);
	assert_memory_not_equal(a, b, BYTES);
	ss_shapes_draw(b, SIZE, 1, 0, 0);
	assert_memory_not_equal(a, b, BYTES);
	ss_shapes_draw(b, SIZE, 0, 0, (uint64_t)1 << 32);
	assert_memory_not_equal(a, b, BYTES);
}

/* Nothing is written beside the picture, whatever its size. */
static void
stays_inside(void **state)
{
	(void)state;
	for (int size = SS_SHAPES_SIZE_MIN; size < 50; size++) {
		size_t n = (size_t)(3 * size * size);
		uint8_t *rgb = malloc(n + 16);

		assert_non_null(rgb);
		memset(rgb + n, 0xa5, 16);
		ss_shapes_draw(rgb, size, 3, 0, (uint64_t)size);
		for (int i = 0; i < 16; i++)
			assert_int_equal(rgb[n + (size_t)i], 0xa5);
		free(rgb);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_pictures),
		cmocka_unit_test(balanced_labels),
		cmocka_unit_test(all_different),
		cmocka_unit_test(stays_inside)
	};

	return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}
