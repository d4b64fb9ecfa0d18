/*
 * test_work.c - every piece of work is done exactly once, whatever the number of threads
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/work.h"

enum { PIECES = 1000, THREADS = 17 };

static atomic_int times[PIECES];
static atomic_int running[THREADS];	/* calls that hold the scratch space of a worker */
static atomic_int wrong;

static void
count(void *arg, size_t piece, int worker)
{
	int threads = *(int *)arg;

	if (worker < 0 || worker >= threads || piece >= PIECES) {
		atomic_fetch_add(&wrong, 1);
		return;
	}
	if (atomic_fetch_add(&running[worker], 1) != 0)
		atomic_fetch_add(&wrong, 1);
	atomic_fetch_add(&times[piece], 1);
	atomic_fetch_sub(&running[worker], 1);
}

static void
run_and_check(struct ss_pool *p, size_t pieces, int threads)
{
	for (int i = 0; i < PIECES; i++)
		atomic_store(&times[i], 0);
	ss_pool_run(p, pieces, count, &threads);
	for (size_t i = 0; i < PIECES; i++)
		assert_int_equal(atomic_load(&times[i]), i < pieces ? 1 : 0);
	assert_int_equal(atomic_load(&wrong), 0);
}

static void
test_once_each(void **state)
{
	(void)state;
	for (int threads = 1; threads <= THREADS; threads++) {
		struct ss_pool *p = ss_pool_create(threads);

		assert_non_null(p);
		assert_int_equal(ss_pool_threads(p), threads);
		for (int again = 0; again < 20; again++) {	/* the pool serves many jobs */
			run_and_check(p, PIECES, threads);
			run_and_check(p, (size_t)again, threads);	/* fewer than threads, and none */
		}
		ss_pool_free(p);
	}
}

static void
test_no_pool(void **state)
{
	(void)state;
	assert_int_equal(ss_pool_threads(NULL), 1);
	run_and_check(NULL, PIECES, 1);
	ss_pool_free(NULL);
}

static void
sum(void *arg, size_t piece, int worker)
{
	uint64_t *out = arg;

	(void)worker;
	out[piece] = piece * piece;	/* plain memory: the return of the run must publish it */
}

static void
test_results_are_seen(void **state)
{
	struct ss_pool *p = ss_pool_create(4);
	uint64_t out[64];

	(void)state;
	assert_non_null(p);
	for (int again = 0; again < 1000; again++) {
		memset(out, 0xff, sizeof(out));
		ss_pool_run(p, 64, sum, out);
		for (uint64_t i = 0; i < 64; i++)
			assert_true(out[i] == i * i);
	}
	ss_pool_free(p);
}

static void
test_cpus(void **state)
{
	(void)state;
	assert_true(ss_cpus() >= 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_each),
		cmocka_unit_test(test_no_pool),
		cmocka_unit_test(test_results_are_seen),
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
