/*
 * health.c - measures that tell without labels whether a representation lives
 *
 * Sums are double, over the rows of a piece in their order and then over the pieces in
 * theirs; cosines between rows are gemm's, in float.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/eigen.h"
#include "kern/gemm.h"
#include "ssl/health.h"
#include "ssl/unit.h"

enum {
	ROWS = 64,		/* in a piece of work */
	COLUMNS = 64
};

static const double EPSILON = 1e-7;	/* of RankMe */

/* Cosines that differ by less are tied: some units of the last place of a float near 1. */
static const float TIE = 1e-6f;

static size_t
pieces(size_t n, size_t part)
{
	return (n + part - 1) / part;
}

struct rows {
	const float *z, *other;
	size_t n, d;
	double *norm;			/* (n); or what is summed of each row */
	double *scale;			/* (n): 1 / norm */
	double *deviation, *sum;	/* (d): of the unit rows */
	double *spread;			/* (d): standard deviation of the rows themselves */
};

static void
norms(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;

	(void)worker;
	for (size_t i = piece * ROWS; i < ss_least(r->n, (piece + 1) * ROWS); i++)
		r->scale[i] = 1 / (r->norm[i] = ss_norm(r->z + i * r->d, (int)r->d));
}

/* Deviations are taken from the first row, so that of a constant channel is 0 however large the constant. */
static void
columns(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;
	const size_t from = piece * COLUMNS, end = ss_least(COLUMNS, r->d - from);
	double sum[COLUMNS] = { 0 }, square[COLUMNS] = { 0 }, raw[COLUMNS] = { 0 }, raw_square[COLUMNS] = { 0 };
	const double n = (double)r->n;

	(void)worker;
	for (size_t i = 0; i < r->n; i++) {
		const float *x = r->z + i * r->d + from;

		for (size_t k = 0; k < end; k++) {
			const double v = (double)x[k] * r->scale[i], w = (double)x[k] - (double)r->z[from + k];

			sum[k] += v;
			square[k] += v * v;
			raw[k] += w;
			raw_square[k] += w * w;
		}
	}
	for (size_t k = 0; k < end; k++) {
		const double mean = sum[k] / n, var = square[k] / n - mean * mean;
		const double shift = raw[k] / n, spread = raw_square[k] / n - shift * shift;

		r->sum[from + k] = sum[k];
		r->deviation[from + k] = var > 0 ? sqrt(var) : var < 0 ? 0 : var;	/* NaN stays */
		r->spread[from + k] = spread > 0 ? sqrt(spread) : spread < 0 ? 0 : spread;
	}
}

size_t
ss_health_room(size_t n, size_t d)
{
	return 2 * n + 3 * d;
}

static void
distances(void *arg, size_t piece, int worker)
{
	const struct rows *r = arg;
	const int d = (int)r->d;

	(void)worker;
	for (size_t i = piece * ROWS; i < ss_least(r->n, (piece + 1) * ROWS); i++) {
		const float *a = r->z + i * r->d, *b = r->other + i * r->d;
		const double na = 1 / ss_norm(a, d), nb = 1 / ss_norm(b, d);
		double sum = 0;

		for (int k = 0; k < d; k++) {
			const double c = (double)a[k] * na - (double)b[k] * nb;

			sum += c * c;
		}
		r->norm[i] = sum;
	}
}

double
ss_alignment(const float *a, const float *b, size_t n, size_t d, double *room, struct ss_pool *pool)
{
	struct rows r = { .z = a, .other = b, .n = n, .d = d, .norm = room };
	double sum = 0;

	ss_pool_run(pool, pieces(n, ROWS), distances, &r);
	for (size_t i = 0; i < n; i++)
		sum += room[i];
	return sum / (double)n;
}

void
ss_health_rows(struct ss_health *h, const float *a, const float *b, size_t n, size_t d,
    double *room, struct ss_pool *pool)
{
	struct rows r = { .z = a, .n = n, .d = d, .norm = room, .scale = room + n, .deviation = room + 2 * n,
		.sum = room + 2 * n + d, .spread = room + 2 * n + 2 * d };
	double deviation = 0, square = 0, norm = 0, own = 0;

	*h = (struct ss_health){ .n = n, .d = d, .rank = NAN, .uniformity = NAN, .alignment = NAN, .contrast = NAN };
	ss_pool_run(pool, pieces(n, ROWS), norms, &r);
	ss_pool_run(pool, pieces(d, COLUMNS), columns, &r);
	for (size_t i = 0; i < n; i++) {
		norm += r.norm[i];
		own += r.norm[i] > SS_UNIT_FLOOR;	/* the unit row's product with itself: 1, or nearly 0 */
	}
	for (size_t k = 0; k < d; k++) {
		deviation += r.deviation[k];
		square += r.sum[k] * r.sum[k];
		h->dead += r.spread[k] < SS_DEAD;
	}
	h->std_ratio = deviation / (double)d * sqrt((double)d);
	h->norm = norm / (double)n;
	h->cosine = n < 2 ? NAN : (square - own) / ((double)n * (double)(n - 1));
	if (b != NULL)
		h->alignment = ss_alignment(a, b, n, d, room, pool);
}

int
ss_rankme(double *out, const float *z, size_t n, size_t d, struct ss_pool *pool, struct ss_err *e)
{
	const bool by_rows = n < d;
	const size_t k = by_rows ? n : d;
	size_t cells;
	double *gram = ss_mul(k, k, &cells) ? ss_alloc(cells, sizeof(*gram)) : NULL;
	double *values = ss_alloc(k, sizeof(*values)), sum = 0, entropy = 0;
	int r;

	*out = NAN;
	if (gram == NULL || values == NULL)
		r = ss_fail(e, SS_EIO, "out of memory for the rank of %zu features", d);
	else if ((r = ss_gram(pool, z, n, d, NULL, by_rows, gram, e)) == 0)
		r = ss_eigen_symmetric(pool, gram, k, values, NULL, 0, e);
	for (size_t i = 0; r == 0 && i < k; i++) {
		values[i] = values[i] > 0 ? sqrt(values[i]) : 0;
		sum += values[i];
	}
	for (size_t i = 0; r == 0 && i < k; i++) {
		const double p = (sum > 0 ? values[i] / sum : 0) + EPSILON;

		entropy -= p * log(p);
	}
	if (r == 0)
		*out = sum > 0 ? exp(entropy) : 1;
	free(gram);
	free(values);
	return r;
}

/* Unit rows and their products. */
struct pairs {
	float *u;		/* (m,d) */
	float *s;		/* (threads, ROWS, m): cosines of some rows with others */
	double *sum;		/* (pieces) */
	float *square;		/* (m): |u|^2, 1 but for zeros */
	size_t m, d;
};

static int
make_pairs(struct pairs *p, size_t m, size_t d, struct ss_pool *pool, struct ss_err *e)
{
	size_t cells, room;

	*p = (struct pairs){ .m = m, .d = d };
	if (ss_mul(m, d, &cells) && ss_mul(m, (size_t)ss_pool_threads(pool) * ROWS, &room)) {
		p->u = ss_alloc(cells, sizeof(float));
		p->s = ss_alloc(room, sizeof(float));
		p->square = ss_alloc(m, sizeof(float));
		p->sum = ss_alloc(pieces(m, ROWS), sizeof(double));
	}
	if (p->u == NULL || p->s == NULL || p->square == NULL || p->sum == NULL)
		return ss_fail(e, SS_EIO, "out of memory for pairs of %zu rows of %zu features", m, d);
	return 0;
}

static void
free_pairs(struct pairs *p)
{
	free(p->u);
	free(p->s);
	free(p->square);
	free(p->sum);
}

/* Rows of a piece with those from the piece on. */
static void
repel(void *arg, size_t piece, int worker)
{
	const struct pairs *p = arg;
	const size_t from = piece * ROWS, count = ss_least(ROWS, p->m - from), wide = p->m - from;
	float *s = p->s + (size_t)worker * ROWS * p->m;
	double sum = 0;

	ss_gemm(false, true, (int)count, (int)wide, (int)p->d, 1, p->u + from * p->d, (int)p->d,
	    p->u + from * p->d, (int)p->d, 0, s, (int)wide);
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < wide; k++) {
			const double far = (double)p->square[from + i] + (double)p->square[from + k] -
			    2 * (double)s[i * wide + k];

			sum += exp(-2 * (far < 0 ? 0 : far));
		}
	p->sum[piece] = sum;
}

int
ss_uniformity(double *out, const float *z, size_t n, size_t d, size_t most, struct ss_pool *pool,
    struct ss_err *e)
{
	const size_t m = ss_least(n, most);
	struct pairs p;
	double sum = 0;
	int r = make_pairs(&p, m, d, pool, e);

	*out = NAN;
	for (size_t i = 0; r == 0 && i < m; i++) {
		const double norm = ss_unit(z + i * n / m * d, p.u + i * d, (int)d);

		p.square[i] = norm > SS_UNIT_FLOOR;
	}
	if (r == 0 && m > 1) {
		ss_pool_run(pool, pieces(m, ROWS), repel, &p);
		for (size_t i = 0; i < pieces(m, ROWS); i++)
			sum += p.sum[i];
		*out = log(sum / ((double)m * (double)(m - 1) / 2));
	}
	free_pairs(&p);
	return r;
}

/* Rows of a piece with all: the first half are those of one view, the second those of the other. */
static void
find(void *arg, size_t piece, int worker)
{
	const struct pairs *p = arg;
	const size_t m = p->m, from = piece * ROWS, count = ss_least(ROWS, m - from);
	float *space = p->s + (size_t)worker * ROWS * m;
	double sum = 0;

	ss_gemm(false, true, (int)count, (int)m, (int)p->d, 1, p->u + from * p->d, (int)p->d, p->u,
	    (int)p->d, 0, space, (int)m);
	for (size_t i = 0; i < count; i++) {
		const float *s = space + i * m, own = s[(from + i + m / 2) % m];
		size_t above = 0, tied = 0;

		for (size_t k = 0; k < m; k++) {
			if (k == from + i)
				continue;
			above += !(s[k] <= own + TIE);		/* NaN is no hit */
			tied += fabsf(s[k] - own) <= TIE;	/* the positive is one of them */
		}
		sum += above == 0 ? 1 / (double)tied : 0;
	}
	p->sum[piece] = sum;
}

int
ss_contrast(double *out, const float *a, const float *b, size_t n, size_t d, size_t batch,
    struct ss_pool *pool, struct ss_err *e)
{
	const size_t rows = ss_least(n, batch);
	struct pairs p;
	double sum = 0;
	int r = make_pairs(&p, 2 * rows, d, pool, e);

	*out = NAN;
	for (size_t at = 0; r == 0 && rows > 0 && at + rows <= n; at += rows) {
		const float *views[2] = { a + at * d, b + at * d };

		ss_rows_unit(views, 2, (int)rows, (int)d, p.u, NULL, pool);
		ss_pool_run(pool, pieces(p.m, ROWS), find, &p);
		for (size_t i = 0; i < pieces(p.m, ROWS); i++)
			sum += p.sum[i];
	}
	if (r == 0 && rows > 0)
		*out = sum / (double)(2 * (n - n % rows));
	free_pairs(&p);
	return r;
}

double
ss_contrast_chance(size_t n, size_t batch)
{
	return 1 / (double)(2 * ss_least(n, batch) - 1);
}

int
ss_health_pairs(struct ss_health *h, const float *a, const float *b, size_t batch, size_t most,
    struct ss_pool *pool, struct ss_err *e)
{
	int r = ss_rankme(&h->rank, a, h->n, h->d, pool, e);

	if (r < 0 && r != SS_ENONFINITE)
		return r;
	r = ss_uniformity(&h->uniformity, a, h->n, h->d, most, pool, e);
	if (r == 0 && b != NULL)
		r = ss_contrast(&h->contrast, a, b, h->n, h->d, batch, pool, e);
	return r;
}

double
ss_rank_least(size_t n, size_t d)
{
	const size_t most = ss_least(n, d);

	return most < 2 ? 0 : most < 32 ? 1 + 3 * (double)(most - 1) / 31 : 4;
}

enum ss_verdict
ss_health_verdict(const struct ss_health *h)
{
	if (h->std_ratio < SS_STD_COLLAPSED)
		return h->std_ratio < SS_STD_CONSTANT ? SS_VERDICT_CONSTANT : SS_VERDICT_COLLAPSED;
	return h->rank < ss_rank_least(h->n, h->d) ? SS_VERDICT_DIMENSIONAL : SS_VERDICT_HEALTHY;
}

const char *
ss_verdict_name(enum ss_verdict v)
{
	static const char *const names[] = { "healthy", "dimensional collapse", "collapsed", "constant" };

	return names[v];
}
