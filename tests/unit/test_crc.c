/*
 * test_crc - our CRC-32 against zlib's: every length, alignment and beginning, and that nothing else is read
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "crc.h"

enum { MOST = 1500, LARGE = 1 << 20 };

static uint8_t *
noise(size_t n)
{
	uint8_t *p = malloc(n);
	uint32_t x = 1;

	assert_non_null(p);
	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (uint8_t)(x >> 24);
	}
	return p;
}

static void
test_lengths(void **state)
{
	uint8_t *p = noise(MOST + 16);

	(void)state;
	for (size_t n = 0; n <= MOST; n++)
		for (size_t at = 0; at < 16; at += n % 3 + 1) {
			const uint32_t before = (uint32_t)(n * 2654435761u * at);

			assert_int_equal(ss_crc32(before, p + at, n), crc32_z(before, p + at, n));
		}
	free(p);
}

static void
test_large(void **state)
{
	uint8_t *p = noise(LARGE);
	uint32_t parts = 0;

	(void)state;
	assert_int_equal(ss_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(ss_crc32(0, p, LARGE), crc32_z(0, p, LARGE));
	for (size_t at = 0, n = 1; at < LARGE; at += n, n = n * 3 + 1) {
		n = n < LARGE - at ? n : LARGE - at;
		parts = ss_crc32(parts, p + at, n);
	}
	assert_int_equal(parts, crc32_z(0, p, LARGE));
	for (size_t bit = 0; bit < 8 * (size_t)MOST; bit += 7) {	/* each bit shows */
		const uint32_t sound = ss_crc32(0, p, MOST);

		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(ss_crc32(0, p, MOST), sound);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(p);
}

/* Up to a page that cannot be read. */
static void
test_bounds(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(p != MAP_FAILED);
	memset(p, 0x5a, page);
	assert_int_equal(mprotect(p + page, page, PROT_NONE), 0);
	for (size_t n = 0; n <= MOST; n++)
		assert_int_equal(ss_crc32(7, p + page - n, n), crc32_z(7, p + page - n, n));
	munmap(p, 2 * page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
