/*
 * export_text.c - ss-export as lines of text: tab-separated values, and libsvm's
 */
#include <string.h>

#include "export.h"
#include "outputs.h"
#include "sst_slice.h"

static void
check_columns(const struct export *x)
{
	for (int k = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];

		if (ss_tensor_varying(t) > 0 && !export_is_text(t))
			tool_die(TOOL_MISUSE, "%s: the dimensions of tensor '%s' vary from record to record, the "
			    "columns of a table do not: choose others with --tensor", ss_reader_name(x->in), t->name);
	}
}

static void
print_head(const struct export *x, FILE *f)
{
	for (int k = 0, column = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];
		const size_t n = ss_tensor_elements(t);

		if (t->rank == 0 || export_is_text(t))
			fprintf(f, "%s%s", column++ == 0 ? "" : "\t", t->name);
		else
			for (size_t i = 0; i < n; i++)
				fprintf(f, "%s%s.%zu", column++ == 0 ? "" : "\t", t->name, i);
	}
	putc('\n', f);
}

static void
print_row(const struct export *x, FILE *f, const struct ss_frame *one, const struct export_classes *c)
{
	for (int k = 0, column = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];
		const size_t n = export_is_text(t) ? 1 : ss_tensor_elements(t);

		for (size_t i = 0; i < n; i++) {
			if (column++ > 0)
				putc('\t', f);
			export_value(f, x->h, one, x->tensor[k], i, c);
		}
	}
	putc('\n', f);
}

void
export_tsv(struct export *x)
{
	struct export_classes classes;
	struct ss_frame frame, one;
	FILE *f;

	check_columns(x);
	f = outputs_stream(NULL, x->output, NULL);
	export_classes_read(&classes, x->h);
	print_head(x, f);
	while (export_next(x, &frame)) {
		for (uint32_t r = 0; r < frame.records; r++) {
			ss_frame_slice(x->h, &frame, r, 1, &one);
			print_row(x, f, &one, x->class_names ? &classes : NULL);
		}
		export_progress(x);
	}
	export_classes_free(&classes);
}

void
export_libsvm(struct export *x)
{
	const int features = export_features(x), label = ss_header_find(x->h, "label");
	const size_t n = ss_tensor_elements(&x->h->tensor[features]);
	const size_t size = ss_type_size(x->h->tensor[features].type);
	static const char zero[8];
	struct ss_frame frame, one;
	FILE *f;

	if (label < 0 || x->h->tensor[label].rank != 0)
		tool_die(TOOL_MISUSE, "%s has no labels", ss_reader_name(x->in));
	f = outputs_stream(NULL, x->output, NULL);
	while (export_next(x, &frame)) {
		for (uint32_t r = 0; r < frame.records; r++) {
			ss_frame_slice(x->h, &frame, r, 1, &one);
			export_value(f, x->h, &one, label, 0, NULL);
			for (size_t i = 0; i < n; i++) {
				if (memcmp((const char *)one.data[features] + i * size, zero, size) == 0)
					continue;	/* what is not there is 0 */
				fprintf(f, " %zu:", i + 1);
				export_finite(f, x, &one, features, i);
			}
			putc('\n', f);
		}
		export_progress(x);
	}
}
