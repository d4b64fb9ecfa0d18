/*
 * probe.c - the linear probe: standardise, evaluate loss and gradient, precondition
 *
 * The optimiser is lbfgs.c, the Cholesky factorisation cholesky.c. State and sums are in double,
 * products with the data in float. Records are cut into pieces of ROWS whatever the number of
 * threads, and what they give is added in their order.
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/cholesky.h"
#include "eval/lbfgs.h"
#include "eval/probe.h"
#include "kern/gemm.h"

enum {
	ROWS = 512,		/* records in a piece */
	TILE = 128 * 1024,	/* floats of the records worked on at once: 512 KiB, for level 2 */
	LANES = 4,		/* records whose softmax is computed side by side */
	COLUMNS = 4096,		/* coordinates in a piece of a sum over pieces */
	PAIRS = 10,		/* steps that L-BFGS remembers */
	GRAM_MAX = 4096		/* features; with more the preconditioner is diagonal */
};

/*
 * Rounding of the mean loss: logits in float are good to a few 1e-7, and the errors of
 * many records cancel.
 */
static const double NOISE = 1e-8;

struct ss_probe {
	size_t d;
	int classes;		/* that occur in the training set */
	int labels;		/* largest label + 1 */
	int32_t *label;		/* (classes), rising */
	double *mean, *scale;	/* (d): x is (x - mean) * scale */
	double *w;		/* (classes, d + 1), biases last */
	float *wf;		/* (classes, d) */
};

/* Everything that an evaluation needs; made once a fit. */
struct work {
	struct ss_pool *pool;
	const float *x;		/* (n,d) */
	const int32_t *label;	/* (n), in 0..classes-1 */
	size_t n, d, pieces;
	int classes;
	int tile;		/* records at once */
	double l2;		/* divided by n */
	double *w;		/* (classes, d + 1): where to evaluate */
	double *g;		/* (classes, d + 1) */
	float *wf;		/* (classes, d) of w in float */
	float *logit;		/* per thread (classes, tile) */
	float *part;		/* per piece (classes, d): n times its share of the gradient */
	double *bias;		/* per piece (classes): the biases' share */
	double *loss;		/* per piece */
	size_t *correct;	/* per piece */
	float *factor;		/* (d,d), L of the variables V = W L; or NULL: diagonal */
	double diagonal;
	double *room;		/* for the solver */
	const struct ss_probe_options *o;
};

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Records side by side, in what every CPU that we know has. */
typedef float vec __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(LANES * sizeof(int32_t))));

/*
 * exp for x <= 0, to 2e-7 of its value: 2^i exp(r), |r| <= ln 2 / 2, where Taylor's polynomial of
 * degree 7 is off by r^8/8! < 6e-9. ln 2 is split so that i * LN2_HIGH is exact. Below -87, where
 * floats end, the result is exp(-87).
 */
static inline vec
exp_negative(vec x)
{
	const float LOG2E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
	const vec bottom = (vec){ 0 } - 87.0f;
	const ivec low = x < bottom;
	ivec i;
	vec f, r, s;

	x = (vec)((low & (ivec)bottom) | (~low & (ivec)x));
	i = __builtin_convertvector(x * LOG2E - 0.5f, ivec);	/* to the nearest: x <= 0 */
	f = __builtin_convertvector(i, vec);
	r = x - f * LN2_HIGH - f * LN2_LOW;
	s = 1 + r * (1 + r * (1 / 2.0f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f +
	    r * (1 / 720.0f + r * (1 / 5040.0f)))))));
	return s * (vec)((i + 127) << 23);
}

/*
 * z (classes,stride) holds logits of `count` records side by side, and then softmax minus the
 * labels' one-hot vectors. stride is a multiple of LANES; what lies behind the records is
 * computed too, and never used. Returns the sum of the losses, and adds what the records give
 * to the biases and the number that are right.
 */
static double
softmax(float *z, int classes, size_t count, size_t stride, const int32_t *label, double *bias,
    size_t *correct)
{
	double loss = 0;

	for (size_t first = 0; first < count; first += LANES) {
		const size_t m = least(LANES, count - first);
		vec top = *(vec *)(z + first), sum = { 0 };

		for (int c = 1; c < classes; c++) {
			const vec v = *(vec *)(z + (size_t)c * stride + first);
			const ivec more = v > top;

			top = (vec)((more & (ivec)v) | (~more & (ivec)top));
		}
		for (size_t i = 0; i < m; i++) {
			const float *own = z + first + i;
			const int32_t y = label[first + i];

			loss += (double)top[i] - (double)own[(size_t)y * stride];
			if (own[(size_t)y * stride] == top[i]) {
				int32_t c = 0;	/* right, if no class before y has as much */

				while (own[(size_t)c * stride] != top[i])
					c++;
				*correct += c == y;
			}
		}
		for (int c = 0; c < classes; c++) {
			vec *v = (vec *)(z + (size_t)c * stride + first);

			*v = exp_negative(*v - top);
			sum += *v;
		}
		for (size_t i = 0; i < m; i++) {
			loss += log((double)sum[i]);
			z[(size_t)label[first + i] * stride + first + i] -= sum[i];
		}
		sum = 1 / sum;
		for (int c = 0; c < classes; c++) {
			vec *v = (vec *)(z + (size_t)c * stride + first);
			float total = 0;

			*v *= sum;
			for (size_t i = 0; i < m; i++)
				total += (*v)[i];
			bias[c] += (double)total;
		}
	}
	return loss;
}

/* Logits (classes,stride) of standardised rows x (rows,d). */
static void
logits(const float *x, size_t rows, size_t d, int classes, const float *wf, const double *w,
    float *z, size_t stride)
{
	for (int c = 0; c < classes; c++) {
		const float bias = (float)w[(size_t)c * (d + 1) + d];

		for (size_t i = 0; i < rows; i++)
			z[(size_t)c * stride + i] = bias;
	}
	ss_gemm(false, true, classes, (int)rows, (int)d, 1, wf, (int)d, x, (int)d, 1, z,
	    (int)stride);
}

static void
evaluate_piece(void *arg, size_t piece, int worker)
{
	struct work *k = arg;
	const size_t end = least((piece + 1) * ROWS, k->n), share = (size_t)k->classes * k->d;
	float *z = k->logit + (size_t)worker * (size_t)k->classes * (size_t)k->tile;
	double *bias = k->bias + piece * (size_t)k->classes;
	float beta = 0;

	memset(bias, 0, (size_t)k->classes * sizeof(*bias));
	k->loss[piece] = 0;
	k->correct[piece] = 0;
	for (size_t i = piece * ROWS; i < end; i += (size_t)k->tile) {
		const size_t rows = least((size_t)k->tile, end - i);
		const float *x = k->x + i * k->d;

		logits(x, rows, k->d, k->classes, k->wf, k->w, z, (size_t)k->tile);
		k->loss[piece] += softmax(z, k->classes, rows, (size_t)k->tile, k->label + i, bias,
		    &k->correct[piece]);
		ss_gemm(false, false, k->classes, (int)k->d, (int)rows, 1, z, k->tile, x, (int)k->d,
		    beta, k->part + piece * share, (int)k->d);
		beta = 1;
	}
}

/* The gradient for some of the weights, from what the pieces gave. */
static void
add_up(void *arg, size_t piece, int worker)
{
	struct work *k = arg;
	const size_t share = (size_t)k->classes * k->d, first = piece * COLUMNS;
	const size_t end = least(first + COLUMNS, share);
	double sum[COLUMNS] = { 0 };

	(void)worker;
	for (size_t p = 0; p < k->pieces; p++)
		for (size_t i = first; i < end; i++)
			sum[i - first] += (double)k->part[p * share + i];
	for (size_t i = first; i < end; i++) {
		const size_t at = i + i / k->d;		/* biases lie between */

		k->g[at] = sum[i - first] / (double)k->n + k->l2 * k->w[at];
	}
}

/* F and its gradient at k->w. */
static double
evaluate(struct work *k)
{
	double loss = 0, norm = 0;

	for (int c = 0; c < k->classes; c++)
		for (size_t j = 0; j < k->d; j++) {
			const double v = k->w[(size_t)c * (k->d + 1) + j];

			k->wf[(size_t)c * k->d + j] = (float)v;
			norm += v * v;
		}
	ss_pool_run(k->pool, k->pieces, evaluate_piece, k);
	ss_pool_run(k->pool, ((size_t)k->classes * k->d + COLUMNS - 1) / COLUMNS, add_up, k);
	for (size_t p = 0; p < k->pieces; p++)
		loss += k->loss[p];
	for (int c = 0; c < k->classes; c++) {
		double sum = 0;

		for (size_t p = 0; p < k->pieces; p++)
			sum += k->bias[p * (size_t)k->classes + (size_t)c];
		k->g[(size_t)c * (k->d + 1) + k->d] = sum / (double)k->n;
	}
	return loss / (double)k->n + k->l2 / 2 * norm;
}

/*
 * Rows of w from rows of the optimiser's variables V = W L; with `gradient`, the gradient by V
 * from that by W.
 */
static void
change_variables(struct work *k, bool gradient, double *w)
{
	const size_t d = k->d;

	if (k->factor != NULL)
		ss_cholesky_solve(k->factor, d, !gradient, w, (size_t)k->classes, d + 1, k->room);
	for (int c = 0; c < k->classes; c++, w += d + 1) {
		for (size_t j = 0; k->factor == NULL && j < d; j++)
			w[j] /= k->diagonal;
		w[d] *= sqrt(2);	/* weight of a feature that is always 1: 1/2 1'1/n = 1/2 */
	}
}

static double
evaluate_changed(void *arg, const double *v, double *g)
{
	struct work *k = arg;
	double value;

	memcpy(k->w, v, (size_t)k->classes * (k->d + 1) * sizeof(*v));
	change_variables(k, false, k->w);
	k->g = g;
	value = evaluate(k);
	change_variables(k, true, g);
	return value;
}

static void
report_progress(void *arg, int iteration, double value, double decrement)
{
	const struct work *k = arg;

	if (k->o->progress != NULL)
		k->o->progress(k->o->arg, iteration, value, decrement);
}

static void
end_work(struct work *k)
{
	free(k->wf);
	free(k->logit);
	free(k->part);
	free(k->bias);
	free(k->loss);
	free(k->correct);
	free(k->w);
	free(k->factor);
	free(k->room);
}

/* Records worked on at once: a multiple of LANES. */
static int
tile_rows(size_t d)
{
	return d <= TILE / ROWS ? ROWS : d >= TILE / 32 ? 32 : (int)(TILE / d) / LANES * LANES;
}

/* k's first line of members is set by the caller. */
static int
begin_work(struct work *k, struct ss_err *e)
{
	const size_t classes = (size_t)k->classes;
	size_t share, logit;

	k->pieces = (k->n + ROWS - 1) / ROWS;
	k->tile = tile_rows(k->d);
	if (!ss_mul(classes, k->d, &share) || !ss_mul(share, k->pieces, &share) ||
	    !ss_mul(classes * (size_t)k->tile, (size_t)ss_pool_threads(k->pool), &logit))
		return ss_fail(e, SS_EIO, "out of memory");
	k->wf = ss_alloc(classes * k->d, sizeof(*k->wf));
	k->logit = ss_alloc(logit, sizeof(*k->logit));
	k->part = ss_alloc(share, sizeof(*k->part));
	k->bias = ss_alloc(classes * k->pieces, sizeof(*k->bias));
	k->loss = ss_alloc(k->pieces, sizeof(*k->loss));
	k->correct = ss_alloc(k->pieces, sizeof(*k->correct));
	k->w = ss_alloc(classes * (k->d + 1), sizeof(*k->w));
	if (k->wf == NULL || k->logit == NULL || k->part == NULL || k->bias == NULL ||
	    k->loss == NULL || k->correct == NULL || k->w == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	return 0;
}

int
ss_probe_loss(struct ss_pool *p, const float *x, const int32_t *label, size_t n, size_t d,
    int classes, double l2, const double *w, double *value, double *gradient, struct ss_err *e)
{
	struct work k = { .pool = p, .x = x, .label = label, .n = n, .d = d, .classes = classes,
	    .l2 = l2 / (double)n };
	int r = begin_work(&k, e);

	if (r == 0) {
		memcpy(k.w, w, (size_t)classes * (d + 1) * sizeof(*w));
		k.g = gradient;
		*value = evaluate(&k);
	}
	end_work(&k);
	return r;
}

/* Columns of x, whose sums are taken piece by piece. */
struct columns {
	float *x;
	size_t n, d;
	const double *mean;	/* (d), or NULL while it is being computed */
	const double *scale;	/* (d), or NULL */
	double *sum;		/* per piece (d): of x, or of squares around the mean */
};

static void
sum_columns(void *arg, size_t piece, int worker)
{
	struct columns *k = arg;
	const size_t end = least((piece + 1) * ROWS, k->n), d = k->d;
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

static void
scale_columns(void *arg, size_t piece, int worker)
{
	struct columns *k = arg;
	const size_t end = least((piece + 1) * ROWS, k->n), d = k->d;

	(void)worker;
	for (size_t i = piece * ROWS; i < end; i++) {
		float *x = k->x + i * d;

		for (size_t j = 0; j < d; j++)
			x[j] = (float)(((double)x[j] - k->mean[j]) * k->scale[j]);
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

static int
standardise(struct ss_pool *p, float *x, size_t n, struct ss_probe *probe, int *constant,
    struct ss_err *e)
{
	const size_t d = probe->d, pieces = (n + ROWS - 1) / ROWS;
	struct columns k = { .x = x, .n = n, .d = d };
	bool finite;

	k.sum = ss_alloc(d, pieces * sizeof(*k.sum));
	if (k.sum == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	finite = average(p, &k, probe->mean);
	k.mean = probe->mean;
	finite = finite && average(p, &k, probe->scale);
	free(k.sum);
	if (!finite)
		return ss_fail(e, SS_ENONFINITE, "a feature is not finite");
	for (size_t j = 0; j < d; j++) {
		const double std = sqrt(probe->scale[j]);

		/* What varies less than floats of that size can tell apart does not vary. */
		if (std > 0 && std > 1e-7 * fabs(probe->mean[j])) {
			probe->scale[j] = 1 / std;
		} else {
			probe->scale[j] = 0;
			++*constant;
		}
	}
	k.scale = probe->scale;
	ss_pool_run(p, pieces, scale_columns, &k);
	return 0;
}

struct gram {
	const float *x;
	size_t n, d;
	float *out;		/* (d,d), the lower triangle in blocks */
};

enum { GRAM_BLOCK = 256 };

/* Piece i * (i + 1) / 2 + j is block (i,j), j <= i. */
static void
multiply_gram(void *arg, size_t piece, int worker)
{
	const struct gram *g = arg;
	size_t i = 0, j, r, c;

	(void)worker;
	while ((i + 1) * (i + 2) / 2 <= piece)
		i++;
	j = piece - i * (i + 1) / 2;
	r = i * GRAM_BLOCK;
	c = j * GRAM_BLOCK;
	ss_gemm(true, false, (int)least(GRAM_BLOCK, g->d - r), (int)least(GRAM_BLOCK, g->d - c),
	    (int)g->n, (float)(0.5 / (double)g->n), g->x + r, (int)g->d, g->x + c, (int)g->d, 0,
	    g->out + r * g->d + c, (int)g->d);
}

/*
 * The factor L of 1/2 X'X/n + l2/n. Where features depend on each other a shift keeps it
 * positive, as small as rounding allows. A part of the records would not do: features that are
 * rarely active would be taken for constant.
 */
static int
factor_bound(struct work *k, struct ss_err *e)
{
	const size_t blocks = (k->d + GRAM_BLOCK - 1) / GRAM_BLOCK;
	struct gram g = { .x = k->x, .n = k->n, .d = k->d };

	k->diagonal = sqrt(0.5 + k->l2);	/* standardised features: that of X'X/n is 1 */
	if (k->d > GRAM_MAX || k->n > INT_MAX)
		return 0;
	g.out = k->factor = ss_alloc(k->d * k->d, sizeof(*k->factor));
	k->room = ss_alloc(k->d, ((size_t)k->classes + 3) * sizeof(*k->room));
	if (k->factor == NULL || k->room == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (double shift = 1e-5; shift < 1; shift *= 10) {
		ss_pool_run(k->pool, blocks * (blocks + 1) / 2, multiply_gram, &g);
		if (ss_cholesky(k->pool, k->factor, k->d, k->l2 + shift))
			return 0;
	}
	free(k->factor);
	k->factor = NULL;
	return 0;
}

/* Finds the labels that occur, and numbers the records' labels (own, n) by them. */
static int
number_labels(struct ss_probe *probe, const int32_t *label, size_t n, int32_t *own,
    struct ss_err *e)
{
	int32_t *number;

	for (size_t i = 0; i < n; i++) {
		if (label[i] < 0 || label[i] == INT32_MAX)
			return ss_fail(e, SS_EUSAGE, "training record %zu has no label", i);
		if (label[i] >= probe->labels)
			probe->labels = label[i] + 1;
	}
	number = ss_alloc((size_t)probe->labels, sizeof(*number));
	probe->label = ss_alloc((size_t)probe->labels, sizeof(*probe->label));
	if (number == NULL || probe->label == NULL) {
		free(number);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	for (size_t i = 0; i < n; i++)
		number[label[i]] = 1;
	for (int32_t l = 0; l < probe->labels; l++)
		if (number[l] != 0) {
			number[l] = probe->classes;
			probe->label[probe->classes++] = l;
		}
	for (size_t i = 0; i < n; i++)
		own[i] = number[label[i]];
	free(number);
	if (probe->classes < 2)
		return ss_fail(e, SS_EUSAGE, "all %zu training records have the same label", n);
	return 0;
}

int
ss_probe_train(struct ss_probe **out, struct ss_pool *p, float *x, const int32_t *label, size_t n,
    size_t d, const struct ss_probe_options *o, struct ss_probe_fit *fit, struct ss_err *e)
{
	struct work k = { .pool = p, .x = x, .n = n, .d = d, .l2 = o->l2 / (double)n, .o = o };
	struct ss_lbfgs l = { .arg = &k, .evaluate = evaluate_changed, .memory = PAIRS,
	    .max_iterations = o->max_iterations, .tolerance = o->tolerance, .noise = NOISE,
	    .progress = report_progress };
	struct ss_lbfgs_result result;
	struct ss_probe *probe = NULL;
	double *gradient = NULL;
	int32_t *own = NULL;
	int r = SS_EIO;

	*out = NULL;
	*fit = (struct ss_probe_fit){ 0 };
	if (n < 2 || d < 1 || d > INT_MAX)
		return ss_fail(e, SS_EUSAGE, "cannot train on %zu records of %zu features", n, d);
	probe = calloc(1, sizeof(*probe));
	own = ss_alloc(n, sizeof(*own));
	if (probe == NULL || own == NULL)
		goto no_memory;
	probe->d = d;
	if ((r = number_labels(probe, label, n, own, e)) < 0)
		goto end;
	k.label = own;
	k.classes = probe->classes;
	l.n = (size_t)k.classes * (d + 1);
	r = SS_EIO;
	probe->mean = ss_alloc(d, sizeof(double));
	probe->scale = ss_alloc(d, sizeof(double));
	probe->w = ss_alloc(l.n, sizeof(double));
	probe->wf = ss_alloc((size_t)k.classes * d, sizeof(float));
	gradient = ss_alloc(l.n, sizeof(double));
	if (probe->mean == NULL || probe->scale == NULL || probe->w == NULL || probe->wf == NULL ||
	    gradient == NULL)
		goto no_memory;
	if ((r = standardise(p, x, n, probe, &fit->constant, e)) < 0 ||
	    (r = begin_work(&k, e)) < 0 || (r = factor_bound(&k, e)) < 0 ||
	    (r = ss_lbfgs(&l, probe->w, &result, e)) < 0)
		goto end;

	/* Once more: the last point that was tried need not be the best. */
	memcpy(k.w, probe->w, l.n * sizeof(double));
	change_variables(&k, false, k.w);
	memcpy(probe->w, k.w, l.n * sizeof(double));
	k.g = gradient;
	(void)evaluate(&k);
	for (size_t i = 0; i < k.pieces; i++)
		fit->correct += k.correct[i];
	fit->converged = result.converged;
	fit->stalled = result.stalled;
	fit->iterations = result.iterations;
	fit->evaluations = result.evaluations;
	fit->objective = fit->loss = result.value;
	fit->decrement = result.decrement;
	for (int c = 0; c < k.classes; c++)
		for (size_t j = 0; j < d; j++) {
			const double v = probe->w[(size_t)c * (d + 1) + j];

			probe->wf[(size_t)c * d + j] = (float)v;
			fit->loss -= k.l2 / 2 * v * v;
		}
	*out = probe;
	probe = NULL;
	goto end;
no_memory:
	ss_fail(e, r, "out of memory");
end:
	end_work(&k);
	free(own);
	free(gradient);
	ss_probe_free(probe);
	return r;
}

struct prediction {
	const struct ss_probe *probe;
	const float *x;
	size_t m;
	int tile;
	float *room;		/* per thread: records (tile,d), logits (classes,tile) */
	int32_t *predicted;
};

static void
predict_piece(void *arg, size_t piece, int worker)
{
	struct prediction *k = arg;
	const struct ss_probe *probe = k->probe;
	const size_t d = probe->d, tile = (size_t)k->tile;
	const size_t first = piece * tile, rows = least(tile, k->m - first);
	float *x = k->room + (size_t)worker * tile * (d + (size_t)probe->classes);
	float *z = x + tile * d;

	for (size_t i = 0; i < rows; i++) {
		const float *raw = k->x + (first + i) * d;

		for (size_t j = 0; j < d; j++)
			x[i * d + j] = (float)(((double)raw[j] - probe->mean[j]) * probe->scale[j]);
	}
	logits(x, rows, d, probe->classes, probe->wf, probe->w, z, tile);
	for (size_t i = 0; i < rows; i++) {
		int top = 0;

		for (int c = 1; c < probe->classes; c++)
			if (z[(size_t)c * tile + i] > z[(size_t)top * tile + i])
				top = c;
		k->predicted[first + i] = probe->label[top];
	}
}

int
ss_probe_predict(const struct ss_probe *probe, struct ss_pool *p, const float *x, size_t m,
    int32_t *predicted, struct ss_err *e)
{
	struct prediction k = { .probe = probe, .x = x, .m = m, .tile = tile_rows(probe->d),
	    .predicted = predicted };
	const size_t tile = (size_t)k.tile;

	k.room = ss_alloc(tile * (probe->d + (size_t)probe->classes),
	    (size_t)ss_pool_threads(p) * sizeof(*k.room));
	if (k.room == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	ss_pool_run(p, (m + tile - 1) / tile, predict_piece, &k);
	free(k.room);
	return 0;
}

int
ss_probe_classes(const struct ss_probe *probe)
{
	return probe->labels;
}

void
ss_probe_free(struct ss_probe *probe)
{
	if (probe == NULL)
		return;
	free(probe->label);
	free(probe->mean);
	free(probe->scale);
	free(probe->w);
	free(probe->wf);
	free(probe);
}
