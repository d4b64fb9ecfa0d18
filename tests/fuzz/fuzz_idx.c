/*
 * fuzz_idx.c - libFuzzer's entry to the reader of MNIST's files, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "idx.h"
#include "tests/fuzz/fuzz.h"

static int
open_idx(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_idx_open(out, path, NULL, false, SS_SPLIT_TRAIN, UINT64_MAX, e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_source(data, size, open_idx);
}
