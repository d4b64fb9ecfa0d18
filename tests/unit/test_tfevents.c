/*
 * test_tfevents.c - CRC-32C by published values; what cannot be told from a file that another program reads
 *
 * tests/cli/ss-export.t has a second reader of the files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tfevents.h"

/* RFC 3720, appendix B.4, and the check value of the catalogues of CRCs. */
static void
test_crc32c(void **state)
{
	static const unsigned char pdu[48] = { 0x01, 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14,
		[31] = 0x18, [32] = 0x28, [40] = 0x02 };
	unsigned char b[32];

	(void)state;
	memset(b, 0, sizeof(b));
	assert_int_equal(ss_crc32c(b, sizeof(b)), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(ss_crc32c(b, sizeof(b)), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)i;
	assert_int_equal(ss_crc32c(b, sizeof(b)), 0x46dd794e);
	for (int i = 0; i < 32; i++)
		b[i] = (unsigned char)(31 - i);
	assert_int_equal(ss_crc32c(b, sizeof(b)), 0x113fdb5c);
	assert_int_equal(ss_crc32c(pdu, sizeof(pdu)), 0xd9963a56);
	assert_int_equal(ss_crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(ss_crc32c("", 0), 0);
}

/* The largest of everything fits: varints of ten and nine bytes, a tag of SS_TAG_MAX. */
static void
test_largest(void **state)
{
	char tag[SS_TAG_MAX + 1];
	unsigned char b[1024];
	FILE *f = tmpfile();
	size_t n;

	(void)state;
	assert_non_null(f);
	memset(tag, 'x', SS_TAG_MAX);
	tag[SS_TAG_MAX] = '\0';
	ss_tfevents_scalar(f, -1e300, INT64_MAX, tag, 3.0f);
	rewind(f);
	n = fread(b, 1, sizeof(b), f);
	fclose(f);
	/* wall time 9, step 1 + 9; key and length of summary, value, tag 3 each; the tag, the float 5 */
	assert_int_equal(n, 12 + 9 + 10 + 3 + 3 + 3 + SS_TAG_MAX + 5 + 4);
	assert_int_equal(b[0] | b[1] << 8, n - 16);
	assert_memory_equal(b + 12 + 9, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x2a", 11);
	assert_memory_equal(b + n - 4 - 5, "\x15\0\0\x40\x40", 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c),
		cmocka_unit_test(test_largest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
