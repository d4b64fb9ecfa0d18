/*
 * pairs.c - all pairs of rows whose cosine is at or above a threshold
 *
 * The upper triangle of the matrix of cosines is cut into squares of BLOCK rows and columns, a piece of work each. A square is made
 * in stripes of STRIPE rows, which stay in the cache; what is not close to the threshold is forgotten with them.
 */
#include <limits.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/pairs.h"
#include "eval/rows.h"
#include "kern/kern.h"

enum {
	BLOCK = 1024,
	STRIPE = 256,
	DEPTH = 512,		/* features at a time: a panel of them, 64 KiB, stays in the level-2 cache */
	BATCH = 256		/* pieces between two calls of progress */
};

struct scratch {
	float *columns;		/* (columns of a block, d), packed in panels */
	float *rows;		/* (rows of a stripe, d), packed */
	float *cosine;		/* (rows of a stripe, columns of a block) */
	uint32_t *at;		/* (columns of a block): where cosines are large */
	struct ss_pair *pair;
	size_t n, room;
};

struct search {
	const struct ss_kernels *kern;
	const float *x;
	size_t n, d;
	size_t height, width;	/* of a stripe and of a block, in whole kernels' tiles */
	double *square;		/* (n): of each row's length */
	double threshold;
	float least;		/* the threshold, less what floats may be wrong by */
	size_t most;
	atomic_size_t found;	/* by all threads */
	size_t first;		/* piece of the batch */
	atomic_bool starved;
	struct scratch *scratch;	/* one per thread */
};

int
ss_pair_order(const void *x, const void *y)
{
	const struct ss_pair *p = x, *q = y;

	if (p->cosine != q->cosine)
		return p->cosine > q->cosine ? -1 : 1;
	if (p->a != q->a)
		return p->a < q->a ? -1 : 1;
	return (p->b > q->b) - (p->b < q->b);
}

/* Products of floats are exact in doubles; only their sum rounds, in four interleaved parts. */
static double
dot(const float *a, const float *b, size_t d)
{
	double sum[4] = { 0 };
	size_t i;

	for (i = 0; i + 4 <= d; i += 4)
		for (size_t j = 0; j < 4; j++)
			sum[j] += (double)a[i + j] * (double)b[i + j];
	for (; i < d; i++)
		sum[0] += (double)a[i] * (double)b[i];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Of equal rows all three are equal, and so is the root of the product of two of them. */
static double
quotient(double ab, double aa, double bb)
{
	const double length = sqrt(aa * bb);

	return length > 0 ? fmax(-1, fmin(1, ab / length)) : 0;
}

double
ss_pair_cosine(const float *a, const float *b, size_t d)
{
	return quotient(dot(a, b, d), dot(a, a, d), dot(b, b, d));
}

static void
measure_block(void *arg, size_t piece, int worker)
{
	struct search *s = arg;

	(void)worker;
	for (size_t i = piece * BLOCK; i < s->n && i < (piece + 1) * BLOCK; i++)
		s->square[i] = dot(s->x + i * s->d, s->x + i * s->d, s->d);
}

static void
pack_all(const struct search *s, size_t first, size_t count, size_t width, float *out)
{
	for (size_t i = 0; i < count; i += width)
		ss_pack_rows(s->x + (first + i) * s->d, ss_least(width, count - i), s->d, width, out + i * s->d);
}

static void
multiply(const struct search *s, const struct scratch *w, size_t rows, size_t columns)
{
	const size_t height = (size_t)s->kern->dots_rows, width = (size_t)s->kern->dots_cols;

	for (size_t j = 0; j < s->d; j += DEPTH)
		for (size_t c = 0; c < columns; c += width)
			for (size_t r = 0; r < rows; r += height)
				s->kern->dots((int)ss_least(DEPTH, s->d - j), w->rows + r * s->d + j * height,
				    w->columns + c * s->d + j * width, j > 0, w->cosine + r * s->width + c, s->width);
}

/* Of n candidates of row a in a block that begins at row first, those that are pairs. */
static int
take(struct search *s, struct scratch *w, size_t a, size_t first, size_t n)
{
	const size_t before = w->n;

	for (size_t i = 0; i < n; i++) {
		const size_t b = first + w->at[i];
		double cosine;

		if (b <= a)
			continue;
		cosine = quotient(dot(s->x + a * s->d, s->x + b * s->d, s->d), s->square[a], s->square[b]);
		if (!(cosine >= s->threshold))
			continue;
		if (w->n == w->room) {
			const size_t room = ss_least(w->room + w->room / 2 + 1024, s->most + 1);
			struct ss_pair *p = w->n > s->most ? NULL : realloc(w->pair, room * sizeof(*p));

			if (p == NULL)
				return -1;
			w->pair = p;
			w->room = room;
		}
		w->pair[w->n++] = (struct ss_pair){ cosine, (uint32_t)a, (uint32_t)b };
		if (w->n > s->most)
			break;
	}
	s->found += w->n - before;
	return 0;
}

/* The place of square `piece` of the triangle: 0 at (0,0), 1 at (0,1), 2 at (1,1), 3 at (0,2) ... */
static void
place(size_t piece, size_t *row, size_t *column)
{
	size_t c = (size_t)((sqrt(8 * (double)piece + 1) - 1) / 2);

	while (c * (c + 1) / 2 > piece)
		c--;
	while ((c + 1) * (c + 2) / 2 <= piece)
		c++;
	*column = c;
	*row = piece - c * (c + 1) / 2;
}

static void
search_block(void *arg, size_t piece, int worker)
{
	struct search *s = arg;
	struct scratch *w = &s->scratch[worker];
	size_t row, column, columns, rows;

	place(s->first + piece, &row, &column);
	columns = ss_least(BLOCK, s->n - column * BLOCK);
	rows = ss_least(BLOCK, s->n - row * BLOCK);
	pack_all(s, column * BLOCK, columns, (size_t)s->kern->dots_cols, w->columns);
	for (size_t r = 0; r < rows; r += STRIPE) {
		const size_t first = row * BLOCK + r, count = ss_least(STRIPE, rows - r);

		if (s->found > s->most || s->starved)
			return;
		pack_all(s, first, count, (size_t)s->kern->dots_rows, w->rows);
		multiply(s, w, count, columns);
		for (size_t i = 0; i < count; i++) {
			const size_t n = s->kern->above(w->cosine + i * s->width, columns, s->least, w->at);

			if (take(s, w, first + i, column * BLOCK, n) < 0) {
				s->starved = true;
				return;
			}
			if (s->found > s->most)
				return;
		}
	}
}

static int
make_scratch(struct search *s, int threads)
{
	size_t rows, columns;

	s->scratch = calloc((size_t)threads, sizeof(*s->scratch));
	s->square = ss_alloc(s->n, sizeof(*s->square));
	if (s->scratch == NULL || s->square == NULL || !ss_mul(s->height, s->d, &rows) || !ss_mul(s->width, s->d, &columns))
		return -1;
	for (int i = 0; i < threads; i++) {
		struct scratch *w = &s->scratch[i];

		w->columns = ss_alloc(columns, sizeof(*w->columns));
		w->rows = ss_alloc(rows, sizeof(*w->rows));
		w->cosine = ss_alloc(s->height * s->width, sizeof(*w->cosine));
		w->at = ss_alloc(s->width, sizeof(*w->at));
		if (w->columns == NULL || w->rows == NULL || w->cosine == NULL || w->at == NULL)
			return -1;
	}
	return 0;
}

static void
free_scratch(struct scratch *w)
{
	free(w->columns);
	free(w->rows);
	free(w->cosine);
	free(w->at);
	w->columns = w->rows = w->cosine = NULL;
	w->at = NULL;
}

/* The lists of all threads as one. */
static int
gather(struct search *s, int threads, struct ss_pair **out)
{
	struct ss_pair *all = realloc(s->scratch[0].pair, (s->found + 1) * sizeof(*all));
	size_t n = s->scratch[0].n;

	if (all == NULL)
		return -1;
	s->scratch[0].pair = NULL;
	for (int i = 1; i < threads; i++) {
		struct scratch *w = &s->scratch[i];

		if (w->n > 0)
			memcpy(all + n, w->pair, w->n * sizeof(*all));
		n += w->n;
		free(w->pair);
		w->pair = NULL;
	}
	qsort(all, n, sizeof(*all), ss_pair_order);
	*out = all;
	return 0;
}

int
ss_pairs_find(struct ss_pair **out, size_t *count, struct ss_pool *p, const float *x, size_t n, size_t d,
    const struct ss_pairs_question *q, struct ss_err *e)
{
	const int threads = ss_pool_threads(p);
	const size_t blocks = (n + BLOCK - 1) / BLOCK, pieces = blocks * (blocks + 1) / 2;
	struct search s = { .kern = ss_kernels_find(NULL), .x = x, .n = n, .d = d, .threshold = q->threshold, .most = q->most };
	const size_t high = (size_t)s.kern->dots_rows, wide = (size_t)s.kern->dots_cols;
	int r = 0;

	*out = NULL;
	*count = 0;
	if (n > UINT32_MAX || d > INT_MAX)
		return ss_fail(e, SS_EUSAGE, "%zu x %zu embeddings are too many", n, d);
	s.height = (STRIPE + high - 1) / high * high;
	s.width = (BLOCK + wide - 1) / wide * wide;
	/* d roundings of half an ulp each, in the sum; the lengths, too, are 1 but for roundings; twice that to be safe */
	s.least = (float)(q->threshold - ((double)d + 16) * 0x1p-23);
	if (make_scratch(&s, threads) < 0)
		s.starved = true;
	else
		ss_pool_run(p, blocks, measure_block, &s);
	for (; !s.starved && s.found <= s.most && s.first < pieces; s.first += BATCH) {
		ss_pool_run(p, ss_least(BATCH, pieces - s.first), search_block, &s);
		if (q->progress != NULL)
			q->progress(q->arg, ss_least(s.first + BATCH, pieces), pieces);
	}
	for (int i = 0; s.scratch != NULL && i < threads; i++)
		free_scratch(&s.scratch[i]);
	free(s.square);
	if (s.found > s.most)
		r = 1;
	else if (s.starved || s.scratch == NULL || gather(&s, threads, out) < 0)
		r = ss_fail(e, SS_EIO, "out of memory for pairs of %zu x %zu embeddings", n, d);
	else
		*count = s.found;
	for (int i = 0; s.scratch != NULL && i < threads; i++)
		free(s.scratch[i].pair);
	free(s.scratch);
	return r;
}
