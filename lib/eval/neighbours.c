/*
 * neighbours.c - the k nearest rows of a bank, by cosine, for each of many queries
 *
 * A piece of work is a tile of queries, which walks over the bank tile by tile: cosines by
 * the kernels' dots, then what beats the k-th best so far is kept. The n x m matrix of
 * cosines never exists.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/nearest.h"
#include "eval/neighbours.h"
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
};

struct ss_neighbours {
	struct ss_pool *pool;
	const struct ss_kernels *kern;
	float *bank;		/* (n,d), in packed panels of kern->dots_cols rows */
	float *rest;		/* the last panel, if the bank's rows do not fill it */
	size_t n, d, most;
	size_t rows, cols;	/* of a tile of cosines: QUERIES and BANKS, in whole kernels' tiles */
	struct scratch *scratch;	/* one per thread */
};

struct job {
	struct ss_neighbours *s;
	const float *query;
	const size_t *skip;
	size_t m;
	void (*take)(void *arg, size_t query, const uint64_t *key, int worker);
	void *arg;
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

static void
pack_panel(void *arg, size_t piece, int worker)
{
	struct ss_neighbours *s = arg;
	const size_t width = (size_t)s->kern->dots_cols, first = piece * width;
	float *panel = s->scratch[worker].panel, *x = s->bank + first * s->d;

	if (s->n - first < width) {
		ss_pack_rows(x, s->n - first, s->d, width, s->rest);
		return;
	}
	ss_pack_rows(x, width, s->d, width, panel);
	memcpy(x, panel, width * s->d * sizeof(*x));
}

/*
 * Cosines of the packed queries, `rows` of them, with bank rows first..first+count-1. The bank
 * comes from far away: while one panel is used, the next one is fetched, a share in each round.
 */
static void
multiply(const struct ss_neighbours *s, const struct scratch *w, size_t rows, size_t first, size_t count)
{
	const struct ss_kernels *kern = s->kern;
	const size_t height = (size_t)kern->dots_rows, width = (size_t)kern->dots_cols, d = s->d;
	const size_t rounds = (rows + height - 1) / height;

	for (size_t j = 0; j < d; j += DEPTH) {
		const size_t depth = ss_least(DEPTH, d - j), share = depth * width / rounds + LINE;

		for (size_t c = 0; c < count; c += width) {
			const size_t left = s->n - (first + c);
			const float *panel = (left < width ? s->rest : s->bank + (first + c) * d) +
			    j * width;
			const float *next = left < 2 * width ? panel : panel + d * width;

			for (size_t r = 0; r < rows; r += height) {
				for (size_t i = 0; i < share; i += LINE)
					__builtin_prefetch(next + r / height * share + i);
				kern->dots((int)depth, w->query + r * d + j * height, panel, j > 0,
				    w->cosine + r * s->cols + c, s->cols);
			}
		}
	}
}

static void
find_tile(void *arg, size_t piece, int worker)
{
	const struct job *job = arg;
	const struct ss_neighbours *s = job->s;
	const size_t height = (size_t)s->kern->dots_rows;
	const size_t first = piece * QUERIES, rows = ss_least(QUERIES, job->m - first);
	struct scratch *w = &s->scratch[worker];

	for (size_t i = 0; i < rows; i++)
		w->best[i] = (struct best){ w->key + i * 2 * s->most, 0, -INFINITY };
	for (size_t i = 0; i < rows; i += height)
		ss_pack_rows(job->query + (first + i) * s->d, ss_least(height, rows - i), s->d, height,
		    w->query + i * s->d);
	for (size_t b = 0; b < s->n; b += s->cols) {
		const size_t cols = ss_least(s->cols, s->n - b);

		multiply(s, w, rows, b, cols);
		for (size_t i = 0; i < rows; i++) {
			float *c = w->cosine + i * s->cols;

			if (job->skip != NULL && job->skip[first + i] - b < cols)
				c[job->skip[first + i] - b] = -INFINITY;
			collect(&w->best[i], s->most, c, w->at,
			    s->kern->above(c, cols, w->best[i].least, w->at), b);
		}
	}
	for (size_t i = 0; i < rows; i++) {
		struct best *best = &w->best[i];

		thin_out(best, s->most);
		SS_BUG_IF(best->count < s->most);
		ss_near_sort(best->key, s->most);
		job->take(job->arg, first + i, best->key, worker);
	}
}

int
ss_neighbours_find(struct ss_neighbours *s, const float *query, size_t m, const size_t *skip,
    void (*take)(void *arg, size_t query, const uint64_t *key, int worker), void *arg, struct ss_err *e)
{
	struct job job = { s, query, skip, m, take, arg };

	if (skip != NULL && s->most == s->n)
		for (size_t i = 0; i < m; i++)
			if (skip[i] < s->n)
				return ss_fail(e, SS_EUSAGE, "k is %zu, but without the query "
				    "itself the bank has %zu records", s->most, s->n - 1);
	ss_pool_run(s->pool, (m + QUERIES - 1) / QUERIES, find_tile, &job);
	return 0;
}

static int
make_scratch(struct ss_neighbours *s)
{
	const size_t height = (size_t)s->kern->dots_rows, width = (size_t)s->kern->dots_cols;
	const int threads = ss_pool_threads(s->pool);
	size_t query, panel, keys;

	s->rows = (QUERIES + height - 1) / height * height;
	s->cols = (BANKS + width - 1) / width * width;
	s->scratch = calloc((size_t)threads, sizeof(*s->scratch));
	if (s->scratch == NULL || !ss_mul(2 * QUERIES, s->most, &keys) ||
	    !ss_mul(s->rows, s->d, &query) || !ss_mul(width, s->d, &panel))
		return -1;
	s->rest = ss_alloc(panel, sizeof(*s->rest));
	if (s->rest == NULL)
		return -1;
	for (int i = 0; i < threads; i++) {
		struct scratch *w = &s->scratch[i];

		w->query = ss_alloc(query, sizeof(*w->query));
		w->panel = ss_alloc(panel, sizeof(*w->panel));
		w->cosine = ss_alloc(s->rows * s->cols, sizeof(*w->cosine));
		w->at = ss_alloc(s->cols, sizeof(*w->at));
		w->key = ss_alloc(keys, sizeof(*w->key));
		w->best = ss_alloc(QUERIES, sizeof(*w->best));
		if (w->query == NULL || w->panel == NULL || w->cosine == NULL || w->at == NULL ||
		    w->key == NULL || w->best == NULL)
			return -1;
	}
	return 0;
}

int
ss_neighbours_create(struct ss_neighbours **out, struct ss_pool *p, float *bank, size_t n, size_t d,
    size_t k, struct ss_err *e)
{
	struct ss_neighbours *s;

	*out = NULL;
	if (n < 1 || d < 1)
		return ss_fail(e, SS_EUSAGE, "the bank is empty");
	if (n > UINT32_MAX || d > INT_MAX)
		return ss_fail(e, SS_EUSAGE, "a bank of %zu x %zu is too large", n, d);
	if (k < 1 || k > n)
		return ss_fail(e, SS_EUSAGE, "k is %zu, but the bank has %zu records", k, n);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	s->pool = p;
	s->kern = ss_kernels_find(NULL);
	s->bank = bank;
	s->n = n;
	s->d = d;
	s->most = k;
	if (make_scratch(s) < 0) {
		ss_neighbours_free(s);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	ss_pool_run(p, (n + (size_t)s->kern->dots_cols - 1) / (size_t)s->kern->dots_cols, pack_panel, s);
	*out = s;
	return 0;
}

void
ss_neighbours_free(struct ss_neighbours *s)
{
	if (s == NULL)
		return;
	for (int i = 0; s->scratch != NULL && i < ss_pool_threads(s->pool); i++) {
		free(s->scratch[i].query);
		free(s->scratch[i].panel);
		free(s->scratch[i].cosine);
		free(s->scratch[i].at);
		free(s->scratch[i].key);
		free(s->scratch[i].best);
	}
	free(s->scratch);
	free(s->rest);
	free(s);
}
