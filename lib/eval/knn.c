/*
 * knn.c - weighted k-nearest-neighbour classification by cosine
 *
 * A piece of work is a tile of queries, which walks over the bank tile by tile:
 * cosines by gemm, then what beats the k-th best so far is kept. The n x m matrix of cosines
 * never exists. Knows nothing of streams: see ss-knn.c.
 */
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/knn.h"
#include "kern/gemm.h"

/*
 * gemm copies the bank tile once for each query tile, so those should be large, but
 * enough of them must be left to share; a tile of cosines (1 MiB) should stay in the level-2 cache.
 */
enum { QUERIES = 256, BANKS = 1024, STEP = 16 };

/* Of one query: what may still be among its best, without order. */
struct best {
	uint64_t *key;
	size_t count;
	float least;		/* only larger cosines matter */
};

struct scratch {
	float *cosine;		/* (QUERIES, BANKS) */
	uint64_t *key;		/* (QUERIES, room) */
	struct best *best;	/* (QUERIES) */
	double *score;		/* (classes) */
};

struct ss_knn {
	struct ss_pool *pool;
	const float *bank;
	const int32_t *label;
	size_t n, d;
	int classes;
	long long *k;		/* in the caller's order */
	int *order;		/* numbers of k[] by rising k */
	int ks;
	double *t;
	int ts;
	size_t most;		/* largest k */
	size_t room;		/* of a struct best */
	struct scratch *scratch;	/* one per thread */
};

struct job {
	struct ss_knn *knn;
	const float *query;
	const size_t *skip;
	int32_t *predicted;
	size_t m;
};

/*
 * Cosine and position in one number, larger being nearer: floats ordered as
 * integers, then the complement of the position. No two keys are equal, so the k best
 * are one set, however they are found.
 */
static uint64_t
make_key(float cosine, size_t position)
{
	uint32_t bits;

	cosine += 0.0f;			/* -0 is 0 */
	memcpy(&bits, &cosine, sizeof(bits));
	bits ^= (bits >> 31 ? UINT32_MAX : 0x80000000u);
	return (uint64_t)bits << 32 | (uint32_t)~(uint32_t)position;
}

static float
key_cosine(uint64_t key)
{
	uint32_t bits = (uint32_t)(key >> 32);
	float cosine;

	bits = bits & 0x80000000u ? bits & 0x7fffffffu : ~bits;
	memcpy(&cosine, &bits, sizeof(cosine));
	return cosine;
}

static size_t
key_position(uint64_t key)
{
	return (uint32_t)~(uint32_t)key;
}

static void
swap(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * Puts the middle of three keys of x[0..n-1], n >= 3, first, and splits the rest around it;
 * returns its place.
 */
static size_t
split(uint64_t *x, size_t n)
{
	size_t i = 0, j = n;
	uint64_t *a = x + 1, *b = x + n / 2, *c = x + n - 1;

	if ((*a < *b) != (*a < *c))
		swap(x, a);
	else if ((*b < *a) != (*b < *c))
		swap(x, b);
	else
		swap(x, c);
	for (;;) {
		while (++i < n && x[i] > x[0])
			;
		while (x[--j] < x[0])
			;
		if (i >= j)
			break;
		swap(&x[i], &x[j]);
	}
	swap(&x[0], &x[j]);
	return j;
}

/* Moves the k largest of n keys to the front, in any order, the least of them at k - 1. */
static void
select_best(uint64_t *x, size_t n, size_t k)
{
	size_t at, low = 0;

	while (n - low > 8) {
		at = low + split(x + low, n - low);
		if (at == k - 1)
			return;
		if (at < k - 1)
			low = at + 1;
		else
			n = at;
	}
	for (size_t i = low + 1; i < n; i++)
		for (size_t j = i; j > low && x[j] > x[j - 1]; j--)
			swap(&x[j], &x[j - 1]);
}

static void
sort_falling(uint64_t *x, size_t n)
{
	while (n > 16) {
		size_t at = split(x, n);

		if (at < n / 2) {
			sort_falling(x, at);
			x += at + 1;
			n -= at + 1;
		} else {
			sort_falling(x + at + 1, n - at - 1);
			n = at;
		}
	}
	for (size_t i = 1; i < n; i++) {
		uint64_t v = x[i];
		size_t j = i;

		for (; j > 0 && x[j - 1] < v; j--)
			x[j] = x[j - 1];
		x[j] = v;
	}
}

/* Whether one of STEP cosines is above least; without a branch, for the vectoriser. */
static bool
any_above(const float *c, float least)
{
	int above = 0;

	for (int i = 0; i < STEP; i++)
		above |= c[i] > least;
	return above != 0;
}

/* Keeps the best only. */
static void
thin_out(struct best *b, size_t most)
{
	if (b->count <= most)
		return;
	select_best(b->key, b->count, most);
	b->count = most;
	b->least = key_cosine(b->key[most - 1]);
}

/*
 * Takes what is better than the least one kept from the cosines of bank rows first..first+count-1.
 * Positions rise, so a cosine equal to the least one kept comes too late.
 */
static void
collect(struct best *b, const float *c, size_t count, size_t first, size_t most)
{
	for (size_t i = 0; i < count; i += STEP) {
		const size_t end = i + STEP < count ? i + STEP : count;

		if (end == i + STEP && !any_above(c + i, b->least))
			continue;
		for (size_t j = i; j < end; j++) {	/* writes all, keeps some: no branch */
			b->key[b->count] = make_key(c[j], first + j);
			b->count += c[j] > b->least;
		}
		if (b->count >= 2 * most)
			thin_out(b, most);
	}
}

/* The label with the largest sum of votes, the lowest of equals. */
static int32_t
winner(const double *score, int classes)
{
	int32_t top = 0;

	for (int32_t c = 1; c < classes; c++)
		if (score[c] > score[top])
			top = c;
	return top;
}

/* Fills in all (k, t) for query i of the job from its best keys, sorted. */
static void
vote(const struct job *job, size_t i, const uint64_t *key, double *score)
{
	const struct ss_knn *knn = job->knn;
	const double top = (double)key_cosine(key[0]);

	for (int t = 0; t < knn->ts; t++) {
		size_t used = 0;

		memset(score, 0, (size_t)knn->classes * sizeof(*score));
		for (int o = 0; o < knn->ks; o++) {
			const int which = knn->order[o];

			for (; used < (size_t)knn->k[which]; used++)
				score[knn->label[key_position(key[used])]] +=
				    exp(((double)key_cosine(key[used]) - top) / knn->t[t]);
			job->predicted[((size_t)which * (size_t)knn->ts + (size_t)t) * job->m + i] =
			    winner(score, knn->classes);
		}
	}
}

static void
predict_tile(void *arg, size_t piece, int worker)
{
	const struct job *job = arg;
	const struct ss_knn *knn = job->knn;
	struct scratch *s = &knn->scratch[worker];
	const size_t first = piece * QUERIES;
	const size_t rows = job->m - first < QUERIES ? job->m - first : QUERIES;

	for (size_t i = 0; i < rows; i++)
		s->best[i] = (struct best){ s->key + i * knn->room, 0, -INFINITY };
	for (size_t b = 0; b < knn->n; b += BANKS) {
		const size_t cols = knn->n - b < BANKS ? knn->n - b : BANKS;

		ss_gemm(false, true, (int)rows, (int)cols, (int)knn->d, 1,
		    job->query + first * knn->d, (int)knn->d, knn->bank + b * knn->d, (int)knn->d,
		    0, s->cosine, BANKS);
		for (size_t i = 0; i < rows; i++) {
			float *cosine = s->cosine + i * BANKS;

			if (job->skip != NULL && job->skip[first + i] - b < cols)
				cosine[job->skip[first + i] - b] = -INFINITY;
			collect(&s->best[i], cosine, cols, b, knn->most);
		}
	}
	for (size_t i = 0; i < rows; i++) {
		struct best *best = &s->best[i];

		thin_out(best, knn->most);
		SS_BUG_IF(best->count < knn->most);
		sort_falling(best->key, knn->most);
		vote(job, first + i, best->key, s->score);
	}
}

int
ss_knn_predict(struct ss_knn *knn, const float *query, size_t m, const size_t *skip,
    int32_t *predicted, struct ss_err *e)
{
	struct job job = { knn, query, skip, predicted, m };

	if (skip != NULL && knn->most == knn->n)
		for (size_t i = 0; i < m; i++)
			if (skip[i] < knn->n)
				return ss_fail(e, SS_EUSAGE, "k is %zu, but without the query "
				    "itself the bank has %zu records", knn->most, knn->n - 1);
	ss_pool_run(knn->pool, (m + QUERIES - 1) / QUERIES, predict_tile, &job);
	return 0;
}

static int
make_scratch(struct ss_knn *knn)
{
	int threads = ss_pool_threads(knn->pool);
	size_t keys;

	knn->scratch = calloc((size_t)threads, sizeof(*knn->scratch));
	if (knn->scratch == NULL || !ss_mul(knn->room, QUERIES, &keys))
		return -1;
	for (int i = 0; i < threads; i++) {
		struct scratch *s = &knn->scratch[i];

		s->cosine = ss_alloc((size_t)QUERIES * BANKS, sizeof(*s->cosine));
		s->key = ss_alloc(keys, sizeof(*s->key));
		s->best = ss_alloc(QUERIES, sizeof(*s->best));
		s->score = ss_alloc((size_t)knn->classes, sizeof(*s->score));
		if (s->cosine == NULL || s->key == NULL || s->best == NULL || s->score == NULL)
			return -1;
	}
	return 0;
}

/* Copies the lists; order[] sorts k[] by insertion, the lists being short. */
static int
copy_question(struct ss_knn *knn, const struct ss_knn_question *q)
{
	knn->k = ss_alloc((size_t)q->ks, sizeof(*knn->k));
	knn->order = ss_alloc((size_t)q->ks, sizeof(*knn->order));
	knn->t = ss_alloc((size_t)q->ts, sizeof(*knn->t));
	if (knn->k == NULL || knn->order == NULL || knn->t == NULL)
		return -1;
	memcpy(knn->t, q->t, (size_t)q->ts * sizeof(*knn->t));
	for (int i = 0; i < q->ks; i++) {
		int j = i;

		knn->k[i] = q->k[i];
		for (; j > 0 && knn->k[knn->order[j - 1]] > q->k[i]; j--)
			knn->order[j] = knn->order[j - 1];
		knn->order[j] = i;
	}
	knn->ks = q->ks;
	knn->ts = q->ts;
	knn->most = (size_t)knn->k[knn->order[q->ks - 1]];
	knn->room = 2 * knn->most + STEP;	/* thinned out at 2 most; a step may overrun that */
	return 0;
}

int
ss_knn_create(struct ss_knn **out, struct ss_pool *p, const float *bank, const int32_t *label,
    size_t n, size_t d, const struct ss_knn_question *q, struct ss_err *e)
{
	struct ss_knn *knn;

	*out = NULL;
	if (n < 1 || d < 1 || q->ks < 1 || q->ts < 1)
		return ss_fail(e, SS_EUSAGE, "the bank is empty");
	if (n > UINT32_MAX || d > INT_MAX)
		return ss_fail(e, SS_EUSAGE, "a bank of %zu x %zu is too large", n, d);
	for (int i = 0; i < q->ks; i++)
		if (q->k[i] < 1 || (unsigned long long)q->k[i] > n)
			return ss_fail(e, SS_EUSAGE, "k is %lld, but the bank has %zu records",
			    q->k[i], n);
	for (int i = 0; i < q->ts; i++)
		if (!(q->t[i] > 0))
			return ss_fail(e, SS_EUSAGE, "temperature %g is not above 0", q->t[i]);
	knn = calloc(1, sizeof(*knn));
	if (knn == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	knn->pool = p;
	knn->bank = bank;
	knn->label = label;
	knn->n = n;
	knn->d = d;
	for (size_t i = 0; i < n; i++) {
		if (label[i] < 0 || label[i] == INT32_MAX) {
			ss_knn_free(knn);
			return ss_fail(e, SS_EUSAGE, "bank record %zu has no label", i);
		}
		if (label[i] >= knn->classes)
			knn->classes = label[i] + 1;
	}
	if (copy_question(knn, q) < 0 || make_scratch(knn) < 0) {
		ss_knn_free(knn);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	*out = knn;
	return 0;
}

int
ss_knn_classes(const struct ss_knn *knn)
{
	return knn->classes;
}

void
ss_knn_free(struct ss_knn *knn)
{
	if (knn == NULL)
		return;
	for (int i = 0; knn->scratch != NULL && i < ss_pool_threads(knn->pool); i++) {
		free(knn->scratch[i].cosine);
		free(knn->scratch[i].key);
		free(knn->scratch[i].best);
		free(knn->scratch[i].score);
	}
	free(knn->scratch);
	free(knn->k);
	free(knn->order);
	free(knn->t);
	free(knn);
}

struct rows {
	float *x;
	size_t n, d;
	const double *mean;	/* to subtract */
	atomic_size_t bad;	/* the first row that is not finite, or n */
};

enum { UNIT_ROWS = 1024 };

static void
scale_rows(void *arg, size_t piece, int worker)
{
	struct rows *r = arg;
	size_t end = (piece + 1) * UNIT_ROWS < r->n ? (piece + 1) * UNIT_ROWS : r->n;

	(void)worker;
	for (size_t i = piece * UNIT_ROWS; i < end; i++) {
		float *row = r->x + i * r->d;
		double sum = 0, scale;

		for (size_t j = 0; j < r->d; j++)
			sum += (double)row[j] * (double)row[j];
		if (!isfinite(sum)) {
			size_t bad = atomic_load(&r->bad);

			while (i < bad && !atomic_compare_exchange_weak(&r->bad, &bad, i))
				;
			return;
		}
		scale = sum < 1e-24 ? 0 : 1 / sqrt(sum);
		for (size_t j = 0; j < r->d; j++)
			row[j] = (float)((double)row[j] * scale);
	}
}

size_t
ss_unit_rows(struct ss_pool *p, float *x, size_t n, size_t d)
{
	struct rows r = { .x = x, .n = n, .d = d };

	atomic_init(&r.bad, n);
	ss_pool_run(p, (n + UNIT_ROWS - 1) / UNIT_ROWS, scale_rows, &r);
	return atomic_load(&r.bad);
}

static void
subtract_row(void *arg, size_t piece, int worker)
{
	struct rows *r = arg;
	size_t end = (piece + 1) * UNIT_ROWS < r->n ? (piece + 1) * UNIT_ROWS : r->n;

	(void)worker;
	for (size_t i = piece * UNIT_ROWS; i < end; i++)
		for (size_t j = 0; j < r->d; j++)
			r->x[i * r->d + j] = (float)((double)r->x[i * r->d + j] - r->mean[j]);
}

void
ss_subtract_row(struct ss_pool *p, float *x, size_t n, size_t d, const double *mean)
{
	struct rows r = { .x = x, .n = n, .d = d, .mean = mean };

	ss_pool_run(p, (n + UNIT_ROWS - 1) / UNIT_ROWS, subtract_row, &r);
}

void
ss_mean_row(const float *x, size_t n, size_t d, double *mean)
{
	memset(mean, 0, d * sizeof(*mean));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < d; j++)
			mean[j] += (double)x[i * d + j];
	for (size_t j = 0; j < d; j++)
		mean[j] /= (double)n;
}

int
ss_knn_count(struct ss_pool *p, float *bank, const int32_t *bank_label, size_t n, float *query,
    const int32_t *query_label, size_t m, size_t d, const struct ss_knn_question *q,
    size_t *correct, struct ss_err *e)
{
	struct ss_knn *knn = NULL;
	size_t bad, sets = (size_t)q->ks * (size_t)q->ts;
	int32_t *predicted;
	int r;

	if ((bad = ss_unit_rows(p, bank, n, d)) < n)
		return ss_fail(e, SS_ENONFINITE, "bank record %zu is not finite", bad);
	if ((bad = ss_unit_rows(p, query, m, d)) < m)
		return ss_fail(e, SS_ENONFINITE, "query record %zu is not finite", bad);
	predicted = ss_alloc(m, sets * sizeof(*predicted));
	if (predicted == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	r = ss_knn_create(&knn, p, bank, bank_label, n, d, q, e);
	if (r == 0)
		r = ss_knn_predict(knn, query, m, NULL, predicted, e);
	for (size_t s = 0; r == 0 && s < sets; s++) {
		correct[s] = 0;
		for (size_t i = 0; i < m; i++)
			correct[s] += predicted[s * m + i] == query_label[i];
	}
	ss_knn_free(knn);
	free(predicted);
	return r;
}
