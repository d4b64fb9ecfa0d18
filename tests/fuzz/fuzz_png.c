/*
 * fuzz_png.c - libFuzzer's entry to the reader of pictures
 */
#define _GNU_SOURCE		/* memfd_create */
#include "imagefile.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);
	uint32_t side[2];
	uint8_t *pixels;

	if (ss_imagefile_size(path, side, &e) == 0 && (uint64_t)side[0] * side[1] <= FUZZ_IMAGES) {
		pixels = malloc((size_t)3 * side[0] * side[1]);
		if (pixels != NULL && ss_imagefile_read(path, side, pixels, &e) < 0 && e.text[0] == '\0')
			abort();		/* a failure without a word */
		free(pixels);
	}
	close(fd);
	return 0;
}
