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

/* Calls it again and again, until none of its requests fails: each failure must be told, and nothing be kept. */
static void
starve_case(const struct starve_case *c)
{
	enum { HARMLESS = 20 };		/* requests in a row without which it goes as well: there are no more */
	struct ss_err e = SS_ERR_INIT;
	const int sound = c->run(&e);	/* also takes what libraries keep for good */
	const long held = starve_held;
	long failed = 0;

	if (sound != 0)
		fail_msg("%s: %s", c->name, e.text);
	for (int forever = 0; forever < 2; forever++)
		for (long n = 1; STARVE_WORKS && n <= failed + HARMLESS; n++) {
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
			failed = r < 0 && n > failed ? n : failed;
		}
	if (STARVE_WORKS && failed == 0)
		fail_msg("%s: no request failed", c->name);
}

#endif
