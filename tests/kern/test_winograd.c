/*
 * test_winograd - the Winograd kernels of every variant against the reference
 *
 * Their error is not relative to an output's own products but to those of its whole tile, so it
 * is measured against the largest output of the tensor. The limit is twice the largest
 * error seen; the test prints what it sees.
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

static const double LIMIT = 2e-5;

enum { X, DY, WEIGHTS, PACKED, DX0, DW0, SCRATCH, V, D, M, U, WANT, GOT = WANT + 4, PART = GOT + 4 };

struct job {
	struct ss_conv c;
	int n, gap;
	enum end end;
	struct field x, dy, dx0;
	float *w, *packed, *dw0, *scratch;
	size_t weights;
};

struct result {
	struct field y, dx, sum;	/* sum: dx added to dx0 */
	float *dw;
};

static struct job
job(int ci, int co, int h, int w, int n, enum end end, draw_fn *draw)
{
	struct job j = { .c = { 3, 1, ci, co, h, w, h, w }, .n = n, .gap = (ci / 8 + h) % 3 * 7,
		.end = end, .weights = 9 * (size_t)ci * (size_t)co };
	struct ss_rng r;

	j.x = field(X, end, n, h, w, ci, 1, j.gap);
	j.dy = field(DY, end, n, h, w, co, 1, j.gap);
	j.dx0 = field(DX0, end, n, h, w, ci, 0, 0);
	j.w = slot_floats(WEIGHTS, j.weights, end);
	j.packed = slot_floats(PACKED, 4 * j.weights, end);
	j.dw0 = slot_floats(DW0, j.weights, end);
	j.scratch = slot_floats(SCRATCH, ss_winograd_scratch(&j.c), end);
	field_zero_border(&j.x);
	field_zero_border(&j.dy);
	ss_rng_init(&r, 1, SS_RNG_SAMPLE, (uint32_t)n, (uint64_t)(ci * 1000 + co), (uint32_t)(h * 100 + w));
	field_fill(&j.x, draw, &r);
	field_fill(&j.dy, draw, &r);
	field_fill(&j.dx0, draw, &r);
	fill(j.w, j.weights, draw, &r);
	fill(j.dw0, j.weights, draw, &r);
	return j;
}

static struct result
outputs(const struct job *j, int slots)
{
	const struct ss_conv *c = &j->c;
	struct result r = {
		.y = field(slots, j->end, j->n, c->h, c->w, c->co, j->n % 2, j->gap),
		.dx = field(slots + 1, j->end, j->n, c->h, c->w, c->ci, j->n % 2, j->gap),
		.sum = field(slots + 2, j->end, j->n, c->h, c->w, c->ci, j->n % 2, j->gap),
		.dw = slot_floats(slots + 3, j->weights, j->end)
	};

	field_copy(&r.sum, &j->dx0);
	memcpy(r.dw, j->dw0, j->weights * sizeof(*r.dw));
	return r;
}

static struct result
reference(const struct job *j)
{
	const struct ss_kernels *k = ss_kernels_find("ref");
	const struct ss_conv *c = &j->c;
	struct result r = outputs(j, WANT);

	k->conv(c, j->n, j->x.p, j->w, r.y.p, NULL);
	k->conv_dgrad(c, j->n, j->dy.p, j->w, r.dx.p, false);
	k->conv_dgrad(c, j->n, j->dy.p, j->w, r.sum.p, true);
	k->conv_wgrad(c, j->n, j->x.p, j->dy.p, 0, c->ci, r.dw);
	return r;
}

static struct ss_plane
from(const struct field *f, int n)
{
	return (struct ss_plane){ pixel(f, n, 0, 0), f->p.row, f->p.image };
}

/* Images `first` to `end` - 1. */
static void
run_images(struct job *j, const struct ss_kernels *k, int first, int end, struct result *r)
{
	const struct ss_conv *c = &j->c;
	const int n = end - first;

	k->wino_pack(c, j->w, j->packed);
	k->wino_conv(c, n, from(&j->x, first), j->packed, from(&r->y, first), NULL, j->scratch);
	k->wino_pack_t(c, j->w, j->packed);
	k->wino_dgrad(c, n, from(&j->dy, first), j->packed, from(&r->dx, first), false, j->scratch);
	k->wino_dgrad(c, n, from(&j->dy, first), j->packed, from(&r->sum, first), true, j->scratch);
}

/* Products of all tiles, in two parts. */
static void
multiply(struct job *j, const struct ss_kernels *k, int ci, int co, int tiles, const float *v, float *m)
{
	for (int e = 0; e < 36; e++) {
		k->wino_multiply(e, ci, co, tiles, 0, tiles / 3, v, j->packed, m);
		k->wino_multiply(e, ci, co, tiles, tiles / 3, tiles, v, j->packed, m);
	}
}

/* The steps, transforming so many images at a time. */
static void
run_steps(struct job *j, const struct ss_kernels *k, int images, struct result *r)
{
	const struct ss_conv *c = &j->c;
	const int tiles = ss_winograd_count(j->n, c->h, c->w);
	const size_t in = ss_winograd_floats(tiles, c->ci), out = ss_winograd_floats(tiles, c->co);
	float *v = slot_floats(V, in, j->end), *d = slot_floats(D, out, j->end), *m, *u;

	m = slot_floats(M, out, j->end);
	for (int s = 0; s < j->n; s += images) {
		const int n = s + images < j->n ? images : j->n - s;

		k->wino_input(c->ci, c->h, c->w, from(&j->x, s), s, n, tiles, v);
		k->wino_gradient(c->co, c->h, c->w, from(&j->dy, s), s, n, tiles, d);
	}
	k->wino_pack(c, j->w, j->packed);
	multiply(j, k, c->ci, c->co, tiles, v, m);
	for (int s = 0; s < j->n; s += images)
		k->wino_output(c->co, c->h, c->w, m, tiles, from(&r->y, s), s,
		    s + images < j->n ? images : j->n - s, false, NULL);

	u = slot_floats(U, ss_winograd_sum_floats(c->ci, c->co), j->end);
	for (int e = 0; e < 36; e++)
		for (int i = 0, to; i < c->ci; i = to) {
			to = i + 32 < c->ci ? i + 32 : c->ci;
			k->wino_multiply_t(e, c->ci, c->co, tiles, i, to, v, d, u);
		}
	for (int i = 0, to; i < c->ci; i = to) {
		to = i + 5 < c->ci ? i + 5 : c->ci;
		k->wino_finish(c->ci, c->co, i, to, u, r->dw);
	}

	v = slot_floats(V, out, j->end);
	m = slot_floats(M, in, j->end);
	k->wino_input(c->co, c->h, c->w, j->dy.p, 0, j->n, tiles, v);
	k->wino_pack_t(c, j->w, j->packed);
	multiply(j, k, c->co, c->ci, tiles, v, m);
	k->wino_output(c->ci, c->h, c->w, m, tiles, r->dx.p, 0, j->n, false, NULL);
	k->wino_output(c->ci, c->h, c->w, m, tiles, r->sum.p, 0, j->n, true, NULL);
}

static struct result
run(struct job *j, const struct ss_kernels *k)
{
	struct result r = outputs(j, GOT);

	run_images(j, k, 0, j->n, &r);
	k->wino_wgrad(&j->c, j->n, j->x.p, j->dy.p, 0, j->c.ci, r.dw, j->scratch);
	return r;
}

/* The largest error over the largest value; what is poison in want must be the same poison in got. */
static double
error(const float *got, const float *want, size_t n)
{
	const float p = poison();
	double worst = 0, largest = 0;

	for (size_t i = 0; i < n; i++) {
		if (memcmp(&want[i], &p, sizeof(p)) == 0) {
			assert_memory_equal(&got[i], &p, sizeof(p));
		} else if (isnan(want[i])) {
			assert_true(isnan(got[i]));
		} else {
			const double d = fabs((double)got[i] - want[i]);

			assert_false(isnan(d));
			worst = d > worst ? d : worst;
			largest = fabs((double)want[i]) > largest ? fabs((double)want[i]) : largest;
		}
	}
	return worst / largest;
}

static void
note(double *worst, double e, const char *variant, const char *pass, const struct job *j)
{
	if (e > LIMIT)
		print_message("%s %s: %d images %dx%d, channels %d to %d: error %.2g\n", variant, pass, j->n,
		    j->c.h, j->c.w, j->c.ci, j->c.co, e);
	assert_true(e <= LIMIT);
	*worst = e > *worst ? e : *worst;
}

#define EACH_VARIANT(k, job)							\
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)	\
		if (ss_winograd_fits(*k, &(job)->c))

static void
check_variants(int ci, int co, int h, int w, int n, draw_fn *draw, double worst[3])
{
	for (enum end end = FRONT; end <= BACK; end++) {
		struct job j = job(ci, co, h, w, n, end, draw);
		struct result want = reference(&j);

		EACH_VARIANT(k, &j) {
			struct result got = run(&j, *k);

			note(&worst[0], error(got.y.first, want.y.first, want.y.floats), (*k)->name,
			    "conv", &j);
			note(&worst[1], error(got.dx.first, want.dx.first, want.dx.floats), (*k)->name,
			    "dgrad", &j);
			note(&worst[1], error(got.sum.first, want.sum.first, want.sum.floats), (*k)->name,
			    "dgrad added", &j);
			note(&worst[2], error(got.dw, want.dw, j.weights), (*k)->name, "wgrad", &j);
		}
	}
}

static const int channels[] = { 4, 8, 16, 24, 32, 48, 64, 80, 96 };

static void
test_channels(void **state)
{
	double worst[3] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(channels); i++)
		for (size_t o = 0; o < COUNT(channels); o++)
			check_variants(channels[i], channels[o], 4 + (int)(i + o) % 6, 4 + (int)(i * o) % 5,
			    1 + (int)(i + o) % 3, draw_real, worst);
	print_message("           largest error / largest value: conv %.1e, dgrad %.1e, wgrad %.1e\n",
	    worst[0], worst[1], worst[2]);
}

/* Sizes that are and are not a multiple of the tile, smaller ones too; more tiles than a block has. */
static void
test_sides(void **state)
{
	static const int sides[] = { 1, 2, 3, 4, 5, 7, 8, 9, 16, 31 };
	double worst[3] = { 0 };

	(void)state;
	for (size_t h = 0; h < COUNT(sides); h++)
		for (size_t w = 0; w < COUNT(sides); w++)
			check_variants(16, 32, sides[h], sides[w], 1 + (int)(h + w) % 2, draw_real, worst);
	check_variants(32, 16, 4, 4, 49, draw_real, worst);
	check_variants(16, 16, 8, 8, 25, draw_real, worst);
	print_message("           largest error / largest value: conv %.1e, dgrad %.1e, wgrad %.1e\n",
	    worst[0], worst[1], worst[2]);
}

static void
assert_same(const struct result *got, const struct result *want, size_t weights)
{
	assert_memory_equal(got->y.first, want->y.first, want->y.floats * sizeof(float));
	assert_memory_equal(got->dx.first, want->dx.first, want->dx.floats * sizeof(float));
	assert_memory_equal(got->sum.first, want->sum.first, want->sum.floats * sizeof(float));
	assert_memory_equal(got->dw, want->dw, weights * sizeof(float));
}

/* Images one by one, and weights for some channels at a time: the same bytes. */
static void
test_pieces(void **state)
{
	(void)state;
	for (size_t m = 0; m < 2 * COUNT(channels); m++) {
		struct job j = job(channels[m % COUNT(channels)], channels[m * 5 % COUNT(channels)],
		    m % 2 ? 4 : 9, 8, m % 3 ? 5 : 26, BACK, draw_real);

		EACH_VARIANT(k, &j) {
			struct result whole = run(&j, *k), part = outputs(&j, PART);

			for (int s = 0; s < j.n; s++)
				run_images(&j, *k, s, s + 1, &part);
			for (int i = 0, to; i < j.c.ci; i = to) {
				to = i + 64 < j.c.ci ? i + 64 : j.c.ci;
				(*k)->wino_wgrad(&j.c, j.n, j.x.p, j.dy.p, i, to, part.dw, j.scratch);
			}
			assert_same(&part, &whole, j.weights);
		}
	}
}

/* In steps, of which some see more tiles than a block has: the same bytes. */
static void
test_steps(void **state)
{
	(void)state;
	for (size_t m = 0; m < 2 * COUNT(channels); m++) {
		const bool many = m % 6 == 3;
		struct job j = job(channels[m % COUNT(channels)], channels[m * 5 % COUNT(channels)],
		    many ? 16 : 3 + (int)m % 7, many ? 16 : 8, many ? 17 : 1 + (int)m % 5,
		    m % 2 ? FRONT : BACK, draw_real);

		EACH_VARIANT(k, &j) {
			struct result whole = run(&j, *k), part = outputs(&j, PART);

			run_steps(&j, *k, 1 + (int)m % 3, &part);
			assert_same(&part, &whole, j.weights);
		}
	}
}

/* One value that is not finite: what the reference makes of it is not finite here either. */
static void
test_not_finite(void **state)
{
	const float bad[] = { NAN, INFINITY, -INFINITY };

	(void)state;
	for (size_t m = 0; m < 3 * 8; m++) {
		struct job j = job(32, 16, 5, 9, 2, BACK, draw_real);
		struct result want;

		pixel(&j.x, 1, (int)m % 5, (int)m % 9)[m] = bad[m % 3];
		pixel(&j.dy, 0, (int)m % 5, (int)m % 9)[m % 16] = bad[m % 3];
		want = reference(&j);
		EACH_VARIANT(k, &j) {
			struct result got = run(&j, *k);

			for (size_t i = 0; i < want.y.floats; i++)
				assert_true(isfinite(want.y.first[i]) || !isfinite(got.y.first[i]));
			for (size_t i = 0; i < want.dx.floats; i++)
				assert_true(isfinite(want.dx.first[i]) || !isfinite(got.dx.first[i]));
			for (size_t i = 0; i < j.weights; i++)
				assert_true(isfinite(want.dw[i]) || !isfinite(got.dw[i]));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_not_finite),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
