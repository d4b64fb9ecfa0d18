/*
 * ss-knn - scores embeddings by a weighted vote of their nearest neighbours, or names these
 *
 * Holds the bank in memory, and some thousand queries at a time.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "eval/knn.h"
#include "eval/protocol.h"
#include "eval/rows.h"
#include "kern/kern.h"
#include "neighbours.h"
#include "score_options.h"

enum {
	LIST_MAX = 32,			/* values of k, and of t */
	CHUNK = 8192			/* queries at a time, whatever the frames */
};

static const long long K_MIN = 1, K_MAX = 100000;
static const double T_MIN = 1e-4, T_MAX = 1e4;

static struct options {
	struct score_request score;
	const struct ss_knn_protocol *protocol;
	bool named;			/* the protocol was asked for */
	long long k[LIST_MAX];
	double t[LIST_MAX];
	int ks, ts;			/* 0: the protocol's */
	bool center, leave_one_out, neighbours;
	struct ss_pool *pool;
} o = { .score = { .out = { .known_word = "bank" }, .asked_option = "query", .knowns_max = 1, .contests = 1 },
	.protocol = ss_knn_protocols };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-knn --bank FILE --query FILE [options]\n"
	    "       ss-knn --bank FILE --leave-one-out [options]\n"
	    "       ss-knn --neighbours ... [-k N]\n"
	    "One FILE may be '-'. Prints the share of query images whose class the k nearest\n"
	    "images of the bank (by cosine) elect, each with exp(cosine / temperature) votes.\n\n"
	    "      --bank FILE         file     labelled embeddings to learn from\n"
	    "      --query FILE        file     labelled embeddings to score\n"
	    "      --protocol NAME     name     [%s]  k, temperature and layer by name:\n",
	    ss_knn_protocols[0].name);
	for (const struct ss_knn_protocol *p = ss_knn_protocols; p->name != NULL; p++)
		fprintf(f, "          %-8s  k %-4lld t %-5g %-10s  %s\n", p->name, p->k, p->t, p->layer, p->about);
	fprintf(f, "  -k, --k LIST            integers [%lld]  %lld..%lld each, at most the bank\n"
	    "      --temperature LIST  numbers  [%g]  %g..%g each\n"
	    "      --center                     subtract the bank's mean from all first\n"
	    "      --leave-one-out              without the bank's record of the query's index\n"
	    "      --neighbours                 no score: a table of the k [%d] nearest; no labels needed\n",
	    ss_knn_protocols[0].k, K_MIN, K_MAX, ss_knn_protocols[0].t, T_MIN, T_MAX, NEIGHBOURS_DEFAULT);
	score_options_usage(&o.score, f);
	tool_print_common(f);
}

/* One contest being decided. */
struct vote {
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
		ss_subtract_row(o.pool, f->x, n, f->d, v->mean);
	if (ss_unit_rows(o.pool, f->x, n, f->d) != n)
		tool_die(TOOL_DAMAGED, "%s: an embedding is too large", ss_reader_name(f->in));
}

/* The first n queries held. */
static void
score_chunk(struct vote *v, size_t n)
{
	const int sets = o.ks * o.ts;
	struct ss_err e = SS_ERR_INIT;
	int r;

	make_unit(v, &v->query, n);
	for (size_t i = 0; i < n; i++) {
		v->skip[i] = v->known_index ? labelled_find(&v->bank, v->query.number[i]) :
		    SS_KNN_NONE;
		for (int s = 0; s < sets && v->skip[i] != SS_KNN_NONE; s++)
			v->score[s].shared++;
	}
	r = ss_knn_predict(v->knn, v->query.x, n, o.leave_one_out ? v->skip : NULL,
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
	struct ss_knn_question q = { o.k, o.ks, o.t, o.ts };
	struct ss_err e = SS_ERR_INIT;
	int r;

	labelled_read(&v->bank, c->known[0], o.score.tensor);
	labelled_open(&v->query, c->asked, o.score.tensor);
	labelled_match(&v->bank, &v->query);
	v->known_index = labelled_share_index(&v->bank, &v->query, o.leave_one_out);
	if (o.leave_one_out && !v->known_index)
		tool_die(TOOL_MISUSE, "--leave-one-out: %s and %s have no common index",
		    ss_reader_name(v->bank.in), ss_reader_name(v->query.in));
	v->predicted = calloc((size_t)(o.ks * o.ts) * CHUNK, sizeof(*v->predicted));
	v->skip = calloc(CHUNK, sizeof(*v->skip));
	v->mean = o.center ? calloc(v->bank.d, sizeof(*v->mean)) : NULL;
	if (v->predicted == NULL || v->skip == NULL || (o.center && v->mean == NULL))
		tool_die(TOOL_FAILURE, "out of memory");
	if (o.center)
		ss_mean_row(v->bank.x, v->bank.n, v->bank.d, v->mean);
	make_unit(v, &v->bank, v->bank.n);
	r = ss_knn_create(&v->knn, o.pool, v->bank.x, v->bank.y, v->bank.n, v->bank.d, &q, &e);
	if (r < 0)
		tool_fail(r, &e);
}

static bool
is_protocol(long long k, double t, const char *layer)
{
	return k == o.protocol->k && t == o.protocol->t && !o.center && !o.leave_one_out &&
	    strcmp(layer, o.protocol->layer) == 0;
}

/* A score of another layer than the one that was asked for by the protocol's name. */
static void
warn_layer(const struct labelled *f)
{
	const char *layer = f->pixels ? "pixels" : f->layer == NULL ? "unknown" : f->layer;

	if (o.named && strcmp(layer, o.protocol->layer) != 0)
		tool_warn("%s: layer %s, but --protocol %s is about the %s", ss_reader_name(f->in), layer,
		    o.protocol->name, o.protocol->layer);
}

/* Fills score (ks,ts). */
static void
run_contest(const struct contest *c, struct score *score)
{
	struct vote v = { .score = score };

	open_contest(&v, c);
	if (c->name == NULL)
		warn_layer(&v.bank);
	for (int s = 0; s < o.ks * o.ts; s++) {
		const long long k = o.k[s / o.ts];
		const double t = o.t[s % o.ts];

		score_init(&score[s], c, &v.bank, ss_knn_classes(v.knn), o.score.out.confusion);
		snprintf(score[s].detail, sizeof(score[s].detail), "k %lld  t %g%s%s", k, t,
		    o.center ? "  centered" : "", o.leave_one_out ? "  leave-one-out" : "");
		snprintf(score[s].protocol, sizeof(score[s].protocol), "%s%s", o.protocol->name,
		    is_protocol(k, t, score[s].layer) ? "" : " (changed)");
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
	for (int s = 0; o.leave_one_out && s < o.ks * o.ts; s++)
		score[s].shared = 0;
	ss_knn_free(v.knn);
	if (o.score.out.names == NULL) {
		o.score.out.named = score[0].tally.labels;
		o.score.out.names = labelled_names(&v.query, o.score.out.named);
	}
	labelled_close(&v.bank);
	labelled_close(&v.query);
	free(v.predicted);
	free(v.skip);
	free(v.mean);
}

static void
find_protocol(const char *name)
{
	char all[256];
	size_t n = 0;

	for (o.protocol = ss_knn_protocols; o.protocol->name != NULL; o.protocol++) {
		if (strcmp(o.protocol->name, name) == 0)
			return;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n == 0 ? "" : ", ", o.protocol->name);
	}
	tool_die(TOOL_MISUSE, "--protocol '%s' is none of %s", name, all);
}

/* Prints who is near instead of a score; what belongs to scores alone is refused. */
static void
show_neighbours(void)
{
	const struct score_options *out = &o.score.out;
	const struct neighbours_request q = { .bank = o.score.contest[0].known[0], .query = o.score.contest[0].asked,
	    .tensor = o.score.tensor, .k = (size_t)o.k[0], .center = o.center, .leave_one_out = o.leave_one_out,
	    .json = out->json, .pool = o.pool };

	if (o.score.contests > 1 || out->per_class || out->confusion || out->table || o.named || o.ts > 0)
		tool_die(TOOL_MISUSE, "--neighbours makes no score: --baseline, --per-class, --confusion, --table, "
		    "--protocol and --temperature do not go with it");
	if (o.ks > 1)
		tool_die(TOOL_MISUSE, "--neighbours takes one -k");
	neighbours_print(&q);
}

int
main(int argc, char **argv)
{
	enum { OPT_PROTOCOL = TOOL_OPT_OWN, OPT_TEMPERATURE, OPT_CENTER, OPT_LEAVE, OPT_NEIGHBOURS };
	static const struct option longopts[] = {
		{ "protocol", required_argument, NULL, OPT_PROTOCOL },
		{ "k", required_argument, NULL, 'k' },
		{ "temperature", required_argument, NULL, OPT_TEMPERATURE },
		{ "center", no_argument, NULL, OPT_CENTER },
		{ "leave-one-out", no_argument, NULL, OPT_LEAVE },
		{ "neighbours", no_argument, NULL, OPT_NEIGHBOURS },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct option all[SCORE_OPTIONS + sizeof(longopts) / sizeof(*longopts)];
	struct contest *asked = &o.score.contest[0];
	struct score *score;
	size_t sets;
	json_t *about;
	int c;

	tool_start(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	score_options_table(&o.score, all);
	memcpy(all + SCORE_OPTIONS, longopts, sizeof(longopts));
	while ((c = getopt_long(argc, argv, TOOL_SHORT "k:t:", all, NULL)) != -1) {
		switch (c) {
		case OPT_PROTOCOL:	o.named = true; find_protocol(optarg); break;
		case 'k':
			o.ks = tool_int_list("--k", optarg, K_MIN, K_MAX, o.k, LIST_MAX);
			break;
		case OPT_TEMPERATURE:
			o.ts = tool_double_list("--temperature", optarg, T_MIN, T_MAX, o.t, LIST_MAX);
			break;
		case OPT_CENTER:	o.center = true; break;
		case OPT_LEAVE:		o.leave_one_out = true; break;
		case OPT_NEIGHBOURS:	o.neighbours = true; break;
		default:
			if (!score_option(&o.score, c, optarg))
				tool_common_option(c, print_usage);
		}
	}
	if (asked->asked == NULL && o.leave_one_out)
		asked->asked = asked->known[0];
	score_options_check(&o.score, argc, argv, optind);
	if (o.neighbours) {
		o.pool = tool_pool(o.score.threads);
		show_neighbours();
		ss_pool_free(o.pool);
		return tool_finish(NULL, NULL);
	}
	if (o.ks == 0)
		o.k[o.ks++] = o.protocol->k;
	if (o.ts == 0)
		o.t[o.ts++] = o.protocol->t;

	sets = (size_t)o.ks * (size_t)o.ts;
	score = calloc(o.score.contests * sets, sizeof(*score));
	if (score == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	o.pool = tool_pool(o.score.threads);
	for (size_t i = 0; i < o.score.contests; i++)
		run_contest(&o.score.contest[i], score + i * sets);
	about = json_pack("{sssbsb}", "protocol", o.protocol->name, "leave_one_out", o.leave_one_out,
	    "centered", o.center);
	score_print(&o.score.out, score, o.score.contests * sets, about);
	json_decref(about);
	score_free(&o.score.out, score, o.score.contests * sets);
	free(score);
	ss_pool_free(o.pool);
	return tool_finish(NULL, NULL);
}
