/*
 * score.c - how ss-knn and ss-linprobe say what they found, and what they compare it with
 */
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "report.h"
#include "score.h"

/* A value from a stream's header, fit for a terminal. */
static void
copy_plain(char *to, size_t room, const char *from)
{
	char *escaped = line_escape(from == NULL ? "" : from);

	snprintf(to, room, "%s", escaped);
	free(escaped);
}

void
score_init(struct score *s, const struct contest *c, const struct labelled *known, int classes,
    bool confusion)
{
	*s = (struct score){ .name = c->name, .known = known->n, .d = known->d,
	    .classes = classes, .trained = '?', .tally = { .classes = classes, .pairs = confusion } };
	copy_plain(s->layer, sizeof(s->layer), known->pixels ? "pixels" :
	    known->layer == NULL ? "unknown" : known->layer);
	copy_plain(s->arch, sizeof(s->arch), known->arch);
	if (known->state != NULL)
		s->trained = strcmp(known->state, "trained") == 0 ? 'y' :
		    strcmp(known->state, "untrained") == 0 ? 'n' : '?';
	s->json = report_begin(false);
}

static double
percent(size_t part, size_t whole)
{
	return whole == 0 ? 0 : 100 * (double)part / (double)whole;
}

static void
print_line(const struct score_options *o, const struct score *s)
{
	printf("top-1 %.2f %%  (%zu of %zu)  %s  layer %s", percent(s->tally.correct, s->tally.total),
	    s->tally.correct, s->tally.total, s->detail, s->layer);
	if (s->arch[0] != '\0')
		printf("  arch %s", s->arch);
	if (s->trained == 'n')
		printf("  untrained");
	printf("  %s %zu x %zu  classes %d", o->known_word, s->known, s->d, s->classes);
	if (s->protocol[0] != '\0')
		printf("  protocol %s", s->protocol);
	if (s->name != NULL)
		printf("  baseline %s", s->name);
	printf("\n");
}

static int
wider(int width, const char *text)
{
	const int n = text == NULL ? 0 : (int)strlen(text);

	return n > width ? n : width;
}

/* A line for each score, for a reader who compares layers or settings. */
static void
print_table(const struct score *s, size_t n)
{
	int layer = 5, name = 4;

	for (size_t i = 0; i < n; i++) {
		layer = wider(layer, s[i].layer);
		name = wider(name, s[i].name);
	}
	printf("%-*s  %-*s  features    top-1  how\n", name, "name", layer, "layer");
	for (size_t i = 0; i < n; i++)
		printf("%-*s  %-*s  %8zu  %5.2f %%  %s%s\n", name, s[i].name == NULL ? "-" : s[i].name, layer,
		    s[i].layer, s[i].d, percent(s[i].tally.correct, s[i].tally.total), s[i].detail,
		    s[i].trained == 'n' ? "  untrained" : "");
}

static const char *
name_of(const struct score_options *o, int label)
{
	return label < o->named ? o->names[label] : NULL;
}

static void
print_classes(const struct score_options *o, const struct ss_tally *t)
{
	printf("  class  records  top-1\n");
	for (int i = 0; i < t->labels; i++) {
		const char *name = name_of(o, i);

		if (t->of[i] > 0)
			printf("  %5d  %7zu  %6.2f %%%s%s\n", i, t->of[i],
			    percent(t->right[i], t->of[i]), name == NULL ? "" : "  ",
			    name == NULL ? "" : name);
	}
}

static void
print_confusion(const struct ss_tally *t)
{
	printf("  label\\predicted");
	for (int c = 0; c < t->classes; c++)
		printf("\t%d", c);
	printf("\n");
	for (int i = 0; i < t->labels; i++) {
		if (t->of[i] == 0)
			continue;
		printf("  %15d", i);
		for (int c = 0; c < t->classes; c++)
			printf("\t%zu", t->confusion[(size_t)i * (size_t)t->classes + (size_t)c]);
		printf("\n");
	}
}

static json_t *
json_count(size_t n)
{
	return json_integer((json_int_t)n);
}

/* top-1 in percent is for people; programs divide the counts. */
static void
set_counts(json_t *o, size_t correct, size_t total)
{
	json_object_set_new(o, "top1", json_real(percent(correct, total)));
	json_object_set_new(o, "correct", json_count(correct));
	json_object_set_new(o, "total", json_count(total));
}

static json_t *
json_score(const struct score_options *o, const struct score *s)
{
	const struct ss_tally *t = &s->tally;
	json_t *out = json_object(), *list;

	json_object_set_new(out, "baseline", s->name == NULL ? json_null() : json_string(s->name));
	set_counts(out, t->correct, t->total);
	json_object_update(out, s->json);
	json_object_set_new(out, "layer", json_string(s->layer));
	json_object_set_new(out, "arch", s->arch[0] == '\0' ? json_null() : json_string(s->arch));
	json_object_set_new(out, "trained", s->trained == '?' ? json_null() :
	    json_boolean(s->trained == 'y'));
	if (s->protocol[0] != '\0')
		json_object_set_new(out, "protocol", json_string(s->protocol));
	json_object_set_new(out, o->known_word, json_count(s->known));
	json_object_set_new(out, "features", json_count(s->d));
	json_object_set_new(out, "classes", json_integer(s->classes));
	json_object_set_new(out, "shared", json_count(s->shared));
	if (o->per_class) {
		json_object_set_new(out, "per_class", list = json_array());
		for (int i = 0; i < t->labels; i++) {
			const char *name = name_of(o, i);
			json_t *row = json_object();

			if (t->of[i] > 0) {
				json_object_set_new(row, "label", json_integer(i));
				json_object_set_new(row, "name",
				    name == NULL ? json_null() : json_string(name));
				set_counts(row, t->right[i], t->of[i]);
				json_array_append(list, row);
			}
			json_decref(row);
		}
	}
	if (o->confusion) {
		json_object_set_new(out, "confusion", list = json_array());
		for (int i = 0; i < t->labels; i++) {
			json_t *row = json_array();

			for (int c = 0; c < t->classes; c++)
				json_array_append_new(row, json_count(
				    t->confusion[(size_t)i * (size_t)t->classes + (size_t)c]));
			json_array_append_new(list, row);
		}
	}
	return out;
}

static void
print_json(const struct score_options *o, const struct score *s, size_t n, json_t *about)
{
	json_t *out = report_begin(true), *list = json_array(), *chance = json_object();

	json_object_update(out, about);
	json_object_set_new(out, "scores", list);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_score(o, &s[i]));
	json_object_set_new(out, "chance", chance);
	set_counts(chance, ss_tally_chance(&s[0].tally), s[0].tally.total);
	report_print(out, 10);
}

/* An asked record that is known too is its own best neighbour: such a score means nothing. */
static void
warn_shared(const struct score_options *o, const struct score *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *name = s[i].name;

		if (s[i].shared > 0 && (i == 0 || name != s[i - 1].name))
			tool_warn("%s%s%zu of %zu records are also in the %s",
			    name == NULL ? "" : name, name == NULL ? "" : ": ", s[i].shared,
			    s[i].tally.total, o->known_word);
	}
}

void
score_print(const struct score_options *o, const struct score *s, size_t n, json_t *about)
{
	size_t chance = ss_tally_chance(&s[0].tally);

	warn_shared(o, s, n);
	if (o->json) {
		print_json(o, s, n, about);
	} else {
		if (o->table)
			print_table(s, n);
		for (size_t i = 0; i < n && (!o->table || o->per_class || o->confusion); i++) {
			print_line(o, &s[i]);
			if (o->per_class)
				print_classes(o, &s[i].tally);
			if (o->confusion)
				print_confusion(&s[i].tally);
		}
		printf("top-1 %.2f %%  (%zu of %zu)  chance: always the most frequent label\n",
		    percent(chance, s[0].tally.total), chance, s[0].tally.total);
	}
}

void
score_free(struct score_options *o, struct score *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ss_tally_free(&s[i].tally);
		json_decref(s[i].json);
	}
	labelled_free_names(o->names, o->named);
}
