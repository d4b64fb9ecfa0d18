/*
 * arguments.c - what options are given: numbers, lists, names
 */
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

	if (end == text || *end != '\0' || isnan(v) || *text == ' ')
		tool_die(TOOL_MISUSE, "%s: '%s' is not a number", option, text);
	if (v < lo || v > hi)
		tool_die(TOOL_MISUSE, "%s: %s is not in %g..%g", option, text, lo, hi);
	return v;
}

/* The next item of a comma separated list, cut off in place; NULL behind the last. */
static char *
next_item(char **rest)
{
	char *item = *rest, *comma;

	if (item == NULL)
		return NULL;
	comma = strchr(item, ',');
	if (comma != NULL)
		*comma++ = '\0';
	*rest = comma;
	return item;
}

static char *
list_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return copy;
}

int
tool_int_list(const char *option, const char *text, long long lo, long long hi, long long *out, int max)
{
	char *copy = list_copy(text), *rest = copy, *item;
	int n = 0;

	while ((item = next_item(&rest)) != NULL) {
		if (n == max)
			tool_die(TOOL_MISUSE, "%s: more than %d numbers", option, max);
		out[n++] = tool_int(option, item, lo, hi);
	}
	free(copy);
	return n;
}

int
tool_double_list(const char *option, const char *text, double lo, double hi, double *out, int max)
{
	char *copy = list_copy(text), *rest = copy, *item;
	int n = 0;

	while ((item = next_item(&rest)) != NULL) {
		if (n == max)
			tool_die(TOOL_MISUSE, "%s: more than %d numbers", option, max);
		out[n++] = tool_double(option, item, lo, hi);
	}
	free(copy);
	return n;
}

int
tool_rising_list(const char *option, const char *text, long long lo, long long hi, uint64_t *out, int max)
{
	char *copy = list_copy(text), *rest = copy, *item;
	int n = 0;

	while ((item = next_item(&rest)) != NULL) {
		const uint64_t v = (uint64_t)tool_int(option, item, lo, hi);

		if (n == max)
			tool_die(TOOL_MISUSE, "%s: more than %d numbers", option, max);
		if (n > 0 && v <= out[n - 1])
			tool_die(TOOL_MISUSE, "%s '%s' are not rising whole numbers", option, text);
		out[n++] = v;
	}
	free(copy);
	return n;
}

int
tool_name(const char *option, const char *text, const char *const *names)
{
	char all[256];
	size_t n = 0;

	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], text) == 0)
			return i;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	tool_die(TOOL_MISUSE, "%s '%s' is none of %s", option, text, all);
}

int
tool_tensors(const struct ss_reader *in, const char *names, int out[SS_MAX_TENSORS])
{
	const struct ss_header *h = ss_reader_header(in);
	char *copy = list_copy(names), *rest = copy, *item;
	int n = 0;

	while ((item = next_item(&rest)) != NULL) {
		int tensor = ss_header_find(h, item);

		if (tensor < 0)
			tool_die(TOOL_MISUSE, "%s: there is no tensor '%s'", ss_reader_name(in), item);
		for (int i = 0; i < n; i++)
			if (out[i] == tensor)
				tool_die(TOOL_MISUSE, "--tensor: '%s' is there twice", item);
		out[n++] = tensor;
	}
	free(copy);
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
