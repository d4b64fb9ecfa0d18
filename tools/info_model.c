/*
 * info_model.c - what ss-info says about models and checkpoints
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "info.h"
#include "info_layers.h"
#include "lines.h"
#include "report.h"
#include "safetensors.h"

static size_t
elements(const struct ss_st_tensor *t)
{
	size_t bytes = 0;

	(void)ss_st_bytes(t, &bytes);
	return bytes / ss_type_size(t->type);
}

/* Trained numbers: no state of optimiser or method, no target network, no running statistics. */
static bool
is_parameter(const char *name)
{
	return strncmp(name, "optimizer.", 10) != 0 && strncmp(name, "target.", 7) != 0 &&
	    strcmp(name, "method.state") != 0 && strstr(name, "running_") == NULL &&
	    strstr(name, "num_batches_tracked") == NULL;
}

static uint64_t
parameters(const struct ss_st *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ss_st_count(s); i++)
		if (is_parameter(ss_st_at(s, i)->name))
			n += elements(ss_st_at(s, i));
	return n;
}

static const char *
shape_text(const struct ss_st_tensor *t, char buf[256])
{
	size_t n = 0;

	buf[0] = '\0';
	for (int k = 0; k < t->rank; k++)
		n += (size_t)snprintf(buf + n, 256 - n, "%s%zu", k > 0 ? "," : "", t->shape[k]);
	return buf;
}

/* Metadata are anybody's text: one line, nothing that a terminal would obey. */
static void
print_escaped(const char *text)
{
	char *escaped = line_escape(text);

	fputs(escaped, stdout);
	free(escaped);
}

/* The chain of @PG lines, or other lines of text, each on its own. */
static void
print_lines(const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		char *line = strndup(text, n), *command;

		if (line == NULL)
			tool_die(TOOL_FAILURE, "out of memory");
		command = line_value(line, "CL");
		print_escaped(command != NULL ? command : line);
		putchar('\n');
		free(command);
		free(line);
		text += n + (text[n] == '\n');
	}
}

static void
print_summary(const struct ss_st *s)
{
	int width = 6;
	char shape[256];

	printf("%s: model, sound%s\n", ss_st_path(s), ss_st_checked(s) ? "" : " as far as can be told without checksums");
	printf("parameters  %" PRIu64 " in %zu tensors\n", parameters(s), ss_st_count(s));
	printf("digest      %08" PRIx32 "\n", ss_st_digest(s));
	for (size_t i = 0; i < ss_st_pairs(s); i++) {
		const struct ss_st_pair *p = ss_st_pair(s, i);
		bool ours = strncmp(p->key, "ss.", 3) == 0;

		if (strcmp(p->key, "ss.history") == 0)
			continue;
		print_escaped(ours ? p->key + 3 : p->key);
		printf("%*s", (int)(strlen(p->key) - (ours ? 3 : 0)) < 11 ? 12 - (int)(strlen(p->key) - (ours ? 3 : 0)) : 1, "");
		print_escaped(p->value);
		putchar('\n');
	}
	if (ss_st_meta(s, "ss.history") != NULL && *ss_st_meta(s, "ss.history") != '\0') {
		puts("history:");
		print_lines(ss_st_meta(s, "ss.history"));
	}
	info_layers_print(s);
	for (size_t i = 0; i < ss_st_count(s); i++)
		width = (int)strlen(ss_st_at(s, i)->name) > width ? (int)strlen(ss_st_at(s, i)->name) : width;
	printf("\n%-*s  type  %-16s %11s %11s %11s %11s\n", width, "tensor", "shape", "min", "max", "mean", "std");
	for (size_t i = 0; i < ss_st_count(s); i++) {
		const struct ss_st_tensor *t = ss_st_at(s, i);
		struct ss_stats st = SS_STATS_INIT;

		ss_stats_add(&st, t->type, t->data, elements(t));
		print_escaped(t->name);
		printf("%*s  %-4s  %-16s", width - (int)strlen(t->name), "", ss_type_name(t->type), shape_text(t, shape));
		if (ss_stats_finite(&st) > 0)
			printf(" %11.5g %11.5g %11.5g %11.5g", st.min, st.max, st.mean, ss_stats_std(&st));
		if (st.nan + st.inf > 0)
			printf("  %" PRIu64 " NaN, %" PRIu64 " Inf", st.nan, st.inf);
		putchar('\n');
	}
}

static void
print_json(const struct ss_st *s)
{
	json_t *o = report_begin(false), *meta = json_object(), *tensors = json_array();
	char crc[16];

	snprintf(crc, sizeof(crc), "%08" PRIx32, ss_st_digest(s));
	for (size_t i = 0; i < ss_st_pairs(s); i++)
		json_object_set_new(meta, ss_st_pair(s, i)->key, json_string(ss_st_pair(s, i)->value));
	for (size_t i = 0; i < ss_st_count(s); i++) {
		const struct ss_st_tensor *t = ss_st_at(s, i);
		json_t *shape = json_array();

		for (int k = 0; k < t->rank; k++)
			json_array_append_new(shape, json_integer((json_int_t)t->shape[k]));
		json_array_append_new(tensors, json_pack("{ssssso}", "name", t->name, "type",
		    ss_type_name(t->type), "shape", shape));
	}
	json_object_set_new(o, "kind", json_string("model"));
	json_object_set_new(o, "parameters", json_integer((json_int_t)parameters(s)));
	json_object_set_new(o, "digest", json_string(crc));
	json_object_set_new(o, "checksums", json_boolean(ss_st_checked(s)));
	json_object_set_new(o, "metadata", meta);
	info_layers_json(s, o);
	json_object_set_new(o, "tensors", tensors);
	report_print(o, 0);
}

static void
get(const struct ss_st *s, const char *key)
{
	char own[128], shape[256];
	const char *value;
	const struct ss_st_tensor *t;

	if (strcmp(key, "kind") == 0) {
		puts("model");
	} else if (strcmp(key, "parameters") == 0) {
		printf("%" PRIu64 "\n", parameters(s));
	} else if (strcmp(key, "digest") == 0) {
		printf("%08" PRIx32 "\n", ss_st_digest(s));
	} else if (strcmp(key, "tensors") == 0) {
		for (size_t i = 0; i < ss_st_count(s); i++) {
			print_escaped(ss_st_at(s, i)->name);
			putchar('\n');
		}
	} else if (strncmp(key, "type:", 5) == 0 || strncmp(key, "shape:", 6) == 0) {
		t = ss_st_find(s, strchr(key, ':') + 1);
		if (t == NULL)
			info_absent(key, ss_st_path(s));
		puts(key[0] == 't' ? ss_type_name(t->type) : shape_text(t, shape));
	} else {
		snprintf(own, sizeof(own), "ss.%.100s", key);
		value = ss_st_meta(s, own);
		if (value == NULL)
			value = ss_st_meta(s, key);
		if (value == NULL)
			info_absent(key, ss_st_path(s));
		if (strcmp(key, "history") == 0) {
			print_lines(value);
		} else {
			print_escaped(value);
			putchar('\n');
		}
	}
}

void
info_model(const struct info_request *q, const char *path)
{
	struct ss_st *s;
	struct ss_err e = SS_ERR_INIT;
	int r = ss_st_open(&s, path, &e);

	if (r < 0)
		tool_fail(r, &e);
	switch (q->what) {
	case INFO_CHECK:
		if (!ss_st_checked(s))
			tool_warn("%s: has no checksums, so damage to its numbers cannot be noticed", path);
		break;
	case INFO_LABELS:
		tool_die(TOOL_MISUSE, "%s: a model has no labels", path);
	case INFO_DIGEST:
		get(s, "digest");
		break;
	case INFO_GET:
		get(s, q->key);
		break;
	case INFO_HEADER:
		for (size_t i = 0; i < ss_st_pairs(s); i++) {
			print_escaped(ss_st_pair(s, i)->key);
			putchar('\t');
			print_escaped(ss_st_pair(s, i)->value);
			putchar('\n');
		}
		break;
	case INFO_JSON:
		print_json(s);
		break;
	case INFO_SUMMARY:
		print_summary(s);
		break;
	}
	ss_st_free(s);
}
