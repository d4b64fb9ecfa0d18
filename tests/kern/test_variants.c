/*
 * test_variants - which kernels a CPU gets, and the small ones that no other test runs by themselves
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kern/variants.h"
#include "planes.h"

static bool
has(const struct ss_kernels *const *list, const char *name)
{
	for (; *list != NULL; list++)
		if (strcmp((*list)->name, name) == 0)
			return true;
	return false;
}

/* Features switched off, one by one and in all combinations. */
static void
test_features(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu <= SS_CPU_ALL; cpu++) {
		const struct ss_kernels *list[SS_MAX_VARIANTS + 1];
		int n = 0;

		ss_kernels_with(cpu, list);
		while (n <= SS_MAX_VARIANTS && list[n] != NULL)
			n++;
		assert_true(n >= 2 && n <= SS_MAX_VARIANTS);
		assert_string_equal(list[n - 1]->name, "ref");
		assert_true(has(list, "portable"));
#if defined(__x86_64__)
		assert_int_equal(has(list, "avx512"), cpu == SS_CPU_ALL);
		assert_int_equal(has(list, "avx2"), (cpu & SS_CPU_AVX2) != 0 && (cpu & SS_CPU_FMA) != 0);
#endif
	}
	assert_ptr_equal(ss_kernels_find("auto"), ss_kernels_list()[0]);
	assert_null(ss_kernels_find("sse9"));
}

static void
test_flush(void **state)
{
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 1, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t n = 0; n <= 4096; n += n < 128 ? 16 : 1008)
		for (enum end end = FRONT; end <= BACK; end++) {
			float *from = slot_floats(0, n, end), *to;

			fill(from, n, draw_wild, &r);
			for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
				to = slot_floats(1, n, end);
				(*k)->flush(from, to, n);
				assert_memory_equal(to, from, n * sizeof(*to));
			}
		}
}

/* w += the groups' sums, (tap, in, out) turned to (out, in, tap): integers, so to the bit. */
static void
test_wgrad_sum(void **state)
{
	static const int channels[] = { 1, 3, 8, 15, 16, 17, 33 };
	struct ss_rng r;

	(void)state;
	ss_rng_init(&r, 2, SS_RNG_SAMPLE, 0, 0, 0);
	for (size_t m = 0; m < 4 * COUNT(channels) * COUNT(channels); m++) {
		const int ci = channels[m / 4 % COUNT(channels)], co = channels[m / 4 / COUNT(channels)];
		const struct ss_conv c = { .k = m % 2 ? 3 : 1, .stride = 1, .ci = ci, .co = co };
		const int taps = c.k * c.k, groups = 1 + (int)m % 5, from = (int)m % ci, to = from + 1 + (ci - from) / 2;
		const int end_in = to < ci ? to : ci;
		const size_t n = (size_t)taps * (size_t)ci * (size_t)co;
		float *dw = slot_floats(0, n * (size_t)groups, m % 3 ? FRONT : BACK);
		float *before = slot_floats(1, n, BACK), *want = slot_floats(2, n, BACK);

		fill(dw, n * (size_t)groups, draw_integer, &r);
		fill(before, n, draw_integer, &r);
		memcpy(want, before, n * sizeof(*want));
		for (int t = 0; t < taps; t++)
			for (int i = from; i < end_in; i++)
				for (int o = 0; o < co; o++)
					for (int g = 0; g < groups; g++)
						want[((size_t)o * ci + i) * taps + t] +=
						    dw[(size_t)g * n + ((size_t)t * ci + i) * co + o];
		for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
			float *w = slot_floats(3, n, m % 3 ? FRONT : BACK);

			memcpy(w, before, n * sizeof(*w));
			(*k)->conv_wgrad_sum(&c, groups, dw, from, end_in, w);
			assert_memory_equal(w, want, n * sizeof(*w));
		}
	}
}

/* Operations are in proportion to the rounds. */
static void
test_peak(void **state)
{
	(void)state;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		double one;

		if ((*k)->peak == NULL)
			continue;
		one = (*k)->peak(1);
		assert_true(one > 0 && (*k)->peak(1000) == 1000 * one);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_wgrad_sum),
		cmocka_unit_test(test_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
