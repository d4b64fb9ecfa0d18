/*
 * lines.c - lines of a stream's header, for tools: out of memory ends them
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "tool.h"

char *
line_next(const struct ss_header *h, const char *tag, size_t *at)
{
	char *line;

	if (ss_header_next(h, tag, at, &line) < 0)
		tool_die(TOOL_FAILURE, "out of memory");
	return line;
}

char *
line_value(const char *line, const char *key)
{
	char *value;

	if (ss_line_get(line, key, &value) < 0)
		tool_die(TOOL_FAILURE, "out of memory");
	return value;
}

char *
line_escape(const char *text)
{
	char *escaped = ss_escape(text);

	if (escaped == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return escaped;
}

void
line_put(FILE *f, const char *bytes, size_t n)
{
	for (size_t at = 0, used; at < n; at += used + 1) {
		char *text = strndup(bytes + at, n - at);
		char *escaped;

		if (text == NULL)
			tool_die(TOOL_FAILURE, "out of memory");
		escaped = line_escape(text);
		used = strlen(text);
		fprintf(f, "%s%s", escaped, at + used < n ? "\\x00" : "");
		free(escaped);
		free(text);
	}
}

void
line_put_cosine(FILE *f, double cosine)
{
	fprintf(f, "%.6f", fabs(cosine) < 0.5e-6 ? 0 : cosine);
}
