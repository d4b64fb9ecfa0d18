/*
 * fuzz_png.c - libFuzzer's entry to the reader of pictures: PNG
 */
#define _GNU_SOURCE		/* memfd_create */
#include "tests/fuzz/fuzz_picture.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_picture(data, size);
}
