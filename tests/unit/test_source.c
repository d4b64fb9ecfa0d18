/*
 * test_source.c - reading data sets record by record, in any order, and the order of epochs
 *
 * The files that ss-load reads as a user would give them are in tests/cli/ss-load.t.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <zlib.h>

#include "base/shuffle.h"
#include "epochs.h"
#include "idx.h"

enum { N = 300, ITEM = 6 };
static char dir[] = "/tmp/test_source.XXXXXX";
static const char IMAGES[] = "images.gz", LABELS[] = "labels.gz";

static unsigned char
pixel(uint64_t record, int i)
{
	return (unsigned char)(record * 7 + record / 37 + (uint64_t)i * 31);
}

static int
make_files(void **state)
{
	unsigned char head[16] = { 0, 0, 8, 3, 0, 0, N >> 8, N & 255, 0, 0, 0, 2, 0, 0, 0, 3 };
	gzFile f;

	(void)state;
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return -1;
	f = gzopen(IMAGES, "wb9");
	gzwrite(f, head, 16);
	for (int r = 0; r < N; r++)
		for (int i = 0; i < ITEM; i++)
			gzputc(f, pixel((uint64_t)r, i));
	gzclose(f);
	head[3] = 1;
	f = gzopen(LABELS, "wb9");
	gzwrite(f, head, 8);
	for (int r = 0; r < N; r++)
		gzputc(f, r % 11);
	return gzclose(f);
}

static int
remove_files(void **state)
{
	(void)state;
	unlink(IMAGES);
	unlink(LABELS);
	return rmdir(dir);
}

static struct ss_source *
open_files(uint64_t limit)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s;

	if (ss_idx_open(&s, IMAGES, LABELS, true, SS_SPLIT_TRAIN, limit, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

static void
check_read(struct ss_source *s, const uint64_t *number, size_t n)
{
	unsigned char image[64 * ITEM];
	int32_t label[64];
	struct ss_err e = SS_ERR_INIT;

	assert_true(n <= 64);
	assert_int_equal(ss_source_read(s, number, n, image, label, &e), 0);
	for (size_t r = 0; r < n; r++) {
		for (int i = 0; i < ITEM; i++)
			assert_int_equal(image[r * ITEM + (size_t)i], pixel(number[r], i));
		assert_int_equal(label[r], (int)(number[r] % 11));
	}
}

static void
any_order(void **state)
{
	static const uint64_t there[] = { 0, 1, 2, 17, 18, 250, 299 }, back[] = { 299, 3, 2, 2, 298, 299, 0 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s = open_files(UINT64_MAX);

	(void)state;
	assert_int_equal(s->records, N);
	for (int held = 0; held < 2; held++) {
		check_read(s, there, 7);
		check_read(s, back, 7);
		check_read(s, there, 7);
		check_read(s, NULL, 0);
		assert_int_equal(ss_source_hold(s, &e), 0);
	}
	ss_source_free(s);
	ss_source_free(NULL);
}

static void
limited(void **state)
{
	static const uint64_t number[] = { 5, 6, 100 };
	struct ss_source *s = open_files(101);

	(void)state;
	assert_int_equal(s->records, 101);
	check_read(s, number, 3);
	ss_source_free(s);
}

/* Frames of every size, shards of every number: each epoch has each record once. */
static void
every_record_once(void **state)
{
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (uint32_t shards = 1; shards <= 7; shards += 3) {
		unsigned seen[3][N] = { { 0 } };

		for (uint32_t shard = 0; shard < shards; shard++) {
			const struct ss_order plan = {
				.first_epoch = 1, .epochs = 3, .shuffle = true, .labels = true, .seed = 9,
				.shard = shard, .shards = shards, .frame = 1 + shard * 20
			};
			struct ss_source *s = open_files(UINT64_MAX);
			struct ss_header h = SS_HEADER_INIT;
			struct ss_epochs *x;
			struct ss_frame f;
			uint64_t records = 0;
			int r;

			assert_int_equal(ss_order_header(&plan, s, &h, &e), 0);
			assert_int_equal(h.epochs, 2);
			assert_int_equal(h.first_epoch, 1);
			assert_int_equal(h.tensors, 3);
			assert_int_equal(ss_epochs_open(&x, s, &plan, &e), 0);
			while ((r = ss_epochs_next(x, &f, &e)) > 0) {
				const uint64_t *number = f.data[2];

				assert_true(f.records >= 1 && f.records <= 1 + shard * 20);
				assert_true(f.epoch == 1 || f.epoch == 2);
				for (uint32_t i = 0; i < f.records; i++) {
					const unsigned char *image = f.data[0];

					seen[f.epoch][number[i]]++;
					assert_int_equal(image[i * ITEM + 4], pixel(number[i], 4));
					assert_int_equal(((const int32_t *)f.data[1])[i], (int)(number[i] % 11));
				}
				records += f.records;
			}
			assert_int_equal(r, 0);
			assert_int_equal(records, 2 * h.records);
			ss_epochs_free(x);
			ss_source_free(s);
			ss_header_free(&h);
		}
		for (int i = 0; i < N; i++) {
			assert_int_equal(seen[0][i], 0);
			assert_int_equal(seen[1][i], 1);
			assert_int_equal(seen[2][i], 1);
		}
	}
}

static void
names(void **state)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_source *s = open_files(1);

	(void)state;
	assert_int_equal(ss_source_names_text(s, "a\r\nb c \n\n\nd", 11, 3, "x", &e), 0);
	assert_int_equal(s->classes, 3);
	assert_string_equal(s->class_name[0], "a");
	assert_string_equal(s->class_name[1], "b c");
	assert_string_equal(s->class_name[2], "d");
	assert_int_equal(ss_source_names_text(s, "a\nb\n", 4, 3, "x", &e), SS_EDATA);
	assert_int_equal(ss_source_names_text(s, "a\0b\n", 4, 0, "x", &e), SS_EDATA);
	assert_int_equal(ss_source_names_text(s, "\n\n", 2, 0, "x", &e), SS_EDATA);
	ss_source_free(s);
}

static void
shuffle(void **state)
{
	/* from tests/cli/load.py order, an independent Philox in Python */
	static const uint32_t want[] = { 2, 1, 7, 5, 4, 6, 3, 8, 0, 9 };
	uint32_t order[10];

	(void)state;
	ss_shuffle(order, 10, 1, 0);
	assert_memory_equal(order, want, sizeof(want));
	ss_shuffle(order, 1, 1, 0);
	assert_int_equal(order[0], 0);
	ss_shuffle(order, 0, 1, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(limited),
		cmocka_unit_test(every_record_once),
		cmocka_unit_test(names),
		cmocka_unit_test(shuffle)
	};

	return cmocka_run_group_tests_name("source", tests, make_files, remove_files);
}
