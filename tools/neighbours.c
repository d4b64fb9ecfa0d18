/*
 * neighbours.c - ss-knn --neighbours: which records of the bank are nearest to each query, without labels
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/nearest.h"
#include "eval/neighbours.h"
#include "eval/rows.h"
#include "labelled.h"
#include "lines.h"
#include "neighbours.h"
#include "report.h"

enum {
	CHUNK = 8192,		/* queries at a time, whatever the frames */
	CHUNK_MIN = 256,	/* a tile of the search */
	KEYS = 1 << 22		/* neighbours held, unless those of CHUNK_MIN queries are more */
};

struct search {
	const struct neighbours_request *asked;
	struct labelled bank, query;
	bool known_index;
	size_t k, chunk, done, shared;
	struct ss_neighbours *near;
	double *mean;			/* of the bank, or NULL */
	size_t *skip;			/* (chunk) */
	uint64_t *key;			/* (chunk, k) */
};

static void
make_unit(const struct search *s, struct labelled *f, size_t n)
{
	if (s->mean != NULL)
		ss_subtract_row(s->asked->pool, f->x, n, f->d, s->mean);
	if (ss_unit_rows(s->asked->pool, f->x, n, f->d) != n)
		tool_die(TOOL_DAMAGED, "%s: an embedding is too large", ss_reader_name(f->in));
}

static void
keep(void *arg, size_t query, const uint64_t *key, int worker)
{
	struct search *s = arg;

	(void)worker;
	memcpy(s->key + query * s->k, key, s->k * sizeof(*key));
}

static void
print_rows(const struct search *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t r = 0; r < s->k; r++) {
			const uint64_t key = s->key[i * s->k + r];

			names_put(stdout, &s->query.names, i);
			printf("\t%zu\t", r + 1);
			line_put_cosine(stdout, (double)ss_near_cosine(key));
			putchar('\t');
			names_put(stdout, &s->bank.names, ss_near_position(key));
			putchar('\n');
		}
	}
}

/* The bytes as they are, or, if they are no UTF-8, escaped. */
static json_t *
json_name(const struct names *a, size_t i)
{
	size_t n;
	const char *text = names_get(a, i, &n);
	json_t *name = json_stringn(text, n);
	char *copy, *escaped;

	if (name != NULL || ss_json_starved())
		return name;
	copy = strndup(text, n);
	if (copy == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	escaped = line_escape(copy);
	name = json_string(escaped);
	free(escaped);
	free(copy);
	return name;
}

/* A query is an object of its own, so that memory does not grow with them. */
static void
print_json(const struct search *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_t *o = report_begin(false), *list = json_array();

		json_object_set_new(o, "query", json_name(&s->query.names, i));
		json_object_set_new(o, "neighbours", list);
		for (size_t r = 0; r < s->k; r++) {
			const uint64_t key = s->key[i * s->k + r];
			json_t *one = json_object();

			json_object_set_new(one, "name", json_name(&s->bank.names, ss_near_position(key)));
			json_object_set_new(one, "cosine", json_real((double)ss_near_cosine(key)));
			json_array_append_new(list, one);
		}
		fputs(s->done + i == 0 ? "\n" : ",\n", stdout);
		report_print_part(o, 7);
	}
}

static void
print_head(const struct search *s)
{
	json_t *o;
	char *head;

	if (!s->asked->json) {
		printf("query\trank\tcosine\tneighbour\n");
		return;
	}
	o = report_begin(true);
	json_object_set_new(o, "k", json_integer((json_int_t)s->k));
	json_object_set_new(o, "bank", json_integer((json_int_t)s->bank.n));
	json_object_set_new(o, "features", json_integer((json_int_t)s->bank.d));
	json_object_set_new(o, "leave_one_out", json_boolean(s->asked->leave_one_out));
	json_object_set_new(o, "centered", json_boolean(s->asked->center));
	head = ss_json_starved() ? NULL : json_dumps(o, 0);
	if (head == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the result");
	head[strlen(head) - 1] = '\0';		/* the brace, for there is more */
	printf("%s, \"queries\": [", head);
	free(head);
	json_decref(o);
}

/* The first n queries held. */
static void
search_chunk(struct search *s, size_t n)
{
	struct ss_err e = SS_ERR_INIT;
	int r;

	make_unit(s, &s->query, n);
	for (size_t i = 0; i < n; i++) {
		s->skip[i] = s->known_index ? labelled_find(&s->bank, s->query.number[i]) : SIZE_MAX;
		s->shared += s->skip[i] != SIZE_MAX;
	}
	r = ss_neighbours_find(s->near, s->query.x, n, s->asked->leave_one_out ? s->skip : NULL, keep, s, &e);
	if (r < 0)
		tool_fail(r, &e);
	if (s->done == 0)
		print_head(s);
	if (s->asked->json)
		print_json(s, n);
	else
		print_rows(s, n);
	labelled_drop(&s->query, n);
	s->done += n;
	tool_progress("%zu queries", s->done);
}

static void
open_search(struct search *s)
{
	const struct neighbours_request *q = s->asked;
	struct ss_err e = SS_ERR_INIT;
	int r;

	labelled_read_named(&s->bank, q->bank, q->tensor);
	labelled_open_named(&s->query, q->query, q->tensor);
	labelled_match(&s->bank, &s->query);
	s->known_index = labelled_share_index(&s->bank, &s->query, q->leave_one_out);
	if (q->leave_one_out && !s->known_index)
		tool_die(TOOL_MISUSE, "--leave-one-out: %s and %s have no common index",
		    ss_reader_name(s->bank.in), ss_reader_name(s->query.in));
	s->k = q->k != 0 ? q->k : ss_least(NEIGHBOURS_DEFAULT, s->bank.n - (q->leave_one_out && s->bank.n > 1));
	s->chunk = ss_least(CHUNK, KEYS / s->k < CHUNK_MIN ? CHUNK_MIN : KEYS / s->k);
	s->mean = q->center ? calloc(s->bank.d, sizeof(*s->mean)) : NULL;
	if (q->center && s->mean == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	if (q->center)
		ss_mean_row(s->bank.x, s->bank.n, s->bank.d, s->mean);
	make_unit(s, &s->bank, s->bank.n);
	r = ss_neighbours_create(&s->near, q->pool, s->bank.x, s->bank.n, s->bank.d, s->k, &e);
	if (r < 0)
		tool_fail(r, &e);
	s->skip = calloc(s->chunk, sizeof(*s->skip));
	s->key = calloc(s->chunk, s->k * sizeof(*s->key));
	if (s->skip == NULL || s->key == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
}

void
neighbours_print(const struct neighbours_request *q)
{
	struct search s = { .asked = q };

	open_search(&s);
	while (labelled_more(&s.query))
		while (s.query.n >= s.chunk)
			search_chunk(&s, s.chunk);
	if (s.query.n > 0)
		search_chunk(&s, s.query.n);
	tool_progress_end();
	if (s.done == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(s.query.in));
	if (q->json)
		printf("\n]}\n");
	if (s.shared > 0 && !q->leave_one_out)
		tool_warn("%zu of %zu records are also in the bank", s.shared, s.done);
	ss_neighbours_free(s.near);
	labelled_close(&s.bank);
	labelled_close(&s.query);
	free(s.mean);
	free(s.skip);
	free(s.key);
}
