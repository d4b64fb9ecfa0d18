/*
 * ss-load - read a data set of images and write it as a stream, epoch after epoch
 *
 * The readers are in formats/, all behind source.h, and load_sources.c opens
 * them. Here are the options; epochs.c has the order of the records, and the
 * frames. Images leave as they are, or scaled to one size: changing them is ss-augment's.
 */
#include <limits.h>
#include <string.h>

#include "drawn.h"
#include "epochs.h"
#include "image/shapes.h"
#include "imagefile.h"
#include "load.h"

enum {
	EPOCHS_DEFAULT = 1, EPOCHS_MAX = 1000000,
	SHARDS_MAX = 65536,
	OPT_SHUFFLE = TOOL_OPT_OWN, OPT_SEED, OPT_SHARD, OPT_CROP, OPT_TEXT, OPT_NUMBER = OPT_TEXT + 10
};

struct load_options load = {
	.epochs = EPOCHS_DEFAULT, .shards = 1, .threads = 1, .limit = LLONG_MAX
};

/* The options that are one number. */
static const struct {
	const char *name;
	long long *value, lo, hi;
} numbers[] = {
	{ "--epochs", &load.epochs, 1, EPOCHS_MAX },
	{ "--first-epoch", &load.first_epoch, 0, EPOCHS_MAX },
	{ "--limit", &load.limit, 1, LOAD_RECORDS_MAX },
	{ "--records", &load.records, 1, LOAD_RECORDS_MAX },
	{ "--size", &load.size, 1, LOAD_SIZE_MAX },
	{ "--max-pixels", &load.max_pixels, 1, LOAD_PIXELS_MAX },
	{ "--frame", &load.frame, 1, SS_FRAME_MAX },
	{ "--threads", &load.threads, 0, TOOL_THREADS_MAX }
};
enum { EPOCHS, FIRST_EPOCH, LIMIT, RECORDS, SIZE, MAX_PIXELS, FRAME, THREADS, NUMBERS };

/* Those that are one text. */
static const char **const texts[] = {
	&load.split, &load.labels, &load.names, &load.layout, &load.background, &load.on_error, &load.output
};
enum { SPLIT, LABELS, NAMES, LAYOUT, BACKGROUND, ON_ERROR, OUTPUT, TEXTS };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-load [options] SOURCE [PATH]\n"
	    "Writes the images of a data set as a tensor stream. SOURCE is one of\n");
	load_print_sources(f);
	fprintf(f, "PATH is its folder or file; without it $SS_DATA, or else ./data, is searched.\n"
	    "      --split S        train, test or all  [train]; stl10: unlabeled, train+unlabeled too\n"
	    "      --epochs N       integer  [%d]  1..%d, of the whole run\n"
	    "      --first-epoch E  integer  [0]  0..N-1, writes epochs E to N-1\n"
	    "      --shuffle        another order in every epoch\n"
	    "      --seed N         integer  [0]  of the order, and of shapes\n"
	    "      --limit N        integer  [all]  1..%lld, only the first N records\n"
	    "      --shard I/N      integers  [0/1]  N <= %d, every Nth record from I on\n"
	    "      --labels L       none; cifar100: fine or coarse  [fine]; idx, npy: a file;\n"
	    "                       folder: directory, prefix or a table  [directory]\n"
	    "      --names FILE     tar, idx, npy: class names, one a line\n",
	    EPOCHS_DEFAULT, EPOCHS_MAX, LOAD_RECORDS_MAX, SHARDS_MAX);
	fprintf(f,
	    "      --size N         folder, tar: integer  [as they are]  1..%d, of the shorter side\n"
	    "                       shapes: integer  [%d]  %d..%d, rows and columns\n"
	    "      --crop           folder, tar: with --size, the square in the middle\n"
	    "      --background C   folder, tar: name or #rrggbb  [none]  behind what is transparent\n"
	    "      --max-pixels N   folder, tar: integer  [%zu]  1..%d, refuses larger ones\n"
	    "      --on-error W     folder, tar: fail or skip  [fail]  of what is no image or damaged\n"
	    "      --layout L       npy: chw or hwc  [chw]\n"
	    "      --records N      shapes: integer  [%d, test %d]  1..%lld\n"
	    "      --frame N        integer  [by size]  1..%d records in a frame\n"
	    "  -t, --threads N      folder, tar, shapes: integer  [1]  0..%d, 0: one a CPU\n"
	    "  -o, --output FILE    file  [standard output]\n",
	    LOAD_SIZE_MAX, SS_DRAWN_SIZE, SS_SHAPES_SIZE_MIN, SS_SHAPES_SIZE_MAX, SS_IMAGEFILE_PIXELS,
	    LOAD_PIXELS_MAX, SS_DRAWN_RECORDS, SS_DRAWN_RECORDS / SS_DRAWN_TEST_PART, LOAD_RECORDS_MAX, SS_FRAME_MAX, TOOL_THREADS_MAX);
	tool_print_common(f);
}

static void
parse_shard(const char *text)
{
	const char *slash = strchr(text, '/');
	char first[16];

	if (slash == NULL || slash - text >= (ptrdiff_t)sizeof(first))
		tool_die(TOOL_MISUSE, "--shard is I/N, such as 0/4, not '%s'", text);
	snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
	load.shards = tool_int("--shard", slash + 1, 1, SHARDS_MAX);
	load.shard = tool_int("--shard", first, 0, load.shards - 1);
}

static void
parse_options(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "split", required_argument, NULL, OPT_TEXT + SPLIT },
		{ "epochs", required_argument, NULL, OPT_NUMBER + EPOCHS },
		{ "first-epoch", required_argument, NULL, OPT_NUMBER + FIRST_EPOCH },
		{ "shuffle", no_argument, NULL, OPT_SHUFFLE },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "limit", required_argument, NULL, OPT_NUMBER + LIMIT },
		{ "shard", required_argument, NULL, OPT_SHARD },
		{ "labels", required_argument, NULL, OPT_TEXT + LABELS },
		{ "names", required_argument, NULL, OPT_TEXT + NAMES },
		{ "layout", required_argument, NULL, OPT_TEXT + LAYOUT },
		{ "records", required_argument, NULL, OPT_NUMBER + RECORDS },
		{ "size", required_argument, NULL, OPT_NUMBER + SIZE },
		{ "frame", required_argument, NULL, OPT_NUMBER + FRAME },
		{ "threads", required_argument, NULL, OPT_NUMBER + THREADS },
		{ "max-pixels", required_argument, NULL, OPT_NUMBER + MAX_PIXELS },
		{ "crop", no_argument, NULL, OPT_CROP },
		{ "background", required_argument, NULL, OPT_TEXT + BACKGROUND },
		{ "on-error", required_argument, NULL, OPT_TEXT + ON_ERROR },
		{ "output", required_argument, NULL, OPT_TEXT + OUTPUT },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:t:", longopts, NULL)) != -1) {
		int n = c == 't' ? THREADS : c - OPT_NUMBER, t = c == 'o' ? OUTPUT : c - OPT_TEXT;

		if (n >= 0 && n < NUMBERS)
			*numbers[n].value = tool_int(numbers[n].name, optarg, numbers[n].lo, numbers[n].hi);
		else if (t >= 0 && t < TEXTS)
			*texts[t] = optarg;
		else if (c == OPT_SHUFFLE)
			load.shuffle = true;
		else if (c == OPT_CROP)
			load.crop = true;
		else if (c == OPT_SEED)
			load.seed = tool_u64("--seed", optarg);
		else if (c == OPT_SHARD)
			parse_shard(optarg);
		else
			tool_common_option(c, print_usage);
	}
}

int
main(int argc, char **argv)
{
	struct ss_header h = SS_HEADER_INIT;
	struct ss_err e = SS_ERR_INIT;
	struct ss_epochs *epochs;
	struct ss_frame f;
	int r;

	tool_start(argc, argv);
	tool_makes_stream();
	parse_options(argc, argv);
	if (argc - optind > 2)
		tool_die(TOOL_MISUSE, "too many operands: '%s'", argv[optind + 2]);
	const char *name = argv[optind], *path = name != NULL ? argv[optind + 1] : NULL;
	struct ss_source *s = load_source(name, path);
	const struct ss_order plan = {
		.first_epoch = (uint32_t)load.first_epoch, .epochs = (uint32_t)load.epochs,
		.shuffle = load.shuffle, .seed = load.seed,
		.again = path != NULL && strcmp(path, "-") == 0,
		.labels = s->labelled && load_wants_labels(),
		.shard = (uint32_t)load.shard, .shards = (uint32_t)load.shards,
		.frame = (uint32_t)load.frame
	};

	if ((r = ss_order_header(&plan, s, &h, &e)) < 0)
		tool_fail(r, &e);
	struct ss_writer *out = tool_output(load.output, &h);

	if ((r = ss_epochs_open(&epochs, s, &plan, &e)) < 0)
		tool_fail(r, &e);
	while ((r = ss_epochs_next(epochs, &f, &e)) > 0)
		tool_write(out, &f);
	if (r < 0)
		tool_fail(r, &e);
	ss_epochs_free(epochs);
	load_report(path);
	ss_source_free(s);
	ss_header_free(&h);
	return tool_finish(NULL, out);
}
