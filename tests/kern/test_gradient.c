/*
 * test_gradient - the gradients of each operator against differences of its values
 *
 * Four-point differences, f'(t) = (8 (f(t+e) - f(t-e)) - (f(t+2e) - f(t-2e))) / 12e + O(e^4),
 * of a loss that is a random weighted sum of the operator's results. A convolution is
 * linear in each argument, so with small integers its differences are exact and so must
 * the gradients be. Batch normalisation is differenced in double, in a forward pass
 * written here from the definition, to which the kernels' own is held first. The ReLU's
 * kink: a coordinate is left out where a difference would step across it, and those
 * are counted.
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "planes.h"

typedef double loss_fn(void *model);

static double
four_points(loss_fn *loss, void *model, float *at, float e)
{
	const float t = *at;
	double f[5];

	for (int i = -2; i <= 2; i++) {
		*at = t + (float)i * e;
		f[i + 2] = i == 0 ? 0 : loss(model);
	}
	*at = t;
	return (8 * (f[3] - f[1]) - (f[4] - f[0])) / (12 * (double)e);
}

/*
 * Convolution: loss = sum of dy * conv(x, w)
 */

struct conv_model {
	const struct ss_kernels *k;
	struct ss_conv c;
	struct field x, dy, y;
	float *w, *packed;
};

static double
conv_loss(void *model)
{
	struct conv_model *m = model;
	double sum = 0;

	m->k->conv_pack(&m->c, m->w, m->packed);
	m->k->conv(&m->c, m->x.n, m->x.p, m->packed, m->y.p, NULL);
	EACH_PIXEL(&m->y, s, r, q)
		for (int j = 0; j < m->c.co; j++)
			sum += (double)pixel(&m->y, s, r, q)[j] * (double)pixel(&m->dy, s, r, q)[j];
	return sum;
}

static void
check_conv(const struct ss_kernels *k, int n, struct ss_conv c)
{
	const size_t taps = (size_t)(c.k * c.k), weights = taps * (size_t)(c.ci * c.co);
	struct conv_model m = { .k = k, .c = c };
	struct field dx = field(0, BACK, n, c.h, c.w, c.ci, 0, 0);
	float *dw = slot_floats(1, weights, BACK);
	struct ss_rng r;

	ss_rng_init(&r, 5, SS_RNG_SAMPLE, (uint32_t)(c.k + c.stride), (uint64_t)c.h, (uint32_t)c.w);
	m.x = field(2, BACK, n, c.h, c.w, c.ci, c.k / 2, 0);
	m.dy = field(3, BACK, n, c.oh, c.ow, c.co, c.k / 2, 0);
	m.y = field(4, BACK, n, c.oh, c.ow, c.co, 0, 0);
	m.w = slot_floats(5, weights, BACK);
	m.packed = slot_floats(6, weights, BACK);
	field_zero_border(&m.x);
	field_zero_border(&m.dy);
	field_fill(&m.x, draw_integer, &r);
	field_fill(&m.dy, draw_integer, &r);
	fill(m.w, weights, draw_integer, &r);
	memset(dw, 0, weights * sizeof(*dw));

	k->conv_wgrad(&c, n, m.x.p, m.dy.p, 0, c.ci, dw);
	k->conv_pack_t(&c, m.w, m.packed);
	k->conv_dgrad(&c, n, m.dy.p, m.packed, dx.p, false);
	EACH_PIXEL(&dx, s, row, q)
		for (int i = 0; i < c.ci; i++) {
			const double d = four_points(conv_loss, &m, pixel(&m.x, s, row, q) + i, 2);

			if ((double)pixel(&dx, s, row, q)[i] != d)
				fail_msg("%s, k %d stride %d: dx(%d,%d,%d,%d) is %g, not %g", k->name, c.k,
				    c.stride, s, row, q, i, (double)pixel(&dx, s, row, q)[i], d);
		}
	for (size_t j = 0; j < weights; j++) {
		const size_t o = j / taps / (size_t)c.ci, i = j / taps % (size_t)c.ci, t = j % taps;
		const double d = four_points(conv_loss, &m, m.w + j, 2);
		const double got = (double)dw[(t * (size_t)c.ci + i) * (size_t)c.co + o];

		if (got != d)
			fail_msg("%s, k %d stride %d: dw(%zu,%zu,%zu) is %g, not %g", k->name, c.k, c.stride, o,
			    i, t, got, d);
	}
}

static void
test_conv(void **state)
{
	static const int sizes[][4] = { { 3, 2, 4, 5 }, { 1, 3, 5, 3 }, { 2, 17, 1, 1 }, { 17, 2, 2, 3 } };

	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t i = 0; i < COUNT(sizes) * 4; i++) {
			const int *z = sizes[i / 4], stride = 1 + (int)(i & 1);

			check_conv(*k, 2, (struct ss_conv){ .k = i & 2 ? 3 : 1, .stride = stride, .ci = z[0],
			    .co = z[1], .h = z[2], .w = z[3], .oh = (z[2] + stride - 1) / stride,
			    .ow = (z[3] + stride - 1) / stride });
		}
}

/*
 * Batch normalisation over the M = n*h*w values of each channel, with ReLU and residual:
 *
 *     x = relu(gamma * (y - mean) * invstd + beta + r),  invstd = 1 / sqrt(var + eps)
 *
 * with mean and the biased variance of y itself. loss = sum of dz * x.
 */

enum { N = 2, H = 3, WIDTH = 4, C = 19, M = N * H * WIDTH };	/* C: a vector of 16 and three more */
static const double EPS = 1e-5;

struct norm_model {
	bool relu, residual;
	struct field y, r, dz;
	float gamma[C], beta[C];
	double preact[M * C];		/* what the ReLU saw in the last forward pass */
	double x[M * C];
};

static void
norm_forward(struct norm_model *m)
{
	for (int j = 0; j < C; j++) {
		double mean = 0, var = 0;
		int i = 0;

		EACH_PIXEL(&m->y, s, r, q)
			mean += (double)pixel(&m->y, s, r, q)[j] / M;
		EACH_PIXEL(&m->y, s, r, q)
			var += pow((double)pixel(&m->y, s, r, q)[j] - mean, 2) / M;
		EACH_PIXEL(&m->y, s, r, q) {
			double v = ((double)pixel(&m->y, s, r, q)[j] - mean) / sqrt(var + EPS) *
			    (double)m->gamma[j] + (double)m->beta[j];

			if (m->residual)
				v += (double)pixel(&m->r, s, r, q)[j];
			m->preact[i * C + j] = v;
			m->x[i * C + j] = m->relu && v < 0 ? 0 : v;
			i++;
		}
	}
}

static double
norm_loss(void *model)
{
	struct norm_model *m = model;
	double sum = 0;
	int i = 0;

	norm_forward(m);
	EACH_PIXEL(&m->dz, s, r, q) {
		for (int j = 0; j < C; j++)
			sum += (double)pixel(&m->dz, s, r, q)[j] * m->x[i * C + j];
		i++;
	}
	return sum;
}

/* Whether any value at t-2e, t-e, t+e, t+2e is on the other side of the ReLU than at t. */
static bool
crosses_kink(struct norm_model *m, float *at, float e)
{
	const float t = *at;
	bool side[M * C], crosses = false;

	if (!m->relu)
		return false;
	norm_forward(m);
	for (int i = 0; i < M * C; i++)
		side[i] = m->preact[i] > 0;
	for (int step = -2; step <= 2; step++) {
		*at = t + (float)step * e;
		norm_forward(m);
		for (int i = 0; i < M * C; i++)
			crosses |= side[i] != (m->preact[i] > 0);
	}
	*at = t;
	return crosses;
}

struct tally {
	int checked, kinks;
	double worst;
};

/*
 * A gradient against its difference. The scale is the root mean square of the gradients of
 * that kind, since a single one may be zero; both sums and the float result round.
 */
static void
check_gradient(struct norm_model *m, const char *what, float *at, double got, double scale,
    struct tally *t)
{
	static const double LIMIT = 1e-6;
	static const float STEP = 0x1p-8f;
	double want;

	if (crosses_kink(m, at, STEP)) {
		t->kinks++;
		return;
	}
	want = four_points(norm_loss, m, at, STEP);
	t->checked++;
	if (fabs(got - want) / scale > t->worst)
		t->worst = fabs(got - want) / scale;
	if (!(fabs(got - want) <= LIMIT * scale))
		fail_msg("d%s is %.9g, not %.9g", what, got, want);
}

static double
rms(const struct field *f)
{
	double sum = 0;

	EACH_PIXEL(f, s, r, q)
		for (int j = 0; j < f->c; j++)
			sum += pow((double)pixel(f, s, r, q)[j], 2);
	return sqrt(sum / (f->n * f->h * f->w * f->c));
}

static void
check_norm(const struct ss_kernels *k, bool relu, bool residual, struct tally *t)
{
	const struct ss_plane none = { 0 };
	struct norm_model m = { .relu = relu, .residual = residual };
	struct field x = field(0, BACK, N, H, WIDTH, C, 1, 0), dy = field(1, BACK, N, H, WIDTH, C, 1, 0);
	struct field dr = field(2, BACK, N, H, WIDTH, C, 0, 0);
	double stats[2 * C] = { 0 }, sums[2 * C] = { 0 }, invstd[C], dgamma = 0, dbeta = 0;
	float mean[C], scale[C], shift[C], a[C], b[C], d[C];
	struct ss_rng r;
	int i = 0;

	ss_rng_init(&r, 6, SS_RNG_SAMPLE, relu, residual, 0);
	m.y = field(3, BACK, N, H, WIDTH, C, 0, 0);
	m.r = field(4, BACK, N, H, WIDTH, C, 0, 0);
	m.dz = field(5, BACK, N, H, WIDTH, C, 0, 0);
	field_fill(&m.y, draw_real, &r);
	field_fill(&m.r, draw_real, &r);
	field_fill(&m.dz, draw_real, &r);
	fill(m.gamma, C, draw_real, &r);
	fill(m.beta, C, draw_real, &r);

	k->norm_stats(N, H, WIDTH, C, m.y.p, stats);
	for (int j = 0; j < C; j++) {
		const double mu = stats[j] / M;

		invstd[j] = 1 / sqrt(stats[C + j] / M - mu * mu + EPS);
		mean[j] = (float)mu;
		scale[j] = (float)((double)m.gamma[j] * invstd[j]);
		shift[j] = (float)((double)m.beta[j] - mu * (double)m.gamma[j] * invstd[j]);
	}
	k->norm_apply(N, H, WIDTH, C, m.y.p, scale, shift, residual ? m.r.p : none, relu, true, x.p);
	norm_forward(&m);
	EACH_PIXEL(&x, s, row, q) {
		for (int j = 0; j < C; j++)
			if (!(fabs((double)pixel(&x, s, row, q)[j] - m.x[i * C + j]) <= 16 * UNIT))
				fail_msg("%s: x is %.9g, not %.9g", k->name, (double)pixel(&x, s, row, q)[j],
				    m.x[i * C + j]);
		i++;
	}

	k->norm_reduce(N, H, WIDTH, C, m.dz.p, relu ? x.p : none, m.y.p, NULL, NULL, mean, sums);
	for (int j = 0; j < C; j++) {
		const double g = (double)m.gamma[j] * invstd[j];

		a[j] = (float)g;
		b[j] = (float)(-g * invstd[j] * invstd[j] * sums[C + j] / M);
		d[j] = (float)(-g * sums[j] / M);
		dgamma += pow(sums[C + j] * invstd[j], 2) / C;
		dbeta += pow(sums[j], 2) / C;
	}
	k->norm_dgrad(N, H, WIDTH, C, m.dz.p, relu ? x.p : none, m.y.p, NULL, NULL, mean, a, b, d, true, dy.p, false,
	    residual ? dr.p : none, false);

	for (int j = 0; j < C; j++) {
		check_gradient(&m, "gamma", m.gamma + j, sums[C + j] * invstd[j], sqrt(dgamma), t);
		check_gradient(&m, "beta", m.beta + j, sums[j], sqrt(dbeta), t);
	}
	EACH_PIXEL(&m.y, s, row, q)
		for (int j = 0; j < C; j++) {
			check_gradient(&m, "y", pixel(&m.y, s, row, q) + j, (double)pixel(&dy, s, row, q)[j],
			    rms(&dy), t);
			if (residual)
				check_gradient(&m, "r", pixel(&m.r, s, row, q) + j,
				    (double)pixel(&dr, s, row, q)[j], rms(&dr), t);
		}
}

static void
test_norm(void **state)
{
	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		struct tally t = { 0 };

		for (int options = 0; options < 4; options++)
			check_norm(*k, options & 1, options & 2, &t);
		print_message("           %s: %d gradients, worst error %.1e; %d left out at the kink\n",
		    (*k)->name, t.checked, t.worst, t.kinks);
		assert_true(t.kinks * 10 < t.checked);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conv),
		cmocka_unit_test(test_norm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
