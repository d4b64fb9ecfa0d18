/*
 * test_conv - every variant of the convolution kernels against the reference
 *
 * Three kinds of numbers: small integers, whose sums are exact in any order, so
 * that every variant must give the reference's very bits; reals, with a limit
 * relative to the sum of the absolute products; and values at the edges of float.
 * The reference itself is held to an example made by hand here, and to its own
 * derivatives in test_gradient.
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "planes.h"

/*
 * A result is one chain of roundings, each at most UNIT of a partial sum, which the
 * sum of absolute products bounds. They are independent enough that their sum
 * grows like the root of the chain's length, not like the length.
 */
static double
limit(int chain)
{
	return UNIT * (2 + 2 * sqrt(chain));
}

static const int channels[] = { 1, 3, 5, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64, 96 };
static const int sides[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 32 };
static const struct { int k, stride; } kinds[] = { { 1, 1 }, { 1, 2 }, { 3, 1 }, { 3, 2 }, { 7, 2 } };

static struct ss_conv
shape(size_t kind, int ci, int co, int h, int w)
{
	struct ss_conv c = { .k = kinds[kind].k, .stride = kinds[kind].stride, .ci = ci, .co = co,
		.h = h, .w = w };

	c.oh = (h + c.stride - 1) / c.stride;
	c.ow = (w + c.stride - 1) / c.stride;
	return c;
}

enum { X, DY, WEIGHTS, PACKED, DX0, DW0, WANT, BOUND = WANT + 4, GOT = BOUND + 4 };

/* A convolution and what it is fed with; dx0 and dw0 are what gradients are added to. */
struct job {
	struct ss_conv c;
	int n, gap;
	enum end end;
	struct field x, dy, dx0;
	float *w, *packed, *dw0;
	size_t weights;
};

struct result {
	struct field y, dx, sum;	/* sum: dx added to dx0 */
	float *dw;
};

static struct job
job(struct ss_conv c, int n, enum end end)
{
	const int border = c.k / 2, gap = (c.ci + c.co + c.h + c.w) % 3 * 7;
	struct job j = { .c = c, .n = n, .gap = gap, .end = end,
		.weights = (size_t)c.co * (size_t)c.ci * (size_t)c.k * (size_t)c.k };

	j.x = field(X, end, n, c.h, c.w, c.ci, border, gap);
	j.dy = field(DY, end, n, c.oh, c.ow, c.co, border, gap);
	field_zero_border(&j.x);
	field_zero_border(&j.dy);
	j.dx0 = field(DX0, end, n, c.h, c.w, c.ci, 0, 0);
	j.w = slot_floats(WEIGHTS, j.weights, end);
	j.packed = slot_floats(PACKED, j.weights, end);
	j.dw0 = slot_floats(DW0, j.weights, end);
	return j;
}

static void
job_fill(struct job *j, draw_fn *draw)
{
	const struct ss_conv *c = &j->c;
	struct ss_rng r;

	ss_rng_init(&r, (uint64_t)(c->k * 2 + c->stride), SS_RNG_SAMPLE, (uint32_t)j->n,
	    (uint64_t)(c->ci * 1000 + c->co), (uint32_t)(c->h * 100 + c->w));
	field_fill(&j->x, draw, &r);
	field_fill(&j->dy, draw, &r);
	field_fill(&j->dx0, draw, &r);
	fill(j->w, j->weights, draw, &r);
	fill(j->dw0, j->weights, draw, &r);
}

/* With absolute values everywhere the reference computes the bounds of all rounding errors. */
static void
job_abs(struct job *j)
{
	field_abs(&j->x);
	field_abs(&j->dy);
	field_abs(&j->dx0);
	for (size_t i = 0; i < j->weights; i++) {
		j->w[i] = fabsf(j->w[i]);
		j->dw0[i] = fabsf(j->dw0[i]);
	}
}

static struct result
run(struct job *j, const struct ss_kernels *k, int slots)
{
	const struct ss_conv *c = &j->c;
	const int border = j->n % 2;	/* outputs may have one, which a convolution leaves alone */
	struct result r;

	r.y = field(slots, j->end, j->n, c->oh, c->ow, c->co, border, j->gap);
	k->conv_pack(c, j->w, j->packed);
	k->conv(c, j->n, j->x.p, j->packed, r.y.p, NULL);

	r.dx = field(slots + 1, j->end, j->n, c->h, c->w, c->ci, border, j->gap);
	r.sum = field(slots + 2, j->end, j->n, c->h, c->w, c->ci, border, j->gap);
	field_copy(&r.sum, &j->dx0);
	k->conv_pack_t(c, j->w, j->packed);
	k->conv_dgrad(c, j->n, j->dy.p, j->packed, r.dx.p, false);
	k->conv_dgrad(c, j->n, j->dy.p, j->packed, r.sum.p, true);

	r.dw = slot_floats(slots + 3, j->weights, j->end);
	memcpy(r.dw, j->dw0, j->weights * sizeof(*r.dw));
	k->conv_wgrad(c, j->n, j->x.p, j->dy.p, 0, c->ci, r.dw);
	return r;
}

/* The largest shares of the limits that were used, for the reader of the test's output. */
struct shares {
	double conv, dgrad, wgrad;
};

static void
raise_share(double *share, double error, double of)
{
	if (error / of > *share)
		*share = error / of;
}

/* bound NULL: the same bits. Only what is no pixel is poison in a bound. */
static void
check(const struct job *j, const char *variant, const struct result *got,
    const struct result *want, const struct result *bound, struct shares *shares)
{
	const struct ss_conv *c = &j->c;
	const double y = limit(c->k * c->k * c->ci), dx = limit(c->k * c->k * c->co + 1),
	    dw = limit(j->n * c->oh * c->ow + 1);
	char what[160], at[128];

	snprintf(at, sizeof(at), "k %d stride %d, %d images %dx%d, channels %d to %d, gap %d, %s", c->k,
	    c->stride, j->n, c->h, c->w, c->ci, c->co, j->gap, j->end == FRONT ? "front" : "back");
	snprintf(what, sizeof(what), "%s conv: %s", variant, at);
	raise_share(&shares->conv, compare(what, got->y.first, want->y.first,
	    bound == NULL ? NULL : bound->y.first, want->y.floats, y), y);
	snprintf(what, sizeof(what), "%s dgrad: %s", variant, at);
	raise_share(&shares->dgrad, compare(what, got->dx.first, want->dx.first,
	    bound == NULL ? NULL : bound->dx.first, want->dx.floats, dx), dx);
	snprintf(what, sizeof(what), "%s dgrad added: %s", variant, at);
	raise_share(&shares->dgrad, compare(what, got->sum.first, want->sum.first,
	    bound == NULL ? NULL : bound->sum.first, want->sum.floats, dx), dx);
	snprintf(what, sizeof(what), "%s wgrad: %s", variant, at);
	raise_share(&shares->wgrad, compare(what, got->dw, want->dw,
	    bound == NULL ? NULL : bound->dw, j->weights, dw), dw);
}

/* Every variant against the reference, with buffers at both ends of their memory. */
static void
check_variants(struct ss_conv c, int n, draw_fn *draw, bool exact, struct shares *shares)
{
	for (enum end end = FRONT; end <= BACK; end++) {
		struct job j = job(c, n, end);
		struct result want, bound;

		if (!exact) {
			job_fill(&j, draw);
			job_abs(&j);
			bound = run(&j, ss_kernels_find("ref"), BOUND);
		}
		job_fill(&j, draw);
		want = run(&j, ss_kernels_find("ref"), WANT);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result got = run(&j, *k, GOT);

			check(&j, (*k)->name, &got, &want, exact ? NULL : &bound, shares);
		}
	}
}

static void
print_shares(const char *what, const struct shares *s)
{
	print_message("           %s: conv %.2f, dgrad %.2f, wgrad %.2f of the limit\n", what,
	    s->conv, s->dgrad, s->wgrad);
}

/* All pairs of channel numbers, on small images. */
static void
test_channels(void **state)
{
	struct shares exact = { 0 }, real = { 0 };

	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (size_t i = 0; i < COUNT(channels); i++)
			for (size_t o = 0; o < COUNT(channels); o++) {
				const size_t m = i * 5 + o * 3;
				struct ss_conv c = shape(kind, channels[i], channels[o],
				    1 + (int)(m % 4), 1 + (int)(m / 4 % 5));

				check_variants(c, 1 + (int)(m % 3), draw_integer, true, &exact);
				if ((i + o) % 3 == 0)
					check_variants(c, 1 + (int)(m % 2), draw_real, false, &real);
			}
	print_shares("reals", &real);
}

/* All heights and widths, for channels that use each kind of block. */
static void
test_sides(void **state)
{
	static const int pairs[][2] = { { 3, 16 }, { 17, 5 }, { 16, 33 }, { 1, 24 }, { 33, 3 } };
	struct shares exact = { 0 }, real = { 0 };
	size_t m = 0;

	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (size_t h = 0; h < COUNT(sides); h++)
			for (size_t w = 0; w < COUNT(sides); w++, m++) {
				const int *p = pairs[m % COUNT(pairs)];
				struct ss_conv c = shape(kind, p[0], p[1], sides[h], sides[w]);

				check_variants(c, 1 + (int)(m / 2 % 3), draw_integer, true, &exact);
				if (m % 4 == 0)
					check_variants(c, 2, draw_wild, false, &real);
			}
	print_shares("reals of all magnitudes", &real);
}

/* Zeros, denormals, and numbers whose products overflow. */
static float
draw_extreme(struct ss_rng *r)
{
	static const float v[] = { 0, -0.0f, 1e-45f, -1e-40f, FLT_MIN, -1e-30f, 1e-20f, -1, 1, 3,
		1e15f, -1e18f, 1e19f, 1e30f, -1e30f, FLT_MAX };

	return v[ss_rng_u32(r) % COUNT(v)];
}

static const int edge_channels[][2] = { { 1, 1 }, { 3, 17 }, { 16, 16 }, { 33, 48 }, { 5, 32 } };

static void
test_extremes(void **state)
{
	struct shares s = { 0 };

	(void)state;
	for (size_t kind = 0; kind < COUNT(kinds); kind++)
		for (size_t p = 0; p < COUNT(edge_channels); p++)
			for (int side = 1; side < 6; side++)
				check_variants(shape(kind, edge_channels[p][0], edge_channels[p][1], side,
				    6 - side), 1 + side % 3, draw_extreme, false, &s);
	print_shares("extremes", &s);
}

/*
 * One value that is not finite, in a pixel of x and in one of dy: what is made from it must
 * be like the reference's, and nothing else may change.
 */
static void
test_not_finite(void **state)
{
	const float bad[] = { NAN, INFINITY, -INFINITY };
	struct shares s = { 0 };

	(void)state;
	for (size_t m = 0; m < COUNT(kinds) * COUNT(edge_channels) * COUNT(bad) * 4; m++) {
		const int *p = edge_channels[m / COUNT(kinds) % COUNT(edge_channels)];
		const float v = bad[m / COUNT(kinds) / COUNT(edge_channels) % COUNT(bad)];
		struct job j = job(shape(m % COUNT(kinds), p[0], p[1], 5, 9), 2, m % 3 ? FRONT : BACK);
		struct result want, bound;

		job_fill(&j, draw_real);
		job_abs(&j);
		for (int pass = 0; pass < 2; pass++) {
			if (pass == 1)
				job_fill(&j, draw_real);
			pixel(&j.x, 1, (int)m % 5, (int)m % 9)[m % (size_t)p[0]] = v;
			pixel(&j.dy, 0, (int)m % j.c.oh, (int)m % j.c.ow)[m % (size_t)p[1]] = v;
			if (pass == 0)
				bound = run(&j, ss_kernels_find("ref"), BOUND);
			else
				want = run(&j, ss_kernels_find("ref"), WANT);
		}
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result got = run(&j, *k, GOT);

			check(&j, (*k)->name, &got, &want, &bound, &s);
		}
	}
}

/* A weight that is not finite: every result that uses it for a pixel says so. */
static void
test_not_finite_weight(void **state)
{
	(void)state;
	for (size_t m = 0; m < COUNT(kinds) * COUNT(edge_channels); m++) {
		const int *p = edge_channels[m / COUNT(kinds)];
		struct job j = job(shape(m % COUNT(kinds), p[0], p[1], 4, 7), 2, BACK);
		struct result want;

		job_fill(&j, draw_real);
		j.w[m % j.weights] = NAN;
		want = run(&j, ss_kernels_find("ref"), WANT);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result got = run(&j, *k, GOT);

			for (size_t i = 0; i < want.y.floats; i++)
				assert_int_equal(isnan(got.y.first[i]), isnan(want.y.first[i]));
			/* Variants multiply the border's zeros too, so more may be NaN there. */
			for (size_t i = 0; i < want.dx.floats; i++)
				assert_true(isnan(got.dx.first[i]) || !isnan(want.dx.first[i]));
		}
	}
}

static struct ss_plane
from(const struct field *f, int n, int r, int q)
{
	return (struct ss_plane){ pixel(f, n, r, q), f->p.row, f->p.image };
}

/* Images one by one, and the weight gradient of some channels at a time: the same bytes. */
static void
test_pieces(void **state)
{
	static const struct { int n, h, w; } sizes[] = { { 19, 1, 1 }, { 19, 4, 4 }, { 11, 5, 7 },
		{ 11, 8, 8 }, { 3, 9, 31 }, { 2, 32, 32 } };

	(void)state;
	for (size_t m = 0; m < COUNT(kinds) * COUNT(channels) * COUNT(sizes); m++) {
		const size_t i = m / COUNT(kinds) % COUNT(channels), z = m % COUNT(sizes);
		struct ss_conv c = shape(m / 4 % 4, channels[i], channels[(i * 5 + m) % COUNT(channels)],
		    sizes[z].h, sizes[z].w);
		struct job j = job(c, sizes[z].n, BACK);

		job_fill(&j, draw_real);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result whole = run(&j, *k, WANT), parts = run(&j, *k, GOT);

			field_fill(&parts.y, draw_poison, NULL);
			field_fill(&parts.dx, draw_poison, NULL);
			field_copy(&parts.sum, &j.dx0);
			memcpy(parts.dw, j.dw0, j.weights * sizeof(float));
			for (int s = 0; s < j.n; s++) {
				(*k)->conv_pack(&c, j.w, j.packed);
				(*k)->conv(&c, 1, from(&j.x, s, 0, 0), j.packed, from(&parts.y, s, 0, 0), NULL);
				(*k)->conv_pack_t(&c, j.w, j.packed);
				(*k)->conv_dgrad(&c, 1, from(&j.dy, s, 0, 0), j.packed,
				    from(&parts.dx, s, 0, 0), false);
				(*k)->conv_dgrad(&c, 1, from(&j.dy, s, 0, 0), j.packed,
				    from(&parts.sum, s, 0, 0), true);
				for (int c0 = 0, c1; c0 < c.ci; c0 = c1) {
					c1 = c0 + 1 + (int)(m + (size_t)c0 * 7) % 19;
					c1 = c1 > c.ci ? c.ci : c1;
					(*k)->conv_wgrad(&c, 1, from(&j.x, s, 0, 0), from(&j.dy, s, 0, 0), c0, c1,
					    parts.dw);
				}
			}
			check(&j, (*k)->name, &parts, &whole, NULL, &(struct shares){ 0 });
		}
	}
}

/*
 * A window of an image, with its neighbours in place of the border: its pixels come out as
 * they do in the whole, whichever tile they fall into.
 */
static void
test_position(void **state)
{
	enum { H = 4, WIDTH = 36 };

	(void)state;
	for (size_t m = 0; m < COUNT(kinds) * COUNT(edge_channels); m++) {
		const int *p = edge_channels[m / COUNT(kinds)];
		struct ss_conv c = shape(m % COUNT(kinds), p[0], p[1], H, WIDTH), d = c;
		struct job j = job(c, 1, FRONT);
		const int st = c.stride;

		job_fill(&j, draw_real);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result whole = run(&j, *k, WANT), part = run(&j, *k, GOT);

			for (int r = 0; r < c.oh; r++)
				for (int q = 0; q < c.ow; q++)
					for (d.ow = 1; q + d.ow <= c.ow && d.ow < 18; d.ow++) {
						const size_t width = (size_t)d.ow * (size_t)c.co;

						d.oh = 1;
						d.h = st;
						d.w = d.ow * st;
						fill(pixel(&part.y, 0, r, q), width, draw_poison, NULL);
						fill(pixel(&part.dx, 0, r * st, q * st), (size_t)(d.w * c.ci),
						    draw_poison, NULL);
						(*k)->conv_pack(&d, j.w, j.packed);
						(*k)->conv(&d, 1, from(&j.x, 0, r * st, q * st), j.packed,
						    from(&part.y, 0, r, q), NULL);
						(*k)->conv_pack_t(&d, j.w, j.packed);
						(*k)->conv_dgrad(&d, 1, from(&j.dy, 0, r, q), j.packed,
						    from(&part.dx, 0, r * st, q * st), false);
						assert_memory_equal(part.y.first, whole.y.first,
						    whole.y.floats * sizeof(float));
						assert_memory_equal(part.dx.first, whole.dx.first,
						    whole.dx.floats * sizeof(float));
					}
		}
	}
}

/* The reference, on numbers that a reader can follow: x = dy = { 1 0, 0 10 }. */
static void
test_by_hand(void **state)
{
	const struct ss_kernels *k = ss_kernels_find("ref");
	const struct ss_conv c = { .k = 3, .stride = 1, .ci = 1, .co = 1, .h = 2, .w = 2, .oh = 2,
		.ow = 2 };
	static const float w[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	float x[16] = { 0, 0, 0, 0,  0, 1, 0, 0,  0, 0, 10, 0,  0, 0, 0, 0 };
	float packed[9], y[4], dx[4] = { 100, 100, 100, 100 }, dw[9] = { 0, 0, 0, 7 };
	const struct ss_plane bordered = { x + 5, 4, 16 }, yp = { y, 2, 4 }, dxp = { dx, 2, 4 };
	static const float y1[] = { 5 + 90, 4 + 80, 2 + 60, 1 + 50 };
	static const float dx1[] = { 5 + 10, 6 + 20, 8 + 40, 9 + 50 };
	static const float dw1[] = { 10, 0, 0, 7, 1 + 100, 0, 0, 0, 10 };

	(void)state;
	k->conv_pack(&c, w, packed);
	k->conv(&c, 1, bordered, packed, yp, NULL);
	assert_memory_equal(y, y1, sizeof(y));
	k->conv_pack_t(&c, w, packed);
	k->conv_dgrad(&c, 1, bordered, packed, dxp, false);
	assert_memory_equal(dx, dx1, sizeof(dx));
	k->conv_wgrad(&c, 1, bordered, bordered, 0, 1, dw);
	assert_memory_equal(dw, dw1, sizeof(dw));
}

/* That the forbidden pages are there: one float too far must kill. */
static void
test_guard(void **state)
{
	(void)state;
	for (enum end end = FRONT; end <= BACK; end++) {
		volatile float *p = slot_floats(X, 10, end);
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			signal(SIGSEGV, SIG_DFL);
			signal(SIGBUS, SIG_DFL);
			(void)p[end == FRONT ? -1 : 10];
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_channels),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_not_finite_weight),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
