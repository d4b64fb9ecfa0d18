/*
 * ss-grid - show the images or views of a stream as a contact sheet, a PNG file
 *
 * Keeps the pictures of the first records, and still reads the stream to its end:
 * a sheet is only made of a stream that is whole. With --by, a table says which pictures, and where.
 */
#include <stdlib.h>
#include <string.h>

#include "grid_by.h"
#include "image/sheet.h"
#include "pictures.h"
#include "pngfile.h"
#include "sst_slice.h"
#include "tool.h"

enum {
	SCALE_MAX = 64, SIDE_MAX = 4096, COUNT_MAX = 10000,
	ZOOMED_SIDE = 96,	/* small images are enlarged to about this */
	LARGE = 256,		/* longer sides than this are fitted */
	FITTED_SIDE = 128,
	SHEET_WIDTH = 1200, SHEET_HEIGHT = 900,	/* aimed at; fits most screens */
	TABLE_ROWS = 50		/* of a table, which may have as many as there are pictures */
};

enum { OPT_TENSOR = TOOL_OPT_OWN, OPT_COLUMNS, OPT_ROWS, OPT_LIMIT, OPT_SCALE, OPT_SIDE, OPT_BY };

static struct given {
	const char *output, *tensors, *by;
	int columns, rows, limit, scale, side;	/* 0: not given */
} given;

/* The tensors shown, left to right. */
struct choice {
	int n;
	int tensor[SS_SHEET_PICTURES];
};

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-grid [options] [-o FILE.png] [stream]\n"
	    "  -o, --output FILE      file     [standard output]\n"
	    "      --tensor NAME,...  names    [image and all views]\n"
	    "      --columns N        records  [as many as make %d pixels]  1..%d\n"
	    "      --rows N           records  [as many as make %d pixels]  1..%d\n"
	    "      --limit N          records  [columns x rows]  1..%d\n"
	    "      --scale N          number   [to about %d pixels]  1..%d\n"
	    "      --side N           pixels   [%d, for sizes that vary or exceed %d]  1..%d;\n"
	    "                         pictures are scaled to fit into a square\n"
	    "      --by TABLE         file     [none]  rows of pictures as ss-dups or ss-knn --neighbours\n"
	    "                         name them, the first %d; - is standard input\n",
	    SHEET_WIDTH, COUNT_MAX, SHEET_HEIGHT, COUNT_MAX, COUNT_MAX, ZOOMED_SIDE, SCALE_MAX,
	    FITTED_SIDE, LARGE, SIDE_MAX, TABLE_ROWS);
	tool_print_common(f);
}

static void
take_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "columns", required_argument, NULL, OPT_COLUMNS },
		{ "rows", required_argument, NULL, OPT_ROWS },
		{ "limit", required_argument, NULL, OPT_LIMIT },
		{ "scale", required_argument, NULL, OPT_SCALE },
		{ "side", required_argument, NULL, OPT_SIDE },
		{ "by", required_argument, NULL, OPT_BY },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:", options, NULL)) != -1) {
		switch (c) {
		case 'o':
			given.output = optarg;
			break;
		case OPT_TENSOR:
			given.tensors = optarg;
			break;
		case OPT_COLUMNS:
			given.columns = (int)tool_int("--columns", optarg, 1, COUNT_MAX);
			break;
		case OPT_ROWS:
			given.rows = (int)tool_int("--rows", optarg, 1, COUNT_MAX);
			break;
		case OPT_LIMIT:
			given.limit = (int)tool_int("--limit", optarg, 1, COUNT_MAX);
			break;
		case OPT_SCALE:
			given.scale = (int)tool_int("--scale", optarg, 1, SCALE_MAX);
			break;
		case OPT_SIDE:
			given.side = (int)tool_int("--side", optarg, 1, SIDE_MAX);
			break;
		case OPT_BY:
			given.by = optarg;
			break;
		default:
			tool_common_option(c, print_usage);
		}
	}
	if (given.scale != 0 && given.side != 0)
		tool_die(TOOL_MISUSE, "--scale and --side exclude each other");
	if (given.by != NULL && given.limit != 0)
		tool_die(TOOL_MISUSE, "--limit and --by exclude each other: --rows limits a table");
	if (given.by != NULL && strcmp(given.by, "-") == 0 && (optind == argc || strcmp(argv[optind], "-") == 0))
		tool_die(TOOL_MISUSE, "only one of table and stream can be standard input");
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time: '%s' is too much", argv[optind + 1]);
}

static bool
is_view(const char *name)
{
	return strncmp(name, "view", 4) == 0 && name[4 + strspn(name + 4, "0123456789")] == '\0';
}

static void
choose(struct choice *c, int tensor)
{
	if (c->n == SS_SHEET_PICTURES)
		tool_die(TOOL_MISUSE, "more than %d pictures of each record", SS_SHEET_PICTURES);
	c->tensor[c->n++] = tensor;
}

static void
choose_tensors(const struct ss_reader *in, struct choice *c)
{
	const struct ss_header *h = ss_reader_header(in);
	const char *from = ss_reader_name(in);
	int named[SS_MAX_TENSORS];
	int n = given.tensors == NULL ? 0 : tool_tensors(in, given.tensors, named);

	for (int k = 0; k < n; k++) {
		if (!tool_is_picture(&h->tensor[named[k]]))
			tool_die(TOOL_MISUSE,
			    "%s: tensor '%s' is no picture: u8 of 1 or 3 channels, rows, columns",
			    from, h->tensor[named[k]].name);
		choose(c, named[k]);
	}
	/* unasked: the image, if it is there, and then its views */
	for (int i = 0; given.tensors == NULL && i < h->tensors; i++)
		if (strcmp(h->tensor[i].name, "image") == 0 && tool_is_picture(&h->tensor[i]))
			choose(c, i);
	for (int i = 0; given.tensors == NULL && i < h->tensors; i++)
		if (is_view(h->tensor[i].name) && tool_is_picture(&h->tensor[i]))
			choose(c, i);
	if (given.by != NULL && given.tensors != NULL && c->n > 1)
		tool_die(TOOL_MISUSE, "--by shows one picture of each record: one --tensor");
	if (given.by != NULL && c->n > 1)
		c->n = 1;
	if (c->n == 0)
		tool_die(TOOL_MISUSE, "%s: there is no image and no view to show (see --tensor)",
		    from);
}

/* Room for each picture, and from that the number of columns and rows. */
static void
plan_sheet(const struct ss_header *h, const struct choice *c, const struct by_table *by, struct ss_sheet *s)
{
	uint32_t longest = 1;
	bool varies = false;
	struct ss_err e = SS_ERR_INIT;
	int scale = given.scale, side = given.side, r;

	for (int k = 0; k < c->n; k++) {
		const struct ss_tensor *t = &h->tensor[c->tensor[k]];

		varies = varies || ss_tensor_varying(t) > 0;
		for (int d = 1; d < 3; d++)
			longest = t->shape[d] > longest ? t->shape[d] : longest;
	}
	if (varies && scale != 0)
		tool_die(TOOL_MISUSE,
		    "--scale: the pictures vary in size: --side fits them into a square");
	if (scale == 0 && side == 0 && (varies || longest > LARGE))
		side = FITTED_SIDE;
	if (scale == 0)
		scale = longest < ZOOMED_SIDE ? ZOOMED_SIDE / (int)longest : 1;
	if (side == 0 && longest > SIDE_MAX * 4 / (uint32_t)scale)
		tool_die(TOOL_MISUSE, "--scale: pictures of %u pixels are too large for that",
		    (unsigned)longest);
	s->pictures = c->n;
	for (int k = 0; k < c->n; k++) {
		const struct ss_tensor *t = &h->tensor[c->tensor[k]];

		s->height[k] = side != 0 ? side : (int)t->shape[1] * scale;
		s->width[k] = side != 0 ? side : (int)t->shape[2] * scale;
	}
	s->columns = s->rows = 1;
	r = ss_sheet_measure(s, &e);
	if (r < 0)
		tool_fail(r, &e);
	s->columns = given.columns;
	if (s->columns == 0)
		s->columns = ss_sheet_fitting(SHEET_WIDTH, s->cell_width);
	s->rows = given.rows;
	if (s->rows == 0)
		s->rows = ss_sheet_fitting(SHEET_HEIGHT, s->cell_height);
	if (given.limit != 0 && given.limit < s->columns)
		s->columns = given.limit;
	if (given.limit != 0 && (given.rows == 0 || given.limit < s->columns * s->rows))
		s->rows = (given.limit + s->columns - 1) / s->columns;
	if (given.by != NULL) {
		s->rows = (int)by->rows;
		s->columns = by->longest < (size_t)s->columns ? (int)by->longest : s->columns;
	}
	r = ss_sheet_create(s, &e);
	if (r < 0)
		tool_fail(r, &e);
}

/* Takes as many records of the frame as there is room for; returns how many are shown now. */
static size_t
show(const struct ss_reader *in, const struct ss_frame *f, const struct choice *c,
    struct ss_sheet *s, size_t shown, size_t most, struct ss_image_work *w)
{
	const struct ss_header *h = ss_reader_header(in);
	struct ss_err e = SS_ERR_INIT;
	struct ss_image m;
	struct ss_frame one;
	int r;

	for (uint32_t i = 0; i < f->records && shown < most; i++, shown++) {
		ss_frame_slice(h, f, i, 1, &one);
		for (int k = 0; k < c->n; k++) {
			tool_pictures(in, &one, c->tensor[k], &m);
			r = ss_sheet_put(s, shown, k, &m, w, &e);
			if (r < 0)
				tool_fail(r, &e);
		}
	}
	return shown;
}

/* The sheet of the first records. */
static void
make_first(struct ss_reader *in, const struct choice *c, struct ss_sheet *s, struct ss_image_work *w)
{
	const size_t room = (size_t)s->columns * (size_t)s->rows;
	const size_t limit = given.limit != 0 ? (size_t)given.limit : room;
	struct ss_frame frame;
	size_t shown = 0;

	while (tool_next(in, &frame))
		shown = show(in, &frame, c, s, shown, limit < room ? limit : room, w);
	if (shown == 0)
		tool_die(TOOL_FAILURE, "%s: there are no records to show", ss_reader_name(in));
	ss_sheet_trim(s, shown);
}

int
main(int argc, char **argv)
{
	struct choice choice = { 0 };
	struct by_table by = { 0 };
	struct ss_sheet sheet = { 0 };
	struct ss_err e = SS_ERR_INIT;
	int r;

	tool_start(argc, argv);
	take_options(argc, argv);

	struct ss_reader *in = tool_input(argv[optind]);
	const struct ss_header *h = ss_reader_header(in);

	if (given.by != NULL)
		by_table_read(&by, given.by, given.rows != 0 ? (size_t)given.rows : TABLE_ROWS);
	tool_check_output(given.output, "a picture");
	choose_tensors(in, &choice);
	plan_sheet(h, &choice, &by, &sheet);

	struct ss_image_work *w = ss_image_work_create(ss_pixels());

	if (w == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	if (given.by != NULL)
		grid_by(in, choice.tensor[0], &sheet, &by, w);
	else
		make_first(in, &choice, &sheet, w);
	r = ss_png_write(given.output, sheet.rgb, (uint32_t)sheet.total_width,
	    (uint32_t)sheet.total_height, 3, &e);
	if (r < 0)
		tool_fail(r, &e);
	ss_image_work_free(w);
	ss_sheet_free(&sheet);
	return tool_finish(in, NULL);
}
