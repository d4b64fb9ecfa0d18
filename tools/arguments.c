/*
 * arguments.c - what options are given: numbers, lists, names
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

long long
tool_int(const char *option, const char *text, long long lo, long long hi)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || (*text != '-' && (*text < '0' || *text > '9')))
		tool_die(TOOL_MISUSE, "%s: '%s' is not a whole number", option, text);
	if (errno == ERANGE || v < lo || v > hi)
		tool_die(TOOL_MISUSE, "%s: %s is not in %lld..%lld", option, text, lo, hi);
	return v;
}

uint64_t
tool_u64(const char *option, const char *text)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0')
		tool_die(TOOL_MISUSE, "%s: '%s' is not a whole number from 0", option, text);
	if (errno == ERANGE)
		tool_die(TOOL_MISUSE, "%s: %s is not in 0..%llu", option, text, ~0ull);
	return v;
}

double
tool_double(const char *option, const char *text, double lo, double hi)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end != '\0' || isnan(v) || isspace((unsigned char)*text))
		tool_die(TOOL_MISUSE, "%s: '%s' is not a number", option, text);
	if (v < lo || v > hi)
		tool_die(TOOL_MISUSE, "%s: %s is not in %g..%g", option, text, lo, hi);
	return v;
}

/* The items of a comma separated list, one after the other. */
struct list {
	const char *option, *rest;	/* NULL behind the last */
	char item[SS_NAME_MAX + 1];
};

static bool
next_item(struct list *l)
{
	const size_t n = l->rest == NULL ? 0 : strcspn(l->rest, ",");

	if (l->rest == NULL)
		return false;
	if (n >= sizeof(l->item))
		tool_die(TOOL_MISUSE, "%s: '%.20s...' is too long", l->option, l->rest);
	memcpy(l->item, l->rest, n);
	l->item[n] = '\0';
	l->rest = l->rest[n] == ',' ? l->rest + n + 1 : NULL;
	return true;
}

/* Number n of at most max. */
static int
counted(const char *option, int n, int max)
{
	if (n == max)
		tool_die(TOOL_MISUSE, "%s: more than %d numbers", option, max);
	return n;
}

int
tool_int_list(const char *option, const char *text, long long lo, long long hi, long long *out, int max)
{
	struct list l = { .option = option, .rest = text };
	int n = 0;

	for (; next_item(&l); n++)
		out[counted(option, n, max)] = tool_int(option, l.item, lo, hi);
	return n;
}

int
tool_double_list(const char *option, const char *text, double lo, double hi, double *out, int max)
{
	struct list l = { .option = option, .rest = text };
	int n = 0;

	for (; next_item(&l); n++)
		out[counted(option, n, max)] = tool_double(option, l.item, lo, hi);
	return n;
}

int
tool_rising_list(const char *option, const char *text, long long lo, long long hi, uint64_t *out, int max)
{
	struct list l = { .option = option, .rest = text };
	int n = 0;

	for (; next_item(&l); n++) {
		out[counted(option, n, max)] = (uint64_t)tool_int(option, l.item, lo, hi);
		if (n > 0 && out[n] <= out[n - 1])
			tool_die(TOOL_MISUSE, "%s '%s' are not rising whole numbers", option, text);
	}
	return n;
}

int
tool_name(const char *option, const char *text, const char *const *names)
{
	char all[512] = "";

	for (int i = 0; names[i] != NULL; i++) {
		const size_t n = strlen(all);

		if (strcmp(names[i], text) == 0)
			return i;
		snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	tool_die(TOOL_MISUSE, "%s '%s' is none of %s", option, text, all);
}

int
tool_tensors(const struct ss_reader *in, const char *names, int out[SS_MAX_TENSORS])
{
	const struct ss_header *h = ss_reader_header(in);
	struct list l = { .option = "--tensor", .rest = names };
	int n = 0;

	while (next_item(&l)) {
		int tensor = ss_header_find(h, l.item);

		if (tensor < 0)
			tool_die(TOOL_MISUSE, "%s: there is no tensor '%s'", ss_reader_name(in), l.item);
		for (int i = 0; i < n; i++)
			if (out[i] == tensor)
				tool_die(TOOL_MISUSE, "--tensor: '%s' is there twice", l.item);
		out[n++] = tensor;
	}
	return n;
}

struct ss_pool *
tool_pool(int threads)
{
	const char *env = getenv("SS_THREADS");
	struct ss_pool *pool;

	if (threads == 0 && env != NULL && *env != '\0')
		threads = (int)tool_int("SS_THREADS", env, 0, TOOL_THREADS_MAX);
	if (threads == 0)
		threads = ss_cpus();
	if (tool.reserve != NULL)
		tool.reserve(threads);
	pool = ss_pool_create(threads);
	if (pool == NULL)
		tool_die(TOOL_FAILURE, "cannot start %d threads", threads);
	return pool;
}
