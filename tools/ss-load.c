/*
 * ss-load - read a data set of images and write it as a stream, epoch after epoch
 *
 * The readers are in formats/, all behind source.h and one line each in the
 * table below. Here are the options, the order of the records, and the frames.
 * Images leave as they are: changing them is ss-augment's.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cifar.h"
#include "drawn.h"
#include "epochs.h"
#include "idx.h"
#include "image/shapes.h"
#include "npy.h"
#include "tool.h"

enum {
	EPOCHS_DEFAULT = 1, EPOCHS_MAX = 1000000,
	SHARDS_MAX = 65536,
	OPT_SHUFFLE = TOOL_OPT_OWN, OPT_SEED, OPT_SHARD, OPT_TEXT, OPT_NUMBER = OPT_TEXT + 10
};
#define RECORDS_MAX ((long long)UINT32_MAX)

static struct {
	int split;
	bool shuffle;
	long long epochs, first_epoch, shard, shards, limit, threads, records, size, frame;
	uint64_t seed;
	const char *split_name, *labels, *names, *layout, *output;	/* NULL: not given */
} opt = { .epochs = EPOCHS_DEFAULT, .shards = 1, .threads = 1, .limit = LLONG_MAX };

/* The options that are one number. */
static const struct {
	const char *name;
	long long *value, lo, hi;
} numbers[] = {
	{ "--epochs", &opt.epochs, 1, EPOCHS_MAX },
	{ "--first-epoch", &opt.first_epoch, 0, EPOCHS_MAX },
	{ "--limit", &opt.limit, 1, RECORDS_MAX },
	{ "--records", &opt.records, 1, RECORDS_MAX },
	{ "--size", &opt.size, SS_SHAPES_SIZE_MIN, SS_SHAPES_SIZE_MAX },
	{ "--frame", &opt.frame, 1, SS_FRAME_MAX },
	{ "--threads", &opt.threads, 0, TOOL_THREADS_MAX }
};
enum { EPOCHS, FIRST_EPOCH, LIMIT, RECORDS, SIZE, FRAME, THREADS, NUMBERS };

/* Those that are one text. */
static const char **const texts[] = {
	&opt.split_name, &opt.labels, &opt.names, &opt.layout, &opt.output
};
enum { SPLIT, LABELS, NAMES, LAYOUT, OUTPUT, TEXTS };

static bool
no_labels(void)
{
	return opt.labels != NULL && strcmp(opt.labels, "none") == 0;
}

static int
open_cifar10(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_cifar_open(out, path, SS_CIFAR10, (enum ss_split)opt.split, (uint64_t)opt.limit, e);
}

static int
open_cifar100(struct ss_source **out, const char *path, struct ss_err *e)
{
	bool coarse = opt.labels != NULL && strcmp(opt.labels, "coarse") == 0;

	if (opt.labels != NULL && !coarse && !no_labels() && strcmp(opt.labels, "fine") != 0)
		tool_die(TOOL_MISUSE, "--labels of cifar100 is fine, coarse or none, not '%s'", opt.labels);
	return ss_cifar_open(out, path, coarse ? SS_CIFAR100_COARSE : SS_CIFAR100_FINE,
	    (enum ss_split)opt.split, (uint64_t)opt.limit, e);
}

static int
open_idx(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_idx_open(out, path, no_labels() ? NULL : opt.labels, !no_labels(),
	    (enum ss_split)opt.split, (uint64_t)opt.limit, e);
}

static int
open_npy(struct ss_source **out, const char *path, struct ss_err *e)
{
	bool hwc = opt.layout != NULL && strcmp(opt.layout, "hwc") == 0;

	if (opt.split_name != NULL)
		tool_die(TOOL_MISUSE, "--split: a .npy file has no splits");
	if (opt.layout != NULL && !hwc && strcmp(opt.layout, "chw") != 0)
		tool_die(TOOL_MISUSE, "--layout is chw or hwc, not '%s'", opt.layout);
	return ss_npy_open(out, path, no_labels() ? NULL : opt.labels, hwc ? SS_HWC : SS_CHW,
	    (uint64_t)opt.limit, e);
}

static int
open_shapes(struct ss_source **out, const char *path, struct ss_err *e)
{
	(void)path;
	return ss_drawn_open(out, opt.seed, (enum ss_split)opt.split, (uint64_t)opt.records,
	    opt.size != 0 ? (uint32_t)opt.size : SS_DRAWN_SIZE, (uint64_t)opt.limit,
	    tool_pool((int)opt.threads), e);
}

/* FILES: --names, and --labels that name a file; ARRAY: --layout; DRAWN: --records, --size, no path */
enum { FILES = 1, COARSE = 2, ARRAY = 4, DRAWN = 8 };
static const struct source {
	const char *name, *what;
	int flags;
	int (*open)(struct ss_source **, const char *, struct ss_err *);
} sources[] = {
	{ "cifar", "CIFAR-10, official binary files or archive", 0, open_cifar10 },
	{ "cifar10", "the same", 0, open_cifar10 },
	{ "cifar100", "CIFAR-100, official binary files or archive", COARSE, open_cifar100 },
	{ "idx", "MNIST's format, plain or gzipped", FILES, open_idx },
	{ "npy", "NumPy's format, u8 or f32", FILES | ARRAY, open_npy },
	{ "shapes", "pictures of ten shapes, drawn here", DRAWN, open_shapes }
};
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-load [options] SOURCE [PATH]\n"
	    "Writes the images of a data set as a tensor stream. SOURCE is one of\n");
	for (int i = 0; i < SOURCES; i++)
		fprintf(f, "  %-20s %s\n", sources[i].name, sources[i].what);
	fprintf(f, "PATH is its folder or file; without it $SS_DATA, or else ./data, is searched.\n"
	    "      --split S        train, test or all  [train]\n"
	    "      --epochs N       integer  [%d]  1..%d, of the whole run\n"
	    "      --first-epoch E  integer  [0]  0..N-1, writes epochs E to N-1\n"
	    "      --shuffle        another order in every epoch\n"
	    "      --seed N         integer  [0]  of the order, and of shapes\n"
	    "      --limit N        integer  [all]  1..%lld, only the first N records\n"
	    "      --shard I/N      integers  [0/1]  N <= %d, every Nth record from I on\n"
	    "      --labels L       none; cifar100: fine or coarse  [fine]; idx, npy: a file\n"
	    "      --names FILE     idx, npy: class names, one a line\n"
	    "      --layout L       npy: chw or hwc  [chw]\n"
	    "      --records N      shapes: integer  [%d, test %d]  1..%lld\n"
	    "      --size N         shapes: integer  [%d]  %d..%d pixels\n"
	    "      --frame N        integer  [by size]  1..%d records in a frame\n"
	    "  -t, --threads N      shapes: integer  [1]  0..%d, 0: one a CPU\n"
	    "  -o, --output FILE    file  [standard output]\n",
	    EPOCHS_DEFAULT, EPOCHS_MAX, RECORDS_MAX, SHARDS_MAX, SS_DRAWN_RECORDS,
	    SS_DRAWN_RECORDS / SS_DRAWN_TEST_PART, RECORDS_MAX, SS_DRAWN_SIZE, SS_SHAPES_SIZE_MIN,
	    SS_SHAPES_SIZE_MAX, SS_FRAME_MAX, TOOL_THREADS_MAX);
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
	opt.shards = tool_int("--shard", slash + 1, 1, SHARDS_MAX);
	opt.shard = tool_int("--shard", first, 0, opt.shards - 1);
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
			opt.shuffle = true;
		else if (c == OPT_SEED)
			opt.seed = tool_u64("--seed", optarg);
		else if (c == OPT_SHARD)
			parse_shard(optarg);
		else
			tool_common_option(c, print_usage);
	}
}

/* Finds the source by its name; an option that is another source's is a mistake. */
static const struct source *
find_source(const char *name, const char *path)
{
	const struct source *src = sources;

	while (name != NULL && src < sources + SOURCES && strcmp(name, src->name) != 0)
		src++;
	if (name == NULL || src == sources + SOURCES)
		tool_die(TOOL_MISUSE, "%s source: wanted cifar, cifar100, idx, npy or shapes",
		    name != NULL ? "unknown" : "no");
	if (opt.split_name != NULL && (opt.split = ss_split_parse(opt.split_name)) < 0)
		tool_die(TOOL_MISUSE, "--split is train, test or all, not '%s'", opt.split_name);
	if (opt.labels != NULL && !no_labels() && !(src->flags & (FILES | COARSE)))
		tool_die(TOOL_MISUSE, "--labels of %s is none, or is left out", name);
	if (opt.names != NULL && !(src->flags & FILES))
		tool_die(TOOL_MISUSE, "--names is for idx and npy");
	if (opt.layout != NULL && !(src->flags & ARRAY))
		tool_die(TOOL_MISUSE, "--layout is for npy");
	if ((opt.records != 0 || opt.size != 0) && !(src->flags & DRAWN))
		tool_die(TOOL_MISUSE, "--records and --size are for shapes; --limit is for all");
	if (path == NULL && (src->flags & ARRAY))
		tool_die(TOOL_MISUSE, "%s needs a file", name);
	if (path != NULL && (src->flags & DRAWN))
		tool_die(TOOL_MISUSE, "%s takes no path", name);
	if (opt.first_epoch >= opt.epochs)
		tool_die(TOOL_MISUSE, "--first-epoch %lld: --epochs %lld are 0 to %lld, so none is left",
		    opt.first_epoch, opt.epochs, opt.epochs - 1);
	return src;
}

static struct ss_source *
open_source(const struct source *src, const char *path)
{
	struct ss_err e = SS_ERR_INIT;
	const char *folder = getenv("SS_DATA");
	struct ss_source *s;
	int r;

	if (path == NULL)
		path = folder != NULL && folder[0] != '\0' ? folder : "data";
	if ((r = src->open(&s, path, &e)) == 0 && opt.names != NULL)
		r = ss_source_names_file(s, opt.names, 0, &e);
	if (r < 0)
		tool_fail(r, &e);
	if ((src->flags & ARRAY) && opt.layout == NULL && s->channels > 4 && s->width <= 4)
		tool_warn("%u channels, %u columns: is it --layout hwc?", s->channels, s->width);
	return s;
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
	const struct source *src = find_source(name, path);
	struct ss_source *s = open_source(src, path);
	const struct ss_plan plan = {
		.first_epoch = (uint32_t)opt.first_epoch, .epochs = (uint32_t)opt.epochs,
		.shuffle = opt.shuffle, .seed = opt.seed,
		.again = path != NULL && strcmp(path, "-") == 0,
		.labels = s->labelled && !no_labels(),
		.shard = (uint32_t)opt.shard, .shards = (uint32_t)opt.shards,
		.frame = (uint32_t)opt.frame
	};

	if ((r = ss_plan_header(&plan, s, &h, &e)) < 0)
		tool_fail(r, &e);
	struct ss_writer *out = tool_output(opt.output, &h);

	if ((r = ss_epochs_open(&epochs, s, &plan, &e)) < 0)
		tool_fail(r, &e);
	while ((r = ss_epochs_next(epochs, &f, &e)) > 0)
		tool_write(out, &f);
	if (r < 0)
		tool_fail(r, &e);
	ss_epochs_free(epochs);
	ss_source_free(s);
	ss_header_free(&h);
	return tool_finish(NULL, out);
}
