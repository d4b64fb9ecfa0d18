/*
 * test_subset - which records are held out and which have labels
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "eval/subset.h"

enum { N = 1000, CLASSES = 7 };

static void
test_hold_out(void **state)
{
	static const struct { size_t n; double share; size_t held; } cases[] = {
		{ 1000, 0.1, 100 }, { 1000, 0.0001, 1 }, { 2, 0.9, 1 }, { 3, 0.5, 2 }, { 7, 0.2, 1 },
	};
	uint32_t *place, *other;
	size_t held;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		const size_t n = cases[k].n;
		bool seen[N] = { false };

		assert_int_equal(ss_hold_out(&place, &held, n, cases[k].share, 5, &e), 0);
		assert_int_equal(held, cases[k].held);
		for (size_t i = 0; i < n; i++) {
			assert_true(place[i] < n && !seen[place[i]]);
			seen[place[i]] = true;
			assert_true(i == 0 || i == n - held || place[i] > place[i - 1]);
		}
		free(place);
	}
	assert_int_equal(ss_hold_out(&place, &held, N, 0.1, 5, &e), 0);
	assert_int_equal(ss_hold_out(&other, &held, N, 0.1, 5, &e), 0);
	assert_memory_equal(place, other, N * sizeof(*place));
	free(other);
	assert_int_equal(ss_hold_out(&other, &held, N, 0.1, 6, &e), 0);
	assert_true(memcmp(place, other, N * sizeof(*place)) != 0);
	free(other);
	free(place);
	assert_int_equal(ss_hold_out(&place, &held, 1, 0.1, 5, &e), SS_EUSAGE);
	assert_null(place);
}

/* Of 1000 records, class c has about c + 1 shares of 27, the last one of them one less. */
static void
test_draw(void **state)
{
	static int32_t label[N];
	uint32_t from[N / 2], *place;
	size_t count, of[CLASSES] = { 0 }, got[CLASSES] = { 0 }, twice = 0;
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int i = 0; i < N; i++)
		for (int s = i % 27; s > label[i]; label[i]++)
			s -= label[i] + 1;
	for (uint32_t i = 0; i < N / 2; i++) {
		from[i] = 2 * i + 1;
		of[label[from[i]]]++;
	}
	assert_true(of[0] > 0 && of[CLASSES - 1] > of[0]);

	assert_int_equal(ss_draw(&place, &count, from, N / 2, label, 0.1, SS_DRAW_PLAIN, 1, &e), 0);
	assert_int_equal(count, 50);
	for (size_t i = 0; i < count; i++)
		assert_true(place[i] % 2 == 1 && place[i] < N && (i == 0 || place[i] > place[i - 1]));
	free(place);

	assert_int_equal(ss_draw(&place, &count, from, N / 2, label, 0.1, SS_DRAW_BALANCED, 1, &e), 0);
	for (size_t i = 0; i < count; i++) {
		assert_true(place[i] % 2 == 1 && (i == 0 || place[i] > place[i - 1]));
		got[label[place[i]]]++;
	}
	for (int c = 0; c < CLASSES; c++) {
		const size_t want = (size_t)((double)of[c] * 0.1 + 0.5);

		assert_int_equal(got[c], want < 1 && of[c] > 0 ? 1 : want);
	}
	free(place);

	/* All with replacement: about 1 / e of the records are left out. */
	assert_int_equal(ss_draw(&place, &count, from, N / 2, label, 1, SS_DRAW_REPLACED, 1, &e), 0);
	assert_int_equal(count, N / 2);
	for (size_t i = 0; i < count; i++) {
		assert_true(place[i] % 2 == 1 && (i == 0 || place[i] >= place[i - 1]));
		twice += i > 0 && place[i] == place[i - 1];
	}
	assert_true(twice > 150 && twice < 220);
	free(place);

	assert_int_equal(ss_draw(&place, &count, from, N / 2, label, 1e-6, SS_DRAW_PLAIN, 1, &e), 0);
	assert_int_equal(count, 1);
	free(place);
	assert_int_equal(ss_draw(&place, &count, from, 0, label, 0.1, SS_DRAW_PLAIN, 1, &e), SS_EUSAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hold_out),
		cmocka_unit_test(test_draw),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
