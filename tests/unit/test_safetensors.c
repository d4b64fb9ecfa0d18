/*
 * test_safetensors.c - safetensors files: round trip, damage of every kind, atomic writing
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "outfile.h"
#include "safetensors.h"

static char dir[] = "/tmp/test_safetensors.XXXXXX";
static char file[256], other[256];

static const float weight[6] = { 1, -2, 3.5f, 0, 1e-30f, -7 };
static const uint8_t odd[3] = { 1, 2, 255 };
static const uint64_t step[1] = { 123456789012345 };

/* An odd u8 tensor stands before others, so that those are not aligned in the file. */
static const struct ss_st_tensor TENSORS[] = {
	{ .name = "odd", .type = SS_U8, .rank = 1, .shape = { 3 }, .data = odd },
	{ .name = "layer1.0.conv1.weight", .type = SS_F32, .rank = 2, .shape = { 2, 3 },
	    .data = weight },
	{ .name = "empty", .type = SS_F64, .rank = 2, .shape = { 0, 5 }, .data = NULL },
	{ .name = "step \"\\\n\xc3\xa9", .type = SS_U64, .rank = 0, .data = step },
};
static const struct ss_st_pair PAIRS[] = {
	{ "arch", "resnet20" },
	{ "@PG", "ID:ss-train\tCL:a \"b\" \\ \x01\xc3\xa9" },
	{ "empty", "" },
};
enum { N = sizeof(TENSORS) / sizeof(*TENSORS), P = sizeof(PAIRS) / sizeof(*PAIRS) };

static void
spill(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static char *
slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *p = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(p);
	*n = fread(p, 1, 1 << 20, f);
	assert_int_equal(fclose(f), 0);
	return p;
}

static void
write_sample(const char *path)
{
	struct ss_err e = SS_ERR_INIT;

	if (ss_st_write(path, TENSORS, N, PAIRS, P, &e) != 0)
		fail_msg("%s", e.text);
}

/* Opens a file that must be refused as damaged; the message names the file and holds `why`. */
static void
refused(const char *path, int code, const char *why)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *s = NULL;
	int r = ss_st_open(&s, path, &e);

	if (r != code || s != NULL)
		fail_msg("status %d instead of %d: %s", r, code, e.text);
	if (strstr(e.text, why) == NULL || strstr(e.text, path) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, why);
}

static void
round_trip(void **state)
{
	struct ss_err e = SS_ERR_INIT;
	const struct ss_st_tensor *t;
	struct ss_st *s;
	const void *data;
	size_t bytes, n;
	char *raw, *again;

	(void)state;
	write_sample(file);
	assert_int_equal(ss_st_open(&s, file, &e), 0);
	assert_string_equal(ss_st_path(s), file);
	assert_true(ss_st_checked(s));
	assert_int_equal(ss_st_count(s), N);
	for (size_t i = 0; i < N; i++) {
		t = ss_st_at(s, i);
		assert_ptr_equal(t, ss_st_find(s, TENSORS[i].name));
		assert_string_equal(t->name, TENSORS[i].name);
		assert_int_equal(t->type, TENSORS[i].type);
		assert_int_equal(t->rank, TENSORS[i].rank);
		assert_memory_equal(t->shape, TENSORS[i].shape, sizeof(t->shape));
		assert_int_equal((uintptr_t)t->data % 64, 0);
		assert_true(ss_st_bytes(t, &bytes));
		if (bytes > 0)
			assert_memory_equal(t->data, TENSORS[i].data, bytes);
	}
	assert_null(ss_st_find(s, "Odd"));
	assert_int_equal(ss_st_pairs(s), P);
	for (size_t i = 0; i < P; i++) {
		assert_string_equal(ss_st_pair(s, i)->key, PAIRS[i].key);
		assert_string_equal(ss_st_pair(s, i)->value, PAIRS[i].value);
		assert_string_equal(ss_st_meta(s, PAIRS[i].key), PAIRS[i].value);
	}
	assert_null(ss_st_meta(s, "ss.header.crc32"));

	assert_int_equal(ss_st_expect(s, "layer1.0.conv1.weight", SS_F32, 2, (size_t[]){ 2, 3 },
	    &data, &e), 0);
	assert_memory_equal(data, weight, sizeof(weight));
	assert_int_equal(ss_st_expect(s, "layer1.0.conv1.weight", SS_F32, 2, (size_t[]){ 3, 2 },
	    &data, &e), SS_EDATA);
	assert_non_null(strstr(e.text, "is F32 [2,3], expected F32 [3,2]"));
	assert_int_equal(ss_st_expect(s, "fc.weight", SS_F32, 1, (size_t[]){ 3 }, &data, &e), SS_EDATA);
	assert_non_null(strstr(e.text, "has no tensor 'fc.weight' (F32 [3])"));
	ss_st_free(s);
	ss_st_free(NULL);

	/* data begin at a multiple of 64, and the same input gives the same bytes */
	raw = slurp(file, &n);
	assert_int_equal((8 + (unsigned char)raw[0] + 256 * (unsigned char)raw[1]) % 64, 0);
	write_sample(other);
	again = slurp(other, &bytes);
	assert_int_equal(n, bytes);
	assert_memory_equal(raw, again, n);
	free(raw);
	free(again);
}

/* Every truncation, every flipped bit, and bytes behind the end. */
static void
damage(void **state)
{
	struct ss_err e = SS_ERR_INIT;
	size_t n, unnoticed = 0;
	struct ss_st *s;
	char *raw;

	(void)state;
	write_sample(file);
	raw = slurp(file, &n);
	for (size_t cut = 0; cut < n; cut++) {
		spill(other, raw, cut);
		refused(other, SS_EDATA, "");
	}
	for (size_t bit = 0; bit < 8 * n; bit++) {
		raw[bit / 8] ^= (char)(1 << bit % 8);
		spill(other, raw, n);
		if (ss_st_open(&s, other, &e) == 0) {
			print_message("bit %zu of byte %zu\n", bit % 8, bit / 8);
			ss_st_free(s);
			unnoticed++;
		}
		raw[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_int_equal(unnoticed, 0);
	raw[n] = 0;
	spill(other, raw, n + 1);
	refused(other, SS_EDATA, "1 bytes behind");
	free(raw);
}

/* A file made of a header and `data` bytes of zeros. */
static void
craft(const char *header, size_t data)
{
	static char buf[4096];
	size_t n = strlen(header);

	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < 8; i++)
		buf[i] = (char)(n >> 8 * i);
	memcpy(buf + 8, header, n);
	spill(file, buf, 8 + n + data);
}

static void
crafted(void **state)
{
#define T(shape, begin, end)							\
	"{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"
	static const struct { const char *header; size_t data; const char *why; } bad[] = {
		{ "[1]", 0, "not a JSON object" },
		{ " {}", 0, "not a JSON object" },
		{ "{\"a\":", 0, "not a JSON object" },
		{ "{}x", 0, "not a JSON object" },
		{ "{\"a\":" T("[1]", "0", "4") ",\"a\":" T("[1]", "4", "8") "}", 8, "duplicate" },
		{ "{\"a\":1}", 0, "just dtype" },
		{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "just dtype" },
		{ "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":0}}", 4, "just" },
		{ "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype 'F33'" },
		{ "{\"a\":" T("[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "9 dimensions" },
		{ "{\"a\":" T("[-1]", "0", "4") "}", 4, "bad dimension" },
		{ "{\"a\":" T("[1.0]", "0", "4") "}", 4, "bad dimension" },
		{ "{\"a\":" T("[1]", "4", "0") "}", 4, "outside" },
		{ "{\"a\":" T("[1]", "0", "8") "}", 4, "outside" },
		{ "{\"a\":" T("[1]", "-4", "0") "}", 4, "outside" },
		{ "{\"a\":" T("[1]", "0", "9223372036854775807") "}", 4, "outside" },
		{ "{\"a\":" T("[1]", "0", "18446744073709551616") "}", 4, "JSON" },
		{ "{\"a\":" T("[2]", "0", "4") "}", 4, "disagree" },
		{ "{\"a\":" T("[4611686018427387905]", "0", "4") "}", 4, "disagree" },
		{ "{\"a\":" T("[4294967296,4294967296,4]", "0", "0") "}", 0, "disagree" },
		{ "{\"a\":" T("[1]", "4", "8") "}", 8, "a hole before tensor 'a'" },
		{ "{\"a\":" T("[1]", "0", "4") ",\"b\":" T("[1]", "8", "12") "}", 12, "a hole" },
		{ "{\"a\":" T("[2]", "0", "8") ",\"b\":" T("[1]", "4", "8") "}", 8, "an overlap" },
		{ "{\"a\":" T("[1]", "0", "4") ",\"b\":" T("[1]", "0", "4") "}", 4, "an overlap" },
		{ "{\"a\":" T("[1]", "0", "4") "}", 5, "1 bytes behind" },
		{ "{\"__metadata__\":3}", 0, "not an object" },
		{ "{\"__metadata__\":{\"a\":3}}", 0, "not a string" },
		{ "{\"__metadata__\":{\"ss.crc32.a\":\"00000000\"},\"a\":" T("[1]", "0", "4") "}", 4,
		    "header is missing" },
		{ "{\"__metadata__\":{\"ss.crc32.b\":\"00000000\"},\"a\":" T("[1]", "0", "4") "}", 4,
		    "bad checksum" },
		{ "{\"__metadata__\":{\"ss.crc32.a\":\"0000000G\"},\"a\":" T("[1]", "0", "4") "}", 4,
		    "bad checksum" },
		{ "{\"__metadata__\":{\"ss.header.crc32\":\"00000000\"},\"a\":"
		    T("[1]", "0", "4") "}", 4, "checksums for 0 of 1" },
		{ "{\"__metadata__\":{\"ss.header.crc32\" : \"00000000\","
		    "\"ss.crc32.a\":\"00000000\"},\"a\":" T("[1]", "0", "4") "}", 4, "header is damaged" },
	};
	static const uint64_t lengths[] = { 0, 1, (16 << 20) + 1, 127, 1u << 31, UINT32_MAX,
	    (uint64_t)1 << 32, INT64_MAX, (uint64_t)1 << 63, UINT64_MAX };
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *s;
	char buf[128];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		craft(bad[i].header, bad[i].data);
		refused(file, SS_EDATA, bad[i].why);
	}
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		memset(buf, ' ', sizeof(buf));
		for (int b = 0; b < 8; b++)
			buf[b] = (char)(lengths[i] >> 8 * b);
		memcpy(buf + 8, "{}", 2);
		spill(file, buf, sizeof(buf));
		refused(file, SS_EDATA, "header of");
	}
	spill(file, "\x89SST\r\n\x1a\n", 8);
	refused(file, SS_EDATA, "tensor stream");
	refused(dir, SS_EIO, "not a regular file");
	unlink(file);
	refused(file, SS_EIO, "No such file");

	/* sound files of others: no checksums, other order, padding, metadata last */
	craft("{\"b\":" T("[1]", "4", "8") ",\"a\":" T("[]", "0", "4")
	    ",\"__metadata__\":{\"k\":\"v\"}}  ", 8);
	assert_int_equal(ss_st_open(&s, file, &e), 0);
	assert_false(ss_st_checked(s));
	assert_string_equal(ss_st_at(s, 0)->name, "a");
	assert_int_equal(ss_st_at(s, 0)->rank, 0);
	assert_string_equal(ss_st_meta(s, "k"), "v");
	ss_st_free(s);
	craft("{}", 0);
	assert_int_equal(ss_st_open(&s, file, &e), 0);
	assert_int_equal(ss_st_count(s), 0);
	ss_st_free(s);
#undef T
}

/* What cannot be written is refused, and the old file stays. */
static void
misuse(void **state)
{
	struct ss_st_tensor two[2] = { TENSORS[0], TENSORS[0] };
	struct ss_st_pair pair = { "k", "v" };
	struct ss_err e = SS_ERR_INIT;
	char *before, *after;
	size_t n, m;

	(void)state;
	write_sample(file);
	before = slurp(file, &n);
#define REFUSED(t, nt, p, np) do {							\
	assert_int_equal(ss_st_write(file, (t), (nt), (p), (np), &e), SS_EUSAGE);	\
	assert_non_null(strstr(e.text, file));						\
} while (0)
	REFUSED(NULL, 0, NULL, 0);
	REFUSED(two, 2, NULL, 0);			/* a name twice */
	two[1].name = "";
	REFUSED(two, 2, NULL, 0);
	two[1].name = "__metadata__";
	REFUSED(two, 2, NULL, 0);
	two[1].name = "\xff";				/* not UTF-8 */
	REFUSED(two, 2, NULL, 0);
	two[1].name = "b";
	two[1].rank = 9;
	REFUSED(two, 2, NULL, 0);
	two[1].rank = 2;
	two[1].shape[0] = two[1].shape[1] = SIZE_MAX / 2;
	REFUSED(two, 2, NULL, 0);
	REFUSED(two, 1, ((struct ss_st_pair[]){ pair, pair }), 2);
	pair.key = "ss.crc32.odd";
	REFUSED(two, 1, &pair, 1);
	pair.key = "ss.header.crc32";
	REFUSED(two, 1, &pair, 1);
	pair.key = "k";
	pair.value = "\xc3";
	REFUSED(two, 1, &pair, 1);
#undef REFUSED
	after = slurp(file, &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
}

static void
same_as_sample(const char *path)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *s;

	if (ss_st_open(&s, path, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(ss_st_count(s), N);
	ss_st_free(s);
}

static void
atomic(void **state)
{
	char tmp[300], link[300], text[256];
	struct ss_err e = SS_ERR_INIT;
	struct ss_outfile *o;
	struct stat st;
	int fd;

	(void)state;
	snprintf(tmp, sizeof(tmp), "%s/.model.tmp", dir);
	spill(file, "old", 3);

	/* nothing appears before commit, nothing is left by discard */
	assert_int_equal(ss_outfile_open(&o, file, &e), 0);
	assert_int_equal(ss_outfile_write(o, "new", 3, &e), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 3);
	assert_int_equal(stat(tmp, &st), 0);

	/* a second writer of the same name is refused while the first lives */
	assert_int_equal(ss_st_write(file, TENSORS, N, PAIRS, P, &e), SS_EIO);
	assert_non_null(strstr(e.text, "another process"));
	ss_outfile_discard(o);
	assert_int_equal(stat(tmp, &st), -1);
	ss_outfile_discard(NULL);

	/* the temporary of a killed process is taken away, even a longer one */
	memset(text, 'x', sizeof(text));
	spill(tmp, text, sizeof(text));
	write_sample(file);
	same_as_sample(file);
	assert_int_equal(stat(tmp, &st), -1);

	/* one that is locked is not, and neither is a link that leads elsewhere */
	spill(tmp, text, 1);
	fd = open(tmp, O_WRONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(ss_st_write(file, TENSORS, 1, NULL, 0, &e), SS_EIO);
	assert_int_equal(stat(tmp, &st), 0);
	close(fd);
	unlink(tmp);
	assert_int_equal(symlink("/dev/null", tmp), 0);
	assert_int_equal(ss_st_write(file, TENSORS, 1, NULL, 0, &e), SS_EIO);
	assert_int_equal(lstat(tmp, &st), 0);
	unlink(tmp);
	same_as_sample(file);

	/* a link is replaced, not what it leads to */
	snprintf(link, sizeof(link), "%s/link", dir);
	assert_int_equal(symlink("model", link), 0);
	assert_int_equal(ss_st_write(link, TENSORS, 1, NULL, 0, &e), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	same_as_sample(file);
	unlink(link);

	/* devices are written, not replaced */
	assert_int_equal(ss_st_write("/dev/full", TENSORS, N, PAIRS, P, &e), SS_EIO);
	assert_non_null(strstr(e.text, "/dev/full"));
	assert_non_null(strstr(e.text, strerror(ENOSPC)));
	assert_int_equal(ss_st_write("/dev/null", TENSORS, N, PAIRS, P, &e), 0);
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));

	/* folders that are not there, and names that are folders */
	snprintf(tmp, sizeof(tmp), "%s/no/model", dir);
	assert_int_equal(ss_st_write(tmp, TENSORS, N, PAIRS, P, &e), SS_EIO);
	assert_non_null(strstr(e.text, strerror(ENOENT)));
	snprintf(tmp, sizeof(tmp), "%s/new/", dir);
	assert_int_equal(ss_st_write(tmp, TENSORS, N, PAIRS, P, &e), SS_EIO);
	assert_int_equal(ss_st_write(dir, TENSORS, N, PAIRS, P, &e), SS_EIO);
}

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(file, sizeof(file), "%s/model", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(file);
	unlink(other);
	return rmdir(dir);	/* fails if anything was left behind */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(damage),
		cmocka_unit_test(crafted),
		cmocka_unit_test(misuse),
		cmocka_unit_test(atomic),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
