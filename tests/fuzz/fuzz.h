/*
 * fuzz.h - what the fuzz targets share: input as a file, and all of a source read
 *
 * A target is LLVMFuzzerTestOneInput: libFuzzer calls it (make fuzz), or replay.c with files that are kept (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_PATH = 32, FUZZ_IMAGES = 1 << 22 };

/* What must not fail, has; unless memory is short, as replay.c has it on purpose. */
static inline void
fuzz_failed(const struct ss_err *e)
{
	if (strstr(e->text, "memory") == NULL)
		abort();
}

/* A file in memory with these bytes; path gets a name by which it can be opened. */
static inline int
fuzz_file(const uint8_t *data, size_t size, char path[FUZZ_PATH])
{
	const int fd = memfd_create("fuzz", 0);

	if (fd < 0 || (size > 0 && pwrite(fd, data, size, 0) != (ssize_t)size))
		abort();
	snprintf(path, FUZZ_PATH, "/proc/self/fd/%d", fd);
	return fd;
}

typedef int fuzz_open(struct ss_source **out, const char *path, struct ss_err *e);

/* Opens a source with these bytes and reads what it has, a record at a time. */
static inline int
fuzz_source(const uint8_t *data, size_t size, fuzz_open *open_source)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s;
	char path[FUZZ_PATH];
	const int fd = fuzz_file(data, size, path);
	uint8_t *image;
	int32_t label;
	int r = open_source(&s, path, &e);

	if (r < 0) {
		close(fd);
		return 0;
	}
	for (uint64_t i = 0; r == 0 && i < s->records && i < 64; i++) {
		const size_t n = ss_source_image_bytes(s, i);

		if (n > FUZZ_IMAGES)
			break;
		image = malloc(n + 1);
		if (image == NULL)
			break;
		r = ss_source_read(s, &i, 1, image, &label, &e);
		free(image);
	}
	ss_source_free(s);
	close(fd);
	return 0;
}

#endif
