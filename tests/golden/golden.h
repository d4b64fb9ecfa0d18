/*
 * golden.h - reads the golden values and compares with them
 *
 * A tensor agrees if its largest difference is within LIMIT of its largest element; there
 * is no floor under that scale. Include after cmocka.h.
 */
#ifndef GOLDEN_H
#define GOLDEN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "safetensors.h"

#define LIMIT 1e-4

/* Tests run in the top folder, unless TOP says where that is. */
static inline struct ss_st *
golden(const char *name)
{
	const char *top = getenv("TOP");
	struct ss_err e = SS_ERR_INIT;
	struct ss_st *s;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tests/golden/%s.safetensors", top != NULL ? top : ".",
	    name);
	if (ss_st_open(&s, path, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

/* The tensor CASE.WHAT, which must be there. */
static inline const struct ss_st_tensor *
get(const struct ss_st *s, const char *c, const char *what)
{
	const struct ss_st_tensor *t;
	char name[256];

	snprintf(name, sizeof(name), "%s.%s", c, what);
	t = ss_st_find(s, name);
	if (t == NULL)
		fail_msg("%s: no tensor '%s'", ss_st_path(s), name);
	return t;
}

static inline double
largest(const float *x, size_t n)
{
	double m = 0;

	for (size_t i = 0; i < n; i++)
		m = fmax(m, fabs((double)x[i]));
	return m;
}

/* The largest error so far as a share of its scale, for tests that report it. */
static double golden_worst;

/* Fails unless n values are within LIMIT of `scale` of those expected. */
static inline void
near(const char *what, const char *name, const float *have, const float *want, size_t n,
    double scale)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++) {
		double d = fabs((double)have[i] - (double)want[i]);

		if (!(d <= worst))
			worst = d;
	}
	if (worst > golden_worst * scale)
		golden_worst = worst / scale;
	if (!(worst <= LIMIT * scale))
		fail_msg("%s: %s differs by %g of %g", what, name, worst, scale);
}

static inline void
agrees(const struct ss_st *s, const char *c, const char *what, const float *have)
{
	const struct ss_st_tensor *t = get(s, c, what);
	size_t n;

	assert_true(ss_st_bytes(t, &n));
	n /= sizeof(float);
	near(c, what, have, t->data, n, largest(t->data, n));
}

/* Calls fn for each case of a kind; there must be some. */
static inline void
each(const struct ss_st *s, const char *kind, void (*fn)(const struct ss_st *, const char *))
{
	const char *list = ss_st_meta(s, kind);
	char copy[4096], *c, *state = NULL;
	int n = 0;

	assert_non_null(list);
	assert_true(strlen(list) < sizeof(copy));
	strcpy(copy, list);
	for (c = strtok_r(copy, ",", &state); c != NULL; c = strtok_r(NULL, ",", &state), n++)
		fn(s, c);
	assert_true(n > 0);
}

#endif
