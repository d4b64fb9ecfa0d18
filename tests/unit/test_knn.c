/*
 * test_knn - weighted k nearest neighbours, against a plain version and by hand
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
#include "eval/knn.h"
#include "eval/rows.h"
#include "eval/tally.h"

/* Numbers around the borders of the tiles: 256 queries, 1024 bank rows. */
enum { N = 2100, M = 300, D = 19, CLASSES = 7 };
static const long long K[] = { 200, 1, 5, 2100, 1024 };
static const double T[] = { 0.1, 1.0, 0.02 };
enum { KS = 5, TS = 3 };

static float bank[N * D], query[M * D];
static float lent[N * D];	/* a copy of the bank, to be rearranged */
static int32_t bank_label[N], query_label[M];

static void
draw_set(struct ss_rng *r, float *x, int32_t *label, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		label[i] = (int32_t)ss_rng_below(r, CLASSES);
		for (size_t j = 0; j < D; j++)
			x[i * D + j] = (float)(ss_rng_normal(r) +
			    (j % CLASSES == (size_t)label[i] ? 0.6 : 0));
	}
}

static int
set_up(void **state)
{
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 3, SS_RNG_SAMPLE, 0, 0, 0);
	draw_set(&r, bank, bank_label, N);
	draw_set(&r, query, query_label, M);
	memcpy(bank + 40 * D, bank + 1500 * D, D * sizeof(float));	/* two rows alike */
	return ss_unit_rows(NULL, bank, N, D) != N || ss_unit_rows(NULL, query, M, D) != M;
}

struct near {
	double cosine;
	size_t at;
};

static int
nearer_first(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	if (x->cosine != y->cosine)
		return x->cosine < y->cosine ? 1 : -1;
	return x->at > y->at ? 1 : -1;
}

/*
 * The definition; *margin is how far the winner is ahead, so that a test can leave out what
 * rounding decides.
 */
static int32_t
plain(const float *q, size_t skip, long long k, double t, double *margin)
{
	static struct near all[N];
	double score[CLASSES] = { 0 }, second = -1;
	int32_t top = 0;
	size_t n = 0;

	for (size_t i = 0; i < N; i++) {
		double c = 0;

		for (size_t j = 0; j < D; j++)
			c += (double)bank[i * D + j] * (double)q[j];
		if (i != skip)
			all[n++] = (struct near){ c, i };
	}
	qsort(all, n, sizeof(*all), nearer_first);
	for (long long i = 0; i < k; i++)
		score[bank_label[all[i].at]] += exp(all[i].cosine / t);
	for (int32_t c = 1; c < CLASSES; c++)
		if (score[c] > score[top])
			top = c;
	for (int32_t c = 0; c < CLASSES; c++)
		if (c != top && score[c] > second)
			second = score[c];
	*margin = 1 - second / score[top];
	if (k < (long long)n && all[k - 1].cosine - all[k].cosine < 1e-6 &&
	    bank_label[all[k].at] != bank_label[all[k - 1].at])
		*margin = 0;
	return top;
}

static void
check(const size_t *skip, const long long *k, int ks, int threads)
{
	struct ss_pool *pool = ss_pool_create(threads);
	struct ss_knn_question q = { k, ks, T, TS };
	struct ss_err e = SS_ERR_INIT;
	struct ss_knn *knn;
	int32_t *predicted = ss_alloc((size_t)KS * TS * M, sizeof(*predicted));
	size_t unsure = 0;

	assert_non_null(pool);
	assert_non_null(predicted);
	memcpy(lent, bank, sizeof(lent));
	assert_int_equal(ss_knn_create(&knn, pool, lent, bank_label, N, D, &q, &e), 0);
	assert_int_equal(ss_knn_classes(knn), CLASSES);
	assert_int_equal(ss_knn_predict(knn, query, M, skip, predicted, &e), 0);
	for (int a = 0; a < ks; a++)
		for (int b = 0; b < TS; b++)
			for (size_t i = 0; i < M; i++) {
				double margin;
				int32_t want = plain(query + i * D, skip == NULL ? N : skip[i], k[a], T[b],
				    &margin);

				if (margin < 1e-5)
					unsure++;
				else
					assert_int_equal(predicted[((size_t)a * TS + b) * M + i], want);
			}
	assert_true(unsure < (size_t)ks * TS * M / 100);
	ss_knn_free(knn);
	free(predicted);
	ss_pool_free(pool);
}

static void
test_against_plain(void **state)
{
	(void)state;
	check(NULL, K, KS, 1);
}

static void
test_threads(void **state)
{
	(void)state;
	check(NULL, K, 3, 3);
}

static void
test_leave_out(void **state)
{
	static size_t skip[M];

	(void)state;
	for (size_t i = 0; i < M; i++) {	/* the nearest row of all: it matters most */
		double best = -2;

		for (size_t j = 0; j < N; j++) {
			double c = 0;

			for (size_t x = 0; x < D; x++)
				c += (double)bank[j * D + x] * (double)query[i * D + x];
			if (c > best) {
				best = c;
				skip[i] = j;
			}
		}
		if (i % 5 == 0)
			skip[i] = SS_KNN_NONE;
	}
	check(skip, K, 3, 2);
}

/*
 * Cosines that are exact: of equals the lower position is nearer, of equal scores the lower
 * label wins.
 */
static void
test_ties(void **state)
{
	float b[] = { 0, 1, 0,  1, 0, 0,  1, 0, 0,  1, 0, 0,  0, 0, 1,  0, 1, 0 };
	const int32_t label[] = { 9, 4, 2, 2, 7, 3 };
	float q[] = { 1, 0, 0,  0, -1, 0,  0, 0, 1,  0, 1, 0,  0, 0, 0 };
	const long long k[] = { 1, 2, 3, 6 };
	const double t = 0.5;
	/*
	 * Query 0: nearest is 4 (position 1); then 4 and 2 tie: 2; then 2 leads. Query 1:
	 * cosines 0 at 1..4 come before -1. Query 3: 9 (position 0), then 9 and 3 tie: 3; then
	 * 4 (position 1) is far behind. Query 4 is 0: all cosines are 0, so positions decide.
	 */
	const int32_t want[4][5] = {
		{ 4, 4, 7, 9, 9 }, { 2, 2, 7, 3, 4 }, { 2, 2, 7, 3, 2 }, { 2, 2, 7, 3, 2 },
	};
	struct ss_knn_question question = { k, 4, &t, 1 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_knn *knn;
	int32_t predicted[4 * 5];

	(void)state;
	assert_int_equal(ss_unit_rows(NULL, b, 6, 3), 6);
	assert_int_equal(ss_unit_rows(NULL, q, 5, 3), 5);
	assert_int_equal(ss_knn_create(&knn, NULL, b, label, 6, 3, &question, &e), 0);
	assert_int_equal(ss_knn_classes(knn), 10);
	assert_int_equal(ss_knn_predict(knn, q, 5, NULL, predicted, &e), 0);
	for (int a = 0; a < 4; a++)
		for (int i = 0; i < 5; i++)
			assert_int_equal(predicted[a * 5 + i], want[a][i]);
	ss_knn_free(knn);
}

/*
 * A thousand equal rows before and between: the buffers must keep the first, whatever their
 * number.
 */
static void
test_many_ties(void **state)
{
	static float b[5000 * 2];
	static int32_t label[5000];
	float q[] = { 3, 0 };
	const long long k[] = { 1, 10, 100, 1000, 5000 };
	const double t = 1;
	struct ss_knn_question question = { k, 5, &t, 1 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_knn *knn;
	int32_t predicted[5];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		b[2 * i] = 1;
		label[i] = i < 1 ? 4 : i < 10 ? 3 : i < 100 ? 2 : i < 1000 ? 1 : 0;
	}
	assert_int_equal(ss_unit_rows(NULL, q, 1, 2), 1);
	assert_int_equal(ss_knn_create(&knn, NULL, b, label, 5000, 2, &question, &e), 0);
	assert_int_equal(ss_knn_predict(knn, q, 1, NULL, predicted, &e), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(predicted[i], 4 - i);
	ss_knn_free(knn);
}

static void
test_errors(void **state)
{
	const long long good = 1, zero = 0, many = N + 1, all = N;
	const double t = 0.1, cold = 0;
	struct ss_knn_question q = { &many, 1, &t, 1 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_knn *knn;
	static int32_t predicted[M];
	static size_t skip[M];
	int32_t bad[] = { 1, -1 };

	(void)state;
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bank_label, N, D, &q, &e), SS_EUSAGE);
	assert_string_equal(e.text, "k is 2101, but the bank has 2100 records");
	q.k = &zero;
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bank_label, N, D, &q, &e), SS_EUSAGE);
	q.k = &good;
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bank_label, 0, D, &q, &e), SS_EUSAGE);
	assert_string_equal(e.text, "the bank is empty");
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bad, 2, D, &q, &e), SS_EUSAGE);
	assert_string_equal(e.text, "bank record 1 has no label");
	q.t = &cold;
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bank_label, N, D, &q, &e), SS_EUSAGE);
	q.t = &t;
	q.k = &all;
	assert_int_equal(ss_knn_create(&knn, NULL, lent, bank_label, N, D, &q, &e), 0);
	assert_int_equal(ss_knn_predict(knn, query, M, skip, predicted, &e), SS_EUSAGE);
	assert_string_equal(e.text, "k is 2100, but without the query itself the bank has 2099 records");
	ss_knn_free(knn);
	ss_knn_free(NULL);
}

static void
test_unit_rows(void **state)
{
	enum { ROWS = 3000 };
	static float x[ROWS * 2];
	struct ss_pool *pool = ss_pool_create(2);

	(void)state;
	assert_non_null(pool);
	for (int i = 0; i < ROWS; i++) {
		x[2 * i] = 3e30f;
		x[2 * i + 1] = -4e30f;
	}
	x[0] = x[1] = 0;
	x[2] = 1e-13f;
	x[3] = 0;
	assert_int_equal(ss_unit_rows(pool, x, ROWS, 2), ROWS);
	assert_true(x[0] == 0 && x[1] == 0 && x[2] == 0);
	assert_true(fabsf(x[4] - 0.6f) < 1e-7f && fabsf(x[5] + 0.8f) < 1e-7f);
	assert_true(x[2 * ROWS - 2] == x[4] && x[2 * ROWS - 1] == x[5]);
	x[2 * 2900] = NAN;
	x[2 * 1234 + 1] = INFINITY;
	assert_int_equal(ss_unit_rows(pool, x, ROWS, 2), 1234);
	ss_pool_free(pool);
}

static void
test_count(void **state)
{
	const long long k[] = { 1, 50 };
	struct ss_knn_question q = { k, 2, T, 1 };
	struct ss_err e = SS_ERR_INIT;
	float *b = ss_alloc(N * D, sizeof(float)), *x = ss_alloc(M * D, sizeof(float));
	size_t correct[2], want[2] = { 0 };

	(void)state;
	assert_true(b != NULL && x != NULL);
	memcpy(b, bank, sizeof(bank));
	for (int i = 0; i < M * D; i++)
		x[i] = 7 * query[i];
	for (int a = 0; a < 2; a++)
		for (size_t i = 0; i < M; i++) {
			double margin;

			want[a] += plain(query + i * D, N, k[a], T[0], &margin) == query_label[i];
		}
	assert_int_equal(ss_knn_count(NULL, b, bank_label, N, x, query_label, M, D, &q, correct, &e), 0);
	assert_int_equal(correct[0], want[0]);
	assert_int_equal(correct[1], want[1]);
	assert_true(correct[1] > M / 4);
	x[5 * D] = NAN;
	assert_int_equal(ss_knn_count(NULL, b, bank_label, N, x, query_label, M, D, &q, correct, &e),
	    SS_ENONFINITE);
	assert_string_equal(e.text, "query record 5 is not finite");
	free(b);
	free(x);
}

static void
test_tally(void **state)
{
	const int32_t label[] = { 0, 2, 2, 5, 2 }, predicted[] = { 0, 2, 1, 1, 2 };
	struct ss_tally t = { .classes = 3, .pairs = true };
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_int_equal(ss_tally_chance(&t), 0);
	assert_int_equal(ss_tally_add(&t, label, predicted, 2, &e), 0);
	assert_int_equal(t.labels, 3);
	assert_int_equal(ss_tally_add(&t, label + 2, predicted + 2, 3, &e), 0);
	assert_int_equal(t.labels, 6);
	assert_true(t.total == 5 && t.correct == 3 && t.of[2] == 3 && t.right[2] == 2 && t.of[5] == 1);
	assert_true(t.confusion[2 * 3 + 1] == 1 && t.confusion[2 * 3 + 2] == 2);
	assert_true(t.confusion[5 * 3 + 1] == 1 && t.confusion[0] == 1);
	assert_int_equal(ss_tally_chance(&t), 3);
	ss_tally_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_plain),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_leave_out),
		cmocka_unit_test(test_ties),
		cmocka_unit_test(test_many_ties),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_unit_rows),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
