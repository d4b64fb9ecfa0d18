/*
 * test_subset - which records are held out and which have labels
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval/subset.h"

enum { N = 1000, CLASSES = 7 };
static int32_t label[N];
static uint64_t number[N], turned[N];

static int
make_records(void **state)
{
	(void)state;
	for (int i = 0; i < N; i++) {
		label[i] = i % CLASSES;
		number[i] = (uint64_t)(i * 7);
		turned[i] = (uint64_t)((N - 1 - i) * 7);
	}
	return 0;
}

static void
test_hold_out(void **state)
{
	static const struct { size_t n; double share; size_t held; } cases[] = {
		{ 1000, 0.1, 100 }, { 1000, 0.0006, 1 }, { 2, 0.5, 1 }, { 3, 0.5, 2 }, { 7, 0.2, 1 },
	};
	struct ss_records r = { label, number, N };
	uint32_t *place, *other;
	size_t held;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		const size_t n = r.n = cases[k].n;
		bool seen[N] = { false };

		assert_int_equal(ss_hold_out(&place, &held, &r, cases[k].share, 5, &e), 0);
		assert_int_equal(held, cases[k].held);
		for (size_t i = 0; i < n; i++) {
			assert_true(place[i] < n && !seen[place[i]]);
			seen[place[i]] = true;
			assert_true(i == 0 || i == n - held || place[i] > place[i - 1]);
		}
		free(place);
	}
	r.n = N;
	assert_int_equal(ss_hold_out(&place, &held, &r, 0.1, 5, &e), 0);
	r.number = turned;	/* the same records in another order */
	assert_int_equal(ss_hold_out(&other, &held, &r, 0.1, 5, &e), 0);
	for (size_t i = 0; i < held; i++)
		assert_int_equal(place[N - held + i], N - 1 - other[N - 1 - i]);
	free(other);
	r.number = number;
	assert_int_equal(ss_hold_out(&other, &held, &r, 0.1, 6, &e), 0);
	assert_true(memcmp(place, other, N * sizeof(*place)) != 0);
	free(other);
	free(place);
	assert_int_equal(ss_hold_out(&place, &held, &r, 0.0001, 5, &e), SS_EUSAGE);
	assert_null(place);
}

static void
test_subset(void **state)
{
	const struct ss_records r = { label, NULL, N };
	struct ss_choose_plan plan = { .seed = 1, .count = SS_CHOOSE_SHARE, .fraction = 0.14 };
	uint32_t from[N / 2], *place;
	size_t count, got[CLASSES] = { 0 }, twice = 0;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (uint32_t i = 0; i < N / 2; i++)
		from[i] = 2 * i + 1;
	assert_int_equal(ss_subset(&place, &count, &r, from, N / 2, plan, &e), 0);
	assert_int_equal(count, 70);
	for (size_t i = 0; i < count; i++)
		assert_true(place[i] % 2 == 1 && place[i] < N && (i == 0 || place[i] > place[i - 1]));
	free(place);

	plan.balanced = true;
	assert_int_equal(ss_subset(&place, &count, &r, from, N / 2, plan, &e), 0);
	assert_int_equal(count, 70);
	for (size_t i = 0; i < count; i++)
		got[label[place[i]]]++;
	for (int c = 0; c < CLASSES; c++)
		assert_int_equal(got[c], 10);
	free(place);

	/* All with replacement: about 1 / e of the records are left out. */
	plan = (struct ss_choose_plan){ .seed = 1, .count = SS_CHOOSE_SHARE, .fraction = 1, .replace = true };
	assert_int_equal(ss_subset(&place, &count, &r, from, N / 2, plan, &e), 0);
	assert_int_equal(count, N / 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(place[i] % 2 == 1 && (i == 0 || place[i] >= place[i - 1]));
		twice += i > 0 && place[i] == place[i - 1];
	}
	assert_true(twice > 150 && twice < 220);
	free(place);

	assert_int_equal(ss_subset(&place, &count, &r, from, 0, plan, &e), SS_EUSAGE);
	assert_null(place);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_out),
		cmocka_unit_test(test_subset),
	};

	return cmocka_run_group_tests(tests, make_records, NULL);
}
