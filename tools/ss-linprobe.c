/*
 * ss-linprobe - scores embeddings by a linear classifier trained on them
 *
 * Holds the training set in memory, and some thousand test records at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "eval/probe.h"
#include "score.h"

static const double L2_MIN = 0, L2_MAX = 1e9, TOLERANCE_MIN = 1e-10, TOLERANCE_MAX = 0.1;
enum {
	ITERATIONS_MIN = 1, ITERATIONS_MAX = 1000000,
	CHUNK = 8192			/* test records at a time, whatever the frames */
};

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-linprobe --train FILE --test FILE [options]\n"
	    "One FILE may be '-'. Trains multinomial logistic regression on standardised features\n"
	    "to convergence and prints the share of test images that it classifies rightly.\n\n"
	    "      --train FILE        file     labelled embeddings to learn from\n"
	    "      --test FILE         file     labelled embeddings to score\n"
	    "      --l2 X              number   [%g]  %g..%g  adds X/2 |W|^2 to the losses' sum\n"
	    "      --tolerance X       number   [%g]  %g..%g  stop when the decrease still\n"
	    "                                   expected is this share of the objective\n"
	    "      --max-iterations N  integer  [%d]  %d..%d\n"
	    "      --tensor NAME       name     [the first of f32, or else of u8]\n"
	    "      --baseline NAME=TRAIN,TEST   score these too, beside it (up to %d times)\n"
	    "      --per-class                  a table of classes below each score\n"
	    "      --confusion                  a table of what was taken for what\n"
	    "      --json                       one JSON object\n"
	    "  -t, --threads N         integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    SS_PROBE_L2, L2_MIN, L2_MAX, SS_PROBE_TOLERANCE, TOLERANCE_MIN, TOLERANCE_MAX,
	    SS_PROBE_ITERATIONS, ITERATIONS_MIN, ITERATIONS_MAX, SCORE_BASELINES, TOOL_THREADS_MAX);
	tool_print_common(f);
}

struct options {
	struct score_options out;
	struct ss_probe_options probe;
	const char *tensor;
	struct ss_pool *pool;
};

static void
show_progress(void *arg, int iteration, double objective, double decrement)
{
	(void)arg;
	tool_progress("iteration %d, objective %.6f, about %.1e above the minimum", iteration,
	    objective, decrement);
}

static void
describe(struct score *s, const struct ss_probe_fit *fit, size_t n)
{
	const char *end = fit->converged ? "converged" :
	    fit->stalled ? "not converged (rounding)" : "not converged";

	snprintf(s->detail, sizeof(s->detail), "train %.2f %%  loss %.4f  iterations %d  %s",
	    100 * (double)fit->correct / (double)n, fit->loss, fit->iterations, end);
	json_object_set_new(s->json, "train_top1",
	    json_real(100 * (double)fit->correct / (double)n));
	json_object_set_new(s->json, "train_correct", json_integer((json_int_t)fit->correct));
	json_object_set_new(s->json, "loss", json_real(fit->loss));
	json_object_set_new(s->json, "objective", json_real(fit->objective));
	json_object_set_new(s->json, "decrement", json_real(fit->decrement));
	json_object_set_new(s->json, "iterations", json_integer(fit->iterations));
	json_object_set_new(s->json, "evaluations", json_integer(fit->evaluations));
	json_object_set_new(s->json, "converged", json_boolean(fit->converged));
	json_object_set_new(s->json, "constant_features", json_integer(fit->constant));
}

/* The first n test records held. */
static void
score_chunk(const struct options *o, const struct ss_probe *probe, const struct labelled *train,
    bool known_index, struct labelled *test, size_t n, struct score *score)
{
	static int32_t predicted[CHUNK];
	struct ss_err e = SS_ERR_INIT;
	int r = ss_probe_predict(probe, o->pool, test->x, n, predicted, &e);

	if (r == 0)
		r = ss_tally_add(&score->tally, test->y, predicted, n, &e);
	if (r < 0)
		tool_fail(r, &e);
	for (size_t i = 0; known_index && i < n; i++)
		score->shared += labelled_find(train, test->number[i]) != SIZE_MAX;
	labelled_drop(test, n);
}

static void
run_contest(struct options *o, const struct contest *c, struct score *score)
{
	struct labelled train, test;
	struct ss_probe_fit fit;
	struct ss_probe *probe;
	struct ss_err e = SS_ERR_INIT;
	const char *data;
	bool known_index;
	int r;

	labelled_read(&train, c->known, o->tensor);
	labelled_open(&test, c->asked, o->tensor);
	labelled_match(&train, &test);
	data = ss_reader_header(train.in)->dataset;
	known_index = test.index >= 0 && data[0] != '\0' &&
	    strcmp(data, ss_reader_header(test.in)->dataset) == 0 && labelled_sort(&train);
	r = ss_probe_train(&probe, o->pool, train.x, train.y, train.n, train.d, &o->probe, &fit,
	    &e);
	tool_progress_end();
	if (r < 0)
		tool_fail(r, &e);
	if (!fit.converged)
		tool_warn("%s: not converged after %d iterations%s", ss_reader_name(train.in),
		    fit.iterations, fit.stalled ? ": no step gets any lower" : "; see --max-iterations");
	score_init(score, c, &train, ss_probe_classes(probe), o->out.confusion);
	describe(score, &fit, train.n);

	while (labelled_more(&test))
		while (test.n >= CHUNK)
			score_chunk(o, probe, &train, known_index, &test, CHUNK, score);
	if (test.n > 0)
		score_chunk(o, probe, &train, known_index, &test, test.n, score);
	if (score->tally.total == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(test.in));
	if (o->out.names == NULL) {
		o->out.named = score->tally.labels;
		o->out.names = labelled_names(&test, o->out.named);
	}
	ss_probe_free(probe);
	labelled_close(&train);
	labelled_close(&test);
}

int
main(int argc, char **argv)
{
	enum {
		OPT_TRAIN = TOOL_OPT_OWN, OPT_TEST, OPT_L2, OPT_TOLERANCE, OPT_ITERATIONS,
		OPT_TENSOR, OPT_BASELINE, OPT_PER_CLASS, OPT_CONFUSION, OPT_JSON
	};
	static const struct option longopts[] = {
		{ "train", required_argument, NULL, OPT_TRAIN },
		{ "test", required_argument, NULL, OPT_TEST },
		{ "l2", required_argument, NULL, OPT_L2 },
		{ "tolerance", required_argument, NULL, OPT_TOLERANCE },
		{ "max-iterations", required_argument, NULL, OPT_ITERATIONS },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "baseline", required_argument, NULL, OPT_BASELINE },
		{ "per-class", no_argument, NULL, OPT_PER_CLASS },
		{ "confusion", no_argument, NULL, OPT_CONFUSION },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "threads", required_argument, NULL, 't' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct options o = { .out = { .known_word = "train" }, .probe = SS_PROBE_DEFAULTS };
	struct contest contest[1 + SCORE_BASELINES] = { { NULL, NULL, NULL } };
	struct score score[1 + SCORE_BASELINES];
	size_t contests = 1;
	json_t *about;
	int c, threads = 0;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	o.probe.progress = show_progress;
	while ((c = getopt_long(argc, argv, TOOL_SHORT "t:", longopts, NULL)) != -1) {
		switch (c) {
		case OPT_TRAIN:		contest[0].known = optarg; break;
		case OPT_TEST:		contest[0].asked = optarg; break;
		case OPT_L2:
			o.probe.l2 = tool_double("--l2", optarg, L2_MIN, L2_MAX);
			break;
		case OPT_TOLERANCE:
			o.probe.tolerance = tool_double("--tolerance", optarg, TOLERANCE_MIN,
			    TOLERANCE_MAX);
			break;
		case OPT_ITERATIONS:
			o.probe.max_iterations = (int)tool_int("--max-iterations", optarg,
			    ITERATIONS_MIN, ITERATIONS_MAX);
			break;
		case OPT_TENSOR:	o.tensor = optarg; break;
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
		tool_die(TOOL_MISUSE, "unexpected '%s'; see ss-linprobe --help", argv[optind]);
	if (contest[0].known == NULL || contest[0].asked == NULL)
		tool_die(TOOL_MISUSE, "--train and --test are needed; see ss-linprobe --help");
	if (strcmp(contest[0].known, "-") == 0 && strcmp(contest[0].asked, "-") == 0)
		tool_die(TOOL_MISUSE, "only one of --train and --test can be standard input");

	o.pool = tool_pool(threads);
	for (size_t i = 0; i < contests; i++)
		run_contest(&o, &contest[i], &score[i]);
	about = json_pack("{sssssfsf}", "solver", "L-BFGS over decorrelated features",
	    "stop", "decrease still expected <= tolerance * objective",
	    "tolerance", o.probe.tolerance, "l2", o.probe.l2);
	score_print(&o.out, score, contests, about);
	if (!o.out.json)
		printf("solver L-BFGS over decorrelated features, stopped when the decrease still "
		    "expected is %g of the objective; l2 %g\n", o.probe.tolerance, o.probe.l2);
	json_decref(about);
	labelled_free_names(o.out.names, o.out.named);
	score_free(score, contests);
	ss_pool_free(o.pool);
	return tool_finish(NULL, NULL);
}
