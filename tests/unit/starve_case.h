/*
 * starve_case.h - tests of one piece of the library whose requests for memory fail, each in turn
 */
#ifndef STARVE_CASE_H
#define STARVE_CASE_H

#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "tests/starve.h"

/* A case begins with nothing and leaves nothing. */
struct starve_case {
	const char *name;
	int (*run)(struct ss_err *e);
};

/* Calls it once for each of its requests, which fails then: that must be told, and nothing be kept. */
static void
starve_case(const struct starve_case *c)
{
	struct ss_err e = SS_ERR_INIT;
	long held, most, failed = 0;

	if (c->run(&e) != 0)		/* also takes what libraries keep for good */
		fail_msg("%s: %s", c->name, e.text);
	held = starve_held;
	starve(0, false);
	if (c->run(&e) != 0)
		fail_msg("%s: %s", c->name, e.text);
	most = starve_requests;
	for (int forever = 0; forever < 2; forever++)
		for (long n = 1; n <= most; n++) {
			int r;

			e.text[0] = '\0';
			starve(n, forever);
			r = c->run(&e);
			starve(0, false);
			if (starve_held != held)
				fail_msg("%s, request %ld%s: %ld blocks are kept", c->name, n, forever ? " and all behind" : "",
				    starve_held - held);
			if (r < 0 && strstr(e.text, "memory") == NULL)
				fail_msg("%s, request %ld: no word of memory: %s", c->name, n, e.text);
			failed += r < 0;
		}
	if (STARVE_WORKS && failed == 0)
		fail_msg("%s: no request failed", c->name);
}

static void
starve_cases(const struct starve_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		starve_case(&c[i]);
}

#endif
