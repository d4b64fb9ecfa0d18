/*
 * eigen.c - eigenvalues and eigenvectors of symmetric matrices
 *
 * Vectors cost in proportion to how many are wanted: QR's rotations are written down and
 * applied, last one first, to the unit vectors of the eigenvalues that they belong to.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/eigen.h"
#include "eval/vectors.h"
#include "kern/gemm.h"

enum {
	PANEL = 32,		/* rows reduced before the rest of the matrix is brought up to date */
	AREA = 128,		/* rows and columns of a piece of that, and rows of a piece of a product */
	WIDE = 16,		/* eigenvectors of a piece of work, side by side */
	SWEEPS = 60		/* of QR for an eigenvalue; 2 or 3 are usual */
};

struct rotation {
	double c, s;
};

struct sweep {			/* rotations of rows first, first + 1; first + 1, first + 2; ... */
	size_t first, count, at;	/* at: of the first one */
};

struct solver {
	double *a;		/* (n,n); row i right of the diagonal becomes the reflector i */
	size_t n;
	double *tau;		/* (n): reflector i is 1 - tau v v', v[i + 1] = 1 */
	double *d, *e;		/* (n): the diagonal, and what is above it */
	/* of a panel: the vectors V and W of A - V' W - W' V, kept as V, W, V to be two factors at once */
	double *vw;		/* (3 PANEL, n) */
	double *part;		/* (areas, n): what the pieces of a product give to later rows */
	size_t row;		/* the one that is being reduced */
	size_t first, rows;	/* the panel, and how many rows of it are reduced */
	/* QR */
	bool record;
	struct rotation *rotation;
	struct sweep *sweep;
	size_t rotations, rotation_room, sweeps, sweep_room;
	/* vectors */
	const size_t *order;	/* (n): places in d, the largest first */
	double *room;		/* (threads, n, WIDE) */
	double *vectors;
	size_t wanted;
};

/* Small jobs are not worth waking threads for. */
static struct ss_pool *
pool_for(struct ss_pool *p, size_t n)
{
	return n < 2 * AREA ? NULL : p;
}

/* Rows of an area of the product of what is right of and below `row` with its reflector v. */
static void
multiply_area(void *arg, size_t piece, int worker)
{
	struct solver *s = arg;
	const size_t n = s->n, low = s->row + 1, begin = low + piece * AREA, end = ss_least(begin + AREA, n);
	const double *v = s->vw + s->rows * n;
	double *part = s->part + piece * n;

	(void)worker;
	memset(part + begin, 0, (n - begin) * sizeof(*part));
	for (size_t i = begin; i < end; i++) {
		const double *row = s->a + i * n;
		const size_t right = i + 1;

		part[i] += row[i] * v[i] + ss_dot_double(row + right, v + right, n - right);
		ss_add_scaled(part + right, v[i], row + right, n - right);
	}
}

/* Row `row` as all reflectors before it leave it, from the diagonal on. */
static void
update_row(struct solver *s)
{
	const size_t n = s->n, i = s->row;
	double *row = s->a + i * n;

	for (size_t p = 0; p < s->rows; p++) {
		const double *v = s->vw + p * n, *w = s->vw + (PANEL + p) * n;

		ss_add_scaled(row + i, -v[i], w + i, n - i);
		ss_add_scaled(row + i, -w[i], v + i, n - i);
	}
}

/* The reflector that leaves one element of the row right of its diagonal, and with which W grows. */
static void
reflect_row(struct solver *s, struct ss_pool *pool)
{
	const size_t n = s->n, i = s->row, low = i + 1, count = n - low;
	double *x = s->a + i * n + low, *v = s->vw + s->rows * n, *w = v + PANEL * n;
	const double rest = count > 1 ? ss_dot_double(x + 1, x + 1, count - 1) : 0;
	const double norm = sqrt(x[0] * x[0] + rest), above = x[0] > 0 ? -norm : norm;
	double tau = 0;

	s->d[i] = s->a[i * n + i];
	s->e[i] = x[0];
	if (rest > 0) {
		const double first = x[0] - above;

		tau = -first / above;
		for (size_t k = 1; k < count; k++)
			x[k] /= first;
		s->e[i] = above;
	}
	x[0] = 1;
	s->tau[i] = tau;
	memset(v, 0, low * sizeof(*v));
	memcpy(v + low, x, count * sizeof(*v));
	memset(w, 0, n * sizeof(*w));
	if (tau == 0) {
		memset(v, 0, n * sizeof(*v));
		return;
	}
	ss_pool_run(pool_for(pool, count), (count + AREA - 1) / AREA, multiply_area, s);
	for (size_t piece = 0; piece * AREA < count; piece++) {
		const size_t begin = low + piece * AREA;

		ss_add_scaled(w + begin, 1, s->part + piece * n + begin, n - begin);
	}
	for (size_t p = 0; p < s->rows; p++) {		/* the matrix is that of the panel's begin */
		const double *pv = s->vw + p * n, *pw = pv + PANEL * n;
		const double along_w = ss_dot_double(pw + low, v + low, count), along_v = ss_dot_double(pv + low, v + low, count);

		ss_add_scaled(w + low, -along_w, pv + low, count);
		ss_add_scaled(w + low, -along_v, pw + low, count);
	}
	for (size_t k = low; k < n; k++)
		w[k] *= tau;
	ss_add_scaled(w + low, -tau / 2 * ss_dot_double(w + low, v + low, count), v + low, count);
}

/* Piece i * (i + 1) / 2 + j brings rows of area j and columns of area i up to date, j <= i. */
static void
update_area(void *arg, size_t piece, int worker)
{
	struct solver *s = arg;
	const size_t n = s->n, begin = s->first + s->rows;
	size_t i = 0, r, c;

	(void)worker;
	while ((i + 1) * (i + 2) / 2 <= piece)
		i++;
	c = begin + i * AREA;
	r = begin + (piece - i * (i + 1) / 2) * AREA;
	ss_gemm_double(true, false, (int)ss_least(AREA, n - r), (int)ss_least(AREA, n - c), 2 * PANEL, -1,
	    s->vw + r, (int)n, s->vw + PANEL * n + c, (int)n, 1, s->a + r * n + c, (int)n);
}

/* a to the tridiagonal matrix of d and e, with reflectors where it was. */
static void
reduce(struct solver *s, struct ss_pool *pool)
{
	const size_t n = s->n;

	for (s->first = 0; s->first + 1 < n; s->first += PANEL) {
		const size_t rows = ss_least(PANEL, n - 1 - s->first);
		size_t areas;

		memset(s->vw, 0, 3 * PANEL * n * sizeof(*s->vw));
		for (s->rows = 0; s->rows < rows; s->rows++) {
			s->row = s->first + s->rows;
			update_row(s);
			reflect_row(s, pool);
		}
		memcpy(s->vw + 2 * PANEL * n, s->vw, PANEL * n * sizeof(*s->vw));
		areas = (n - s->first - rows + AREA - 1) / AREA;
		ss_pool_run(pool_for(pool, n - s->first), areas * (areas + 1) / 2, update_area, s);
	}
	s->d[n - 1] = s->a[n * n - 1];
	s->e[n - 1] = 0;
}

/* x with room for `need` items of that size, at least doubled; NULL if memory is short: x is as it was then. */
static void *
grown(void *x, size_t *room, size_t need, size_t size)
{
	size_t more, bytes;

	if (need <= *room)
		return x;
	more = need > 2 * *room ? need : 2 * *room;
	if (!ss_mul(more, size, &bytes) || (x = realloc(x, bytes)) == NULL)
		return NULL;
	*room = more;
	return x;
}

/* Room for the rotations of a sweep. */
static int
begin_sweep(struct solver *s, size_t first, size_t count)
{
	void *x;

	if (!s->record)
		return 0;
	if ((x = grown(s->sweep, &s->sweep_room, s->sweeps + 1, sizeof(*s->sweep))) == NULL)
		return -1;
	s->sweep = x;
	if ((x = grown(s->rotation, &s->rotation_room, s->rotations + count, sizeof(*s->rotation))) == NULL)
		return -1;
	s->rotation = x;
	s->sweep[s->sweeps++] = (struct sweep){ first, count, s->rotations };
	return 0;
}

/* One step of QR with Wilkinson's shift on rows lo..hi, none of whose off-diagonal elements is 0 (8.3.2). */
static int
sweep(struct solver *s, size_t lo, size_t hi)
{
	double *d = s->d, *e = s->e, half = (d[hi - 1] - d[hi]) / 2, x, z;

	if (begin_sweep(s, lo, hi - lo) < 0)
		return -1;
	x = d[lo] - d[hi] + e[hi - 1] * (e[hi - 1] / (half + copysign(hypot(half, e[hi - 1]), half)));
	z = e[lo];
	for (size_t k = lo; k < hi; k++) {
		const double r = hypot(x, z), c = r > 0 ? x / r : 1, sn = r > 0 ? -z / r : 0;
		const double p = d[k], q = d[k + 1], b = e[k], twice = 2 * c * sn * b;

		if (k > lo)
			e[k - 1] = r;
		d[k] = c * c * p - twice + sn * sn * q;
		d[k + 1] = sn * sn * p + twice + c * c * q;
		e[k] = c * sn * (p - q) + (c * c - sn * sn) * b;
		x = e[k];
		if (k + 1 < hi) {
			z = -sn * e[k + 1];
			e[k + 1] *= c;
		}
		if (s->record)
			s->rotation[s->rotations++] = (struct rotation){ c, sn };
	}
	return 0;
}

/*
 * d to the eigenvalues of the tridiagonal matrix, in some order. Off the diagonal, what is below the rounding
 * of the largest elements is nothing: measured by their neighbours, those of a matrix of low rank would not become so.
 */
static int
diagonalise(struct solver *s, struct ss_err *err)
{
	double *d = s->d, *e = s->e, nothing = 0;
	size_t hi = s->n - 1, tries = 0;

	for (size_t i = 0; i < s->n; i++)
		nothing = fmax(nothing, DBL_EPSILON * fmax(fabs(d[i]), fabs(e[i])));
	while (hi > 0) {
		size_t lo = hi;

		while (lo > 0 && fabs(e[lo - 1]) > nothing)
			lo--;
		if (lo > 0)
			e[lo - 1] = 0;
		if (lo == hi) {
			hi--;
			tries = 0;
			continue;
		}
		if (++tries > SWEEPS)
			return ss_fail(err, SS_EIO, "the eigenvalues of a matrix of %zu do not converge", s->n);
		if (sweep(s, lo, hi) < 0)
			return ss_fail(err, SS_EIO, "out of memory for the eigenvectors of %zu features", s->n);
	}
	return 0;
}

/* WIDE vectors side by side in x (n,WIDE), eigenvectors of the tridiagonal matrix: those of a. */
static void
apply_reflectors(const struct solver *s, double *x)
{
	const size_t n = s->n;

	for (size_t i = n - 1; i-- > 0;) {
		const double *v = s->a + i * n;
		double along[WIDE] = { 0 };

		if (s->tau[i] == 0)
			continue;
		for (size_t k = i + 1; k < n; k++)
			for (int w = 0; w < WIDE; w++)
				along[w] += v[k] * x[k * WIDE + (size_t)w];
		for (size_t k = i + 1; k < n; k++)
			for (int w = 0; w < WIDE; w++)
				x[k * WIDE + (size_t)w] -= s->tau[i] * v[k] * along[w];
	}
}

static void
apply_rotations(const struct solver *s, double *x)
{
	for (size_t i = s->sweeps; i-- > 0;)
		for (size_t k = s->sweep[i].count; k-- > 0;) {
			const struct rotation g = s->rotation[s->sweep[i].at + k];
			double *a = x + (s->sweep[i].first + k) * WIDE, *b = a + WIDE;

			for (int w = 0; w < WIDE; w++) {
				const double p = a[w], q = b[w];

				a[w] = g.c * p + g.s * q;
				b[w] = g.c * q - g.s * p;
			}
		}
}

static void
vector_piece(void *arg, size_t piece, int worker)
{
	const struct solver *s = arg;
	const size_t n = s->n, first = piece * WIDE, count = ss_least(WIDE, s->wanted - first);
	double *x = s->room + (size_t)worker * n * WIDE;

	memset(x, 0, n * WIDE * sizeof(*x));
	for (size_t w = 0; w < count; w++)
		x[s->order[first + w] * WIDE + w] = 1;
	apply_rotations(s, x);
	apply_reflectors(s, x);
	for (size_t w = 0; w < count; w++) {
		double *out = s->vectors + (first + w) * n, most = 0;

		for (size_t k = 0; k < n; k++)
			if (fabs(x[k * WIDE + w]) > fabs(most))
				most = x[k * WIDE + w];
		for (size_t k = 0; k < n; k++)
			out[k] = most < 0 ? -x[k * WIDE + w] : x[k * WIDE + w];
	}
}

/* Divides the upper triangle by the largest |element|, and returns that; or NAN. */
static double
normalise(double *a, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = i; j < n; j++) {
			if (!isfinite(a[i * n + j]))
				return NAN;
			most = fmax(most, fabs(a[i * n + j]));
		}
	for (size_t i = 0; i < n && most > 0; i++)
		for (size_t j = i; j < n; j++)
			a[i * n + j] /= most;
	return most;
}

/* Places of the values, the largest first; of equal ones the first place first. */
static void
sort_down(const double *d, size_t n, size_t *order)
{
	for (size_t gap = 1; gap < 2 * n; gap *= 2)		/* merges of runs, in the upper half of order */
		for (size_t begin = 0; begin < n; begin += 2 * gap) {
			const size_t middle = ss_least(begin + gap, n), end = ss_least(begin + 2 * gap, n);
			size_t i = begin, j = middle;

			if (gap == 1)
				for (size_t k = begin; k < end; k++)
					order[k] = k;
			for (size_t k = begin; k < end; k++)
				order[n + k] = j == end || (i < middle && !(d[order[j]] > d[order[i]])) ?
				    order[i++] : order[j++];
			memcpy(order + begin, order + n + begin, (end - begin) * sizeof(*order));
		}
}

int
ss_eigen_symmetric(struct ss_pool *p, double *a, size_t n, double *values, double *vectors,
    size_t wanted, struct ss_err *e)
{
	const size_t areas = (n + AREA - 1) / AREA, threads = (size_t)ss_pool_threads(p);
	struct solver s = { .a = a, .n = n, .record = wanted > 0, .wanted = wanted, .vectors = vectors };
	size_t *order = NULL;
	double scale;
	int r = 0;

	SS_BUG_IF(wanted > n);
	if (n == 0)
		return 0;
	if (isnan(scale = normalise(a, n)))
		return ss_fail(e, SS_ENONFINITE, "the matrix of %zu features is not finite", n);
	s.tau = ss_alloc(n, 3 * sizeof(double));
	s.vw = ss_alloc(n, 3 * PANEL * sizeof(double));
	s.part = ss_alloc(n, areas * sizeof(double));
	order = ss_alloc(n, 2 * sizeof(*order));
	s.room = wanted == 0 ? NULL : ss_alloc(n, threads * WIDE * sizeof(double));
	if (s.tau == NULL || s.vw == NULL || s.part == NULL || order == NULL || (wanted > 0 && s.room == NULL)) {
		r = ss_fail(e, SS_EIO, "out of memory for the eigenvalues of %zu features", n);
		goto end;
	}
	s.d = s.tau + n;
	s.e = s.d + n;
	reduce(&s, p);
	if ((r = diagonalise(&s, e)) < 0)
		goto end;
	sort_down(s.d, n, order);
	s.order = order;
	for (size_t i = 0; i < n; i++)
		values[i] = s.d[order[i]] * scale;
	ss_pool_run(p, (wanted + WIDE - 1) / WIDE, vector_piece, &s);
end:
	free(s.tau);
	free(s.vw);
	free(s.part);
	free(order);
	free(s.room);
	free(s.rotation);
	free(s.sweep);
	return r;
}
