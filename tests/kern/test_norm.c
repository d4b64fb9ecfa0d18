/*
 * test_norm - every variant of the batch normalisation kernels against the reference
 *
 * As test_conv: small integers must give the reference's bits, reals are held to
 * limits relative to the sums of absolute values, edges of float behave alike, and
 * nothing outside the tensors is read or written. That the formulas are the right
 * ones is for test_gradient and the stored values of another framework.
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

static const int channels[] = { 1, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 96 };
static const int sides[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 32 };

/* Roundings of one output where nothing is fused, each at most UNIT of the bound, and the reference's. */
static const double APPLY_LIMIT = (3 + 1) * UNIT, DGRAD_LIMIT = (5 + 1) * UNIT;

/* Sums are float along a row of at most 32 pixels, double across rows. */
static const double SUM_LIMIT = UNIT * (2 + 2 * 5.7);

enum { Y, DZ, MASK, RES, PARAMS, SUMS, WANT, BOUND = WANT + 5, CENTRED = BOUND + 5,
	GOT = CENTRED + 5 };

/* mean, a (or scale), b, d (or shift) for each channel */
enum { MEAN, A, B, D, PARAMETERS };

struct job {
	int n, h, w, c, gap;
	enum end end;
	struct field y, dz, mask, res;
	float *par[PARAMETERS];
	double *sums0;			/* what the sums begin with: 2c */
	/* which of the options are on */
	bool has_mask, has_res, relu, border, accumulate;
};

struct result {
	struct field x, dy, dr;
	double *stats, *reduce;
};

static struct job
job(int n, int h, int w, int c, enum end end, unsigned options)
{
	struct job j = { .n = n, .h = h, .w = w, .c = c, .end = end, .gap = (n + h + w + c) % 3 * 7,
		.has_mask = options & 1, .has_res = options & 2, .relu = options & 4,
		.border = options & 8, .accumulate = options & 16 };
	float *p;

	j.y = field(Y, end, n, h, w, c, 0, j.gap);
	j.dz = field(DZ, end, n, h, w, c, 0, 2 * j.gap);
	j.mask = field(MASK, end, n, h, w, c, options >> 3 & 1, j.gap);
	j.res = field(RES, end, n, h, w, c, 0, j.gap / 7);
	p = slot_floats(PARAMS, (size_t)c * PARAMETERS, end);
	for (int i = 0; i < PARAMETERS; i++)
		j.par[i] = p + i * c;
	j.sums0 = slot(SUMS, 2 * (size_t)c * sizeof(double), end);
	return j;
}

static void
job_fill(struct job *j, draw_fn *draw)
{
	struct ss_rng r;

	ss_rng_init(&r, 3, SS_RNG_SAMPLE, (uint32_t)j->n, (uint64_t)j->c,
	    (uint32_t)(j->h * 100 + j->w));
	field_fill(&j->y, draw, &r);
	field_fill(&j->dz, draw, &r);
	field_fill(&j->mask, draw, &r);
	field_fill(&j->res, draw, &r);
	fill(j->par[0], (size_t)j->c * PARAMETERS, draw, &r);
	for (int i = 0; i < 2 * j->c; i++)
		j->sums0[i] = (double)draw(&r);
}

/*
 * Absolute values, so that the reference gives the bounds. Where the mean is subtracted,
 * the difference is a correctly rounded number: |y - mean| takes the place of y.
 */
static void
job_abs(struct job *j, bool centred)
{
	EACH_PIXEL(&j->y, s, r, q)
		for (int i = 0; centred && i < j->c; i++)
			pixel(&j->y, s, r, q)[i] -= j->par[MEAN][i];
	field_abs(&j->y);
	field_abs(&j->dz);
	field_abs(&j->res);
	for (int i = 0; i < j->c * PARAMETERS; i++)
		j->par[0][i] = fabsf(j->par[0][i]);
	for (int i = 0; i < j->c; i++)
		j->par[MEAN][i] = 0;
	for (int i = 0; i < 2 * j->c; i++)
		j->sums0[i] = fabs(j->sums0[i]);
	j->relu = false;
}

static double *
sums(const struct job *j, int in_slot)
{
	const size_t bytes = 2 * (size_t)j->c * sizeof(double);

	return memcpy(slot(in_slot, bytes, j->end), j->sums0, bytes);
}

static struct result
run(const struct job *j, const struct ss_kernels *k, int slots)
{
	const int n = j->n, h = j->h, w = j->w, c = j->c;
	const struct ss_plane none = { 0 }, mask = j->has_mask ? j->mask.p : none;
	struct result r;

	r.x = field(slots, j->end, n, h, w, c, j->border, j->gap);
	k->norm_apply(n, h, w, c, j->y.p, j->par[A], j->par[D], j->has_res ? j->res.p : none, j->relu,
	    j->border, r.x.p);
	r.stats = sums(j, slots + 1);
	k->norm_stats(n, h, w, c, j->y.p, r.stats);
	r.reduce = sums(j, slots + 2);
	k->norm_reduce(n, h, w, c, j->dz.p, mask, j->y.p, NULL, NULL, j->par[MEAN], r.reduce);

	r.dy = field(slots + 3, j->end, n, h, w, c, j->border, j->gap);
	r.dr = field(slots + 4, j->end, n, h, w, c, 0, j->gap);
	if (j->accumulate)
		field_copy(&r.dr, &j->res);
	k->norm_dgrad(n, h, w, c, j->dz.p, mask, j->y.p, NULL, NULL, j->par[MEAN], j->par[A], j->par[B], j->par[D],
	    j->border, r.dy.p, false, j->has_res ? r.dr.p : none, j->accumulate);
	return r;
}

struct shares {
	double apply, stats, reduce, dgrad;
};

static void
raise_share(double *share, double error, double of)
{
	if (error / of > *share)
		*share = error / of;
}

/*
 * The 2c sums. Variants square and add in float along a row, so a float's overflow is
 * theirs and not the reference's: beyond it nothing is asked.
 */
static double
compare_sums(const char *what, const double *got, const double *want, const double *bound, int n)
{
	double worst = 0;

	for (int i = 0; i < n; i++) {
		const double d = fabs(got[i] - want[i]);
		bool good = memcmp(got + i, want + i, sizeof(*got)) == 0;

		if (!good && bound != NULL)
			good = isnan(want[i]) ? isnan(got[i]) : isinf(want[i]) ? !isfinite(got[i]) :
			    d <= SUM_LIMIT * bound[i] + 0x1p-137 || !(bound[i] < (double)FLT_MAX);
		if (!good)
			fail_msg("%s: sum [%d] is %.17g, not %.17g (limit %g of %g)", what, i, got[i],
			    want[i], SUM_LIMIT, bound == NULL ? 0 : bound[i]);
		if (bound != NULL && bound[i] > (double)FLT_MIN && bound[i] < (double)FLT_MAX &&
		    d / bound[i] > worst)
			worst = d / bound[i];
	}
	return worst;
}

/* bound NULL: the same bits. */
static void
check(const struct job *j, const char *variant, const struct result *got,
    const struct result *want, const struct result *bound, struct shares *s)
{
	char what[192], at[128];

	snprintf(at, sizeof(at), "%d images %dx%d, %d channels, gap %d, %s%s%s%s%s%s", j->n, j->h, j->w,
	    j->c, j->gap, j->end == FRONT ? "front" : "back", j->has_mask ? ", mask" : "",
	    j->has_res ? ", residual" : "", j->relu ? ", relu" : "", j->border ? ", border" : "",
	    j->accumulate ? ", accumulate" : "");
	snprintf(what, sizeof(what), "%s apply: %s", variant, at);
	raise_share(&s->apply, compare(what, got->x.first, want->x.first,
	    bound == NULL ? NULL : bound->x.first, want->x.floats, APPLY_LIMIT), APPLY_LIMIT);
	snprintf(what, sizeof(what), "%s stats: %s", variant, at);
	raise_share(&s->stats, compare_sums(what, got->stats, want->stats,
	    bound == NULL ? NULL : bound->stats, 2 * j->c), SUM_LIMIT);
	snprintf(what, sizeof(what), "%s reduce: %s", variant, at);
	raise_share(&s->reduce, compare_sums(what, got->reduce, want->reduce,
	    bound == NULL ? NULL : bound->reduce, 2 * j->c), SUM_LIMIT);
	snprintf(what, sizeof(what), "%s dgrad: %s", variant, at);
	raise_share(&s->dgrad, compare(what, got->dy.first, want->dy.first,
	    bound == NULL ? NULL : bound->dy.first, want->dy.floats, DGRAD_LIMIT), DGRAD_LIMIT);
	snprintf(what, sizeof(what), "%s dgrad to the residual: %s", variant, at);
	compare(what, got->dr.first, want->dr.first, NULL, want->dr.floats, 0);
}

static void
check_variants(int n, int h, int w, int c, unsigned options, draw_fn *draw, bool exact,
    struct shares *s)
{
	for (enum end end = FRONT; end <= BACK; end++) {
		struct job j = job(n, h, w, c, end, options);
		struct result want, bound, centred;

		if (!exact) {
			struct job b = j;

			job_fill(&b, draw);
			job_abs(&b, false);
			bound = run(&b, ss_kernels_find("ref"), BOUND);
			job_fill(&b, draw);
			job_abs(&b, true);
			centred = run(&b, ss_kernels_find("ref"), CENTRED);
			bound.reduce = centred.reduce;
			bound.dy = centred.dy;
		}
		job_fill(&j, draw);
		want = run(&j, ss_kernels_find("ref"), WANT);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result got = run(&j, *k, GOT);

			check(&j, (*k)->name, &got, &want, exact ? NULL : &bound, s);
		}
	}
}

static void
print_shares(const char *what, const struct shares *s)
{
	print_message("           %s: apply %.2f, stats %.2f, reduce %.2f, dgrad %.2f of the limit\n",
	    what, s->apply, s->stats, s->reduce, s->dgrad);
}

/* All channel numbers with all options. */
static void
test_options(void **state)
{
	struct shares exact = { 0 }, real = { 0 };

	(void)state;
	for (unsigned options = 0; options < 32; options++)
		for (size_t i = 0; i < COUNT(channels); i++) {
			const int m = (int)options + (int)i;

			check_variants(1 + m % 3, 1 + m % 5, 1 + m % 9, channels[i], options, draw_integer,
			    true, &exact);
			check_variants(1 + m % 3, 1 + m % 5, 1 + m % 9, channels[i], options, draw_real,
			    false, &real);
		}
	print_shares("reals", &real);
}

static void
test_sides(void **state)
{
	struct shares exact = { 0 }, real = { 0 };
	unsigned m = 0;

	(void)state;
	for (size_t h = 0; h < COUNT(sides); h++)
		for (size_t w = 0; w < COUNT(sides); w++)
			for (int k = 0; k < 5; k++, m++) {
				const int c = channels[(m + (unsigned)k) % COUNT(channels)];

				check_variants(1 + (int)(m % 3), sides[h], sides[w], c, m % 32, draw_integer, true,
				    &exact);
				check_variants(1 + (int)(m % 3), sides[h], sides[w], c, m % 32, draw_wild, false,
				    &real);
			}
	print_shares("reals of all magnitudes", &real);
}

static float
draw_extreme(struct ss_rng *r)
{
	static const float v[] = { 0, -0.0f, 1e-45f, -1e-40f, FLT_MIN, -1e-30f, 1e-20f, -1, 1, 3,
		1e15f, -1e18f, 1e19f, 1e30f, -1e30f, FLT_MAX };

	return v[ss_rng_u32(r) % COUNT(v)];
}

static float
draw_not_finite(struct ss_rng *r)
{
	const float v[] = { NAN, INFINITY, -INFINITY };
	const uint32_t u = ss_rng_u32(r) % 12;

	return u < COUNT(v) ? v[u] : draw_real(r);
}

static void
test_extremes(void **state)
{
	struct shares s = { 0 };

	(void)state;
	for (unsigned options = 0; options < 32; options++)
		for (size_t i = 0; i < COUNT(channels); i++) {
			check_variants(2, 3, 1 + (int)i % 6, channels[i], options, draw_extreme, false, &s);
			check_variants(1, 2, 1 + (int)i % 6, channels[i], options, draw_not_finite, false, &s);
		}
	print_shares("extremes", &s);
}

/* In words: NaN passes the ReLU forward, and the mask of a NaN or of zero stops the gradient. */
static void
test_relu(void **state)
{
	enum { C = 35 };
	const float in[] = { NAN, -NAN, INFINITY, -INFINITY, 2, -2, 0 };
	float y[C], x[C], dz[C], dy[C], dr[C], one[C], zero[C];
	const struct ss_plane yp = { y, C, C }, xp = { x, C, C }, dzp = { dz, C, C }, dyp = { dy, C, C },
	    drp = { dr, C, C };

	(void)state;
	for (int i = 0; i < C; i++) {
		y[i] = in[i % 7];
		one[i] = 1;
		zero[i] = 0;
		dz[i] = 5;
	}
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		(*k)->norm_apply(1, 1, 1, C, yp, one, zero, (struct ss_plane){ 0 }, true, false, xp);
		(*k)->norm_dgrad(1, 1, 1, C, dzp, xp, dzp, NULL, NULL, zero, one, zero, zero, false, dyp, false, drp, false);
		for (int i = 0; i < C; i++) {
			if (i % 7 < 2)
				assert_true(isnan(x[i]));
			else
				assert_true(x[i] == (y[i] > 0 ? y[i] : 0));
			assert_true(dy[i] == (i % 7 == 2 || i % 7 == 4 ? 5 : 0));
			assert_true(dr[i] == dy[i]);
		}
	}
}

/* The ReLU's mask made anew from its input: the same bytes as with the output that was kept. */
static void
test_own_mask(void **state)
{
	const struct ss_plane none = { 0 };

	(void)state;
	for (unsigned m = 0; m < COUNT(channels) * 12; m++) {
		const int n = 1 + (int)m % 2, h = sides[m % 11], w = sides[m / 11 % 12], c = channels[m % 14];
		struct job j = job(n, h, w, c, m % 3 ? FRONT : BACK, m % 2 ? 4 | 8 : 4);

		job_fill(&j, draw_real);
		for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
			struct result kept, own;
			struct job masked = j;

			kept = run(&j, *k, WANT);
			field_copy(&masked.mask, &kept.x);
			masked.has_mask = true;
			kept = run(&masked, *k, WANT);
			own = run(&j, *k, GOT);
			own.reduce = sums(&j, GOT + 2);
			(*k)->norm_reduce(n, h, w, c, j.dz.p, none, j.y.p, j.par[A], j.par[D], j.par[MEAN],
			    own.reduce);
			(*k)->norm_dgrad(n, h, w, c, j.dz.p, none, j.y.p, j.par[A], j.par[D], j.par[MEAN],
			    j.par[A], j.par[B], j.par[D], j.border, own.dy.p, false, none, false);
			assert_memory_equal(own.reduce, kept.reduce, 2 * (size_t)c * sizeof(double));
			assert_memory_equal(own.dy.first, kept.dy.first, own.dy.floats * sizeof(float));
		}
	}
}

/* A gradient that is added to what is there: the sum, rounded once more (the reference rounds once). */
static void
test_added(void **state)
{
	const struct ss_plane none = { 0 };

	(void)state;
	for (unsigned m = 0; m < COUNT(channels) * 6; m++) {
		const int n = 1 + (int)m % 2, h = sides[m % 11], w = sides[m / 11 % 12], c = channels[m % 14];
		struct job j = job(n, h, w, c, m % 3 ? FRONT : BACK, 0);

		job_fill(&j, draw_real);
		for (const struct ss_kernels *const *k = ss_kernels_list(); (*k)->peak != NULL; k++) {
			struct result plain = run(&j, *k, WANT), added = run(&j, *k, GOT);

			field_copy(&added.dy, &j.y);
			(*k)->norm_dgrad(n, h, w, c, j.dz.p, none, j.y.p, NULL, NULL, j.par[MEAN], j.par[A], j.par[B],
			    j.par[D], false, added.dy.p, true, none, false);
			EACH_PIXEL(&added.dy, s, r, q)
				for (int i = 0; i < c; i++)
					assert_true(pixel(&added.dy, s, r, q)[i] == pixel(&plain.dy, s, r, q)[i] +
					    pixel(&j.y, s, r, q)[i]);
		}
	}
}

static struct ss_plane
image(const struct field *f, int n)
{
	return (struct ss_plane){ pixel(f, n, 0, 0), f->p.row, f->p.image };
}

static void
check_image(const struct field *one, const struct field *all, int n)
{
	for (int r = 0; r < one->h; r++)
		assert_memory_equal(pixel(one, 0, r, 0), pixel(all, n, r, 0),
		    (size_t)(one->w * one->c) * sizeof(float));
}

/* Images one by one: the same bytes, sums included. */
static void
test_pieces(void **state)
{
	(void)state;
	for (unsigned m = 0; m < COUNT(channels) * 32; m++) {
		const int n = 7, h = sides[m % 11], w = sides[m / 11 % 12], c = channels[m % 14];
		const size_t sum_bytes = 2 * (size_t)c * sizeof(double);
		struct job j = job(n, h, w, c, BACK, m % 32), one = j;
		double stats[2 * 96], reduce[2 * 96];

		job_fill(&j, draw_real);
		one.n = 1;
		for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
			const struct result all = run(&j, *k, WANT);

			memcpy(stats, j.sums0, sum_bytes);
			memcpy(reduce, j.sums0, sum_bytes);
			for (int s = 0; s < n; s++) {
				struct result r;

				one.y.p = image(&j.y, s);
				one.dz.p = image(&j.dz, s);
				one.mask.p = image(&j.mask, s);
				one.res.p = image(&j.res, s);
				r = run(&one, *k, GOT);
				check_image(&r.x, &all.x, s);
				check_image(&r.dy, &all.dy, s);
				check_image(&r.dr, &all.dr, s);
				(*k)->norm_stats(1, h, w, c, one.y.p, stats);
				(*k)->norm_reduce(1, h, w, c, one.dz.p,
				    j.has_mask ? one.mask.p : (struct ss_plane){ 0 }, one.y.p, NULL, NULL, j.par[MEAN],
				    reduce);
			}
			assert_memory_equal(stats, all.stats, sum_bytes);
			assert_memory_equal(reduce, all.reduce, sum_bytes);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_relu),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_own_mask),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
