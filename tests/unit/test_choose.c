/*
 * test_choose.c - choices that depend on seed and index alone, and how the draws are spread
 *
 * Which records are chosen is compared with an independent program in tests/cli/ss-sample.t.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/shuffle.h"
#include "eval/choose.h"

enum { N = 1000, CLASSES = 7 };

struct fate {
	bool gone[N];
	size_t alive, most;
};

static void
drop(void *arg, uint64_t place)
{
	struct fate *f = arg;

	assert_true(place < N && !f->gone[place]);
	f->gone[place] = true;
	f->alive--;
}

/* Offers N records in an order of that seed; copies[index] gets the choice. Returns the most that were alive. */
static size_t
choose(const struct ss_choose_plan *plan, uint64_t order_seed, uint32_t copies[N])
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_chooser *c;
	struct ss_chosen *chosen;
	struct fate f = { { false }, 0, 0 };
	uint32_t order[N];
	int32_t label;
	size_t n;

	memset(copies, 0, N * sizeof(*copies));
	ss_shuffle(order, N, order_seed, 0);
	assert_int_equal(ss_chooser_create(&c, plan, &e), 0);
	for (uint32_t i = 0; i < N; i++) {
		f.alive++;
		assert_int_equal(ss_chooser_offer(c, order[i], (int32_t)(order[i] % CLASSES), i, drop, &f, &e), 0);
		if (f.alive > f.most)
			f.most = f.alive;
	}
	assert_int_equal(ss_chooser_finish(c, &chosen, &n, &label, &e), 0);
	assert_true(n <= f.alive);
	for (size_t i = 0; i < n; i++) {
		assert_false(f.gone[chosen[i].place]);
		assert_true(i == 0 || chosen[i].place > chosen[i - 1].place);
		assert_int_equal(order[chosen[i].place], chosen[i].index);
		assert_true(chosen[i].copies > 0);
		copies[chosen[i].index] = chosen[i].copies;
	}
	free(chosen);
	ss_chooser_free(c);
	return f.most;
}

static void
any_order(void **state)
{
	uint32_t a[N], b[N], larger[N];

	(void)state;
	for (int how = 0; how < 8; how++) {
		struct ss_choose_plan plan = {
			.seed = 5, .balanced = how & 1, .replace = how & 2,
			.count = how & 4 ? SS_CHOOSE_SHARE : 210, .fraction = 0.21, .most = N
		};
		size_t most = choose(&plan, 1, a), total = 0, each[CLASSES] = { 0 };

		assert_true(most <= 210 + 1);
		choose(&plan, 2, b);
		assert_memory_equal(a, b, sizeof(a));
		for (int i = 0; i < N; i++) {
			total += a[i];
			each[i % CLASSES] += a[i];
		}
		assert_int_equal(total, 210);
		for (int k = 0; (how & 1) && k < CLASSES; k++)
			assert_int_equal(each[k], 30);
		plan.most = UINT64_MAX;
		choose(&plan, 3, b);
		assert_memory_equal(a, b, sizeof(a));
		plan.seed++;
		choose(&plan, 1, b);
		assert_memory_not_equal(a, b, sizeof(a));
		plan.seed--;
		plan.count = 420;
		choose(&plan, 1, larger);
		for (int i = 0; i < N && !plan.replace; i++)
			assert_true(larger[i] >= a[i]);
	}
}

/* Over many seeds: each record as often as any other, and as many different ones as N draws hit. */
static void
spread(void **state)
{
	enum { SEEDS = 400, COUNT = 500 };
	double times[N] = { 0 }, chi = 0, different = 0;
	uint32_t a[N];

	(void)state;
	for (int replace = 0; replace < 2; replace++) {
		memset(times, 0, sizeof(times));
		chi = different = 0;
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			const struct ss_choose_plan plan = { .seed = seed, .replace = replace, .count = COUNT, .most = N };

			choose(&plan, 0, a);
			for (int i = 0; i < N; i++) {
				times[i] += a[i];
				different += a[i] > 0;
			}
		}
		/* variance of a record's count: SEEDS p (1-p) without, SEEDS COUNT/N (1 - 1/N) with replacement */
		const double mean = SEEDS * (double)COUNT / N;
		const double var = replace ? mean * (1 - 1.0 / N) : mean * (1 - (double)COUNT / N);

		for (int i = 0; i < N; i++)
			chi += (times[i] - mean) * (times[i] - mean) / var;
		/* chi-square of 999 degrees of freedom: mean 999, deviation 45 */
		assert_true(chi > 999 - 5 * 45 && chi < 999 + 5 * 45);
		/* (1 - (1-1/N)^COUNT) N = 393.6 different ones, deviation about 8 a seed */
		if (replace)
			assert_true(different / SEEDS > 393.6 - 2.5 && different / SEEDS < 393.6 + 2.5);
		else
			assert_true(different == (double)SEEDS * COUNT);
	}
}

static void
too_few(void **state)
{
	struct ss_choose_plan plan = { .seed = 1, .balanced = true, .count = 6, .most = 100 };
	struct ss_err e = SS_ERR_INIT;
	struct fate f = { { false }, 0, 0 };
	struct ss_chooser *c;
	struct ss_chosen *chosen;
	int32_t label;
	size_t n;

	(void)state;
	assert_int_equal(ss_chooser_create(&c, &plan, &e), 0);
	assert_int_equal(ss_chooser_finish(c, &chosen, &n, &label, &e), SS_EUSAGE);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(ss_chooser_offer(c, i, i == 4 ? 1000000 : 3, i, drop, &f, &e), 0);
	assert_int_equal(ss_chooser_finish(c, &chosen, &n, &label, &e), SS_EUSAGE);
	assert_int_equal(label, 1000000);
	assert_null(chosen);
	ss_chooser_free(c);
	ss_chooser_free(NULL);
	plan = (struct ss_choose_plan){ .count = UINT64_MAX - 1, .most = UINT64_MAX };
	assert_int_equal(ss_chooser_create(&c, &plan, &e), 0);
	assert_int_equal(ss_chooser_offer(c, 0, 0, 0, drop, &f, &e), 0);
	assert_int_equal(ss_chooser_finish(c, &chosen, &n, &label, &e), SS_EUSAGE);
	ss_chooser_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(spread),
		cmocka_unit_test(too_few)
	};

	return cmocka_run_group_tests_name("choose", tests, NULL, NULL);
}
