/*
 * test_sst.c - the tensor stream: headers, round trips, every cut and every flipped bit, outputs
 */
#define _GNU_SOURCE		/* memfd_create */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sst.h"

#define OK(call) do { if ((call) < 0) fail_msg("%s", err.text); } while (0)

static struct ss_err err;

/* A stream in memory: 2 tensors, one of varying dimensions, `records` in frames of `size`. */
static const float vec[5][3] = { { 1, 2, 3 }, { 4, 5, 6 }, { -1, -2, -3 }, { 0, 0, 0 }, { 7, 8, 9 } };
static const uint8_t text[] = "abbcccdddd";
static const uint32_t lengths[5] = { 1, 2, 3, 4, 0 };
static const uint32_t offsets[5] = { 0, 1, 3, 6, 10 };

static void
make_header(struct ss_header *h)
{
	static const uint32_t three[] = { 3 }, any[] = { SS_VARIES };

	*h = (struct ss_header)SS_HEADER_INIT;
	h->records = 5;
	strcpy(h->dataset, "test");
	OK(ss_header_add(h, "vec", SS_F32, 1, three, &err));
	OK(ss_header_add(h, "text", SS_U8, 1, any, &err));
}

static int
make_stream(uint32_t size)
{
	struct ss_header h;
	struct ss_writer *w;
	int fd = memfd_create("sst", 0);

	assert_true(fd >= 0);
	make_header(&h);
	OK(ss_writer_fdopen(&w, dup(fd), "memory", &h, &err));
	for (uint32_t at = 0; at < 5; at += size) {
		struct ss_frame f = { .records = 5 - at < size ? 5 - at : size,
		    .data = { vec[at], text + offsets[at] }, .dims = { NULL, lengths + at } };

		OK(ss_writer_frame(w, &f, &err));
	}
	OK(ss_writer_end(w, &err));
	ss_header_free(&h);
	return fd;
}

static unsigned char *
contents(int fd, size_t *n)
{
	unsigned char *b;

	*n = (size_t)lseek(fd, 0, SEEK_END);
	b = malloc(*n);
	assert_non_null(b);
	assert_int_equal(pread(fd, b, *n, 0), *n);
	close(fd);
	return b;
}

/* Reads a whole stream: 0 or the code of what is wrong with it. */
static int
drain(int fd, struct ss_totals *totals)
{
	struct ss_reader *r;
	struct ss_frame f;
	int c = ss_reader_fdopen(&r, fd, "input", &err);

	if (c < 0)
		return c;
	while ((c = ss_reader_next(r, &f, &err)) == 1)
		;
	assert_int_equal(ss_reader_next(r, &f, &err), c);	/* and again the same */
	if (totals != NULL)
		*totals = *ss_reader_totals(r);
	ss_reader_free(r);
	return c;
}

static int
drain_bytes(const unsigned char *b, size_t n)
{
	int fd = memfd_create("sst", 0);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, b, n, 0), n);
	return drain(fd, NULL);
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (uint32_t size = 1; size <= 5; size++) {
		int fd = make_stream(size);
		struct ss_reader *r;
		struct ss_frame f;
		uint64_t seen = 0;
		const struct ss_header *h;

		lseek(fd, 0, SEEK_SET);
		OK(ss_reader_fdopen(&r, fd, "input", &err));
		h = ss_reader_header(r);
		assert_int_equal(h->records, 5);
		assert_int_equal(h->tensors, 2);
		assert_string_equal(h->dataset, "test");
		assert_int_equal(h->tensor[1].shape[0], SS_VARIES);
		while (ss_reader_next(r, &f, &err) == 1) {
			assert_int_equal(f.first, seen);
			assert_int_equal(f.bytes[0], f.records * sizeof(vec[0]));
			assert_memory_equal(f.data[0], vec[seen], f.bytes[0]);
			assert_null(f.dims[0]);
			assert_memory_equal(f.dims[1], lengths + seen, f.records * sizeof(uint32_t));
			assert_memory_equal(f.data[1], text + offsets[seen], f.bytes[1]);
			assert_true((uintptr_t)f.data[1] % 64 == 0);
			seen += f.records;
		}
		assert_int_equal(seen, 5);
		assert_int_equal(ss_reader_totals(r)->records, 5);
		assert_int_equal(ss_reader_totals(r)->frames, (5 + size - 1) / size);
		ss_reader_free(r);
	}
}

static void
test_digest_ignores_frames(void **state)
{
	struct ss_totals first = { 0 }, other = { 0 };
	int fd;

	(void)state;
	for (uint32_t size = 1; size <= 5; size++) {
		fd = make_stream(size);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(drain(fd, size == 1 ? &first : &other), 0);
		if (size > 1)
			assert_int_equal(first.digest, other.digest);
	}
}

static void
test_every_cut(void **state)
{
	size_t n;
	unsigned char *b = contents(make_stream(2), &n);

	(void)state;
	for (size_t k = 0; k < n; k++) {
		assert_int_equal(drain_bytes(b, k), SS_EDATA);
		assert_true(strncmp(err.text, "input: ", 7) == 0);
	}
	assert_int_equal(drain_bytes(b, n), 0);
	free(b);
}

static void
test_every_bit(void **state)
{
	size_t n;
	unsigned char *b = contents(make_stream(2), &n);

	(void)state;
	for (size_t k = 0; k < 8 * n; k++) {
		b[k / 8] ^= (unsigned char)(1 << k % 8);
		if (drain_bytes(b, n) != SS_EDATA)
			fail_msg("bit %zu passes", k);
		b[k / 8] ^= (unsigned char)(1 << k % 8);
	}
	free(b);
}

struct feed {
	int fd;
	const unsigned char *b;
	size_t n;
};

static void *
drip(void *arg)
{
	struct feed *f = arg;

	for (size_t i = 0; i < f->n; i++)
		if (write(f->fd, f->b + i, 1) != 1)
			abort();
	close(f->fd);
	return NULL;
}

/* A pipe that gives single bytes, and says at times that there is nothing yet. */
static void
test_slow_pipe(void **state)
{
	struct feed f;
	pthread_t thread;
	unsigned char *b;
	int p[2];

	(void)state;
	f.b = b = contents(make_stream(2), &f.n);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fcntl(p[0], F_SETFL, O_NONBLOCK), 0);
	f.fd = p[1];
	assert_int_equal(pthread_create(&thread, NULL, drip, &f), 0);
	assert_int_equal(drain(p[0], NULL), 0);
	pthread_join(thread, NULL);
	free(b);
}

static void *
swallow(void *arg)
{
	struct feed *f = arg;
	unsigned char small[100];
	size_t n = 0;
	ssize_t k;

	while ((k = read(f->fd, small, sizeof(small))) > 0)
		n += (size_t)k;
	close(f->fd);
	f->n = n;
	return NULL;
}

/* Frames larger than a pipe that does not block: every write is a short one. */
static void
test_short_writes(void **state)
{
	enum { N = 3, BYTES = 1500000 };
	static const uint32_t shape[] = { BYTES };
	struct ss_header h = SS_HEADER_INIT;
	struct ss_writer *w;
	struct feed f;
	pthread_t thread;
	unsigned char *data = calloc(N, BYTES);
	struct ss_frame frame = { .records = N, .data = { data } };
	int p[2];

	(void)state;
	assert_non_null(data);
	OK(ss_header_add(&h, "x", SS_U8, 1, shape, &err));
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fcntl(p[1], F_SETFL, O_NONBLOCK), 0);
	f.fd = p[0];
	assert_int_equal(pthread_create(&thread, NULL, swallow, &f), 0);
	OK(ss_writer_fdopen(&w, p[1], "pipe", &h, &err));
	OK(ss_writer_frame(w, &frame, &err));
	OK(ss_writer_end(w, &err));
	pthread_join(thread, NULL);
	assert_int_equal(f.n, 64 + 64 + 64 + (N * BYTES + 63) / 64 * 64 + 128);
	free(data);
}

static void
test_header_text(void **state)
{
	struct ss_header h = SS_HEADER_INIT;
	char *const argv[] = { "/usr/bin/ss-x", "it's", "a b", "--n=1", "", "tab\there", "\xff" };
	char *line, *v;
	size_t at = 0;
	uint32_t d[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	(void)state;
	assert_int_equal(ss_header_add(&h, "", SS_U8, 0, NULL, &err), SS_EUSAGE);
	assert_int_equal(ss_header_add(&h, "a b", SS_U8, 0, NULL, &err), SS_EUSAGE);
	assert_int_equal(ss_header_add(&h, "x", SS_U8, 9, d, &err), SS_EUSAGE);
	d[0] = 0x80000000u;
	assert_int_equal(ss_header_add(&h, "x", SS_U8, 1, d, &err), SS_EUSAGE);
	d[0] = d[1] = d[2] = 0x7fffffff;
	assert_int_equal(ss_header_add(&h, "x", SS_U8, 3, d, &err), SS_EUSAGE);
	OK(ss_header_add(&h, "x", SS_U8, 0, NULL, &err));
	assert_int_equal(ss_header_add(&h, "x", SS_F32, 0, NULL, &err), SS_EUSAGE);
	for (int i = 1; i < SS_MAX_TENSORS; i++) {
		char name[8];

		snprintf(name, sizeof(name), "t%d", i);
		OK(ss_header_add(&h, name, SS_U8, 0, NULL, &err));
		assert_int_equal(ss_header_find(&h, name), i);
	}
	assert_int_equal(ss_header_add(&h, "more", SS_U8, 0, NULL, &err), SS_EUSAGE);
	assert_int_equal(ss_header_find(&h, "more"), -1);

	assert_int_equal(ss_header_line(&h, "no", &err), SS_EUSAGE);
	assert_int_equal(ss_header_line(&h, "@HD\tVN:1.0", &err), SS_EUSAGE);
	assert_int_equal(ss_header_line(&h, "@CO\ta\nb", &err), SS_EUSAGE);
	assert_int_equal(ss_header_line(&h, "@CO\t\x1b[2J", &err), SS_EUSAGE);
	OK(ss_header_line(&h, "@CO\tfree \xc3\xa9 text", &err));
	OK(ss_header_label(&h, 3, "a\tb\\c\n", &err));
	for (int i = 0; i < 3; i++)
		OK(ss_header_program(&h, "ss-x", "1", 7, argv, &err));

	assert_int_equal(ss_header_next(&h, "@LB", &at, &line), 1);
	assert_string_equal(line, "@LB\tID:3\tNM:a\\tb\\\\c\\n");
	assert_int_equal(ss_line_get(line, "NM", &v), 1);
	assert_string_equal(v, "a\tb\\c\n");
	free(v);
	assert_int_equal(ss_line_get(line, "XX", &v), 0);
	assert_null(v);
	free(line);
	at = 0;
	assert_int_equal(ss_header_next(&h, "@PG", &at, &line), 1);
	assert_int_equal(ss_line_get(line, "CL", &v), 1);
	assert_string_equal(v, "ss-x 'it'\\''s' 'a b' --n=1 '' 'tab\there' '\xff'");
	free(v);
	assert_int_equal(ss_line_get(line, "PP", &v), 0);
	assert_null(v);
	free(line);
	assert_int_equal(ss_header_next(&h, "@PG", &at, &line), 1);
	assert_int_equal(ss_line_get(line, "ID", &v), 1);
	assert_string_equal(v, "ss-x.1");
	free(v);
	free(line);
	assert_int_equal(ss_header_next(&h, "@PG", &at, &line), 1);
	assert_int_equal(ss_line_get(line, "PP", &v), 1);
	assert_string_equal(v, "ss-x.1");
	free(v);
	free(line);
	assert_int_equal(ss_header_next(&h, "@PG", &at, &line), 0);
	assert_null(line);
	ss_header_free(&h);
}

static void
test_escapes(void **state)
{
	static const char odd[] = "\x01\x7f\xc2\x80\xff\xed\xa0\x80 \xc3\xa9\xf0\x9f\x98\x80\t\n\\x41";
	char *e = ss_escape(odd), line[256], *back;

	(void)state;
	assert_string_equal(e, "\\x01\\x7f\\xc2\\x80\\xff\\xed\\xa0\\x80 \xc3\xa9\xf0\x9f\x98\x80\\t\\n\\\\x41");
	snprintf(line, sizeof(line), "@CO\tAB:%s\tCD:x\\q\\x00\\", e);
	assert_int_equal(ss_line_get(line, "AB", &back), 1);
	assert_string_equal(back, odd);
	free(back);
	assert_int_equal(ss_line_get(line, "CD", &back), 1);
	assert_string_equal(back, "x\\q\\x00\\");	/* no escapes: they stay */
	free(back);
	free(e);
}

static void
test_types(void **state)
{
	struct ss_tensor t = { .name = "x", .type = SS_F16, .rank = 3, .shape = { 2, 3, 4 } };

	(void)state;
	for (int i = 0; i < SS_TYPES; i++)
		assert_int_equal(ss_type_parse(ss_type_name((enum ss_type)i)), i);
	assert_int_equal(ss_type_parse("u9"), -1);
	assert_int_equal(ss_tensor_elements(&t), 24);
	assert_int_equal(ss_tensor_varying(&t), 0);
	t.shape[1] = SS_VARIES;
	assert_int_equal(ss_tensor_elements(&t), 0);
	assert_int_equal(ss_tensor_varying(&t), 1);
	t.rank = 0;
	assert_int_equal(ss_tensor_elements(&t), 1);
}

/* The writer refuses what the reader would. */
static void
test_writer_refuses(void **state)
{
	struct ss_header h;
	struct ss_writer *w;
	struct ss_frame f = { .records = 5, .data = { vec, text }, .dims = { NULL, lengths } };
	uint32_t large[5] = { 0x80000000u, 0, 0, 0, 0 };
	struct ss_header none = SS_HEADER_INIT;

	(void)state;
	assert_int_equal(ss_writer_fdopen(&w, open("/dev/null", O_WRONLY), "x", &none, &err), SS_EUSAGE);
	make_header(&h);
	OK(ss_writer_fdopen(&w, open("/dev/null", O_WRONLY), "x", &h, &err));
	f.epoch = 1;
	assert_int_equal(ss_writer_frame(w, &f, &err), SS_EUSAGE);	/* beyond EP */
	f.epoch = 0;
	f.dims[1] = large;
	assert_int_equal(ss_writer_frame(w, &f, &err), SS_EUSAGE);
	f.dims[1] = lengths;
	OK(ss_writer_frame(w, &f, &err));
	f.records = 0;
	OK(ss_writer_frame(w, &f, &err));
	f.records = 1;
	assert_int_equal(ss_writer_frame(w, &f, &err), SS_EUSAGE);	/* more than NS */
	ss_writer_abort(w, "x: no");
	OK(ss_writer_fdopen(&w, open("/dev/null", O_WRONLY), "x", &h, &err));
	assert_int_equal(ss_writer_end(w, &err), SS_EUSAGE);		/* fewer than NS */
	h.dataset[0] = '\x1b';						/* is escaped */
	OK(ss_writer_fdopen(&w, open("/dev/null", O_WRONLY), "x", &h, &err));
	ss_writer_abort(w, "x: no");
	h.epochs = 0;
	assert_int_equal(ss_writer_fdopen(&w, open("/dev/null", O_WRONLY), "x", &h, &err), SS_EUSAGE);
	ss_header_free(&h);
	ss_writer_abort(NULL, "nothing");
	ss_reader_free(NULL);
}

static void
test_error_frames(void **state)
{
	struct ss_header h;
	struct ss_writer *w;
	int fd = memfd_create("sst", 0);
	struct ss_frame f = { .records = 2, .data = { vec, text }, .dims = { NULL, lengths } };

	(void)state;
	make_header(&h);
	OK(ss_writer_fdopen(&w, dup(fd), "memory", &h, &err));
	OK(ss_writer_frame(w, &f, &err));
	ss_writer_abort(w, "ss-load: no such\x1b thing\n");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(drain(fd, NULL), SS_EUPSTREAM);
	assert_string_equal(err.text, "ss-load: no such? thing?");
	fd = memfd_create("sst", 0);
	ss_write_failure(fd, "ss-load: nothing");
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(drain(fd, NULL), SS_EUPSTREAM);
	assert_string_equal(err.text, "ss-load: nothing");
	ss_header_free(&h);
}

static void
test_cap(void **state)
{
	int fd = make_stream(5);
	struct ss_reader *r;
	struct ss_frame f;

	(void)state;
	lseek(fd, 0, SEEK_SET);
	OK(ss_reader_fdopen(&r, fd, "input", &err));
	ss_reader_set_cap(r, 64);
	assert_int_equal(ss_reader_next(r, &f, &err), SS_EDATA);
	assert_non_null(strstr(err.text, "limit"));
	ss_reader_free(r);
}

static int
files_in(const char *dir)
{
	char command[256];
	FILE *p;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%d", &n), 1);
	pclose(p);
	return n;
}

/* A named output appears whole or not at all. */
static void
test_named_output(void **state)
{
	char dir[] = "/tmp/test_sst.XXXXXX", path[64];
	struct ss_header h;
	struct ss_writer *w;
	struct ss_reader *r;
	struct ss_frame f = { .records = 5, .data = { vec, text }, .dims = { NULL, lengths } };

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.sst", dir);
	make_header(&h);
	OK(ss_writer_open(&w, path, &h, &err));
	assert_int_equal(access(path, F_OK), -1);
	ss_writer_abort(w, "x: no");
	assert_int_equal(files_in(dir), 0);

	OK(ss_writer_open(&w, path, &h, &err));
	OK(ss_writer_frame(w, &f, &err));
	assert_int_equal(access(path, F_OK), -1);
	OK(ss_writer_end(w, &err));
	assert_int_equal(files_in(dir), 1);
	OK(ss_reader_open(&r, path, &err));
	assert_string_equal(ss_reader_name(r), path);
	assert_int_equal(ss_reader_next(r, &f, &err), 1);
	assert_int_equal(ss_reader_next(r, &f, &err), 0);
	ss_reader_free(r);

	OK(ss_writer_open(&w, path, &h, &err));		/* fails at its end: the old file stays */
	assert_int_equal(ss_writer_end(w, &err), SS_EUSAGE);
	OK(ss_reader_open(&r, path, &err));
	assert_int_equal(ss_reader_next(r, &f, &err), 1);
	ss_reader_free(r);
	unlink(path);
	rmdir(dir);
	assert_int_equal(ss_reader_open(&r, path, &err), SS_EIO);
	assert_int_equal(ss_writer_open(&w, path, &h, &err), SS_EIO);
	ss_header_free(&h);
}

/* A full disk is an error, not silence. */
static void
test_full_disk(void **state)
{
	struct ss_header h;
	struct ss_writer *w;

	(void)state;
	make_header(&h);
	assert_int_equal(ss_writer_open(&w, "/dev/full", &h, &err), SS_EIO);
	assert_non_null(strstr(err.text, "No space left"));
	ss_header_free(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_digest_ignores_frames),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_slow_pipe),
		cmocka_unit_test(test_short_writes),
		cmocka_unit_test(test_header_text),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_writer_refuses),
		cmocka_unit_test(test_error_frames),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_named_output),
		cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
