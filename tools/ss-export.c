/*
 * ss-export - writes a tensor stream, or a training log, as files that other programs read
 *
 * Reads the stream to its end, whatever the limit, and leaves no file of one that is not whole.
 */
#include <stdlib.h>

#include "export.h"
#include "outputs.h"

enum {
	OPT_FORMAT = TOOL_OPT_OWN, OPT_TENSORBOARD, OPT_TENSOR, OPT_LIMIT, OPT_NAMES, OPT_SIDE
};

enum format { NPY, NPZ, TSV, LIBSVM, PROJECTOR, TENSORBOARD };
static const char *const formats[] = { "npy", "npz", "tsv", "libsvm", "projector", "tensorboard", NULL };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-export --format FORMAT [options] [-o OUTPUT] [stream]\n"
	    "       ss-export --tensorboard [-o FOLDER] [log]\n"
	    "      --format FORMAT    npy, npz, tsv, libsvm, projector, or tensorboard\n"
	    "      --tensorboard      --format tensorboard: a log of ss-train as an event file\n"
	    "  -o, --output OUTPUT    file or folder  npy [NAME.npy here]; npz, tsv, libsvm, tensorboard\n"
	    "                         [standard output]; projector: a folder\n"
	    "      --tensor NAME,...  names    [npy, npz, tsv: all; libsvm, projector: the features]\n"
	    "      --limit N          records  [all; projector at most %d]  1..%lld\n"
	    "      --names            tsv: the names of labels, not their numbers\n"
	    "      --side N           pixels   [as the pictures, at most %d]  1..%d; projector:\n"
	    "                         of a picture in the sprite sheet\n",
	    EXPORT_POINTS_MAX, (long long)INT64_MAX, EXPORT_SIDE, EXPORT_SPRITE_MAX);
	tool_print_common(f);
}

static enum format
take_options(struct export *x, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "format", required_argument, NULL, OPT_FORMAT },
		{ "tensorboard", no_argument, NULL, OPT_TENSORBOARD },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "limit", required_argument, NULL, OPT_LIMIT },
		{ "names", no_argument, NULL, OPT_NAMES },
		{ "side", required_argument, NULL, OPT_SIDE },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int c, format = -1;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:", options, NULL)) != -1) {
		switch (c) {
		case 'o': x->output = optarg; break;
		case OPT_FORMAT: format = tool_name("--format", optarg, formats); break;
		case OPT_TENSORBOARD: format = TENSORBOARD; break;
		case OPT_TENSOR: x->names = optarg; break;
		case OPT_LIMIT: x->limit = (uint64_t)tool_int("--limit", optarg, 1, INT64_MAX); break;
		case OPT_NAMES: x->class_names = true; break;
		case OPT_SIDE: x->side = (int)tool_int("--side", optarg, 1, EXPORT_SPRITE_MAX); break;
		default: tool_common_option(c, print_usage);
		}
	}
	if (format < 0)
		tool_die(TOOL_MISUSE, "--format is missing (see ss-export --help)");
	if (format == TENSORBOARD && (x->names != NULL || x->limit != SS_UNKNOWN))
		tool_die(TOOL_MISUSE, "--tensor and --limit are for streams, not for logs");
	if (x->class_names && format != TSV)
		tool_die(TOOL_MISUSE, "--names goes with --format tsv");
	if (x->side != 0 && format != PROJECTOR)
		tool_die(TOOL_MISUSE, "--side goes with --format projector");
	if (x->output == NULL && format == PROJECTOR)
		tool_die(TOOL_MISUSE, "--format projector needs -o FOLDER");
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one input at a time: '%s' is too much", argv[optind + 1]);
	return (enum format)format;
}

int
main(int argc, char **argv)
{
	static void (*const export_as[])(struct export *) = {
		[NPY] = export_npy, [NPZ] = export_npz, [TSV] = export_tsv, [LIBSVM] = export_libsvm,
		[PROJECTOR] = export_projector
	};
	struct export x = { .limit = SS_UNKNOWN };
	enum format format;

	tool_start(argc, argv);
	format = take_options(&x, argc, argv);
	if (format == TENSORBOARD) {
		export_events(&x, argv[optind]);
	} else {
		x.in = tool_input(argv[optind]);
		x.h = ss_reader_header(x.in);
		if (x.names != NULL)
			x.tensors = tool_tensors(x.in, x.names, x.tensor);
		else
			for (; x.tensors < x.h->tensors; x.tensors++)
				x.tensor[x.tensors] = x.tensors;
		export_as[format](&x);
	}
	outputs_commit();
	return tool_finish(x.in, NULL);
}
