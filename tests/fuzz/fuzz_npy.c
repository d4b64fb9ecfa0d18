/*
 * fuzz_npy.c - libFuzzer's entry to the reader of NumPy's arrays, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "npy.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s = NULL;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);
	const int r = ss_npy_open(&s, path, NULL, SS_CHW, UINT64_MAX, &e);

	fuzz_read_all(s, r);
	close(fd);
	return 0;
}
