/*
 * test_base.c - errors in one line, sizes that are checked
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/size.h"

static void
test_fail(void **state)
{
	struct ss_err e = SS_ERR_INIT;
	char longer[4096];

	(void)state;
	assert_int_equal(ss_fail(&e, SS_EDATA, "file '%s' has %d", "a\nb\rc", 3), SS_EDATA);
	assert_string_equal(e.text, "file 'a b c' has 3");
	errno = ENOENT;
	assert_int_equal(ss_fail_errno(&e, SS_EIO, "cannot open '%s'", "x"), SS_EIO);
	assert_string_equal(e.text, "cannot open 'x': No such file or directory");
	assert_int_equal(errno, ENOENT);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	errno = EIO;
	assert_int_equal(ss_fail_errno(&e, SS_EIO, "%s", longer), SS_EIO);
	assert_true(strlen(e.text) == sizeof(e.text) - 1);
	assert_int_equal(ss_fail(NULL, SS_EUSAGE, "nobody listens"), SS_EUSAGE);
}

static void
test_bug_aborts(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) != NULL)
			SS_BUG_IF(pid == 0);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void
test_sizes(void **state)
{
	size_t n;

	(void)state;
	assert_true(ss_mul(1 << 20, 1 << 10, &n) && n == 1 << 30);
	assert_false(ss_mul(SIZE_MAX / 2 + 1, 2, &n));
	assert_true(ss_mul(SIZE_MAX, 0, &n) && n == 0);
	assert_true(ss_add(SIZE_MAX - 1, 1, &n) && n == SIZE_MAX);
	assert_false(ss_add(SIZE_MAX, 1, &n));
	assert_int_equal(ss_round64(0), 0);
	assert_int_equal(ss_round64(1), 64);
	assert_int_equal(ss_round64(64), 64);
	assert_int_equal(ss_round64(65), 128);
}

static void
test_alloc(void **state)
{
	static const size_t bytes[] = { 0, 1, 63, 64, 65, 100000 };

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		unsigned char *p = ss_alloc(bytes[i], 1);

		assert_non_null(p);
		assert_true((uintptr_t)p % 64 == 0);
		for (size_t k = 0; k < bytes[i]; k++)
			assert_int_equal(p[k], 0);
		free(p);
	}
	assert_null(ss_alloc(SIZE_MAX / 2, 3));
	assert_null(ss_alloc(SIZE_MAX - 10, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_bug_aborts),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_alloc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
