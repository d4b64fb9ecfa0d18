/*
 * test_epilogue - what follows a convolution on its way to memory: the bytes of norm_apply after it
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

enum { X, R, Y, WANT, GOT, WEIGHTS, PACKED, SCALE, SHIFT, V, M, SCRATCH };

static const struct { int k, stride; } kinds[] = { { 1, 1 }, { 1, 2 }, { 3, 1 }, { 3, 2 } };
static const int channels[] = { 1, 4, 7, 16, 24, 32, 40, 64 };
static const int sides[] = { 1, 3, 4, 5, 8, 9 };

/* A convolution that nothing follows, and what norm_apply makes of it, beside the epilogue's. */
struct job {
	struct ss_conv c;
	int n;
	struct field x, y, want, got;
	float *w, *packed;
	struct ss_epilogue e;
};

static struct job
job(size_t kind, int ci, int co, int h, int w, int n, enum end end, int flags)
{
	const int st = kinds[kind].stride, oh = (h + st - 1) / st, ow = (w + st - 1) / st;
	const bool border = (flags & 4) != 0;
	struct job j = { .c = { kinds[kind].k, st, ci, co, h, w, oh, ow }, .n = n };
	const size_t weights = (size_t)(j.c.k * j.c.k) * (size_t)ci * (size_t)co;
	struct field r = field(R, end, n, oh, ow, co, flags % 2, 3);
	float *scale = slot_floats(SCALE, (size_t)co, end), *shift = slot_floats(SHIFT, (size_t)co, end);
	struct ss_rng rng;

	ss_rng_init(&rng, 1, SS_RNG_SAMPLE, (uint32_t)flags, (uint64_t)(ci * 1000 + co), (uint32_t)(h * 100 + w));
	j.x = field(X, end, n, h, w, ci, j.c.k / 2, 0);
	j.y = field(Y, end, n, oh, ow, co, 0, 5);
	j.want = field(WANT, end, n, oh, ow, co, border, 7);
	j.got = field(GOT, end, n, oh, ow, co, border, 7);
	j.w = slot_floats(WEIGHTS, weights, end);
	j.packed = slot_floats(PACKED, 4 * weights, end);
	field_zero_border(&j.x);
	field_fill(&j.x, draw_real, &rng);
	field_fill(&r, draw_real, &rng);
	fill(j.w, weights, draw_real, &rng);
	fill(scale, (size_t)co, draw_real, &rng);
	fill(shift, (size_t)co, draw_real, &rng);
	j.e = (struct ss_epilogue){ .scale = scale, .shift = shift, .relu = (flags & 1) != 0, .border = border };
	if (flags & 2)
		j.e.r = r.p;
	return j;
}

static void
assert_applied(struct job *j, const struct ss_kernels *k)
{
	k->norm_apply(j->n, j->c.oh, j->c.ow, j->c.co, j->y.p, j->e.scale, j->e.shift, j->e.r, j->e.relu,
	    j->e.border, j->want.p);
	assert_memory_equal(j->got.first, j->want.first, j->want.floats * sizeof(float));
}

static void
check_winograd(struct job *j, const struct ss_kernels *k)
{
	const struct ss_conv *c = &j->c;
	const int tiles = ss_winograd_count(j->n, c->h, c->w);
	float *scratch = slot_floats(SCRATCH, ss_winograd_scratch(c), BACK);
	float *v = slot_floats(V, ss_winograd_floats(tiles, c->ci), BACK);
	float *m = slot_floats(M, ss_winograd_floats(tiles, c->co), BACK);

	k->wino_pack(c, j->w, j->packed);
	k->wino_conv(c, j->n, j->x.p, j->packed, j->y.p, NULL, scratch);
	k->wino_conv(c, j->n, j->x.p, j->packed, j->got.p, &j->e, scratch);
	assert_applied(j, k);
	fill(j->got.first, j->got.floats, draw_poison, NULL);
	k->wino_input(c->ci, c->h, c->w, j->x.p, 0, j->n, tiles, v);
	for (int e = 0; e < 36; e++)
		k->wino_multiply(e, c->ci, c->co, tiles, 0, tiles, v, j->packed, m);
	for (int i = 0; i < j->n; i++) {	/* image by image */
		struct ss_plane y = j->got.p;
		struct ss_epilogue e = j->e;

		y.p += (size_t)i * y.image;
		if (e.r.p != NULL)
			e.r.p += (size_t)i * e.r.image;
		k->wino_output(c->co, c->h, c->w, m, tiles, y, i, 1, false, &e);
	}
	assert_applied(j, k);
}

static void
test_epilogue(void **state)
{
	int done = 0;

	(void)state;
	for (size_t m = 0; m < COUNT(kinds) * COUNT(channels) * COUNT(channels) * 8; m++) {
		const size_t i = m / 32 % COUNT(channels), o = m / 32 / COUNT(channels);
		struct job j = job(m / 8 % COUNT(kinds), channels[i], channels[o], sides[(m + i) % COUNT(sides)],
		    sides[(m / 3 + o) % COUNT(sides)], 1 + (int)m % 3, m % 5 ? BACK : FRONT, (int)m % 8);

		for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
			fill(j.got.first, j.got.floats, draw_poison, NULL);
			(*k)->conv_pack(&j.c, j.w, j.packed);
			(*k)->conv(&j.c, j.n, j.x.p, j.packed, j.y.p, NULL);
			(*k)->conv(&j.c, j.n, j.x.p, j.packed, j.got.p, &j.e);
			assert_applied(&j, *k);
			fill(j.got.first, j.got.floats, draw_poison, NULL);
			if (ss_winograd_fits(*k, &j.c)) {
				check_winograd(&j, *k);
				done++;
			}
		}
	}
	assert_true(done > 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_epilogue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
