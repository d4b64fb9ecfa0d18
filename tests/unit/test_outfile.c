/*
 * test_outfile.c - files that belong together appear all or none, in their order
 *
 * One file alone: tests/cli/faults.t, where system calls fail.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "outfile.h"

static char folder[64];
static struct ss_err err;

static const char *
path(const char *name)
{
	static char p[4][128];
	static int next;

	next = (next + 1) % 4;
	snprintf(p[next], sizeof(p[next]), "%s/%s", folder, name);
	return p[next];
}

static bool
exists(const char *name)
{
	return access(path(name), F_OK) == 0;
}

static int
setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test_outfile.XXXXXX");
	return mkdtemp(folder) == NULL;
}

/* Fails if anything is left, hidden or not. */
static int
teardown(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void
open_three(struct ss_outfile *o[3])
{
	static const char *const name[3] = { "a", "b", "c" };

	for (int i = 0; i < 3; i++) {
		FILE *f;

		assert_int_equal(ss_outfile_open(&o[i], path(name[i]), &err), 0);
		f = ss_outfile_stream(o[i], &err);
		assert_non_null(f);
		assert_ptr_equal(f, ss_outfile_stream(o[i], &err));
		assert_true(fputs(name[i], f) >= 0);
		assert_int_equal(ss_outfile_check(o[i], &err), 0);
	}
}

static void
test_together(void **state)
{
	struct ss_outfile *o[3];
	char text[8] = "";
	FILE *f;

	(void)state;
	open_three(o);
	assert_false(exists("a") || exists("b") || exists("c"));
	assert_int_equal(ss_outfile_commit_all(o, 3, &err), 0);
	f = fopen(path("c"), "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	assert_string_equal(text, "c");
	fclose(f);
	assert_int_equal(unlink(path("a")) + unlink(path("b")) + unlink(path("c")), 0);
}

static void
test_none(void **state)
{
	struct ss_outfile *o[3];

	(void)state;
	open_three(o);
	assert_int_equal(mkdir(path("b"), 0777), 0);	/* comes in between, and cannot be replaced by a file */
	assert_int_equal(ss_outfile_commit_all(o, 3, &err), SS_EIO);
	assert_non_null(strstr(err.text, "/b': Is a directory"));
	assert_false(exists("a") || exists("c"));
	assert_int_equal(rmdir(path("b")), 0);
}

static void
test_full(void **state)
{
	struct ss_outfile *o[2];
	FILE *f;

	(void)state;
	if (access("/dev/full", W_OK) < 0)
		skip();
	assert_int_equal(ss_outfile_open(&o[0], path("a"), &err), 0);
	assert_int_equal(ss_outfile_open(&o[1], "/dev/full", &err), 0);
	f = ss_outfile_stream(o[1], &err);
	assert_non_null(f);
	for (int i = 0; i < 1 << 20; i++)	/* more than a buffer: noticed on the way */
		putc('x', f);
	assert_int_equal(ss_outfile_check(o[1], &err), SS_EIO);
	assert_non_null(strstr(err.text, "'/dev/full': No space left"));
	assert_int_equal(ss_outfile_commit_all(o, 2, &err), SS_EIO);
	assert_non_null(strstr(err.text, "cannot write '/dev/full'"));
	assert_false(exists("a"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_together, setup, teardown),
		cmocka_unit_test_setup_teardown(test_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
