/*
 * fuzz_cifar.c - libFuzzer's entry to the reader of CIFAR-10's archive: tar, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "cifar.h"
#include "tests/fuzz/fuzz.h"

static int
open_cifar(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_cifar_open(out, path, SS_CIFAR10, SS_SPLIT_ALL, UINT64_MAX, e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_source(data, size, open_cifar);
}
