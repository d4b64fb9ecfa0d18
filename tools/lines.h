/*
 * lines.h - lines of a stream's header, for tools: out of memory ends them
 */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include "sst.h"

/* ss_header_next, ss_line_get: a malloc'd string, or NULL at the end or if it is not there. */
char *line_next(const struct ss_header *h, const char *tag, size_t *at);
char *line_value(const char *line, const char *key);

/* ss_escape: never NULL. */
char *line_escape(const char *text);

/* Bytes as text that stands in one field of one line; a NUL, which would end a string, as an escape too. */
void line_put(FILE *f, const char *bytes, size_t n);

/* With six digits; what rounds to 0 has no sign. */
void line_put_cosine(FILE *f, double cosine);

#endif
