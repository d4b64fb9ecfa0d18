/*
 * test_merge.c - headers of several streams as one: programs, labels, epochs
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sst_merge.h"

static struct ss_err err;

/* A header with these lines; freed by ss_header_free. */
static struct ss_header
header(const char *const *line)
{
	struct ss_header h = SS_HEADER_INIT;

	strcpy(h.dataset, "d");
	for (; *line != NULL; line++)
		assert_int_equal(ss_header_line(&h, *line, &err), 0);
	return h;
}

#define HEADER(...) header((const char *const[]){ __VA_ARGS__, NULL })

static int
merge(struct ss_header *to, struct ss_header *from)
{
	int r = ss_merge_lines(to, "a", (struct ss_named_header){ from, "b" }, &err);

	ss_header_free(from);
	return r;
}

static void
test_set(void **state)
{
	static const char *const want[] = { "@PG\tID:y\tPP:p", "@PG\tID:x\tPP:q\\tr", "@PG\tID:x\tPP:p\tCL:z", "@AB\tID:y" };
	char *got[] = { ss_line_set("@PG\tID:x\tPP:p", "ID", "y"), ss_line_set("@PG\tID:x\tPP:p", "PP", "q\tr"),
		ss_line_set("@PG\tID:x\tPP:p", "CL", "z"), ss_line_set("@AB", "ID", "y") };

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_string_equal(got[i], want[i]);
		free(got[i]);
	}
}

/* The same beginning once; then IDs of their own, for what follows too. */
static void
test_programs(void **state)
{
	struct ss_header to = HEADER("@PG\tID:load\tCL:1", "@PG\tID:see\tPP:load");
	struct ss_header b = HEADER("@PG\tID:load\tCL:1", "@PG\tID:see\tPP:load\tCL:2", "@PG\tID:think\tPP:see");
	struct ss_header c = HEADER("@PG\tID:load\tCL:3", "@PG\tID:see\tPP:load", "@PG\tPP:see");
	struct ss_header d = HEADER("@PG\tID:see.1\tCL:4", "@PG\tID:x\tPP:see.1", "@PG\tID:y\tPP:nobody");

	(void)state;
	assert_int_equal(merge(&to, &b), 0);
	assert_int_equal(merge(&to, &c), 0);
	assert_int_equal(merge(&to, &d), 0);
	assert_string_equal(to.lines,
	    "@PG\tID:load\tCL:1\n@PG\tID:see\tPP:load\n"
	    "@PG\tID:see.1\tPP:load\tCL:2\n@PG\tID:think\tPP:see.1\n"
	    "@PG\tID:load.1\tCL:3\n@PG\tID:see.2\tPP:load.1\n@PG\tPP:see.2\n"
	    "@PG\tID:see.3\tCL:4\n@PG\tID:x\tPP:see.3\n@PG\tID:y\tPP:nobody\n");
	ss_header_free(&to);
}

static void
test_lines(void **state)
{
	struct ss_header to = HEADER("@LB\tID:0\tNM:cat", "@CO\tx", "@EM\tMD:1");
	struct ss_header b = HEADER("@LB\tID:1\tNM:dog", "@LB\tNM:cat\tID:0", "@CO\tx", "@CO\txy", "@EM\tMD:2");
	struct ss_header c = HEADER("@LB\tID:1\tNM:cow");

	(void)state;
	assert_int_equal(merge(&to, &b), 0);
	assert_string_equal(to.lines, "@LB\tID:0\tNM:cat\n@CO\tx\n@EM\tMD:1\n@LB\tID:1\tNM:dog\n@CO\txy\n");
	assert_string_equal(to.dataset, "d");
	assert_int_equal(merge(&to, &c), SS_EUSAGE);
	assert_string_equal(err.text, "b: label 1 is 'cow', in a it is 'dog'");
	c = HEADER("@CO");
	strcpy(c.dataset, "e");
	assert_int_equal(merge(&to, &c), 0);
	assert_string_equal(to.dataset, "");
	ss_header_free(&to);
}

static void
test_epochs(void **state)
{
	static const uint64_t unknown = SS_UNKNOWN;
	/* records, first epoch, epochs of up to three streams; what comes of them */
	static const struct {
		int n;
		uint64_t in[3][3], out[3];
	} cases[] = {
		{ 1, { { 5, 2, 3 } }, { 5, 2, 3 } },
		{ 2, { { 5, 0, 2 }, { 7, 0, 2 } }, { 12, 0, 2 } },
		{ 2, { { 5, 0, 2 }, { unknown, 0, 2 } }, { unknown, 0, 2 } },
		{ 2, { { 5, 2, 2 }, { 5, 0, 2 } }, { 5, 0, 4 } },
		{ 2, { { 5, 0, 2 }, { 6, 2, 2 } }, { unknown, 0, 4 } },
		{ 2, { { 5, 0, 2 }, { 5, 1, 2 } }, { unknown, 0, 3 } },
		{ 2, { { 5, 0, 1 }, { 5, 2, 1 } }, { unknown, 0, 3 } },		/* nobody has epoch 1 */
		{ 2, { { 0, 0, 1 }, { 0, 2, 1 } }, { 0, 0, 3 } },
		{ 3, { { 8, 0, 4 }, { 2, 0, 2 }, { 2, 2, 2 } }, { 10, 0, 4 } },
		{ 2, { { UINT64_MAX - 1, 0, 1 }, { 2, 0, 1 } }, { unknown, 0, 1 } },
		{ 2, { { 1, 0, UINT32_MAX }, { 1, UINT32_MAX - 1, 1 } }, { unknown, 0, UINT32_MAX } },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct ss_header h[3], to = SS_HEADER_INIT;
		const struct ss_header *from[3] = { &h[0], &h[1], &h[2] };

		for (int i = 0; i < cases[k].n; i++)
			h[i] = (struct ss_header){ .records = cases[k].in[i][0],
			    .first_epoch = (uint32_t)cases[k].in[i][1], .epochs = (uint32_t)cases[k].in[i][2] };
		ss_merge_epochs(&to, from, cases[k].n);
		assert_true(to.records == cases[k].out[0]);
		assert_true(to.first_epoch == cases[k].out[1] && to.epochs == cases[k].out[2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_epochs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
