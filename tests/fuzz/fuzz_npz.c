/*
 * fuzz_npz.c - libFuzzer's entry to the reader of NumPy's archives
 *
 * All that it says an array holds is read.
 */
#define _GNU_SOURCE		/* memfd_create */
#include <string.h>

#include "element.h"
#include "npz.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_npz *z;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);

	if (ss_npz_open(&z, path, &e) == 0) {
		for (size_t i = 0; i < ss_npz_count(z); i++) {
			const struct ss_st_tensor *t = ss_npz_at(z, i);
			struct ss_stats s = SS_STATS_INIT;
			size_t bytes = 0;

			if (strlen(t->name) == 0)
				abort();
			if (ss_npz_problem(z, i) == NULL && ss_st_bytes(t, &bytes))
				ss_stats_add(&s, t->type, t->data, bytes / ss_type_size(t->type));
			if (ss_npz_problem(z, i) == NULL && s.count * ss_type_size(t->type) != bytes)
				abort();
		}
		ss_npz_free(z);
	} else if (e.text[0] == '\0') {
		abort();
	}
	close(fd);
	return 0;
}
