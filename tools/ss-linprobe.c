/*
 * ss-linprobe - scores embeddings by a linear classifier trained on them
 *
 * Holds the training set in memory, and some thousand test records at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "eval/probe.h"
#include "probe_options.h"
#include "score_options.h"
#include "training.h"

enum { CHUNK = 8192 };			/* test records at a time, whatever the frames */

static struct score_request request = { .out = { .known_word = "train" }, .asked_option = "test",
	.knowns_max = SCORE_KNOWN, .contests = 1 };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-linprobe --train FILE [--train FILE ...] --test FILE [options]\n"
	    "One FILE may be '-'. Trains multinomial logistic regression on embeddings\n"
	    "and prints the share of test images that it classifies rightly.\n\n"
	    "      --train FILE        file     labelled embeddings to learn from; several files (up to\n"
	    "                                   %d), or epochs: the same images, augmented differently\n"
	    "      --test FILE         file     labelled embeddings to score\n", SCORE_KNOWN);
	score_options_usage(&request, f);
	probe_options_usage(f);
	tool_print_common(f);
}

static void
show_iteration(void *arg, int iteration, double objective, double decrement)
{
	(void)arg;
	tool_progress("iteration %d, objective %.6f, about %.1e above the minimum", iteration,
	    objective, decrement);
}

static void
show_step(void *arg, int epoch, size_t done, size_t all, const struct ss_probe_epoch *now)
{
	(void)arg;
	tool_progress("epoch %d, step %zu of %zu, rate %.4g, loss %.4f", epoch + 1, done + 1, all, now->rate,
	    now->loss);
}

static json_t *
json_epochs(const struct ss_probe_fit *fit, bool held)
{
	json_t *list = json_array();

	for (int i = 0; i < fit->epochs; i++) {
		json_t *row = json_pack("{sisfsf}", "epoch", i + 1, "lr", fit->epoch[i].rate, "loss",
		    fit->epoch[i].loss);

		if (held)
			json_object_set_new(row, "held_loss", json_real(fit->epoch[i].held));
		json_array_append_new(list, row);
	}
	return list;
}

static void
describe(struct score *s, const struct ss_probe_fit *fit, const struct probe_settings *o,
    const struct ss_probe_set *set)
{
	const double train = 100 * (double)fit->correct / (double)fit->total;
	size_t n = (size_t)snprintf(s->detail, sizeof(s->detail), "train %.2f %%  loss %.4f", train, fit->loss);

	json_object_set_new(s->json, "train_top1", json_real(train));
	json_object_set_new(s->json, "train_correct", json_integer((json_int_t)fit->correct));
	json_object_set_new(s->json, "loss", json_real(fit->loss));
	json_object_set_new(s->json, "constant_features", json_integer(fit->constant));
	json_object_set_new(s->json, "views", json_integer((json_int_t)set->views));
	json_object_set_new(s->json, "held_out", json_integer((json_int_t)set->helds));
	if (o->now.options.by_steps) {
		n += (size_t)snprintf(s->detail + n, sizeof(s->detail) - n, "  epochs %d", fit->epochs);
		if (o->now.options.steps.patience > 0)
			n += (size_t)snprintf(s->detail + n, sizeof(s->detail) - n, "  best %d", fit->best);
		json_object_set_new(s->json, "best_epoch", json_integer(fit->best));
		json_object_set_new(s->json, "history", json_epochs(fit, set->helds > 0));
	} else {
		n += (size_t)snprintf(s->detail + n, sizeof(s->detail) - n, "  iterations %d  %s", fit->iterations,
		    fit->converged ? "converged" : fit->stalled ? "not converged (rounding)" : "not converged");
		json_object_set_new(s->json, "objective", json_real(fit->objective));
		json_object_set_new(s->json, "decrement", json_real(fit->decrement));
		json_object_set_new(s->json, "iterations", json_integer(fit->iterations));
		json_object_set_new(s->json, "evaluations", json_integer(fit->evaluations));
		json_object_set_new(s->json, "converged", json_boolean(fit->converged));
	}
	if (set->views > 1)
		n += (size_t)snprintf(s->detail + n, sizeof(s->detail) - n, "  views %zu", set->views);
	if (set->helds > 0)
		snprintf(s->detail + n, sizeof(s->detail) - n, "  held out %zu", set->helds);
}

/* One set of streams being scored. */
struct trial {
	const struct probe_settings *settings;
	struct ss_pool *pool;
	struct training train;
	struct labelled test, validation;
	bool known_index;		/* the test records can be looked up in the training set by index */
	bool seen_index;		/* and among those that it stopped by */
	size_t seen;
	struct ss_probe *probe;
	struct score *score;
};

/* The first n test records held. */
static void
score_chunk(struct trial *t, size_t n)
{
	static int32_t predicted[CHUNK];
	struct ss_err e = SS_ERR_INIT;
	int r = ss_probe_predict(t->probe, t->pool, t->test.x, n, predicted, &e);

	if (r == 0)
		r = ss_tally_add(&t->score->tally, t->test.y, predicted, n, &e);
	if (r < 0)
		tool_fail(r, &e);
	for (size_t i = 0; t->known_index && i < n; i++)
		t->score->shared += labelled_find(&t->train.first, t->test.number[i]) != SIZE_MAX;
	for (size_t i = 0; t->seen_index && i < n; i++)
		t->seen += labelled_find(&t->validation, t->test.number[i]) != SIZE_MAX;
	labelled_drop(&t->test, n);
}

/* Whether the test records can be looked up by index in f. */
static bool
same_images(const struct trial *t, const struct labelled *f)
{
	const char *data = ss_reader_header(f->in)->dataset;

	return t->test.index >= 0 && data[0] != '\0' &&
	    strcmp(data, ss_reader_header(t->test.in)->dataset) == 0;
}

static void
read_streams(struct trial *t, const struct contest *c)
{
	const struct probe_settings *s = t->settings;

	training_read(&t->train, c->known, c->knowns, request.tensor);
	labelled_open(&t->test, c->asked, request.tensor);
	labelled_match(&t->train.first, &t->test);
	t->known_index = t->train.numbered && same_images(t, &t->train.first);
	training_divide(&t->train, &s->now, s->now.options.steps.seed);
	if (s->validation == NULL)
		return;
	labelled_read(&t->validation, s->validation, request.tensor);
	labelled_match(&t->train.first, &t->validation);
	t->seen_index = same_images(t, &t->validation) && labelled_sort(&t->validation);
	t->train.set.held = t->validation.x;
	t->validation.x = NULL;
	t->train.set.held_label = t->validation.y;
	t->train.set.helds = t->validation.n;
}

static void
run_contest(struct trial *t, const struct contest *c)
{
	const struct ss_probe_options *o = &t->settings->now.options;
	const char *name = c->known[0];
	struct ss_probe_fit fit;
	struct ss_err e = SS_ERR_INIT;
	int r;

	read_streams(t, c);
	r = ss_probe_train(&t->probe, t->pool, &t->train.set, o, &fit, &e);
	tool_progress_end();
	if (r < 0)
		tool_fail(r, &e);
	if (!o->by_steps && !fit.converged)
		tool_warn("%s: not converged after %d iterations%s", name, fit.iterations,
		    fit.stalled ? ": no step gets any lower" : "; see --max-iterations");
	score_init(t->score, c, &t->train.first, ss_probe_classes(t->probe), request.out.confusion);
	t->score->known = t->train.set.n;
	describe(t->score, &fit, t->settings, &t->train.set);
	ss_probe_fit_free(&fit);

	while (labelled_more(&t->test))
		while (t->test.n >= CHUNK)
			score_chunk(t, CHUNK);
	if (t->test.n > 0)
		score_chunk(t, t->test.n);
	if (t->score->tally.total == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(t->test.in));
	if (t->seen > 0)
		tool_warn("%zu of %zu test records are among those that training stopped by", t->seen,
		    t->score->tally.total);
	if (request.out.names == NULL) {
		request.out.named = t->score->tally.labels;
		request.out.names = labelled_names(&t->test, request.out.named);
	}
	ss_probe_free(t->probe);
	training_close(&t->train);
	labelled_close(&t->test);
	labelled_close(&t->validation);
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = { TOOL_COMMON_OPTIONS, { NULL, 0, NULL, 0 } };
	struct option all[SCORE_OPTIONS + PROBE_OPTIONS + sizeof(longopts) / sizeof(*longopts)];
	struct probe_settings settings;
	struct score score[1 + SCORE_BASELINES];
	struct ss_pool *pool;
	json_t *about;
	int c;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	score_options_table(&request, all);
	probe_options_table(all + SCORE_OPTIONS);
	memcpy(all + SCORE_OPTIONS + PROBE_OPTIONS, longopts, sizeof(longopts));
	while ((c = getopt_long(argc, argv, TOOL_SHORT "t:", all, NULL)) != -1)
		if (!score_option(&request, c, optarg) && !probe_option(c, optarg))
			tool_common_option(c, print_usage);
	score_options_check(&request, argc, argv, optind);
	probe_options_result(&settings);
	if (settings.validation != NULL && request.contests > 1)
		tool_die(TOOL_MISUSE, "--validation is not of the baselines' features; --hold-out goes with --baseline");
	settings.now.options.progress = show_iteration;
	settings.now.options.steps.progress = show_step;

	pool = tool_pool(request.threads);
	for (size_t i = 0; i < request.contests; i++) {
		struct trial t = { .settings = &settings, .pool = pool, .score = &score[i] };

		run_contest(&t, &request.contest[i]);
	}
	about = probe_settings_json(&settings);
	score_print(&request.out, score, request.contests, about);
	if (!request.out.json)
		probe_settings_print(&settings);
	json_decref(about);
	score_free(&request.out, score, request.contests);
	ss_pool_free(pool);
	return tool_finish(NULL, NULL);
}
