/*
 * test_pairs - pairs at or above a cosine, and groups by complete linkage, against plain versions
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "base/size.h"
#include "eval/linkage.h"
#include "eval/pairs.h"
#include "eval/rows.h"

/* Rows around the borders of the squares, of 1024, and features around those of 512 that are added up at a time. */
enum { N = 2200, D = 530 };
static float x[N * D];

/* Clusters of copies with more or less noise; equal rows, rows that differ in length alone, and zeros. */
static void
draw(size_t n, size_t d, uint64_t seed)
{
	struct ss_rng r;

	ss_rng_init(&r, seed, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t i = 0; i < n; i++) {
		const size_t of = i % 7 == 0 || i < 40 ? i : ss_rng_below(&r, (uint32_t)i);
		const double noise = of == i ? 1 : 0.02 * ss_rng_below(&r, 20);

		for (size_t j = 0; j < d; j++)
			x[i * d + j] = (float)((of == i ? 0 : (double)x[of * d + j]) + noise * ss_rng_normal(&r));
	}
	for (size_t j = 0; j < d; j++) {
		x[3 * d + j] = x[(n - 1) * d + j] = 0;
		x[5 * d + j] = x[(n - 2) * d + j];
		x[6 * d + j] = 2 * x[(n - 2) * d + j];
	}
	assert_int_equal(ss_unit_rows(NULL, x, n, d), n);
}

static struct ss_pair *
pairs_of(size_t n, size_t d, double threshold, int threads, size_t *count)
{
	struct ss_pool *p = ss_pool_create(threads);
	const struct ss_pairs_question q = { .threshold = threshold, .most = n * n };
	struct ss_err e = SS_ERR_INIT;
	struct ss_pair *pair;

	assert_non_null(p);
	assert_int_equal(ss_pairs_find(&pair, count, p, x, n, d, &q, &e), 0);
	ss_pool_free(p);
	return pair;
}

static void
test_all_pairs(void **state)
{
	static const struct { size_t n, d; double threshold; } cases[] = {
		{ N, D, 0.9 }, { 1025, 19, 0.5 }, { 1024, 3, 0.99 }, { 2048, 1, 1 }, { 300, 7, -1 }, { 2, 5, -1 }, { 1500, 512, 1 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		const size_t n = cases[k].n, d = cases[k].d;
		size_t count, other, at = 0;
		struct ss_pair *pair, *again;

		draw(n < 10 ? 10 : n, d, k);
		pair = pairs_of(n, d, cases[k].threshold, 1, &count);
		again = pairs_of(n, d, cases[k].threshold, 3, &other);
		assert_true(count == other && memcmp(pair, again, count * sizeof(*pair)) == 0);
		for (size_t i = 1; i < count; i++)
			assert_true(ss_pair_order(&pair[i - 1], &pair[i]) < 0);
		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; j < n; j++)
				at += ss_pair_cosine(x + i * d, x + j * d, d) >= cases[k].threshold;
		assert_int_equal(at, count);
		for (size_t i = 0; i < count; i++) {
			assert_true(pair[i].a < pair[i].b && pair[i].b < n);
			assert_true(pair[i].cosine == ss_pair_cosine(x + pair[i].a * d, x + pair[i].b * d, d));
			assert_true(pair[i].cosine >= cases[k].threshold);
		}
		assert_true(count > 0);
		free(pair);
		free(again);
	}
}

static void
test_cosine(void **state)
{
	float a[] = { 0.1f, -0.7f, 3, 1e-3f, 9 }, b[5], zero[5] = { 0 };
	long double ab = 0, aa = 0, bb = 0;

	(void)state;
	for (int i = 0; i < 5; i++) {
		b[i] = a[4 - i];
		ab += (long double)a[i] * (long double)b[i];
		aa += (long double)a[i] * (long double)a[i];
		bb += (long double)b[i] * (long double)b[i];
	}
	assert_true(fabs(ss_pair_cosine(a, b, 5) - (double)(ab / sqrtl(aa * bb))) < 1e-15);
	assert_true(ss_pair_cosine(a, b, 5) == ss_pair_cosine(b, a, 5));
	assert_true(ss_pair_cosine(a, a, 5) == 1);
	assert_true(ss_pair_cosine(a, zero, 5) == 0 && ss_pair_cosine(zero, zero, 5) == 0);
	for (int i = 0; i < 5; i++)
		b[i] = -a[i];
	assert_true(ss_pair_cosine(a, b, 5) == -1);
}

static void
test_too_many(void **state)
{
	struct ss_pairs_question q = { .threshold = -1, .most = 1000 * 999 / 2 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_pair *pair;
	size_t count;

	(void)state;
	draw(1000, 8, 9);
	assert_int_equal(ss_pairs_find(&pair, &count, NULL, x, 1000, 8, &q, &e), 0);
	assert_int_equal(count, q.most);
	free(pair);
	q.most--;
	assert_int_equal(ss_pairs_find(&pair, &count, NULL, x, 1000, 8, &q, &e), 1);
	assert_true(pair == NULL && count == 0);
	q.most = 0;
	assert_int_equal(ss_pairs_find(&pair, &count, NULL, x, 1000, 8, &q, &e), 1);
	q.threshold = 1;
	assert_int_equal(ss_pairs_find(&pair, &count, NULL, x, 3, 8, &q, &e), 0);
	assert_int_equal(count, 0);
	free(pair);
}

/* The definition: all groups are compared with all, each time. least (n,n) has no pairs as -2. */
static void
plain(double *least, size_t n, uint32_t *group)
{
	for (size_t i = 0; i < n; i++)
		group[i] = (uint32_t)i;
	for (;;) {
		size_t a = 0, b = 0;
		double best = -2;

		for (size_t i = 0; i < n; i++)
			for (size_t j = i + 1; j < n; j++)
				if (group[i] == i && group[j] == j && least[i * n + j] > best) {
					best = least[i * n + j];
					a = i;
					b = j;
				}
		if (best <= -2)
			return;
		for (size_t i = 0; i < n; i++) {
			group[i] = group[i] == b ? (uint32_t)a : group[i];
			if (least[b * n + i] < least[a * n + i])
				least[a * n + i] = least[i * n + a] = least[b * n + i];
		}
	}
}

static void
check_groups(struct ss_pair *pair, size_t count, size_t n)
{
	double *least = ss_alloc(n * n, sizeof(*least));
	uint32_t *want = ss_alloc(n, sizeof(*want)), *got = ss_alloc(n, sizeof(*got));
	struct ss_err e = SS_ERR_INIT;

	assert_true(least != NULL && want != NULL && got != NULL);
	for (size_t i = 0; i < n * n; i++)
		least[i] = -2;
	for (size_t i = 0; i < count; i++)
		least[pair[i].a * n + pair[i].b] = least[pair[i].b * n + pair[i].a] = pair[i].cosine;
	plain(least, n, want);
	assert_int_equal(ss_linkage(pair, count, n, got, &e), 0);
	assert_memory_equal(got, want, n * sizeof(*got));
	free(least);
	free(want);
	free(got);
}

static void
test_groups(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 12; seed++) {
		static const double thresholds[] = { 0.99, 0.9, 0.5, -1 };
		const size_t n = 40 + 15 * seed, d = 4 + seed;
		size_t count;
		struct ss_pair *pair;

		draw(n, d, 20 + seed);
		pair = pairs_of(n, d, thresholds[seed % 4], 2, &count);
		check_groups(pair, count, n);
		free(pair);
	}
}

/* Few values, so that most decisions are between equals; and graphs of every density. */
static void
test_ties(void **state)
{
	enum { ROWS = 60 };
	static struct ss_pair pair[ROWS * ROWS];
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 4, SS_RNG_SAMPLE, 0, 0, 0);
	for (uint32_t round = 0; round < 60; round++) {
		const uint32_t values = 1 + round % 4, density = 1 + round / 4;
		size_t count = 0;

		for (uint32_t a = 0; a < ROWS; a++)
			for (uint32_t b = a + 1; b < ROWS; b++)
				if (ss_rng_below(&r, 16) < density)
					pair[count++] = (struct ss_pair){ 1 - 0.1 * ss_rng_below(&r, values), a, b };
		qsort(pair, count, sizeof(*pair), ss_pair_order);
		check_groups(pair, count, ROWS);
	}
}

/* A chain is no group: 0 is like 1, 1 like 2, and so on, but 0 is not like 2. */
static void
test_chain(void **state)
{
	struct ss_pair pair[] = { { 0.98, 1, 2 }, { 0.97, 0, 1 }, { 0.97, 2, 3 }, { 0.96, 3, 4 } };
	const uint32_t want[] = { 0, 1, 1, 3, 3, 5 };
	uint32_t got[6];
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_linkage(pair, 4, 6, got, &e), 0);
	assert_memory_equal(got, want, sizeof(got));
	assert_int_equal(ss_linkage(pair, 0, 2, got, &e), 0);
	assert_true(got[0] == 0 && got[1] == 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_cosine),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
