/*
 * ss-augment - make random views of the images of a stream
 *
 * A view depends on seed, epoch, the image's index and the view's number, and on
 * nothing else. lib/image makes it, recipe_options.c knows what is asked for; here
 * are the streams.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/views.h"
#include "pictures.h"
#include "recipe_options.h"
#include "sst_slice.h"
#include "tool.h"

enum {
	SIDE_MAX = 16384,
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
	const char *tensor, *output;
	uint64_t seed;
	int threads;
	long long size[2], local_size[2];	/* rows, columns; 0: the image's, or what suits it */
	bool keep, record;
} given = { .tensor = "image", .threads = 1 };

/* Where in the streams the tensors are. */
struct plan {
	int image, index;		/* in the input */
	int from[SS_MAX_TENSORS];	/* of each tensor of the output: that of the input, or -1 */
	int view[SS_VIEWS_MAX];		/* in the output */
	int record[SS_VIEWS_MAX];
};

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
	    (unsigned long long)given.seed, ~0ull, SIDE_MAX, SIDE_MAX, given.tensor, given.threads, TOOL_THREADS_MAX);
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
			take_size("--size", optarg, given.size);
			break;
		case OPT_LOCAL_SIZE:
			take_size("--local-size", optarg, given.local_size);
			break;
		case OPT_TENSOR:
			given.tensor = optarg;
			break;
		case OPT_KEEP:
			given.keep = true;
			break;
		case OPT_RECORD:
			given.record = true;
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

/* The size of the views, those of the images being the last resort. */
static void
settle_sizes(const struct ss_tensor *t, struct ss_views *what)
{
	const bool sized = given.size[0] != 0;
	int kernel;

	what->channels = (int)t->shape[0];
	what->size[0].height = sized ? (int)given.size[0] : (int)t->shape[1];
	what->size[0].width = sized ? (int)given.size[1] : (int)t->shape[2];
	what->size[1].height = (int)given.local_size[0];
	what->size[1].width = (int)given.local_size[1];
	if (given.local_size[0] == 0) {
		what->size[1].height = ss_recipe_local_side(what->size[0].height);
		what->size[1].width = ss_recipe_local_side(what->size[0].width);
	} else if (what->recipe.locals == 0) {
		tool_die(TOOL_MISUSE, "--local-size has no effect: there are no --local-views");
	}
	for (int local = 0; local <= (what->recipe.locals > 0); local++) {
		const int height = what->size[local].height, width = what->size[local].width;

		kernel = ss_recipe_kernel(&what->recipe, height, width);
		if (kernel / 2 >= height || kernel / 2 >= width)
			tool_die(TOOL_MISUSE, "a blur kernel of %d is too large for views of %d x %d",
			    kernel, height, width);
	}
}

/* Checks that the input has what is needed. */
static void
look_at_input(const struct ss_reader *in, struct plan *p, struct ss_views *what)
{
	const struct ss_header *h = ss_reader_header(in);
	const char *name = ss_reader_name(in);
	const struct ss_tensor *t;

	p->image = ss_header_find(h, given.tensor);
	if (p->image < 0)
		tool_die(TOOL_MISUSE, "%s: there is no tensor '%s' to make views of", name,
		    given.tensor);
	p->index = ss_header_find(h, "index");
	if (p->index < 0 || h->tensor[p->index].type != SS_U64 || h->tensor[p->index].rank != 0)
		tool_die(TOOL_MISUSE,
		    "%s: there is no tensor 'index' (u64), the key of all randomness", name);
	t = &h->tensor[p->image];
	if (!tool_is_picture(t))
		tool_die(TOOL_MISUSE,
		    "%s: tensor '%s' must be u8 of 1 or 3 channels, rows, columns", name,
		    given.tensor);
	if (given.size[0] == 0 && ss_tensor_varying(t) > 0)
		tool_die(TOOL_MISUSE,
		    "%s: the images vary in size: --size must say that of the views", name);
	settle_sizes(t, what);
}

/* The views stand where the image stood; all else stays as it was. */
static void
plan_output(const struct ss_header *in, struct ss_header *out, struct plan *p,
    const struct ss_views *what)
{
	const uint32_t numbers = SS_VIEW_NUMBERS;
	const int views = ss_views_count(what);
	const bool alone = views == 1 && !given.keep;
	char name[SS_NAME_MAX + 32];
	struct ss_err e = SS_ERR_INIT;
	int r = ss_header_copy(out, in, &e);

	out->tensors = 0;
	for (int i = 0; r == 0 && i < in->tensors; i++) {
		const struct ss_tensor *t = &in->tensor[i];

		for (int k = 0; i == p->image && r == 0 && k < views; k++) {
			int height, width;

			ss_views_size(what, k, &height, &width);
			snprintf(name, sizeof name, "view%d", k + 1);
			p->from[out->tensors] = -1;
			p->view[k] = out->tensors;
			r = ss_header_add(out, alone ? t->name : name, SS_U8, 3,
			    (uint32_t[]){ (uint32_t)what->channels, (uint32_t)height, (uint32_t)width },
			    &e);
			if (r < 0 || !given.record)
				continue;
			strcat(alone ? strcpy(name, t->name) : name, ".params");
			p->from[out->tensors] = -1;
			p->record[k] = out->tensors;
			r = ss_header_add(out, name, SS_F32, 1, &numbers, &e);
		}
		if (r == 0 && (i != p->image || given.keep)) {
			p->from[out->tensors] = i;
			r = ss_header_add(out, t->name, t->type, t->rank, t->shape, &e);
		}
	}
	if (r < 0)
		tool_fail(r, &e);
}

/* How many records a frame has at most. */
static uint32_t
frame_records(const struct ss_views *what)
{
	size_t bytes = 0, fit;

	for (int k = 0; k < ss_views_count(what); k++)
		bytes += ss_views_bytes(what, k);
	fit = CHUNK / bytes + 1;
	return fit < RECORDS_MAX ? (uint32_t)fit : RECORDS_MAX;
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
	struct plan plan;
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

	look_at_input(in, &plan, &what);
	plan_output(h, &header, &plan, &what);

	struct ss_writer *out = tool_output(given.output, &header);
	struct ss_pool *pool = given.threads == 1 ? NULL : tool_pool(given.threads);
	const int views = ss_views_count(&what);
	const uint32_t most = frame_records(&what);
	struct ss_image *image = room(most, sizeof *image);

	for (int k = 0; k < views; k++) {
		what.out[k] = room(most, ss_views_bytes(&what, k));
		what.record[k] = given.record ? room(most * SS_VIEW_NUMBERS, sizeof(float)) : NULL;
	}
	r = ss_viewer_create(&viewer, pool, &e);
	if (r < 0)
		tool_fail(r, &e);

	while (tool_next(in, &frame)) {
		for (uint32_t at = 0; at < frame.records; at += part.records) {
			ss_frame_slice(h, &frame, at,
			    frame.records - at < most ? frame.records - at : most, &part);
			tool_pictures(h, &part, plan.image, image);
			r = ss_viewer_run(viewer, &what, part.epoch, part.records, image,
			    part.data[plan.index], &e);
			if (r < 0)
				tool_fail(r, &e);
			made = (struct ss_frame){ .records = part.records, .epoch = part.epoch };
			for (int i = 0; i < header.tensors; i++) {
				made.data[i] = plan.from[i] < 0 ? NULL : part.data[plan.from[i]];
				made.dims[i] = plan.from[i] < 0 ? NULL : part.dims[plan.from[i]];
			}
			for (int k = 0; k < views; k++) {
				made.data[plan.view[k]] = what.out[k];
				if (given.record)
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
	ss_viewer_free(viewer);
	ss_pool_free(pool);
	ss_header_free(&header);
	return tool_finish(in, out);
}
