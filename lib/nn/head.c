/*
 * head.c - projection and prediction heads as short text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/head.h"

int
ss_head_parse(struct ss_head *head, const char *text, struct ss_err *e)
{
	const char *p = text;

	memset(head, 0, sizeof(*head));
	if (strcmp(text, "none") == 0)
		return 0;
	for (;;) {
		struct ss_dense *d = &head->layer[head->layers];
		char *end;
		long width = *p >= '0' && *p <= '9' ? strtol(p, &end, 10) : 0;

		if (head->layers == SS_HEAD_MAX)
			return ss_fail(e, SS_EUSAGE, "head '%s' has more than %d layers", text, SS_HEAD_MAX);
		if (width < 1 || width > SS_HEAD_WIDTH_MAX)
			return ss_fail(e, SS_EUSAGE, "head '%s': expected a width of 1..%d at '%s'", text,
			    SS_HEAD_WIDTH_MAX, p);
		d->width = (int)width;
		for (p = end; *p != '\0' && *p != ','; p++) {
			if (*p == 'b')
				d->bias = true;
			else if (*p == 'n' || *p == 'N')
				d->norm = true, d->affine = *p == 'n';
			else if (*p == 'r' && d->norm)
				d->relu = true;
			else if (*p == 'r')
				d->relu_first = true;
			else
				return ss_fail(e, SS_EUSAGE, "head '%s': unknown letter '%c' (b bias, n norm, "
				    "N norm without affine, r ReLU)", text, *p);
		}
		head->layers++;
		if (*p == '\0')
			return 0;
		p++;
	}
}

void
ss_head_print(const struct ss_head *head, char text[SS_HEAD_TEXT])
{
	size_t n = 0;

	snprintf(text, SS_HEAD_TEXT, "none");
	for (int i = 0; i < head->layers; i++) {
		const struct ss_dense *d = &head->layer[i];

		n += (size_t)snprintf(text + n, SS_HEAD_TEXT - n, "%s%d%s%s%s%s", i == 0 ? "" : ",", d->width,
		    d->bias ? "b" : "", d->relu_first ? "r" : "", d->norm ? d->affine ? "n" : "N" : "", d->relu ? "r" : "");
	}
}
