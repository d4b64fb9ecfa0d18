/*
 * fuzz_png.c - libFuzzer's entry to the reader of pictures: PNG
 *
 * The checksums of the chunks are made right first: otherwise every mutation would end at the first of them.
 */
#define _GNU_SOURCE		/* memfd_create */
#include <zlib.h>

#include "tests/fuzz/fuzz_picture.h"

static uint32_t
big_endian(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* A chunk is its length, its name, so many bytes, and the checksum of the name and these. */
static void
repair(uint8_t *b, size_t n)
{
	for (size_t at = 8; n >= 12 && at <= n - 12;) {
		const size_t length = big_endian(b + at);

		if (length > n - 12 - at)
			break;
		const uint32_t crc = (uint32_t)crc32_z(0, b + at + 4, length + 4);

		for (int i = 0; i < 4; i++)
			b[at + 8 + length + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
		at += length + 12;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *b = malloc(size + 1);

	if (b == NULL)
		return 0;
	memcpy(b, data, size);
	repair(b, size);
	fuzz_picture(b, size);
	free(b);
	return 0;
}
