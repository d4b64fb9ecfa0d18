/*
 * ss-knn - scores embeddings by a weighted vote of their nearest neighbours
 *
 * Holds the bank in memory, and some thousand queries at a time.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eval/knn.h"
#include "kern/kern.h"
#include "score.h"

enum {
	LIST_MAX = 32,			/* values of k, and of t */
	CHUNK = 8192			/* queries at a time, whatever the frames */
};

static const long long K_DEFAULT = 200, K_MIN = 1, K_MAX = 100000;
static const double T_DEFAULT = 0.1, T_MIN = 1e-4, T_MAX = 1e4;

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-knn --bank FILE --query FILE [options]\n"
	    "       ss-knn --bank FILE --leave-one-out [options]\n"
	    "One FILE may be '-'. Prints the share of query images whose class the k nearest\n"
	    "images of the bank (by cosine) elect, each with exp(cosine / temperature) votes.\n\n"
	    "      --bank FILE         file     labelled embeddings to learn from\n"
	    "      --query FILE        file     labelled embeddings to score\n"
	    "  -k, --k LIST            integers [%lld]  %lld..%lld each, at most the bank\n"
	    "      --temperature LIST  numbers  [%g]  %g..%g each\n"
	    "      --tensor NAME       name     [the first of f32, or else of u8]\n"
	    "      --center                     subtract the bank's mean from all first\n"
	    "      --leave-one-out              without the bank's record of the query's index\n"
	    "      --baseline NAME=BANK,QUERY   score these too, beside it (up to %d times)\n"
	    "      --per-class                  a table of classes below each score\n"
	    "      --confusion                  a table of what was taken for what\n"
	    "      --json                       one JSON object\n"
	    "  -t, --threads N         integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    K_DEFAULT, K_MIN, K_MAX, T_DEFAULT, T_MIN, T_MAX, SCORE_BASELINES, TOOL_THREADS_MAX);
	tool_print_common(f);
}

struct options {
	struct score_options out;
	long long k[LIST_MAX];
	double t[LIST_MAX];
	int ks, ts;
	const char *tensor;
	bool center, leave_one_out;
	struct ss_pool *pool;
};

/* One contest being decided. */
struct vote {
	const struct options *o;
	struct labelled bank, query;
	struct ss_knn *knn;
	double *mean;			/* of the bank, or NULL */
	int32_t *predicted;		/* (sets, CHUNK) */
	size_t *skip;			/* (CHUNK) */
	bool known_index;		/* whether bank and query can be compared by index */
	struct score *score;		/* (sets) */
};

static void
make_unit(const struct vote *v, struct labelled *f, size_t n)
{
	if (v->mean != NULL)
		ss_subtract_row(v->o->pool, f->x, n, f->d, v->mean);
	if (ss_unit_rows(v->o->pool, f->x, n, f->d) != n)
		tool_die(TOOL_DAMAGED, "%s: an embedding is too large", ss_reader_name(f->in));
}

/* The first n queries held. */
static void
score_chunk(struct vote *v, size_t n)
{
	const int sets = v->o->ks * v->o->ts;
	struct ss_err e = SS_ERR_INIT;
	int r;

	make_unit(v, &v->query, n);
	for (size_t i = 0; i < n; i++) {
		v->skip[i] = v->known_index ? labelled_find(&v->bank, v->query.number[i]) :
		    SS_KNN_NONE;
		for (int s = 0; s < sets && v->skip[i] != SS_KNN_NONE; s++)
			v->score[s].shared++;
	}
	r = ss_knn_predict(v->knn, v->query.x, n, v->o->leave_one_out ? v->skip : NULL,
	    v->predicted, &e);
	for (int s = 0; r == 0 && s < sets; s++)
		r = ss_tally_add(&v->score[s].tally, v->query.y, v->predicted + (size_t)s * n, n,
		    &e);
	if (r < 0)
		tool_fail(r, &e);
	labelled_drop(&v->query, n);
	tool_progress("%zu queries", v->score[0].tally.total);
}

static void
open_contest(struct vote *v, const struct contest *c)
{
	const struct options *o = v->o;
	struct ss_knn_question q = { o->k, o->ks, o->t, o->ts };
	const char *data[2];
	struct ss_err e = SS_ERR_INIT;
	int r;

	labelled_read(&v->bank, c->known, o->tensor);
	labelled_open(&v->query, c->asked, o->tensor);
	labelled_match(&v->bank, &v->query);
	data[0] = ss_reader_header(v->bank.in)->dataset;
	data[1] = ss_reader_header(v->query.in)->dataset;
	v->known_index = v->query.index >= 0 && strcmp(data[0], data[1]) == 0 &&
	    (data[0][0] != '\0' || o->leave_one_out) && labelled_sort(&v->bank);
	if (o->leave_one_out && !v->known_index)
		tool_die(TOOL_MISUSE, "--leave-one-out: %s and %s have no common index",
		    ss_reader_name(v->bank.in), ss_reader_name(v->query.in));
	v->predicted = calloc((size_t)(o->ks * o->ts) * CHUNK, sizeof(*v->predicted));
	v->skip = calloc(CHUNK, sizeof(*v->skip));
	v->mean = o->center ? calloc(v->bank.d, sizeof(*v->mean)) : NULL;
	if (v->predicted == NULL || v->skip == NULL || (o->center && v->mean == NULL))
		tool_die(TOOL_FAILURE, "out of memory");
	if (o->center)
		ss_mean_row(v->bank.x, v->bank.n, v->bank.d, v->mean);
	make_unit(v, &v->bank, v->bank.n);
	r = ss_knn_create(&v->knn, o->pool, v->bank.x, v->bank.y, v->bank.n, v->bank.d, &q, &e);
	if (r < 0)
		tool_fail(r, &e);
}

/* Fills score (ks,ts). */
static void
run_contest(struct options *o, const struct contest *c, struct score *score)
{
	struct vote v = { .o = o, .score = score };

	open_contest(&v, c);
	for (int s = 0; s < o->ks * o->ts; s++) {
		const long long k = o->k[s / o->ts];
		const double t = o->t[s % o->ts];

		score_init(&score[s], c, &v.bank, ss_knn_classes(v.knn), o->out.confusion);
		snprintf(score[s].detail, sizeof(score[s].detail), "k %lld  t %g%s%s", k, t,
		    o->center ? "  centered" : "", o->leave_one_out ? "  leave-one-out" : "");
		json_object_set_new(score[s].json, "k", json_integer(k));
		json_object_set_new(score[s].json, "t", json_real(t));
	}
	while (labelled_more(&v.query))
		while (v.query.n >= CHUNK)
			score_chunk(&v, CHUNK);
	if (v.query.n > 0)
		score_chunk(&v, v.query.n);
	tool_progress_end();
	if (score[0].tally.total == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(v.query.in));
	for (int s = 0; o->leave_one_out && s < o->ks * o->ts; s++)
		score[s].shared = 0;
	ss_knn_free(v.knn);
	if (o->out.names == NULL) {
		o->out.named = score[0].tally.labels;
		o->out.names = labelled_names(&v.query, o->out.named);
	}
	labelled_close(&v.bank);
	labelled_close(&v.query);
	free(v.predicted);
	free(v.skip);
	free(v.mean);
}

int
main(int argc, char **argv)
{
	enum {
		OPT_BANK = TOOL_OPT_OWN, OPT_QUERY, OPT_TEMPERATURE, OPT_TENSOR, OPT_CENTER,
		OPT_LEAVE, OPT_BASELINE, OPT_PER_CLASS, OPT_CONFUSION, OPT_JSON
	};
	static const struct option longopts[] = {
		{ "bank", required_argument, NULL, OPT_BANK },
		{ "query", required_argument, NULL, OPT_QUERY },
		{ "k", required_argument, NULL, 'k' },
		{ "temperature", required_argument, NULL, OPT_TEMPERATURE },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "center", no_argument, NULL, OPT_CENTER },
		{ "leave-one-out", no_argument, NULL, OPT_LEAVE },
		{ "baseline", required_argument, NULL, OPT_BASELINE },
		{ "per-class", no_argument, NULL, OPT_PER_CLASS },
		{ "confusion", no_argument, NULL, OPT_CONFUSION },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "threads", required_argument, NULL, 't' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct options o = { .out = { .known_word = "bank" }, .k = { K_DEFAULT }, .ks = 1,
	    .t = { T_DEFAULT }, .ts = 1 };
	struct contest contest[1 + SCORE_BASELINES] = { { NULL, NULL, NULL } };
	struct score *score;
	size_t contests = 1, sets;
	json_t *about;
	int c, threads = 0;

	tool_start(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	while ((c = getopt_long(argc, argv, TOOL_SHORT "k:t:", longopts, NULL)) != -1) {
		switch (c) {
		case OPT_BANK:		contest[0].known = optarg; break;
		case OPT_QUERY:		contest[0].asked = optarg; break;
		case 'k':
			o.ks = tool_int_list("--k", optarg, K_MIN, K_MAX, o.k, LIST_MAX);
			break;
		case OPT_TEMPERATURE:
			o.ts = tool_double_list("--temperature", optarg, T_MIN, T_MAX, o.t, LIST_MAX);
			break;
		case OPT_TENSOR:	o.tensor = optarg; break;
		case OPT_CENTER:	o.center = true; break;
		case OPT_LEAVE:		o.leave_one_out = true; break;
		case OPT_BASELINE:
			if (contests > SCORE_BASELINES)
				tool_die(TOOL_MISUSE, "more than %d baselines", SCORE_BASELINES);
			score_parse_baseline(&contest[contests++], optarg);
			break;
		case OPT_PER_CLASS:	o.out.per_class = true; break;
		case OPT_CONFUSION:	o.out.confusion = true; break;
		case OPT_JSON:		o.out.json = true; break;
		case 't':
			threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX);
			break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (optind < argc)
		tool_die(TOOL_MISUSE, "unexpected '%s'; see ss-knn --help", argv[optind]);
	if (contest[0].asked == NULL && o.leave_one_out)
		contest[0].asked = contest[0].known;
	if (contest[0].known == NULL || contest[0].asked == NULL)
		tool_die(TOOL_MISUSE, "--bank and --query are needed; see ss-knn --help");
	if (strcmp(contest[0].known, "-") == 0 && strcmp(contest[0].asked, "-") == 0)
		tool_die(TOOL_MISUSE, "only one of bank and query can be standard input");

	sets = (size_t)(o.ks * o.ts);
	score = calloc(contests * sets, sizeof(*score));
	if (score == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	o.pool = tool_pool(threads);
	for (size_t i = 0; i < contests; i++)
		run_contest(&o, &contest[i], score + i * sets);
	about = json_pack("{sbsb}", "leave_one_out", o.leave_one_out, "centered", o.center);
	score_print(&o.out, score, contests * sets, about);
	json_decref(about);
	labelled_free_names(o.out.names, o.out.named);
	score_free(score, contests * sets);
	free(score);
	ss_pool_free(o.pool);
	return tool_finish(NULL, NULL);
}
