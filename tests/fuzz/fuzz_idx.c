/*
 * fuzz_idx.c - libFuzzer's entry to the reader of MNIST's files, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "idx.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s = NULL;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);
	const int r = ss_idx_open(&s, path, NULL, false, SS_SPLIT_TRAIN, UINT64_MAX, &e);

	fuzz_read_all(s, r);
	close(fd);
	return 0;
}
