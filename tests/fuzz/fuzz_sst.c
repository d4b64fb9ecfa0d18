/*
 * fuzz_sst.c - libFuzzer's entry to the reader of streams
 *
 * The checksums are made right first: otherwise every mutation would end at the
 * first of them, and nothing behind would be tried. What the reader takes, the
 * writer must take too, and the copy must have the same content.
 */
#define _GNU_SOURCE		/* memfd_create */
#include <zlib.h>

#include "sst.h"
#include "tests/fuzz/fuzz.h"

static void
put_crc(uint8_t *at, const uint8_t *from, size_t n)
{
	uint32_t crc = (uint32_t)crc32_z(0, from, n);

	memcpy(at, &crc, sizeof(crc));
}

static void
repair(uint8_t *b, size_t n)
{
	uint32_t text;
	uint64_t payload;
	size_t at = 64;

	if (n < 64)
		return;
	memcpy(&text, b + 12, sizeof(text));
	if (text <= n - at) {
		put_crc(b + 20, b + at, text);
		at += text;
	}
	put_crc(b + 60, b, 60);
	while (n - at >= 64) {
		memcpy(&payload, b + at + 32, sizeof(payload));
		if (payload <= n - at - 64)
			put_crc(b + at + 40, b + at + 64, payload);
		put_crc(b + at + 60, b + at, 60);
		if (payload > n - at - 64)
			break;
		at += 64 + payload;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_reader *r;
	struct ss_writer *w;
	struct ss_frame f;
	uint8_t *b = malloc(size + 1);
	int fd = memfd_create("sst", 0), out = memfd_create("copy", 0), c;

	if (fd < 0 || out < 0)
		abort();
	if (b != NULL && size > 0)
		memcpy(b, data, size);
	if (b != NULL)
		repair(b, size);
	if (b != NULL && pwrite(fd, b, size, 0) != (ssize_t)size)
		abort();
	free(b);
	if (ss_reader_fdopen(&r, fd, "input", &e) < 0) {
		close(out);
		return 0;
	}
	if (ss_writer_fdopen(&w, out, "copy", ss_reader_header(r), &e) < 0) {
		fuzz_failed(&e);
		ss_reader_free(r);
		return 0;
	}
	while ((c = ss_reader_next(r, &f, &e)) == 1)
		if (ss_writer_frame(w, &f, &e) < 0) {
			fuzz_failed(&e);
			break;
		}
	if (c != 1 && ss_reader_totals(r)->digest != ss_writer_totals(w)->digest && ss_reader_totals(r)->records > 0)
		abort();
	if (c != 0)
		ss_writer_abort(w, e.text);
	else if (ss_writer_end(w, &e) < 0)
		fuzz_failed(&e);
	ss_reader_free(r);
	return 0;
}
