/*
 * test_pool - every variant of the max-pooling kernels against the reference, bit by bit
 *
 * The reference is held to an example made by hand.
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

enum { X, DY, DX0, WANT, GOT = WANT + 3 };

struct result {
	struct field y, dx, sum;	/* sum: dx added to dx0 */
};

struct job {
	int n, h, w, c;
	enum end end;
	struct field x, dy, dx0;
};

static struct result
run(const struct job *j, const struct ss_kernels *k, int slots)
{
	const int border = j->c % 2, oh = (j->h + 1) / 2, ow = (j->w + 1) / 2;
	struct result r;

	r.y = field(slots, j->end, j->n, oh, ow, j->c, border, 3);
	r.dx = field(slots + 1, j->end, j->n, j->h, j->w, j->c, 0, 5);
	r.sum = field(slots + 2, j->end, j->n, j->h, j->w, j->c, 0, 0);
	field_copy(&r.sum, &j->dx0);
	k->pool_max(j->n, j->h, j->w, j->c, j->x.p, border != 0, r.y.p);
	k->pool_max_back(j->n, j->h, j->w, j->c, j->x.p, r.y.p, j->dy.p, false, r.dx.p);
	k->pool_max_back(j->n, j->h, j->w, j->c, j->x.p, r.y.p, j->dy.p, true, r.sum.p);
	return r;
}

/* Few values, so that many are equal; and NaN now and then. */
static float
draw_ties(struct ss_rng *r)
{
	return ss_rng_u32(r) % 50 == 0 ? NAN : draw_integer(r);
}

static void
check(int n, int h, int w, int c, draw_fn *draw)
{
	for (enum end end = FRONT; end <= BACK; end++) {
		struct job j = { .n = n, .h = h, .w = w, .c = c, .end = end };
		struct ss_rng r;
		struct result want;
		char what[96];

		ss_rng_init(&r, (uint64_t)c, SS_RNG_SAMPLE, (uint32_t)n, (uint64_t)h, (uint32_t)w);
		j.x = field(X, end, n, h, w, c, 0, 1);
		j.dy = field(DY, end, n, (h + 1) / 2, (w + 1) / 2, c, 1, 0);
		j.dx0 = field(DX0, end, n, h, w, c, 0, 0);
		field_fill(&j.x, draw, &r);
		field_fill(&j.dy, draw_integer, &r);
		field_fill(&j.dx0, draw_integer, &r);
		want = run(&j, ss_kernels_find("ref"), WANT);
		for (const struct ss_kernels *const *k = ss_kernels_list(); k[1] != NULL; k++) {
			struct result got = run(&j, *k, GOT);

			snprintf(what, sizeof(what), "%s: %d images %dx%d, %d channels", (*k)->name, n, h, w, c);
			compare(what, got.y.first, want.y.first, NULL, want.y.floats, 0);
			if (draw == draw_ties)	/* where a gradient goes that meets NaN is nobody's promise */
				continue;
			compare(what, got.dx.first, want.dx.first, NULL, want.dx.floats, 0);
			compare(what, got.sum.first, want.sum.first, NULL, want.sum.floats, 0);
		}
	}
}

static void
test_variants(void **state)
{
	static const int channels[] = { 1, 3, 4, 15, 16, 17, 33, 64, 96 };

	(void)state;
	for (size_t i = 0; i < COUNT(channels); i++)
		for (int h = 1; h < 10; h++)
			for (int w = 1; w < 10; w++) {
				check(1 + (h + w) % 3, h, w, channels[i], draw_integer);
				check(1, h, w, channels[i], draw_ties);
			}
}

static void
test_by_hand(void **state)
{
	float x[] = { 1, 2, 3, 4,  8, 6, 7, 5,  9, 9, 0, 5 }, y[4], dx[12];
	const float want_y[] = { 8, 7, 9, 9 }, want_dx[] = { 0, 0, 0, 0, 1, 0, 2, 0, 4, 8, 0, 0 };
	float dy[] = { 1, 2, 4, 8 };
	const struct ss_plane px = { x, 4, 12 }, py = { y, 2, 4 }, pdy = { dy, 2, 4 }, pdx = { dx, 4, 12 };

	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		(*k)->pool_max(1, 3, 4, 1, px, false, py);
		assert_memory_equal(y, want_y, sizeof(y));
		(*k)->pool_max_back(1, 3, 4, 1, px, py, pdy, false, pdx);
		assert_memory_equal(dx, want_dx, sizeof(dx));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_hand),
		cmocka_unit_test(test_variants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
