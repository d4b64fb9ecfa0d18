/*
 * fuzz_npy.c - libFuzzer's entry to the reader of NumPy's arrays, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "npy.h"
#include "tests/fuzz/fuzz.h"

static int
open_npy(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_npy_open(out, path, NULL, SS_CHW, UINT64_MAX, e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_source(data, size, open_npy);
}
