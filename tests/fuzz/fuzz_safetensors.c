/*
 * fuzz_safetensors.c - libFuzzer's entry to the reader of models
 *
 * What it takes, the writer must take too, and the copy must have the same content.
 */
#define _GNU_SOURCE		/* memfd_create */
#include <string.h>

#include "safetensors.h"
#include "tests/fuzz/fuzz.h"

/* Tensors and metadata once more, and read again. */
static void
copy(const struct ss_st *s)
{
	const size_t n = ss_st_count(s), m = ss_st_pairs(s);
	struct ss_st_tensor *t = calloc(n + 1, sizeof(*t));
	struct ss_st_pair *p = calloc(m + 1, sizeof(*p));
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *again;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(NULL, 0, path);

	for (size_t i = 0; t != NULL && i < n; i++)
		t[i] = *ss_st_at(s, i);
	for (size_t i = 0; p != NULL && i < m; i++)
		p[i] = *ss_st_pair(s, i);
	if (t != NULL && p != NULL && ss_st_write(path, t, n, p, m, &e) == 0) {
		if (ss_st_open(&again, path, &e) < 0) {
			fuzz_failed(&e);
		} else {
			if (ss_st_digest(again) != ss_st_digest(s) || ss_st_pairs(again) != m)
				abort();
			ss_st_free(again);
		}
	}
	close(fd);
	free(t);
	free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *s;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);

	if (ss_st_open(&s, path, &e) == 0) {
		copy(s);
		ss_st_free(s);
	} else if (e.text[0] == '\0') {
		abort();
	}
	close(fd);
	return 0;
}
