/*
 * fuzz_table.c - libFuzzer's entry to the reader of logs and tables
 */
#define _GNU_SOURCE		/* memfd_create */
#include "table.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ss_table t;
	struct ss_err e = SS_ERR_INIT;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);

	if (ss_table_read(&t, path, &e) == 0)
		ss_table_free(&t);
	else if (e.text[0] == '\0')
		abort();
	close(fd);
	return 0;
}
