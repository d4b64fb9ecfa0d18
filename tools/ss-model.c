/*
 * ss-model - weights of other programs become a model, and a model becomes weights for them
 *
 * Both under torchvision's names. Holds the whole file.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "model_port.h"
#include "tool.h"

static const double CHANNEL_MAX = 1e6, STD_MIN = 1e-6, EPS_MAX = 1;
enum { SIDE_MAX = 4096 };
static const char *const formats[] = { [PORT_SAFETENSORS] = "safetensors", [PORT_NPZ] = "npz", NULL };
static const char *const parts[] = { [PORT_BACKBONE] = "backbone", [PORT_ALL] = "all", NULL };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-model import [options] -o MODEL WEIGHTS\n"
	    "       ss-model export [options] -o WEIGHTS MODEL\n"
	    "WEIGHTS: tensors under torchvision's names, as .safetensors, or as .npz by numpy.savez; for import also under Keras'.\n\n"
	    "  -o, --output FILE          file     what is written\n"
	    "import:\n"
	    "      --arch NAME            name     [by the shapes]  the network:");
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		fprintf(f, " %s", a->name);
	fprintf(f, "\n"
	    "      --strip PREFIX         text     [none]  take the names that begin so, without it; up to %d times\n"
	    "      --strict                        refuse what is left out, but fc.* and num_batches_tracked\n"
	    "      --bgr                           they are for images with blue first, as Caffe's and Keras' own are\n"
	    "      --mean X[,X...]        numbers  [ImageNet's, or Caffe's]  -%g..%g, of each channel on 0..1\n"
	    "      --std X[,X...]         numbers  [ImageNet's, or Caffe's]  %g..%g\n"
	    "      --norm-eps X           number   [%g, for Keras' names %g]  0..%g, of batch normalisations\n"
	    "      --size N               pixels   [32, or 224 behind a large stem]  1..%d, sides of the images\n"
	    "export:\n"
	    "      --format NAME          name     [by the ending of FILE]  safetensors, npz\n"
	    "      --parts NAME           name     [%s]  backbone; all: the heads too\n"
	    "      --num-batches-tracked           with PyTorch's counters, for strict loading\n",
	    PORT_PREFIXES, CHANNEL_MAX, CHANNEL_MAX, STD_MIN, CHANNEL_MAX, SS_NORM_EPS, PORT_EPS_KERAS, EPS_MAX, SIDE_MAX,
	    parts[PORT_BACKBONE]);
	tool_print_common(f);
}

static int
parse_channels(float out[4], const char *option, const char *text, double lo)
{
	double v[4];
	int n = tool_double_list(option, text, lo, CHANNEL_MAX, v, 4);

	for (int i = 0; i < n; i++)
		out[i] = (float)v[i];
	return n;
}

enum {
	OPT_ARCH = TOOL_OPT_OWN, OPT_STRIP, OPT_STRICT, OPT_BGR, OPT_MEAN, OPT_STD, OPT_EPS, OPT_SIZE, OPT_IMPORTS,
	OPT_FORMAT = OPT_IMPORTS, OPT_PARTS, OPT_COUNTERS
};
static const struct option longopts[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "arch", required_argument, NULL, OPT_ARCH },
	{ "strip", required_argument, NULL, OPT_STRIP },
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "bgr", no_argument, NULL, OPT_BGR },
	{ "mean", required_argument, NULL, OPT_MEAN },
	{ "std", required_argument, NULL, OPT_STD },
	{ "norm-eps", required_argument, NULL, OPT_EPS },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "parts", required_argument, NULL, OPT_PARTS },
	{ "num-batches-tracked", no_argument, NULL, OPT_COUNTERS },
	TOOL_COMMON_OPTIONS,
	{ NULL, 0, NULL, 0 }
};

/* The options that were given to import alone, and to export alone, are named in only[0] and only[1]. */
static void
parse_options(struct port_options *o, int argc, char **argv, const char *only[2])
{
	int c, which, format = -1;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:", longopts, &which)) != -1) {
		if (c >= OPT_ARCH)
			only[c >= OPT_IMPORTS] = longopts[which].name;
		switch (c) {
		case 'o':		o->output = optarg; break;
		case OPT_ARCH:		o->arch = optarg; break;
		case OPT_STRIP:
			if (o->prefixes == PORT_PREFIXES || *optarg == '\0')
				tool_die(TOOL_MISUSE, "--strip is given a text, and %d times at most", PORT_PREFIXES);
			o->prefix[o->prefixes++] = optarg;
			break;
		case OPT_STRICT:	o->strict = true; break;
		case OPT_BGR:		o->bgr = true; break;
		case OPT_MEAN:		o->means = parse_channels(o->mean, "--mean", optarg, -CHANNEL_MAX); break;
		case OPT_STD:		o->stds = parse_channels(o->std, "--std", optarg, STD_MIN); break;
		case OPT_EPS:		o->norm_eps = tool_double("--norm-eps", optarg, 0, EPS_MAX); break;
		case OPT_SIZE:		o->side = (int)tool_int("--size", optarg, 1, SIDE_MAX); break;
		case OPT_FORMAT:	format = tool_name("--format", optarg, formats); break;
		case OPT_PARTS:		o->parts = (enum port_parts)tool_name("--parts", optarg, parts); break;
		case OPT_COUNTERS:	o->counters = true; break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (format < 0 && o->output != NULL) {
		const size_t n = strlen(o->output);

		format = n >= 4 && strcmp(o->output + n - 4, ".npz") == 0 ? PORT_NPZ : PORT_SAFETENSORS;
	}
	o->format = (enum port_format)format;
}

int
main(int argc, char **argv)
{
	static const char *const verbs[] = { "import", "export", NULL };
	struct port_options o = { .norm_eps = NAN };
	const char *only[2] = { NULL, NULL };
	int verb = 0;

	tool_start(argc, argv);
	parse_options(&o, argc, argv, only);
	while (verbs[verb] != NULL && (optind == argc || strcmp(argv[optind], verbs[verb]) != 0))
		verb++;
	if (verbs[verb] == NULL)
		tool_die(TOOL_MISUSE, "say import or export first (see ss-model --help)");
	if (argc - optind != 2)
		tool_die(TOOL_MISUSE, argc - optind < 2 ? "%s: which file? (see ss-model --help)" : "%s: one file at a time", verbs[verb]);
	if (only[1 - verb] != NULL)
		tool_die(TOOL_MISUSE, "--%s goes with %s alone", only[1 - verb], verbs[1 - verb]);
	if (o.output == NULL)
		tool_die(TOOL_MISUSE, "%s: -o is missing: which file shall be written?", verbs[verb]);
	if (verb == 0)
		model_import(argv[optind + 1], &o);
	else
		model_export(argv[optind + 1], &o);
	return tool_finish(NULL, NULL);
}
