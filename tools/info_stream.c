/*
 * info_stream.c - what ss-info says about tensor streams
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "info.h"
#include "lines.h"
#include "report.h"

enum { LABELS_MAX = 1 << 20 };		/* different labels that --labels counts */

struct label_count { int64_t label; uint64_t count; };

struct seen {
	struct ss_reader *in;
	const struct ss_header *h;
	struct ss_stats stats[SS_MAX_TENSORS];
	bool stats_wanted;
	int label;			/* tensor to be counted, or -1 */
	struct label_count *labels;
	size_t distinct, room;
};

static void
count_label(struct seen *s, int64_t label)
{
	size_t lo = 0, hi = s->distinct;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (s->labels[mid].label < label)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->distinct && s->labels[lo].label == label) {
		s->labels[lo].count++;
		return;
	}
	if (s->distinct == LABELS_MAX)
		tool_die(TOOL_FAILURE, "%s: more than %d different labels", ss_reader_name(s->in), LABELS_MAX);
	if (s->distinct == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		s->labels = realloc(s->labels, s->room * sizeof(*s->labels));
		if (s->labels == NULL)
			tool_die(TOOL_FAILURE, "out of memory");
	}
	memmove(s->labels + lo + 1, s->labels + lo, (s->distinct - lo) * sizeof(*s->labels));
	s->labels[lo] = (struct label_count){ label, 1 };
	s->distinct++;
}

/* Reads to the end, which is also the check. */
static void
read_all(struct seen *s)
{
	struct ss_frame f;
	double v;

	while (tool_next(s->in, &f)) {
		for (int i = 0; s->stats_wanted && i < s->h->tensors; i++) {
			const struct ss_tensor *t = &s->h->tensor[i];

			ss_stats_add(&s->stats[i], t->type, f.data[i], f.bytes[i] / ss_type_size(t->type));
		}
		for (uint32_t k = 0; s->label >= 0 && k < f.records; k++) {
			ss_elements(s->h->tensor[s->label].type, f.data[s->label], k, 1, &v);
			count_label(s, (int64_t)v);
		}
	}
}

/* A value of a header line, escaped again so that it stays one line; "" if it is not there. free() it. */
static char *
value(const char *line, const char *key)
{
	char *raw = line_value(line, key), *escaped = line_escape(raw == NULL ? "" : raw);

	free(raw);
	return escaped;
}

/* The name of a label, escaped, or NULL. */
static char *
label_name(const struct ss_header *h, const char *id)
{
	size_t at = 0;
	char *line, *name = NULL;

	while (name == NULL && (line = line_next(h, "@LB", &at)) != NULL) {
		char *other = value(line, "ID");

		if (strcmp(other, id) == 0)
			name = value(line, "NM");
		free(other);
		free(line);
	}
	return name;
}

static int
count_lines(const struct ss_header *h, const char *tag)
{
	size_t at = 0;
	char *line;
	int n = 0;

	for (; (line = line_next(h, tag, &at)) != NULL; n++)
		free(line);
	return n;
}

static const char *
shape_text(const struct ss_tensor *t, char buf[128])
{
	size_t n = 0;

	buf[0] = '\0';
	for (int k = 0; k < t->rank; k++) {
		if (t->shape[k] == SS_VARIES)
			n += (size_t)sprintf(buf + n, "%s?", k > 0 ? "," : "");
		else
			n += (size_t)sprintf(buf + n, "%s%" PRIu32, k > 0 ? "," : "", t->shape[k]);
	}
	return buf;
}

static void
print_history(const struct ss_header *h, const char *first, const char *other)
{
	size_t at = 0;
	char *line;

	while ((line = line_next(h, "@PG", &at)) != NULL) {
		char *version = value(line, "VN"), *command = value(line, "CL"), *name = value(line, "PN");

		printf("%s%s", first, command[0] != '\0' ? command : name);
		printf(version[0] != '\0' && first[0] != '\0' ? "  (%s)\n" : "\n", version);
		first = other;
		free(version), free(command), free(name), free(line);
	}
}

static void
print_summary(const struct seen *s)
{
	const struct ss_header *h = s->h;
	const struct ss_totals *t = ss_reader_totals(s->in);
	int name_width = 6, shape_width = 5;
	bool odd = false;
	char shape[128];

	printf("%s: tensor stream %d.%d, sound\n", ss_reader_name(s->in), SS_SST_MAJOR, SS_SST_MINOR);
	if (h->dataset[0] != '\0') {
		char *escaped = line_escape(h->dataset);

		printf("data set  %s\n", escaped);
		free(escaped);
	}
	printf("records   %" PRIu64 " in %" PRIu64 " frames; ", t->records, t->frames);
	if (h->epochs > 1)
		printf("%" PRIu32 " epochs from %" PRIu32, h->epochs, h->first_epoch);
	else
		printf("epoch %" PRIu32, h->first_epoch);
	puts(h->records == SS_UNKNOWN ? ", number not declared" : "");
	printf("digest    %08" PRIx32 "\n", t->digest);
	if (count_lines(h, "@LB") > 0)
		printf("labels    %d names\n", count_lines(h, "@LB"));
	print_history(h, "history   ", "          ");
	for (int i = 0; i < h->tensors; i++) {
		int n = (int)strlen(h->tensor[i].name), m = (int)strlen(shape_text(&h->tensor[i], shape));

		name_width = n > name_width ? n : name_width;
		shape_width = m > shape_width ? m : shape_width;
		odd = odd || s->stats[i].nan > 0 || s->stats[i].inf > 0;
	}
	printf("\n%-*s  type  %-*s  %12s %11s %11s %11s %11s%s\n", name_width, "tensor", shape_width, "shape",
	    "elements", "min", "max", "mean", "std", odd ? "        NaN        Inf" : "");
	for (int i = 0; i < h->tensors; i++) {
		const struct ss_stats *st = &s->stats[i];

		printf("%-*s  %-4s  %-*s  %12" PRIu64, name_width, h->tensor[i].name,
		    ss_type_name(h->tensor[i].type), shape_width, shape_text(&h->tensor[i], shape), st->count);
		if (ss_stats_finite(st) > 0)
			printf(" %11.6g %11.6g %11.6g %11.6g", st->min, st->max, st->mean, ss_stats_std(st));
		else
			printf(" %11s %11s %11s %11s", "-", "-", "-", "-");
		if (odd)
			printf(" %10" PRIu64 " %10" PRIu64, st->nan, st->inf);
		putchar('\n');
	}
}

/* A value of a header line as it was meant, or escaped if JSON could not hold it. */
static json_t *
json_value(const char *line, const char *key)
{
	char *raw = line_value(line, key), *escaped = value(line, key);
	json_t *o = raw == NULL ? NULL : json_string(raw);

	if (o == NULL)
		o = json_string(escaped);
	free(raw);
	free(escaped);
	return o;
}

static json_t *
json_history(const struct ss_header *h)
{
	json_t *list = json_array();
	size_t at = 0;
	char *line;

	while ((line = line_next(h, "@PG", &at)) != NULL) {
		json_array_append_new(list, json_pack("{sososo}", "program", json_value(line, "PN"),
		    "version", json_value(line, "VN"), "command", json_value(line, "CL")));
		free(line);
	}
	return list;
}

static json_t *
json_labels(const struct ss_header *h)
{
	json_t *o = json_object();
	size_t at = 0;
	char *line;

	while ((line = line_next(h, "@LB", &at)) != NULL) {
		char *id = value(line, "ID");

		json_object_set_new(o, id, json_value(line, "NM"));
		free(id), free(line);
	}
	return o;
}

static json_t *
json_tensor(const struct ss_tensor *t, const struct ss_stats *s)
{
	json_t *o = json_object(), *shape = json_array();
	bool any = ss_stats_finite(s) > 0;

	for (int k = 0; k < t->rank; k++)
		json_array_append_new(shape, t->shape[k] == SS_VARIES ? json_null() : json_integer(t->shape[k]));
	json_object_set_new(o, "name", json_string(t->name));
	json_object_set_new(o, "type", json_string(ss_type_name(t->type)));
	json_object_set_new(o, "shape", shape);
	json_object_set_new(o, "elements", json_integer((json_int_t)s->count));
	json_object_set_new(o, "min", any ? json_real(s->min) : json_null());
	json_object_set_new(o, "max", any ? json_real(s->max) : json_null());
	json_object_set_new(o, "mean", any ? json_real(s->mean) : json_null());
	json_object_set_new(o, "std", any ? json_real(ss_stats_std(s)) : json_null());
	json_object_set_new(o, "nan", json_integer((json_int_t)s->nan));
	json_object_set_new(o, "inf", json_integer((json_int_t)s->inf));
	return o;
}

static void
print_json(const struct seen *s)
{
	const struct ss_header *h = s->h;
	const struct ss_totals *t = ss_reader_totals(s->in);
	json_t *o = report_begin(false), *tensors = json_array();
	char digest[16];

	snprintf(digest, sizeof(digest), "%08" PRIx32, t->digest);
	for (int i = 0; i < h->tensors; i++)
		json_array_append_new(tensors, json_tensor(&h->tensor[i], &s->stats[i]));
	json_object_set_new(o, "kind", json_string("stream"));
	json_object_set_new(o, "dataset", json_string(h->dataset));
	json_object_set_new(o, "records", h->records == SS_UNKNOWN ? json_null() : json_integer((json_int_t)h->records));
	json_object_set_new(o, "epochs", json_integer(h->epochs));
	json_object_set_new(o, "first_epoch", json_integer(h->first_epoch));
	json_object_set_new(o, "frames", json_integer((json_int_t)t->frames));
	json_object_set_new(o, "total", json_integer((json_int_t)t->records));
	json_object_set_new(o, "digest", json_string(digest));
	json_object_set_new(o, "tensors", tensors);
	json_object_set_new(o, "labels", json_labels(h));
	json_object_set_new(o, "history", json_history(h));
	report_print(o, 9);
}

static void
print_header(const struct ss_header *h)
{
	char shape[128], *dataset = line_escape(h->dataset);

	printf("@HD\tVN:%d.%d\tNS:", SS_SST_MAJOR, SS_SST_MINOR);
	if (h->records == SS_UNKNOWN)
		putchar('*');
	else
		printf("%" PRIu64, h->records);
	printf("\tEP:%" PRIu32 "\tE0:%" PRIu32, h->epochs, h->first_epoch);
	if (dataset[0] != '\0')
		printf("\tDS:%s", dataset);
	putchar('\n');
	for (int i = 0; i < h->tensors; i++)
		printf("@TN\tNM:%s\tDT:%s\tSH:%s\n", h->tensor[i].name, ss_type_name(h->tensor[i].type),
		    shape_text(&h->tensor[i], shape));
	fputs(h->lines == NULL ? "" : h->lines, stdout);
	free(dataset);
}

static void
print_labels(const struct seen *s)
{
	char id[32], *name;

	for (size_t i = 0; i < s->distinct; i++) {
		snprintf(id, sizeof(id), "%" PRId64, s->labels[i].label);
		name = label_name(s->h, id);
		printf("%s\t%" PRIu64 "\t%s\n", id, s->labels[i].count, name == NULL ? "" : name);
		free(name);
	}
}

/* Keys of the header, which need no reading. false: not one of them. */
static bool
get_from_header(const struct ss_header *h, const char *key, const char *path)
{
	char shape[128], *name;
	const char *colon = strchr(key, ':');
	int i = colon == NULL ? -1 : ss_header_find(h, colon + 1);

	if (strcmp(key, "kind") == 0) {
		puts("stream");
	} else if (strcmp(key, "dataset") == 0) {
		if (h->dataset[0] == '\0')
			info_absent(key, path);
		name = line_escape(h->dataset);
		puts(name);
		free(name);
	} else if (strcmp(key, "records") == 0) {
		if (h->records == SS_UNKNOWN)
			info_absent(key, path);
		printf("%" PRIu64 "\n", h->records);
	} else if (strcmp(key, "epochs") == 0) {
		printf("%" PRIu32 "\n", h->epochs);
	} else if (strcmp(key, "first-epoch") == 0) {
		printf("%" PRIu32 "\n", h->first_epoch);
	} else if (strcmp(key, "tensors") == 0) {
		for (i = 0; i < h->tensors; i++)
			puts(h->tensor[i].name);
	} else if (strcmp(key, "labels") == 0) {
		printf("%d\n", count_lines(h, "@LB"));
	} else if (strcmp(key, "history") == 0) {
		print_history(h, "", "");
	} else if (strncmp(key, "label:", 6) == 0) {
		if ((name = label_name(h, key + 6)) == NULL)
			info_absent(key, path);
		puts(name);
		free(name);
	} else if (strncmp(key, "type:", 5) == 0 || strncmp(key, "shape:", 6) == 0) {
		if (i < 0)
			info_absent(key, path);
		puts(key[0] == 't' ? ss_type_name(h->tensor[i].type) : shape_text(&h->tensor[i], shape));
	} else {
		return false;
	}
	return true;
}

static void
get_from_all(struct seen *s, const char *key)
{
	const char *colon = strchr(key, ':'), *path = ss_reader_name(s->in);
	const struct ss_totals *t = ss_reader_totals(s->in);
	bool total = strcmp(key, "total") == 0, frames = strcmp(key, "frames") == 0;
	int i = colon == NULL ? -1 : ss_header_find(s->h, colon + 1);

	if (!total && !frames && strcmp(key, "digest") != 0 && strncmp(key, "min:", 4) != 0 &&
	    strncmp(key, "max:", 4) != 0 && strncmp(key, "mean:", 5) != 0 && strncmp(key, "std:", 4) != 0)
		info_unknown(key);
	s->stats_wanted = colon != NULL;
	if (colon != NULL && i < 0)
		info_absent(key, path);
	read_all(s);
	if (total || frames)
		printf("%" PRIu64 "\n", total ? t->records : t->frames);
	else if (colon == NULL)
		printf("%08" PRIx32 "\n", t->digest);
	else if (ss_stats_finite(&s->stats[i]) == 0)
		info_absent(key, path);
	else
		printf("%.9g\n", key[0] == 's' ? ss_stats_std(&s->stats[i]) : key[1] == 'i' ? s->stats[i].min :
		    key[1] == 'a' ? s->stats[i].max : s->stats[i].mean);
}

void
info_stream(const struct info_request *q, const char *path)
{
	struct seen s = { .label = -1 };

	s.in = tool_input(path);
	s.h = ss_reader_header(s.in);
	s.stats_wanted = q->what == INFO_SUMMARY || q->what == INFO_JSON;
	if (q->what == INFO_LABELS) {
		s.label = ss_header_find(s.h, "label");
		if (s.label < 0 || s.h->tensor[s.label].rank != 0)
			tool_die(TOOL_FAILURE, "%s: has no labels", ss_reader_name(s.in));
	}
	if (q->what == INFO_HEADER)
		print_header(s.h);
	else if (q->what == INFO_GET && !get_from_header(s.h, q->key, ss_reader_name(s.in)))
		get_from_all(&s, q->key);
	else if (q->what != INFO_GET)
		read_all(&s);
	if (q->what == INFO_DIGEST)
		printf("%08" PRIx32 "\n", ss_reader_totals(s.in)->digest);
	else if (q->what == INFO_LABELS)
		print_labels(&s);
	else if (q->what == INFO_JSON)
		print_json(&s);
	else if (q->what == INFO_SUMMARY)
		print_summary(&s);
	free(s.labels);
	ss_reader_free(s.in);
}
