/*
 * knn.c - weighted k-nearest-neighbour classification by cosine
 *
 * A piece of work is a tile of queries, which walks over the bank tile by tile: cosines by
 * the kernels' dots, then what beats the k-th best so far is kept. The n x m matrix of
 * cosines never exists. Knows nothing of streams: see ss-knn.c.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/knn.h"
#include "eval/nearest.h"
#include "eval/rows.h"
#include "kern/kern.h"

enum {
	QUERIES = 256,		/* in a tile: enough to use each panel often, and small enough to share */
	BANKS = 1024,		/* bank rows in a tile: its cosines, 1 MiB, stay in the level-2 cache */
	DEPTH = 512,		/* features at a time: a panel of them, 64 KiB, stays there too */
	LINE = 16		/* floats in a cache line */
};

/* Of one query: what may still be among its best, without order. */
struct best {
	uint64_t *key;		/* (2 most) */
	size_t count;
	float least;		/* only larger cosines matter */
};

struct scratch {
	float *query;		/* (rows of a tile, d), packed */
	float *panel;		/* (panel, d): a panel being packed */
	float *cosine;		/* (rows of a tile, columns of a tile) */
	uint32_t *at;		/* (columns of a tile): where cosines are large */
	uint64_t *key;		/* (QUERIES, 2 most) */
	struct best *best;	/* (QUERIES) */
	double *score;		/* (classes) */
};

struct ss_knn {
	struct ss_pool *pool;
	const struct ss_kernels *kern;
	float *bank;		/* (n,d), in packed panels of kern->dots_cols rows */
	float *rest;		/* the last panel, if the bank's rows do not fill it */
	const int32_t *label;
	size_t n, d;
	size_t rows, cols;	/* of a tile of cosines: QUERIES and BANKS, in whole kernels' tiles */
	int classes;
	long long *k;		/* in the caller's order */
	int *order;		/* numbers of k[] by rising k */
	int ks;
	double *t;
	int ts;
	size_t most;		/* largest k */
	struct scratch *scratch;	/* one per thread */
};

struct job {
	struct ss_knn *knn;
	const float *query;
	const size_t *skip;
	int32_t *predicted;
	size_t m;
};

/* Keeps the best only. */
static void
thin_out(struct best *b, size_t most)
{
	if (b->count <= most)
		return;
	ss_near_select(b->key, b->count, most);
	b->count = most;
	b->least = ss_near_cosine(b->key[most - 1]);
}

/*
 * Takes what is better than the least one kept from the cosines c of bank rows first..first+count-1.
 * Positions rise, so a cosine equal to the least one kept comes too late.
 */
static void
collect(struct best *b, size_t most, const float *c, const uint32_t *at, size_t count, size_t first)
{
	for (size_t i = 0; i < count; i++) {
		if (!(c[at[i]] > b->least))	/* which may have grown since */
			continue;
		b->key[b->count++] = ss_near_key(c[at[i]], first + at[i]);
		if (b->count == 2 * most)
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
	const double top = (double)ss_near_cosine(key[0]);

	for (int t = 0; t < knn->ts; t++) {
		size_t used = 0;

		memset(score, 0, (size_t)knn->classes * sizeof(*score));
		for (int o = 0; o < knn->ks; o++) {
			const int which = knn->order[o];

			for (; used < (size_t)knn->k[which]; used++)
				score[knn->label[ss_near_position(key[used])]] +=
				    exp(((double)ss_near_cosine(key[used]) - top) / knn->t[t]);
			job->predicted[((size_t)which * (size_t)knn->ts + (size_t)t) * job->m + i] =
			    winner(score, knn->classes);
		}
	}
}

/* Copies rows (count,d) element by element: out (d,width), with 0 for the rows that lack. */
static void
pack(const float *x, size_t count, size_t d, size_t width, float *out)
{
	for (size_t i = 0; i < width; i++)
		for (size_t j = 0; j < d; j++)
			out[j * width + i] = i < count ? x[i * d + j] : 0;
}

static void
pack_panel(void *arg, size_t piece, int worker)
{
	struct ss_knn *knn = arg;
	const size_t width = (size_t)knn->kern->dots_cols, first = piece * width;
	float *panel = knn->scratch[worker].panel, *x = knn->bank + first * knn->d;

	if (knn->n - first < width) {
		pack(x, knn->n - first, knn->d, width, knn->rest);
		return;
	}
	pack(x, width, knn->d, width, panel);
	memcpy(x, panel, width * knn->d * sizeof(*x));
}

/*
 * Cosines of the packed queries, `rows` of them, with bank rows first..first+count-1. The bank
 * comes from far away: while one panel is used, the next one is fetched, a share in each round.
 */
static void
multiply(const struct ss_knn *knn, const struct scratch *s, size_t rows, size_t first, size_t count)
{
	const struct ss_kernels *kern = knn->kern;
	const size_t height = (size_t)kern->dots_rows, width = (size_t)kern->dots_cols, d = knn->d;
	const size_t rounds = (rows + height - 1) / height;

	for (size_t j = 0; j < d; j += DEPTH) {
		const size_t depth = ss_least(DEPTH, d - j), share = depth * width / rounds + LINE;

		for (size_t c = 0; c < count; c += width) {
			const size_t left = knn->n - (first + c);
			const float *panel = (left < width ? knn->rest : knn->bank + (first + c) * d) +
			    j * width;
			const float *next = left < 2 * width ? panel : panel + d * width;

			for (size_t r = 0; r < rows; r += height) {
				for (size_t i = 0; i < share; i += LINE)
					__builtin_prefetch(next + r / height * share + i);
				kern->dots((int)depth, s->query + r * d + j * height, panel, j > 0,
				    s->cosine + r * knn->cols + c, knn->cols);
			}
		}
	}
}

static void
predict_tile(void *arg, size_t piece, int worker)
{
	const struct job *job = arg;
	const struct ss_knn *knn = job->knn;
	const size_t height = (size_t)knn->kern->dots_rows;
	const size_t first = piece * QUERIES, rows = ss_least(QUERIES, job->m - first);
	struct scratch *s = &knn->scratch[worker];

	for (size_t i = 0; i < rows; i++)
		s->best[i] = (struct best){ s->key + i * 2 * knn->most, 0, -INFINITY };
	for (size_t i = 0; i < rows; i += height)
		pack(job->query + (first + i) * knn->d, ss_least(height, rows - i), knn->d, height,
		    s->query + i * knn->d);
	for (size_t b = 0; b < knn->n; b += knn->cols) {
		const size_t cols = ss_least(knn->cols, knn->n - b);

		multiply(knn, s, rows, b, cols);
		for (size_t i = 0; i < rows; i++) {
			float *c = s->cosine + i * knn->cols;

			if (job->skip != NULL && job->skip[first + i] - b < cols)
				c[job->skip[first + i] - b] = -INFINITY;
			collect(&s->best[i], knn->most, c, s->at,
			    knn->kern->above(c, cols, s->best[i].least, s->at), b);
		}
	}
	for (size_t i = 0; i < rows; i++) {
		struct best *best = &s->best[i];

		thin_out(best, knn->most);
		SS_BUG_IF(best->count < knn->most);
		ss_near_sort(best->key, knn->most);
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
	const size_t height = (size_t)knn->kern->dots_rows, width = (size_t)knn->kern->dots_cols;
	const int threads = ss_pool_threads(knn->pool);
	size_t query, panel, keys;

	knn->rows = (QUERIES + height - 1) / height * height;
	knn->cols = (BANKS + width - 1) / width * width;
	knn->scratch = calloc((size_t)threads, sizeof(*knn->scratch));
	if (knn->scratch == NULL || !ss_mul(2 * QUERIES, knn->most, &keys) ||
	    !ss_mul(knn->rows, knn->d, &query) || !ss_mul(width, knn->d, &panel))
		return -1;
	knn->rest = ss_alloc(panel, sizeof(*knn->rest));
	if (knn->rest == NULL)
		return -1;
	for (int i = 0; i < threads; i++) {
		struct scratch *s = &knn->scratch[i];

		s->query = ss_alloc(query, sizeof(*s->query));
		s->panel = ss_alloc(panel, sizeof(*s->panel));
		s->cosine = ss_alloc(knn->rows * knn->cols, sizeof(*s->cosine));
		s->at = ss_alloc(knn->cols, sizeof(*s->at));
		s->key = ss_alloc(keys, sizeof(*s->key));
		s->best = ss_alloc(QUERIES, sizeof(*s->best));
		s->score = ss_alloc((size_t)knn->classes, sizeof(*s->score));
		if (s->query == NULL || s->panel == NULL || s->cosine == NULL || s->at == NULL ||
		    s->key == NULL || s->best == NULL || s->score == NULL)
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
	return 0;
}

int
ss_knn_create(struct ss_knn **out, struct ss_pool *p, float *bank, const int32_t *label, size_t n,
    size_t d, const struct ss_knn_question *q, struct ss_err *e)
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
	knn->kern = ss_kernels_find(NULL);
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
	ss_pool_run(p, (n + (size_t)knn->kern->dots_cols - 1) / (size_t)knn->kern->dots_cols, pack_panel,
	    knn);
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
		free(knn->scratch[i].query);
		free(knn->scratch[i].panel);
		free(knn->scratch[i].cosine);
		free(knn->scratch[i].at);
		free(knn->scratch[i].key);
		free(knn->scratch[i].best);
		free(knn->scratch[i].score);
	}
	free(knn->scratch);
	free(knn->rest);
	free(knn->k);
	free(knn->order);
	free(knn->t);
	free(knn);
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
