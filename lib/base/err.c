/*
 * err.c - how the library reports failure
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static void
format(struct ss_err *e, const char *fmt, va_list ap)
{
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	for (char *p = e->text; *p != '\0'; p++)	/* one line, whatever a file name holds */
		if (*p == '\n' || *p == '\r')
			*p = ' ';
}

int
ss_fail(struct ss_err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (e != NULL) {
		va_start(ap, fmt);
		format(e, fmt, ap);
		va_end(ap);
	}
	return code;
}

int
ss_fail_errno(struct ss_err *e, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t n;

	if (e != NULL) {
		va_start(ap, fmt);
		format(e, fmt, ap);
		va_end(ap);
		n = strlen(e->text);
		snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(saved));
	}
	errno = saved;
	return code;
}

void
ss_bug(const char *file, int line, const char *what)
{
	fprintf(stderr, "sstools: bug at %s:%d: %s\n", file, line, what);
	abort();
}
