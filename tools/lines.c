/*
 * lines.c - lines of a stream's header, for tools: out of memory ends them
 */
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
