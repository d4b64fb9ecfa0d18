/*
 * sst_text.c - the TAB-separated lines of the text header: escapes, fields, UTF-8
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sst_wire.h"

size_t
wire_utf8(const char *s, size_t n)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char c = (unsigned char)s[0];
	size_t len;
	uint32_t v;

	if (c < 0x80)
		return c >= 0x20 && c != 0x7f;
	len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || len > n)
		return 0;
	v = c & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		c = (unsigned char)s[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (c & 0x3fu);
	}
	if (v < least[len] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) || v < 0xa0)
		return 0;	/* overlong, surrogate, or a C1 control */
	return len;
}

char *
ss_escape(const char *s)
{
	size_t n = strlen(s), len;
	char *out, *p;

	if (n > (SIZE_MAX - 1) / 4)
		return NULL;
	out = p = malloc(4 * n + 1);
	if (out == NULL)
		return NULL;
	while (n > 0) {
		len = wire_utf8(s, n);
		if (*s == '\\') {
			*p++ = '\\', *p++ = '\\';
		} else if (*s == '\t') {
			*p++ = '\\', *p++ = 't';
		} else if (*s == '\n') {
			*p++ = '\\', *p++ = 'n';
		} else if (len == 0) {
			p += sprintf(p, "\\x%02x", (unsigned char)*s);
		} else {
			memcpy(p, s, len);
			p += len;
			s += len - 1;
			n -= len - 1;
		}
		s++;
		n--;
	}
	*p = '\0';
	return out;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
ss_unescape(const char *s, size_t n)
{
	char *out = malloc(n + 1), *p = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		int hi, lo;

		if (s[i] == '\\' && i + 1 < n && (s[i + 1] == 't' || s[i + 1] == 'n' || s[i + 1] == '\\')) {
			i++;
			*p++ = s[i] == 't' ? '\t' : s[i] == 'n' ? '\n' : '\\';
		} else if (s[i] == '\\' && i + 3 < n && s[i + 1] == 'x' && (hi = hex_digit(s[i + 2])) >= 0 &&
		    (lo = hex_digit(s[i + 3])) >= 0 && (hi | lo) != 0) {
			*p++ = (char)(hi << 4 | lo);
			i += 3;
		} else {
			*p++ = s[i];
		}
	}
	*p = '\0';
	return out;
}

int
ss_line_get(const char *line, const char *key, char **out)
{
	size_t k = strlen(key);
	const char *p = line;

	*out = NULL;
	while ((p = strchr(p, '\t')) != NULL) {
		p++;
		if (strncmp(p, key, k) == 0 && p[k] == ':') {
			*out = ss_unescape(p + k + 1, strcspn(p + k + 1, "\t\n"));
			return *out == NULL ? SS_EIO : 1;
		}
	}
	return 0;
}

void
wire_text_add(struct wire_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || t->failed) {
		t->failed = true;
		return;
	}
	if (t->n + (size_t)n + 1 > t->room) {
		size_t room = 2 * (t->n + (size_t)n + 1);
		char *p = realloc(t->p, room);

		if (p == NULL) {
			t->failed = true;
			return;
		}
		t->p = p;
		t->room = room;
	}
	va_start(ap, fmt);
	vsnprintf(t->p + t->n, t->room - t->n, fmt, ap);
	va_end(ap);
	t->n += (size_t)n;
}

int
ss_header_next(const struct ss_header *h, const char *tag, size_t *at, char **out)
{
	size_t t = tag == NULL ? 0 : strlen(tag);

	*out = NULL;
	while (h->lines != NULL && h->lines[*at] != '\0') {
		const char *line = h->lines + *at;
		size_t n = strcspn(line, "\n");

		*at += n + (line[n] == '\n');
		if (tag == NULL || (strncmp(line, tag, t) == 0 && line[t] == '\t')) {
			*out = strndup(line, n);
			return *out == NULL ? SS_EIO : 1;
		}
	}
	return 0;
}
