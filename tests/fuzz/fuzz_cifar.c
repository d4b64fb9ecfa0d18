/*
 * fuzz_cifar.c - libFuzzer's entry to the reader of CIFAR-10's archive: tar, plain or gzipped
 */
#define _GNU_SOURCE		/* memfd_create */
#include "cifar.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s = NULL;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);
	const int r = ss_cifar_open(&s, path, SS_CIFAR10, SS_SPLIT_ALL, UINT64_MAX, &e);

	fuzz_read_all(s, r);
	close(fd);
	return 0;
}
