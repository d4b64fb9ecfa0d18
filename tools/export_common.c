/*
 * export_common.c - what the parts of ss-export share: records up to a limit, features, values as text
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "export.h"
#include "labelled.h"
#include "lines.h"
#include "outputs.h"
#include "sst_slice.h"

uint64_t
export_expected(const struct export *x)
{
	uint64_t n;

	if (x->h->records == SS_UNKNOWN || __builtin_mul_overflow(x->h->records, x->h->epochs, &n))
		return SS_UNKNOWN;
	return n < x->limit ? n : x->limit;
}

bool
export_next(struct export *x, struct ss_frame *f)
{
	struct ss_frame all;
	uint64_t left;

	outputs_check();
	do {
		if (!tool_next(x->in, &all))
			return false;
		left = x->limit - x->done;
	} while (left == 0);
	if (left < all.records)
		ss_frame_slice(x->h, &all, 0, (uint32_t)left, f);
	else
		*f = all;
	x->done += f->records;
	return true;
}

void
export_progress(const struct export *x)
{
	tool_progress("%llu records", (unsigned long long)x->done);
}

static bool
is_vector(const struct ss_tensor *t)
{
	return t->rank > 0 && ss_tensor_varying(t) == 0 && ss_tensor_elements(t) > 0;
}

int
export_features(const struct export *x)
{
	const char *from = ss_reader_name(x->in);

	if (x->names != NULL) {
		if (x->tensors > 1)
			tool_die(TOOL_MISUSE, "--tensor: one tensor of features");
		if (!is_vector(&x->h->tensor[x->tensor[0]]))
			tool_die(TOOL_MISUSE, "%s: tensor '%s' is not of one fixed shape", from, x->names);
		return x->tensor[0];
	}
	for (int pixels = 0; pixels < 2; pixels++)
		for (int i = 0; i < x->h->tensors; i++) {
			enum ss_type t = x->h->tensor[i].type;

			if ((pixels ? t == SS_U8 : ss_type_is_float(t)) && is_vector(&x->h->tensor[i]))
				return i;
		}
	tool_die(TOOL_MISUSE, "%s has no tensor of floats or u8 with one fixed shape (see --tensor)", from);
}

void
export_classes_read(struct export_classes *c, const struct ss_header *h)
{
	size_t at = 0;
	char *line;

	c->n = 0;
	while ((line = line_next(h, "@LB", &at)) != NULL) {
		char *id = line_value(line, "ID");
		unsigned long long k = id == NULL ? 0 : strtoull(id, NULL, 10);

		if (k <= LABELLED_MAX && (int)k >= c->n)
			c->n = (int)k + 1;
		free(id);
		free(line);
	}
	c->name = labelled_header_names(h, c->n);
}

void
export_classes_free(struct export_classes *c)
{
	labelled_free_names(c->name, c->n);
}

bool
export_is_text(const struct ss_tensor *t)
{
	return t->type == SS_U8 && t->rank == 1 && t->shape[0] == SS_VARIES;
}

void
export_value(FILE *f, const struct ss_header *h, const struct ss_frame *one, int tensor, size_t i,
    const struct export_classes *c)
{
	const struct ss_tensor *t = &h->tensor[tensor];
	char text[SS_ELEMENT_TEXT];
	double v;

	if (export_is_text(t)) {
		line_put(f, one->data[tensor], one->bytes[tensor]);
		return;
	}
	if (c != NULL && strcmp(t->name, "label") == 0) {
		ss_elements(t->type, one->data[tensor], i, 1, &v);
		if (v >= 0 && v < c->n && c->name[(int)v] != NULL) {
			fputs(c->name[(int)v], f);
			return;
		}
	}
	ss_element_text(t->type, one->data[tensor], i, text);
	fputs(text, f);
}

void
export_finite(FILE *f, const struct export *x, const struct ss_frame *one, int tensor, size_t i)
{
	const struct ss_tensor *t = &x->h->tensor[tensor];
	char text[SS_ELEMENT_TEXT];
	double v;

	ss_element_text(t->type, one->data[tensor], i, text);
	ss_elements(t->type, one->data[tensor], i, 1, &v);
	if (!isfinite(v))
		tool_die(TOOL_DAMAGED, "%s: record %llu: element %zu of tensor '%s' is %s, which this format "
		    "has no place for", ss_reader_name(x->in), (unsigned long long)one->first, i, t->name, text);
	fputs(text, f);
}
