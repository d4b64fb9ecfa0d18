/*
 * ss-top1 - scores a classifier by its own outputs
 *
 * The largest output is the prediction; nothing is trained here. Holds a frame at a time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/classifier.h"
#include "score.h"

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-top1 [options] [stream]\n"
	    "Prints the share of records whose largest output is that of their label, and the mean\n"
	    "cross-entropy of the softmax: of ss-embed --layer projector, for a supervised model.\n\n"
	    "      --tensor NAME  name  [the first of f32]  an output for each class\n"
	    "      --per-class          a table of classes below the score\n"
	    "      --confusion          a table of what was taken for what\n"
	    "      --json               one JSON object\n");
	tool_print_common(f);
}

/* All records of the stream, a frame at a time. Returns the sum of their losses. */
static double
score_all(struct labelled *in, struct ss_tally *tally)
{
	int32_t *predicted = NULL;
	size_t room = 0;
	double loss = 0;
	struct ss_err e = SS_ERR_INIT;
	int r;

	while (labelled_more(in)) {
		if (in->n > room) {
			free(predicted);
			room = in->n;
			predicted = calloc(room, sizeof(*predicted));
			if (predicted == NULL)
				tool_die(TOOL_FAILURE, "out of memory for a frame of %zu records", in->n);
		}
		loss += (double)in->n * ss_classify(in->x, in->y, in->n, (int)in->d, predicted);
		if ((r = ss_tally_add(tally, in->y, predicted, in->n, &e)) < 0)
			tool_fail(r, &e);
		labelled_drop(in, in->n);
		tool_progress("%zu records", tally->total);
	}
	tool_progress_end();
	free(predicted);
	return loss;
}

static void
check(const struct labelled *in)
{
	if (in->pixels || (in->layer != NULL && strcmp(in->layer, "backbone") == 0))
		tool_die(TOOL_MISUSE, "%s holds %s, not the outputs of a classifier: see ss-embed --layer projector",
		    ss_reader_name(in->in), in->pixels ? "pixels" : "features of the backbone");
	if (in->d < 2)
		tool_die(TOOL_MISUSE, "%s has %zu outputs for each record: classes are two or more", ss_reader_name(in->in),
		    in->d);
}

int
main(int argc, char **argv)
{
	enum { OPT_TENSOR = TOOL_OPT_OWN, OPT_PER_CLASS, OPT_CONFUSION, OPT_JSON };
	static const struct option longopts[] = {
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "per-class", no_argument, NULL, OPT_PER_CLASS },
		{ "confusion", no_argument, NULL, OPT_CONFUSION },
		{ "json", no_argument, NULL, OPT_JSON },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct score_options o = { .known_word = "outputs" };
	const struct contest contest = { .name = NULL };
	const char *tensor = NULL;
	struct labelled in;
	struct score score;
	double loss;
	int c;

	tool_start(argc, argv);
	while ((c = getopt_long(argc, argv, TOOL_SHORT, longopts, NULL)) != -1) {
		switch (c) {
		case OPT_TENSOR:	tensor = optarg; break;
		case OPT_PER_CLASS:	o.per_class = true; break;
		case OPT_CONFUSION:	o.confusion = true; break;
		case OPT_JSON:		o.json = true; break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time, not %d; see ss-top1 --help", argc - optind);
	labelled_open(&in, argv[optind], tensor);
	check(&in);
	score_init(&score, &contest, &in, (int)in.d, o.confusion);
	loss = score_all(&in, &score.tally);
	score.known = score.tally.total;
	if (score.known == 0)
		tool_die(TOOL_MISUSE, "%s has no records", ss_reader_name(in.in));
	loss /= (double)score.known;
	snprintf(score.detail, sizeof(score.detail), "loss %.4f", loss);
	json_object_set_new(score.json, "loss", isfinite(loss) ? json_real(loss) : json_null());
	o.named = score.tally.labels;
	o.names = labelled_names(&in, o.named);
	score_print(&o, &score, 1, NULL);
	score_free(&o, &score, 1);
	labelled_close(&in);
	return tool_finish(NULL, NULL);
}
