/*
 * ss-sample - some of the records of a stream, or another order of them
 *
 * Here are the options. Which records pass by place, label or number says
 * sample_filter.c, how the others are chosen lib/eval/choose.c, and how the streams
 * are read and written sample_run.c.
 */
#include <limits.h>

#include "sample.h"

enum { MEMORY_DEFAULT = 1024, MEMORY_MAX = 1 << 24 };	/* MiB */
static const double FRACTION_MIN = 0, FRACTION_MAX = 1;

enum {
	OPT_LIMIT = TOOL_OPT_OWN, OPT_SKIP, OPT_EVERY, OPT_CLASSES, OPT_INDICES, OPT_FRACTION, OPT_COUNT,
	OPT_BALANCED, OPT_REPLACE, OPT_REST, OPT_SHUFFLE, OPT_SEED, OPT_MEMORY
};

struct sample_options sample = {
	.every = 1, .limit = LLONG_MAX, .memory = MEMORY_DEFAULT, .count = -1, .fraction = -1
};

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-sample [options] [stream]\n"
	    "Records that pass, in this order:\n"
	    "      --classes A,B,...   names or numbers [all]  records of these labels\n"
	    "      --indices FILE      file     [all]  records whose index is one of these numbers\n"
	    "      --skip N            integer  [0]  0..%lld, without the first N\n"
	    "      --every N           integer  [1]  1..%lld, every Nth from the first on\n"
	    "      --limit N           integer  [all]  1..%lld, the first N\n"
	    "A random choice among those:\n"
	    "      --fraction F        number   [all]  %g..%g of them\n"
	    "      --count N           integer  [all]  1..%lld of them\n"
	    "      --balanced          the same number of each label\n"
	    "      --with-replacement  draw with replacement\n"
	    "      --rest              all but the records that would be chosen\n"
	    "And their order:\n"
	    "      --shuffle           another order in every epoch\n"
	    "      --seed N            integer  [0]  of choice and order\n"
	    "      --memory MIB        integer  [%d]  1..%d, for records that are held\n"
	    "  -o, --output FILE       file     [standard output]\n",
	    SAMPLE_RECORDS_MAX, SAMPLE_RECORDS_MAX, SAMPLE_RECORDS_MAX, FRACTION_MIN, FRACTION_MAX,
	    SAMPLE_RECORDS_MAX, MEMORY_DEFAULT, MEMORY_MAX);
	tool_print_common(f);
}

static void
take_options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "limit", required_argument, NULL, OPT_LIMIT },
		{ "skip", required_argument, NULL, OPT_SKIP },
		{ "every", required_argument, NULL, OPT_EVERY },
		{ "classes", required_argument, NULL, OPT_CLASSES },
		{ "indices", required_argument, NULL, OPT_INDICES },
		{ "fraction", required_argument, NULL, OPT_FRACTION },
		{ "count", required_argument, NULL, OPT_COUNT },
		{ "balanced", no_argument, NULL, OPT_BALANCED },
		{ "with-replacement", no_argument, NULL, OPT_REPLACE },
		{ "rest", no_argument, NULL, OPT_REST },
		{ "shuffle", no_argument, NULL, OPT_SHUFFLE },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "memory", required_argument, NULL, OPT_MEMORY },
		{ "output", required_argument, NULL, 'o' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:", longopts, NULL)) != -1) {
		switch (c) {
		case OPT_LIMIT:
			sample.limit = tool_int("--limit", optarg, 1, SAMPLE_RECORDS_MAX);
			break;
		case OPT_SKIP:
			sample.skip = tool_int("--skip", optarg, 0, SAMPLE_RECORDS_MAX);
			break;
		case OPT_EVERY:
			sample.every = tool_int("--every", optarg, 1, SAMPLE_RECORDS_MAX);
			break;
		case OPT_CLASSES:
			sample.classes = optarg;
			break;
		case OPT_INDICES:
			sample.indices = optarg;
			break;
		case OPT_FRACTION:
			sample.fraction = tool_double("--fraction", optarg, FRACTION_MIN, FRACTION_MAX);
			break;
		case OPT_COUNT:
			sample.count = tool_int("--count", optarg, 1, SAMPLE_RECORDS_MAX);
			break;
		case OPT_BALANCED:
			sample.balanced = true;
			break;
		case OPT_REPLACE:
			sample.replace = true;
			break;
		case OPT_REST:
			sample.rest = true;
			break;
		case OPT_SHUFFLE:
			sample.shuffle = true;
			break;
		case OPT_SEED:
			sample.seed = tool_u64("--seed", optarg);
			break;
		case OPT_MEMORY:
			sample.memory = tool_int("--memory", optarg, 1, MEMORY_MAX);
			break;
		case 'o':
			sample.output = optarg;
			break;
		default:
			tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time: '%s' is too much", argv[optind + 1]);
	sample.input = argv[optind];
	if (sample.count >= 0 && sample.fraction >= 0)
		tool_die(TOOL_MISUSE, "--count and --fraction: one of them says how many");
	if (!sample_chooses() && (sample.balanced || sample.replace || sample.rest))
		tool_die(TOOL_MISUSE, "--balanced, --with-replacement and --rest need --count or --fraction");
}

int
main(int argc, char **argv)
{
	struct sample_filter filter;

	tool_start(argc, argv);
	tool_makes_stream();
	take_options(argc, argv);

	struct ss_reader *in = tool_input(sample.input);

	sample_filter_open(&filter, in);
	struct ss_writer *out = sample_run(in, &filter);

	sample_filter_close(&filter);
	return tool_finish(in, out);
}
