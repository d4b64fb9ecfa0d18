/*
 * scaling.c - how features are brought to one scale before a classifier learns from them
 *
 * Sums run over pieces of ROWS records, whatever the number of threads, and the pieces are added in
 * their order.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/rows.h"
#include "eval/scaling.h"

enum { ROWS = 512 };

const char *const ss_scale_names[] = {
	[SS_SCALE_STANDARD] = "standard", [SS_SCALE_UNIT] = "unit", [SS_SCALE_NONE] = "none", NULL
};

/* Columns of x, whose sums are taken piece by piece. */
struct columns {
	const float *x;
	size_t n, d;
	const double *mean;	/* (d), or NULL while it is being computed */
	double *sum;		/* per piece (d): of x, or of squares around the mean */
};

static void
sum_columns(void *arg, size_t piece, int worker)
{
	struct columns *k = arg;
	const size_t end = ss_least((piece + 1) * ROWS, k->n), d = k->d;
	double *sum = k->sum + piece * d;

	(void)worker;
	memset(sum, 0, d * sizeof(*sum));
	for (size_t i = piece * ROWS; i < end; i++) {
		const float *x = k->x + i * d;

		if (k->mean == NULL)
			for (size_t j = 0; j < d; j++)
				sum[j] += (double)x[j];
		else
			for (size_t j = 0; j < d; j++)
				sum[j] += ((double)x[j] - k->mean[j]) * ((double)x[j] - k->mean[j]);
	}
}

/* Means over the records of what sum_columns sums. False if one is not finite. */
static bool
average(struct ss_pool *p, struct columns *k, double *out)
{
	const size_t pieces = (k->n + ROWS - 1) / ROWS;
	bool finite = true;

	ss_pool_run(p, pieces, sum_columns, k);
	for (size_t j = 0; j < k->d; j++)
		out[j] = 0;
	for (size_t i = 0; i < pieces; i++)
		for (size_t j = 0; j < k->d; j++)
			out[j] += k->sum[i * k->d + j];
	for (size_t j = 0; j < k->d; j++) {
		out[j] /= (double)k->n;
		finite &= isfinite(out[j]) != 0;
	}
	return finite;
}

int
ss_scaling_fit(struct ss_scaling *s, enum ss_scale kind, struct ss_pool *p, const float *x, size_t n,
    size_t d, struct ss_err *e)
{
	struct columns k = { .x = x, .n = n, .d = d };
	bool finite;

	*s = (struct ss_scaling){ .kind = kind, .d = d };
	s->mean = ss_alloc(d, sizeof(*s->mean));
	s->scale = ss_alloc(d, sizeof(*s->scale));
	k.sum = ss_alloc(d, (n + ROWS - 1) / ROWS * sizeof(*k.sum));
	if (s->mean == NULL || s->scale == NULL || k.sum == NULL) {
		free(k.sum);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	finite = average(p, &k, s->mean);
	k.mean = s->mean;
	finite = finite && average(p, &k, s->scale);
	free(k.sum);
	if (!finite)
		return ss_fail(e, SS_ENONFINITE, "a feature is not finite");
	for (size_t j = 0; j < d; j++) {
		const double std = sqrt(s->scale[j]);

		/* What varies less than floats of that size can tell apart does not vary. */
		if (std > 0 && std > 1e-7 * fabs(s->mean[j])) {
			s->scale[j] = 1 / std;
		} else {
			s->scale[j] = 0;
			s->constant++;
		}
	}
	return 0;
}

struct rows {
	const struct ss_scaling *s;
	float *x;
	size_t n;
};

static void
scale_rows(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;
	const struct ss_scaling *s = r->s;
	const size_t end = ss_least((piece + 1) * ROWS, r->n), d = s->d;

	(void)worker;
	for (size_t i = piece * ROWS; i < end; i++) {
		float *x = r->x + i * d;

		if (s->kind == SS_SCALE_UNIT)
			(void)ss_unit_row(x, d, x);
		else
			for (size_t j = 0; j < d; j++)
				x[j] = (float)(((double)x[j] - s->mean[j]) * s->scale[j]);
	}
}

void
ss_scaling_apply(const struct ss_scaling *s, struct ss_pool *p, float *x, size_t n)
{
	struct rows r = { s, x, n };

	if (s->kind != SS_SCALE_NONE)
		ss_pool_run(p, (n + ROWS - 1) / ROWS, scale_rows, &r);
}

void
ss_scaling_free(struct ss_scaling *s)
{
	free(s->mean);
	free(s->scale);
	*s = (struct ss_scaling){ 0 };
}
