/*
 * test_image_draw.c - the random parameters of views: ranges, chances, independence, repetition
 *
 * Distributions are held against torchvision's by tests/cli/ss-augment.t.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/views.h"

enum { N = 20000 };

static void
draw(struct ss_view *v, const struct ss_recipe *r, uint64_t index, int height, int width)
{
	ss_view_draw(v, r, 11, 2, index, 0, height, width, height, width);
}

/* Every recipe: all within its ranges, and as often as it says (to 5 standard deviations). */
static void
test_ranges(void **state)
{
	const struct ss_recipe *r;

	(void)state;
	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++) {
		for (uint32_t view = 0; view < 4; view++) {
			double hits[6] = { 0 }, least = 1e9, most = 0;
			const enum ss_kind kind = ss_recipe_kind(r, view);
			const double *scale = kind == SS_LOCAL ? r->local_scale : r->scale;
			const double chance[6] = { r->mirror[kind], r->upend[kind],
			    r->jitter[kind], r->gray[kind], r->blur[kind], r->solarize[kind] };
			struct ss_view v;

			for (uint64_t n = 0; n < N; n++) {
				double area;

				ss_view_draw(&v, r, 3, 0, n, view, 96, 80, 96, 80);
				assert_in_range(v.box.height, 1, 96);
				assert_in_range(v.box.width, 1, 80);
				assert_in_range(v.box.top, 0, 96 - v.box.height);
				assert_in_range(v.box.left, 0, 80 - v.box.width);
				area = (double)v.box.height * v.box.width / (96 * 80);
				least = fmin(least, area);
				most = fmax(most, area);
				hits[0] += v.mirror;
				hits[1] += v.upend;
				hits[2] += v.order[0] >= 0;
				hits[3] += v.gray;
				hits[4] += v.sigma > 0;
				hits[5] += v.threshold < 256;
				for (int k = 0; k < SS_JITTERS; k++) {
					const bool plus = k == SS_HUE
					    || (k == SS_BRIGHTNESS && r->dialect != SS_TORCHVISION);
					double off = fabs(v.factor[k] - (plus ? 0 : 1));
					const double *range = r->range[k];
					double f = v.factor[k];

					assert_true(off == 0 || v.order[0] >= 0);
					if (k == SS_SATURATION && r->odds)
						f /= 1 + f;
					if (range[1] == 0)
						assert_true(off <= r->strength[k] + 1e-6);
					else if (v.order[0] >= 0)
						assert_true(f >= range[0] - 1e-6 && f <= range[1] + 1e-6);
				}
				assert_true(v.sigma == 0 || (v.sigma >= 0.0999f && v.sigma <= 2));
			}
			for (int k = 0; k < 6; k++)
				assert_true(fabs(hits[k] - N * chance[k])
				    <= 5 * sqrt(N * chance[k] * (1 - chance[k])));
			/* the sides are rounded, so the area may leave its range a little */
			assert_true(least > scale[0] * 0.9 && least < scale[0] * 1.1);
			assert_true(most > scale[1] * 0.98 && most < scale[1] * 1.1);
		}
	}
}

/* Local views come after the global ones; where there are none, views alternate for ever. */
static void
test_kinds(void **state)
{
	static const int side[][2] = { { 1, 8 }, { 27, 8 }, { 28, 16 }, { 32, 16 }, { 64, 24 }, { 96, 40 },
	    { 224, 96 }, { 16384, 7024 } };
	const struct ss_recipe *dino = ss_recipe_find("dino"), *byol = ss_recipe_find("byol");
	struct ss_recipe r = *byol;
	struct ss_view a, b;

	(void)state;
	for (uint32_t view = 0; view < 10; view++) {
		assert_int_equal(ss_recipe_kind(byol, view), view % 2 == 0 ? SS_ODD : SS_EVEN);
		assert_int_equal(ss_recipe_kind(dino, view), view == 0 ? SS_ODD : view == 1 ? SS_EVEN : SS_LOCAL);
	}
	for (size_t i = 0; i < sizeof side / sizeof *side; i++)
		assert_int_equal(ss_recipe_local_side(side[i][0]), side[i][1]);
	/* a local view has the draws that a global one of its number would have */
	r.views = 2;
	r.locals = 1;
	r.blur[SS_LOCAL] = r.blur[SS_ODD];
	memcpy(r.local_scale, r.scale, sizeof r.scale);
	for (uint64_t n = 0; n < 100; n++) {
		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		ss_view_draw(&a, &r, 1, 0, n, 2, 32, 32, 16, 16);
		ss_view_draw(&b, byol, 1, 0, n, 2, 32, 32, 16, 16);
		assert_memory_equal(&a, &b, sizeof a);
	}
}

/* What torchvision does when no crop of that shape fits: the largest in the middle. */
static void
test_impossible_crop(void **state)
{
	struct ss_recipe r = *ss_recipe_find("cifar");
	struct ss_view v;

	(void)state;
	for (uint64_t n = 0; n < 1000; n++) {
		r.scale[0] = r.scale[1] = 1;
		r.ratio[0] = 3.0 / 4.0;
		r.ratio[1] = 4.0 / 3.0;
		draw(&v, &r, n, 10, 100);
		assert_true(v.box.height == 10 && v.box.width == 13);
		assert_true(v.box.top == 0 && v.box.left == 43);
		draw(&v, &r, n, 100, 10);
		assert_true(v.box.height == 13 && v.box.width == 10);
		assert_true(v.box.top == 43 && v.box.left == 0);
		r.ratio[0] = r.ratio[1] = 1;
		draw(&v, &r, n, 50, 50);
		assert_true(v.box.height == 50 && v.box.width == 50);
		draw(&v, &r, n, 1, 1);
		assert_true(v.box.height == 1 && v.box.width == 1);
		r.ratio[0] = r.ratio[1] = 100;		/* a fallback that rounds to nothing */
		draw(&v, &r, n, 60, 20);
		assert_true(v.box.height == 1 && v.box.width == 20);
	}
}

/* Where a view is in the image: at random with a border, in the middle, or it is larger than both. */
static void
test_places(void **state)
{
	struct ss_recipe r = *ss_recipe_find("pad-flip");
	int seen[9][9] = { { 0 } }, least = N;
	struct ss_view v;

	(void)state;
	for (uint64_t n = 0; n < N; n++) {
		draw(&v, &r, n, 32, 32);
		assert_true(v.height == 32 && v.width == 32 && v.box.height == 32 && v.box.width == 32);
		assert_in_range(v.top + 4, 0, 8);
		assert_in_range(v.left + 4, 0, 8);
		seen[v.top + 4][v.left + 4]++;
	}
	for (int i = 0; i < 81; i++)
		least = seen[i / 9][i % 9] < least ? seen[i / 9][i % 9] : least;
	assert_true(least > N / 81.0 - 5 * sqrt(N / 81.0));
	ss_view_draw(&v, &r, 1, 0, 1, 0, 20, 40, 32, 32);	/* 2 rows are missing on either side */
	assert_int_equal(v.top, -6);
	assert_in_range(v.left + 4, 0, 16);

	r = *ss_recipe_find("fair-test");
	ss_view_draw(&v, &r, 1, 0, 1, 0, 32, 32, 32, 32);
	assert_true(v.height == 36 && v.width == 36 && v.top == 2 && v.left == 2);
	ss_view_draw(&v, &r, 1, 0, 1, 0, 333, 500, 224, 224);
	assert_true(v.height == 256 && v.width == 384 && v.top == 16 && v.left == 80);
	r.shorter = 10;
	ss_view_draw(&v, &r, 1, 0, 1, 0, 40, 20, 32, 13);
	assert_true(v.height == 20 && v.width == 10 && v.top == -6 && v.left == -1);
}

/* The same share of height and width, at times, after another chance of a mirror; and no more. */
static void
test_translation(void **state)
{
	const struct ss_recipe r = *ss_recipe_find("simsiam-tf");
	struct ss_recipe without = r;
	double moved = 0, again = 0;
	struct ss_view v, other;

	(void)state;
	memset(without.translate, 0, sizeof without.translate);
	for (uint64_t n = 0; n < N; n++) {
		memset(&v, 0, sizeof v);
		memset(&other, 0, sizeof other);
		ss_view_draw(&v, &r, 11, 2, n, 1, 64, 64, 800, 400);
		ss_view_draw(&other, &without, 11, 2, n, 1, 64, 64, 800, 400);
		assert_in_range(v.down, 0, 100);
		assert_true(abs(v.down - 2 * v.right) <= 1);
		moved += v.down > 0;
		again += v.again;
		v.again = false;
		v.down = v.right = 0;
		assert_memory_equal(&v, &other, sizeof v);
	}
	assert_true(fabs(moved - N * 0.5 * 0.995) < 5 * sqrt(N * 0.25));	/* below half a pixel: 0 */
	assert_true(fabs(again - N * 0.25) < 5 * sqrt(N * 0.1875));
}

/* A change of one chance or range changes that and nothing else. */
static void
test_independence(void **state)
{
	const struct ss_recipe plain = *ss_recipe_find("byol");
	struct ss_recipe r = plain;
	struct ss_view a, b;

	(void)state;
	r.mirror[0] = r.gray[0] = r.solarize[0] = 1;
	r.blur[0] = 0;
	for (uint64_t n = 0; n < 1000; n++) {
		draw(&a, &plain, n, 32, 32);
		draw(&b, &r, n, 32, 32);
		assert_true(b.mirror && b.gray && b.sigma == 0 && b.threshold == 128);
		b.mirror = a.mirror;
		b.gray = a.gray;
		b.sigma = a.sigma;
		b.threshold = a.threshold;
		assert_memory_equal(&a.box, &b.box, sizeof a.box);
		assert_memory_equal(a.order, b.order, sizeof a.order);
		assert_memory_equal(a.factor, b.factor, sizeof a.factor);
	}
}

/* An operation of no strength is left out, as torchvision leaves it out. */
static void
test_no_strength(void **state)
{
	struct ss_recipe r = *ss_recipe_find("cifar");
	struct ss_view v;

	(void)state;
	r.jitter[0] = 1;
	r.strength[SS_HUE] = r.strength[SS_CONTRAST] = 0;
	for (uint64_t n = 0; n < 100; n++) {
		int left_out = 0;

		draw(&v, &r, n, 32, 32);
		for (int k = 0; k < SS_JITTERS; k++) {
			assert_true(v.order[k] != SS_HUE && v.order[k] != SS_CONTRAST);
			left_out += v.order[k] == -1;
		}
		assert_int_equal(left_out, 2);
		assert_true(v.factor[SS_HUE] == 0 && v.factor[SS_CONTRAST] == 1);
	}
}

/*
 * Same seed, same bytes, also in later versions: these numbers are here to stay.
 * They were printed by this program; what they mean is tested elsewhere.
 */
static void
test_frozen(void **state)
{
	static const float want[2][SS_VIEW_NUMBERS] = {
		{ 2, 4, 27, 26, 1, 0, -1, -1, -1, -1,
		    1, 1, 1, 0,
		    0, 0x1.29809ep-1f, 0, 256, 32, 32, 0, 0, 0, 0, 0 },
		{ 10, 8, 21, 22, 1, 0, 2, 0, 3, 1,
		    0x1.7c1794p-1f, 0x1.d53ac2p-1f, 0x1.2f855ap+0f, -0x1.4d227ep-5f,
		    0, 0, 0, 256, 32, 32, 0, 0, 0, 0, 0 },
	};
	float got[SS_VIEW_NUMBERS];
	struct ss_view v;

	(void)state;
	for (uint32_t view = 0; view < 2; view++) {
		ss_view_draw(&v, ss_recipe_find("byol"), 0x123456789abcdefull, 7, 49999, view, 32,
		    32, 32, 32);
		ss_view_record(&v, got);
		for (int i = 0; i < SS_VIEW_NUMBERS; i++) {
			if (got[i] != want[view][i])
				print_message("view %u, number %d: %a\n", (unsigned)view, i,
				    (double)got[i]);
			assert_true(got[i] == want[view][i]);
		}
	}
}

static void
test_recipes(void **state)
{
	const struct ss_recipe *r;

	(void)state;
	assert_non_null(ss_recipe_find(SS_RECIPE_DEFAULT));
	assert_null(ss_recipe_find("nothing"));
	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++) {
		int seen[SS_OPERATIONS] = { 0 }, n = 0;

		assert_ptr_equal(ss_recipe_find(r->name), r);
		assert_int_equal(r->order[0], SS_CROP);
		for (; r->order[n] != SS_END; n++)
			seen[r->order[n]]++;
		assert_int_equal(n, SS_OPERATIONS - 1);
		for (int op = SS_CROP; op < SS_OPERATIONS; op++)
			assert_int_equal(seen[op], 1);	/* so that options can ask for it */
	}
	r = ss_recipe_find("simclr");
	assert_int_equal(ss_recipe_kernel(r, 224, 224), 23);
	assert_int_equal(ss_recipe_kernel(r, 96, 120), 9);
	assert_int_equal(ss_recipe_kernel(r, 32, 32), 3);
	assert_int_equal(ss_recipe_kernel(r, 5, 5), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_impossible_crop),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_translation),
		cmocka_unit_test(test_independence),
		cmocka_unit_test(test_no_strength),
		cmocka_unit_test(test_frozen),
		cmocka_unit_test(test_recipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
