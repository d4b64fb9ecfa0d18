/*
 * ss-augment - make random views of the images of a stream
 *
 * A view depends on seed, epoch, the image's index and the view's number, and on
 * nothing else; unless --per-batch puts the number of the batch in the index's place.
 * lib/image makes it, recipe_options.c knows what is asked for, view_plan.c where it
 * goes; here are the streams.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/views.h"
#include "pictures.h"
#include "recipe_options.h"
#include "sst_slice.h"
#include "tool.h"
#include "view_plan.h"

enum {
	CHUNK = 8 << 20,	/* bytes of views in a frame: it may not grow with their number */
	RECORDS_MAX = 1 << 14	/* in a frame, should the views be tiny */
};

enum {
	OPT_SEED = TOOL_OPT_OWN, OPT_SIZE, OPT_LOCAL_SIZE, OPT_TENSOR, OPT_KEEP, OPT_RECORD
};

static const struct option OPTIONS[] = {
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "local-size", required_argument, NULL, OPT_LOCAL_SIZE },
	{ "tensor", required_argument, NULL, OPT_TENSOR },
	{ "keep-image", no_argument, NULL, OPT_KEEP },
	{ "record", no_argument, NULL, OPT_RECORD },
	{ "threads", required_argument, NULL, 't' },
	{ "output", required_argument, NULL, 'o' },
	TOOL_COMMON_OPTIONS,
};
enum { NOPTIONS = sizeof OPTIONS / sizeof *OPTIONS };

static struct given {
	const char *output;
	uint64_t seed;
	int threads;
	struct view_request request;
} given = { .threads = 1, .request = { .tensor = "image" } };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-augment [--two-views | --views N] [--recipe NAME] [--seed N] "
	    "[options] [stream]\n"
	    "      --seed N           number   [%llu]  0..%llu\n"
	    "      --size N[,N]       pixels   [the image's]  1..%d; height and width\n"
	    "      --local-size N[,N] pixels   [96/224 of it]  1..%d; the same of the local views\n"
	    "      --tensor NAME      name     [%s]  of the tensor that holds the images\n"
	    "      --keep-image       pass the image on too\n"
	    "      --record           pass on what was drawn, as VIEW.params\n"
	    "  -t, --threads N        number   [%d]  0..%d; 0: all CPUs\n"
	    "  -o, --output FILE      file     [standard output]\n",
	    (unsigned long long)given.seed, ~0ull, SIDE_MAX, SIDE_MAX, given.request.tensor, given.threads, TOOL_THREADS_MAX);
	recipe_options_usage(f);
	tool_print_common(f);
}

static void
take_size(const char *option, const char *text, long long side[2])
{
	if (tool_int_list(option, text, 1, SIDE_MAX, side, 2) == 1)
		side[1] = side[0];
}

static void
take_options(int argc, char **argv)
{
	struct option all[RECIPE_OPTIONS + NOPTIONS + 1] = { 0 };
	int c;

	recipe_options_table(all);
	memcpy(all + RECIPE_OPTIONS, OPTIONS, sizeof OPTIONS);
	while ((c = getopt_long(argc, argv, TOOL_SHORT "t:o:", all, NULL)) != -1) {
		switch (c) {
		case OPT_SEED:
			given.seed = tool_u64("--seed", optarg);
			break;
		case OPT_SIZE:
			take_size("--size", optarg, given.request.size);
			break;
		case OPT_LOCAL_SIZE:
			take_size("--local-size", optarg, given.request.local_size);
			break;
		case OPT_TENSOR:
			given.request.tensor = optarg;
			break;
		case OPT_KEEP:
			given.request.keep = true;
			break;
		case OPT_RECORD:
			given.request.record = true;
			break;
		case 't':
			given.threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX);
			break;
		case 'o':
			given.output = optarg;
			break;
		default:
			if (!recipe_option(c, optarg))
				tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time: '%s' is too much", argv[optind + 1]);
}

/* How many records a frame has at most. */
static uint32_t
frame_records(const struct ss_views *what)
{
	size_t bytes = ss_views_bytes(what, 0), fit;	/* there is one view at least */

	for (int k = 1; k < ss_views_count(what); k++)
		bytes += ss_views_bytes(what, k);
	fit = CHUNK / bytes + 1;
	return fit < RECORDS_MAX ? (uint32_t)fit : RECORDS_MAX;
}

/* What the draws are keyed by where they are shared: the record's place in its epoch, by batches. */
static const uint64_t *
batch_keys(uint64_t *key, const struct ss_frame *f, int batch)
{
	static uint64_t place;
	static uint32_t epoch;

	if (f->epoch != epoch)
		place = 0;
	epoch = f->epoch;
	for (uint32_t i = 0; i < f->records; i++)
		key[i] = place++ / (uint64_t)batch;
	return key;
}

static void *
room(size_t n, size_t size)
{
	void *p = ss_alloc(n, size);

	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the views of %zu images", n);
	return p;
}

int
main(int argc, char **argv)
{
	struct ss_views what = { 0 };
	struct view_plan plan;
	struct ss_header header = SS_HEADER_INIT;
	struct ss_viewer *viewer;
	struct ss_frame frame, part, made;
	struct ss_err e = SS_ERR_INIT;
	int r;

	tool_start(argc, argv);
	tool_makes_stream();
	take_options(argc, argv);
	recipe_options_result(&what.recipe);
	what.seed = given.seed;

	struct ss_reader *in = tool_input(argv[optind]);
	const struct ss_header *h = ss_reader_header(in);

	view_plan_input(&plan, &what, &given.request, in);
	view_plan_output(&plan, &header, &what, &given.request, h);

	struct ss_writer *out = tool_output(given.output, &header);
	struct ss_pool *pool = given.threads == 1 ? NULL : tool_pool(given.threads);
	const int views = ss_views_count(&what);
	const uint32_t most = frame_records(&what);
	struct ss_image *image = room(most, sizeof *image);
	uint64_t *key = room(most, sizeof *key);

	for (int k = 0; k < views; k++) {
		what.out[k] = room(most, ss_views_bytes(&what, k));
		what.record[k] = given.request.record ? room(most * SS_VIEW_NUMBERS, sizeof(float)) : NULL;
	}
	r = ss_viewer_create(&viewer, pool, &e);
	if (r < 0)
		tool_fail(r, &e);

	while (tool_next(in, &frame)) {
		for (uint32_t at = 0; at < frame.records; at += part.records) {
			ss_frame_slice(h, &frame, at,
			    frame.records - at < most ? frame.records - at : most, &part);
			tool_pictures(in, &part, plan.image, image);
			view_plan_check(&what, in, &part, image);
			r = ss_viewer_run(viewer, &what, part.epoch, part.records, image,
			    what.recipe.batch == 0 ? part.data[plan.index]
			    : batch_keys(key, &part, what.recipe.batch), &e);
			if (r < 0)
				tool_fail(r, &e);
			made = (struct ss_frame){ .records = part.records, .epoch = part.epoch };
			for (int i = 0; i < header.tensors; i++) {
				made.data[i] = plan.from[i] < 0 ? NULL : part.data[plan.from[i]];
				made.dims[i] = plan.from[i] < 0 ? NULL : part.dims[plan.from[i]];
			}
			for (int k = 0; k < views; k++) {
				made.data[plan.view[k]] = what.out[k];
				if (given.request.record)
					made.data[plan.record[k]] = what.record[k];
			}
			tool_write(out, &made);
		}
	}
	for (int k = 0; k < views; k++) {
		free(what.out[k]);
		free(what.record[k]);
	}
	free(image);
	free(key);
	ss_viewer_free(viewer);
	ss_pool_free(pool);
	ss_header_free(&header);
	return tool_finish(in, out);
}
