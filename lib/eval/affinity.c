/*
 * affinity.c - which points are each other's neighbours, and how much
 *
 * Neighbours are found by |a|^2 + |b|^2 - 2 ab in floats, tile by tile, and their distances then
 * computed again from the differences, in double: the first form loses what is common to both.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/affinity.h"
#include "eval/rows.h"
#include "kern/gemm.h"

enum {
	ROWS = 128, COLUMNS = 1024,	/* of a tile of products, 512 KiB */
	HALVINGS = 100			/* of the interval for b */
};
static const double ENTROPY_ERROR = 1e-5;	/* both as in the authors' program */
static const float FAR = 1e37f;			/* of squared lengths: four of them still are a float */

struct near {
	float distance;
	uint32_t at;
};

struct search {
	const float *x;
	size_t n, d, k;
	double entropy;		/* wanted */
	float *square;		/* (n): |x|^2 */
	float *tile;		/* (threads, ROWS, COLUMNS) */
	struct near *heap;	/* (threads, ROWS, k) */
	double *distance;	/* (threads, k) */
	uint32_t *to;		/* (n,k): neighbours, rising */
	double *p;		/* (n,k): p(j|i) */
};

size_t
ss_affinity_neighbours(size_t n, double perplexity)
{
	return (size_t)fmin((double)n - 1, 3 * perplexity + 1);
}

/* Places v into the heap of k, whose largest is at the top, instead of that. */
static void
replace_top(struct near *heap, size_t k, struct near v)
{
	size_t at = 0;

	for (size_t child; (child = 2 * at + 1) < k; at = child) {
		child += child + 1 < k && heap[child + 1].distance > heap[child].distance;
		if (heap[child].distance <= v.distance)
			break;
		heap[at] = heap[child];
	}
	heap[at] = v;
}

static int
by_place(const void *a, const void *b)
{
	const uint32_t x = ((const struct near *)a)->at, y = ((const struct near *)b)->at;

	return (x > y) - (x < y);
}

/*
 * p(.|i) from squared distances (k): by halving the interval in which b must be. Distances count from
 * the least one, which changes nothing and keeps the sum from vanishing.
 */
static void
calibrate(const double *distance, size_t k, double entropy, double *p)
{
	double b = 1, lo = 0, hi = INFINITY, least = INFINITY, sum = 1;

	for (size_t j = 0; j < k; j++)
		least = fmin(least, distance[j]);
	for (int i = 0; i < HALVINGS; i++) {
		double mean = 0, error;

		sum = 0;
		for (size_t j = 0; j < k; j++) {
			const double more = distance[j] - least;

			p[j] = exp(-more * b);
			sum += p[j];
			mean += more * p[j];
		}
		error = log(sum) + b * mean / sum - entropy;
		if (fabs(error) <= ENTROPY_ERROR)
			break;
		if (error > 0)
			lo = b;
		else
			hi = b;
		b = isinf(hi) ? 2 * b : (lo + hi) / 2;
	}
	for (size_t j = 0; j < k; j++)
		p[j] /= sum;
}

static void
find_neighbours(void *arg, size_t piece, int worker)
{
	const struct search *s = arg;
	const size_t first = piece * ROWS, rows = ss_least(ROWS, s->n - first), d = s->d, k = s->k;
	float *tile = s->tile + (size_t)worker * ROWS * COLUMNS;
	struct near *heap = s->heap + (size_t)worker * ROWS * k;
	double *distance = s->distance + (size_t)worker * k;

	for (size_t i = 0; i < rows * k; i++)
		heap[i] = (struct near){ INFINITY, UINT32_MAX };
	for (size_t column = 0; column < s->n; column += COLUMNS) {
		const size_t count = ss_least(COLUMNS, s->n - column);

		ss_gemm(false, true, (int)rows, (int)count, (int)d, 1, s->x + first * d, (int)d,
		    s->x + column * d, (int)d, 0, tile, COLUMNS);
		for (size_t i = 0; i < rows; i++)
			for (size_t j = 0; j < count; j++) {
				const float far = s->square[column + j] - 2 * tile[i * COLUMNS + j];

				if (far < heap[i * k].distance && column + j != first + i)
					replace_top(heap + i * k, k, (struct near){ far, (uint32_t)(column + j) });
			}
	}
	for (size_t i = 0; i < rows; i++) {
		const float *a = s->x + (first + i) * d;

		qsort(heap + i * k, k, sizeof(*heap), by_place);
		for (size_t j = 0; j < k; j++) {
			const float *b = s->x + heap[i * k + j].at * d;
			double sum = 0;

			for (size_t l = 0; l < d; l++)
				sum += ((double)a[l] - (double)b[l]) * ((double)a[l] - (double)b[l]);
			distance[j] = sum;
			s->to[(first + i) * k + j] = heap[i * k + j].at;
		}
		calibrate(distance, k, s->entropy, s->p + (first + i) * k);
	}
}

/* Where j stands among the neighbours of i, or SIZE_MAX. */
static size_t
place_of(const struct search *s, size_t i, uint32_t j)
{
	const uint32_t *to = s->to + i * s->k;
	size_t lo = 0, hi = s->k;

	while (lo < hi) {
		const size_t middle = (lo + hi) / 2;

		if (to[middle] < j)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < s->k && to[lo] == j ? i * s->k + lo : SIZE_MAX;
}

/* A row has its own neighbours first, and then those that have it for one, but not it them. */
static int
make_symmetric(const struct search *s, struct ss_affinity *a, struct ss_err *e)
{
	const size_t n = s->n, k = s->k;
	size_t *fill;

	*a = (struct ss_affinity){ .n = n, .begin = ss_alloc(n + 1, sizeof(*a->begin)) };
	fill = ss_alloc(n, sizeof(*fill));
	if (a->begin == NULL || fill == NULL)
		goto fail;
	for (size_t i = 0; i < n; i++)
		a->begin[i + 1] = k;
	for (size_t i = 0; i < n * k; i++)
		if (place_of(s, s->to[i], (uint32_t)(i / k)) == SIZE_MAX)
			a->begin[s->to[i] + 1]++;
	for (size_t i = 0; i < n; i++)
		a->begin[i + 1] += a->begin[i];
	a->to = ss_alloc(a->begin[n], sizeof(*a->to));
	a->p = ss_alloc(a->begin[n], sizeof(*a->p));
	if (a->to == NULL || a->p == NULL)
		goto fail;
	for (size_t i = 0; i < n; i++)
		fill[i] = a->begin[i] + k;
	for (size_t i = 0; i < n * k; i++) {
		const uint32_t from = (uint32_t)(i / k), to = s->to[i];
		const size_t own = a->begin[from] + i % k, other = place_of(s, to, from);

		a->to[own] = to;
		a->p[own] = (s->p[i] + (other == SIZE_MAX ? 0 : s->p[other])) / (2 * (double)n);
		if (other == SIZE_MAX) {
			a->to[fill[to]] = from;
			a->p[fill[to]++] = a->p[own];
		}
	}
	free(fill);
	return 0;
fail:
	free(fill);
	ss_affinity_free(a);
	return ss_fail(e, SS_EIO, "out of memory for the neighbours of %zu points", n);
}

int
ss_affinity_create(struct ss_affinity *a, struct ss_pool *p, float *x, size_t n, size_t d,
    double perplexity, struct ss_err *e)
{
	const size_t threads = (size_t)ss_pool_threads(p), k = ss_affinity_neighbours(n, perplexity);
	struct search s = { .x = x, .n = n, .d = d, .k = k, .entropy = log(perplexity) };
	double *mean;
	int r;

	*a = (struct ss_affinity){ 0 };
	if (!(perplexity >= 1 && perplexity < (double)n) || n > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "%zu records: a perplexity of %g needs more", n, perplexity);
	mean = ss_alloc(d, sizeof(*mean));
	s.square = ss_alloc(n, sizeof(*s.square));
	s.tile = ss_alloc(threads * ROWS * COLUMNS, sizeof(*s.tile));
	s.heap = ss_alloc(threads * ROWS * k, sizeof(*s.heap));
	s.distance = ss_alloc(threads * k, sizeof(*s.distance));
	s.to = ss_alloc(n, k * sizeof(*s.to));
	s.p = ss_alloc(n, k * sizeof(*s.p));
	if (mean == NULL || s.square == NULL || s.tile == NULL || s.heap == NULL || s.distance == NULL ||
	    s.to == NULL || s.p == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory for the neighbours of %zu points", n);
		goto end;
	}
	ss_mean_row(x, n, d, mean);
	ss_subtract_row(p, x, n, d, mean);
	for (size_t i = 0; i < n; i++) {
		double sum = 0;

		for (size_t j = 0; j < d; j++)
			sum += (double)x[i * d + j] * (double)x[i * d + j];
		s.square[i] = (float)sum;
		if (!(s.square[i] < FAR)) {
			r = ss_fail(e, SS_ENONFINITE, "record %zu is too far from the others to have neighbours", i);
			goto end;
		}
	}
	ss_pool_run(p, (n + ROWS - 1) / ROWS, find_neighbours, &s);
	r = make_symmetric(&s, a, e);
end:
	free(mean);
	free(s.square);
	free(s.tile);
	free(s.heap);
	free(s.distance);
	free(s.to);
	free(s.p);
	return r;
}

void
ss_affinity_free(struct ss_affinity *a)
{
	free(a->begin);
	free(a->to);
	free(a->p);
	*a = (struct ss_affinity){ 0 };
}
