/*
 * rows.c - matrices of features, row by row: to unit length, to mean 0
 */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/size.h"
#include "eval/rows.h"

struct rows {
	float *x;
	size_t n, d;
	const double *mean;	/* to subtract */
	atomic_size_t bad;	/* the first row that is not finite, or n */
};

enum { PIECE_ROWS = 1024 };

bool
ss_unit_row(const float *row, size_t d, float *out)
{
	double sum = 0, scale;

	for (size_t j = 0; j < d; j++)
		sum += (double)row[j] * (double)row[j];
	if (!isfinite(sum))
		return false;
	scale = sum < 1e-24 ? 0 : 1 / sqrt(sum);
	for (size_t j = 0; j < d; j++)
		out[j] = (float)((double)row[j] * scale);
	return true;
}

static void
scale_rows(void *arg, size_t piece, int worker)
{
	struct rows *r = arg;
	const size_t end = ss_least((piece + 1) * PIECE_ROWS, r->n);

	(void)worker;
	for (size_t i = piece * PIECE_ROWS; i < end; i++) {
		float *row = r->x + i * r->d;

		if (!ss_unit_row(row, r->d, row)) {
			size_t bad = atomic_load(&r->bad);

			while (i < bad && !atomic_compare_exchange_weak(&r->bad, &bad, i))
				;
			return;
		}
	}
}

size_t
ss_unit_rows(struct ss_pool *p, float *x, size_t n, size_t d)
{
	struct rows r = { .x = x, .n = n, .d = d };

	atomic_init(&r.bad, n);
	ss_pool_run(p, (n + PIECE_ROWS - 1) / PIECE_ROWS, scale_rows, &r);
	return atomic_load(&r.bad);
}

static void
subtract_row(void *arg, size_t piece, int worker)
{
	struct rows *r = arg;
	const size_t end = ss_least((piece + 1) * PIECE_ROWS, r->n);

	(void)worker;
	for (size_t i = piece * PIECE_ROWS; i < end; i++)
		for (size_t j = 0; j < r->d; j++)
			r->x[i * r->d + j] = (float)((double)r->x[i * r->d + j] - r->mean[j]);
}

void
ss_subtract_row(struct ss_pool *p, float *x, size_t n, size_t d, const double *mean)
{
	struct rows r = { .x = x, .n = n, .d = d, .mean = mean };

	ss_pool_run(p, (n + PIECE_ROWS - 1) / PIECE_ROWS, subtract_row, &r);
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

void
ss_pack_rows(const float *rows, size_t count, size_t d, size_t width, float *out)
{
	for (size_t i = 0; i < width; i++)
		for (size_t j = 0; j < d; j++)
			out[j * width + i] = i < count ? rows[i * d + j] : 0;
}
