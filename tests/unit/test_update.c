/*
 * test_update - gradients that are cut, rates of their own, and numbers that go from one value to another
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/optim.h"
#include "nn/schedule.h"

/* A matrix of 2 x 3, vectors of 4 and 2 behind it, then another part's matrix; gaps between them. */
enum { MATRIX = 0, FIRST = 16, SECOND = 32, OTHER = 48, FLOATS = 64 };
static struct ss_param PARAMS[] = {
	{ .name = "a.weight", .rank = 2, .shape = { 2, 3 }, .offset = MATRIX, .count = 6 },
	{ .name = "a.bias", .rank = 1, .shape = { 4 }, .offset = FIRST, .count = 4 },
	{ .name = "b.bias", .rank = 1, .shape = { 2 }, .offset = SECOND, .count = 2 },
	{ .name = "projector.0.weight", .rank = 2, .shape = { 1, 5 }, .offset = OTHER, .count = 5 },
};
static const struct ss_list LIST = { PARAMS, 4, FLOATS };

static void
fill(float *x, float step)
{
	memset(x, 0, FLOATS * sizeof(*x));
	for (int i = 0; i < LIST.n; i++)
		for (size_t k = 0; k < LIST.p[i].count; k++)
			x[LIST.p[i].offset + k] = step * (float)(k + 1) * (k % 2 ? -1 : 1);
}

static double
length(const float *x, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * x[i];
	return sqrt(sum);
}

/* torch.nn.utils.clip_grad_norm_: all times max / (norm + 1e-6), if that is below 1. */
static void
whole(void **state)
{
	float g[FLOATS], old[FLOATS];
	struct ss_update u = { .max_norm = 3 };
	double norm;

	(void)state;
	fill(g, 1);
	memcpy(old, g, sizeof(g));
	norm = length(g, FLOATS);
	ss_cut(&u, &LIST, g, norm);
	assert_true(norm > 3 && fabs(length(g, FLOATS) - 3) < 1e-5);
	for (int i = 0; i < FLOATS; i++)
		assert_true(fabs(g[i] - old[i] * 3 / (norm + 1e-6)) < 1e-6);
	memcpy(old, g, sizeof(g));
	u.max_norm = 3.001;
	ss_cut(&u, &LIST, g, length(g, FLOATS));
	assert_memory_equal(g, old, sizeof(g));
	u.max_norm = 0;
	ss_cut(&u, &LIST, g, length(g, FLOATS));
	assert_memory_equal(g, old, sizeof(g));
}

static void
each(void **state)
{
	float g[FLOATS], old[FLOATS];
	const struct ss_update u = { .max_norm = 3, .max_each = true };

	(void)state;
	fill(g, 1);
	memcpy(old, g, sizeof(g));
	ss_cut(&u, &LIST, g, length(g, FLOATS));
	for (int i = 0; i < LIST.n; i++) {
		const struct ss_param *p = &LIST.p[i];
		const double norm = length(old + p->offset, p->count), q = norm > 3 ? 3 / (norm + 1e-6) : 1;

		for (size_t k = 0; k < p->count; k++)
			assert_true(fabs(g[p->offset + k] - q * old[p->offset + k]) < 1e-6);
	}
	assert_true(length(old + SECOND, 2) < 3);	/* one of them is short enough */
}

/* Rates of parts and of vectors: each tensor moves by its own. */
static void
rates(void **state)
{
	static const enum ss_optimiser kinds[] = { SS_SGD, SS_SGD_KERAS, SS_LARS, SS_LARS_GOOGLE, SS_LARC };

	(void)state;
	for (int k = 0; k < 5; k++) {
		struct ss_update u = { .optimiser = kinds[k], .rate = { 0.5, 0.25, 0, 0 }, .trust = 1, .vector_scale = 0.1 };
		float w[FLOATS], v[FLOATS] = { 0 }, g[FLOATS], old[FLOATS];

		fill(w, 0.5f);
		fill(g, 0.5f);			/* |w| is |g|, so that LARS changes nothing */
		memcpy(old, w, sizeof(w));
		ss_update(&u, &LIST, w, v, NULL, g, NULL);
		for (int i = 0; i < LIST.n; i++) {
			const struct ss_param *p = &LIST.p[i];
			const double rate = i == 3 ? 0.25 : i == 0 ? 0.5 : 0.05;

			for (size_t j = p->offset; j < p->offset + p->count; j++)
				if (!(fabs(w[j] - (old[j] - rate * g[j])) < 1e-6))
					fail_msg("%s, %s: %g to %g", ss_optimiser_names[kinds[k]], p->name, (double)old[j], (double)w[j]);
		}
		assert_true(w[MATRIX + 6] == 0 && w[FIRST + 4] == 0 && w[SECOND + 2] == 0);
	}
}

static void
half_cosine(void **state)
{
	(void)state;
	/* DINO's weight decay at the beginning, after a quarter and in the middle */
	assert_true(fabs(ss_half_cosine(0.04, 0.4, 0, 100) - 0.04) < 1e-12);
	assert_true(fabs(ss_half_cosine(0.04, 0.4, 25, 100) - (0.4 - 0.36 * (1 + sqrt(0.5)) / 2)) < 1e-12);
	assert_true(fabs(ss_half_cosine(0.04, 0.4, 50, 100) - 0.22) < 1e-12);
	assert_true(fabs(ss_half_cosine(0.04, 0.4, 100, 100) - 0.4) < 1e-12);
	assert_true(ss_half_cosine(0.99, 0.99, 37, 100) == 0.99);
}

static void
ramp(void **state)
{
	(void)state;
	assert_true(ss_ramp(0.04, 0.07, 0, 30) == 0.04);
	assert_true(fabs(ss_ramp(0.04, 0.07, 10, 30) - 0.05) < 1e-12);
	assert_true(ss_ramp(0.04, 0.07, 30, 30) == 0.07);
	assert_true(ss_ramp(0.04, 0.07, 31, 30) == 0.07);
	assert_true(ss_ramp(0.04, 0.07, 0, 0) == 0.07);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(each),
		cmocka_unit_test(rates),
		cmocka_unit_test(half_cosine),
		cmocka_unit_test(ramp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
