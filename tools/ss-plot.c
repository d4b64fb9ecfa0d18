/*
 * ss-plot - curves of training logs and tables, as a PNG picture or in plain characters
 *
 * Reads each file whole. What becomes a curve, curves.c knows; how it is drawn, lib/image.
 */
#include <stdlib.h>
#include <string.h>

#include "curves.h"
#include "pngfile.h"
#include "tool.h"

enum {
	WIDTH = 1280, WIDTH_MIN = 320, WIDTH_MAX = 16384,		/* pixels */
	HEIGHT_MIN = 40, HEIGHT_MAX = 8192,
	COLUMNS = 80, COLUMNS_MIN = 32, COLUMNS_MAX = 1000,		/* characters */
	ROWS_MIN = 4, ROWS_MAX = 200,
	SMOOTH = 1, SMOOTH_MAX = 1000000
};

/* Of a panel's field, by how many there are: the picture's width over these, and rows of text. */
static const struct {
	int parts, rows;
} fields[] = { { 220, 16 }, { 360, 12 }, { 520, 9 } };	/* parts: of 100 */

enum { OPT_KEY = TOOL_OPT_OWN, OPT_X, OPT_NAME, OPT_TITLE, OPT_SMOOTH, OPT_LOG_Y, OPT_TEXT, OPT_WIDTH,
	OPT_HEIGHT };

static struct given {
	const char *output, *title, *width, *height;
	bool log_y, text;
	int names;
} given;

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-plot [options] [-o FILE.png] [log or table ...]\n"
	    "  -o, --output FILE  file     [standard output]\n"
	    "      --key LIST     names    [loss, knn, lr, std_ratio, or all columns of tables]\n"
	    "                              'a,b' in two panels, 'a+b' in one\n"
	    "      --x NAME       name     [step, epoch or seconds; of tables the first column]\n"
	    "      --name TEXT    text     [file names]  again for each file, in their order\n"
	    "      --title TEXT   text     [none]\n"
	    "      --smooth N     values   [%d]  1..%d: a mean of so many around each\n"
	    "      --log-y                 logarithmic values\n"
	    "      --text                  plain characters on standard output, no picture\n",
	    SMOOTH, SMOOTH_MAX);
	fprintf(f,
	    "      --width N      pixels   [%d]  %d..%d; with --text characters [%d]  %d..%d\n"
	    "      --height N     pixels   [by width and panels]  %d..%d, of a panel's field;\n"
	    "                              with --text lines [%d or less]  %d..%d\n",
	    WIDTH, WIDTH_MIN, WIDTH_MAX, COLUMNS, COLUMNS_MIN, COLUMNS_MAX, HEIGHT_MIN, HEIGHT_MAX, fields[0].rows, ROWS_MIN, ROWS_MAX);
	tool_print_common(f);
}

static void
take_options(int argc, char **argv, struct curves *c, const char **name)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "key", required_argument, NULL, OPT_KEY },
		{ "x", required_argument, NULL, OPT_X },
		{ "name", required_argument, NULL, OPT_NAME },
		{ "title", required_argument, NULL, OPT_TITLE },
		{ "smooth", required_argument, NULL, OPT_SMOOTH },
		{ "log-y", no_argument, NULL, OPT_LOG_Y },
		{ "text", no_argument, NULL, OPT_TEXT },
		{ "width", required_argument, NULL, OPT_WIDTH },
		{ "height", required_argument, NULL, OPT_HEIGHT },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int o;

	while ((o = getopt_long(argc, argv, TOOL_SHORT "o:", options, NULL)) != -1) {
		switch (o) {
		case 'o':		given.output = optarg; break;
		case OPT_KEY:		curves_take_keys(c, optarg); break;
		case OPT_X:		c->x = optarg; break;
		case OPT_NAME:		name[given.names++] = optarg; break;	/* argc of them fit */
		case OPT_TITLE:		given.title = optarg; break;
		case OPT_SMOOTH:
			c->smooth = (int)tool_int("--smooth", optarg, 1, SMOOTH_MAX);
			break;
		case OPT_LOG_Y:		given.log_y = true; break;
		case OPT_TEXT:		given.text = true; break;
		case OPT_WIDTH:		given.width = optarg; break;	/* their range waits for --text */
		case OPT_HEIGHT:	given.height = optarg; break;
		default:		tool_common_option(o, print_usage);
		}
	}
	if (given.text && given.output != NULL)
		tool_die(TOOL_MISUSE, "--text writes to standard output, without -o");
}

/* A file's name without its folder, unless another one has the same. */
static const char *
short_name(const struct curves *c, int at)
{
	const char *path = c->file[at].path, *slash = strrchr(path, '/');
	const char *base = slash == NULL || slash[1] == '\0' ? path : slash + 1;

	for (int f = 0; f < c->files; f++) {
		const char *other = strrchr(c->file[f].path, '/');

		if (f != at && strcmp(base, other == NULL ? c->file[f].path : other + 1) == 0)
			return path;
	}
	return strcmp(path, "-") == 0 ? "standard input" : base;
}

/* Operands, or standard input if there are none. */
static void
read_files(struct curves *c, char **path, int n, const char **name)
{
	static char standard[] = "-";
	static char *only[] = { standard };
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (given.names > 0 && given.names != (n == 0 ? 1 : n))
		tool_die(TOOL_MISUSE, "--name: %d names for %d files", given.names, n == 0 ? 1 : n);
	c->files = n == 0 ? 1 : n;
	c->file = calloc((size_t)c->files, sizeof(*c->file));
	if (c->file == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (int f = 0; f < c->files; f++)
		c->file[f].path = n == 0 ? only[f] : path[f];
	for (int f = 0; f < c->files; f++) {
		struct drawn_file *d = &c->file[f];

		tool_check_input(d->path, "a log or a table");
		if ((r = ss_table_read(&d->table, d->path, &e)) < 0)
			tool_fail(r, &e);
		d->name = given.names > 0 ? name[f] : short_name(c, f);
		if (d->table.unfinished)
			tool_warn("%s: the last line is incomplete and left out", d->path);
	}
}

static void
measure(struct ss_chart *chart)
{
	const int i = chart->panels < 3 ? chart->panels - 1 : 2;

	if (given.text) {
		chart->width = given.width == NULL ? COLUMNS :
		    (int)tool_int("--width", given.width, COLUMNS_MIN, COLUMNS_MAX);
		chart->height = given.height == NULL ? fields[i].rows :
		    (int)tool_int("--height", given.height, ROWS_MIN, ROWS_MAX);
	} else {
		chart->width = given.width == NULL ? WIDTH :
		    (int)tool_int("--width", given.width, WIDTH_MIN, WIDTH_MAX);
		chart->height = given.height == NULL ? chart->width * 100 / fields[i].parts :
		    (int)tool_int("--height", given.height, HEIGHT_MIN, HEIGHT_MAX);
	}
}

static void
draw_picture(const struct ss_chart *chart)
{
	struct ss_canvas canvas;
	struct ss_err e = SS_ERR_INIT;
	int r = ss_chart_draw(chart, &canvas, &e);

	if (r < 0)
		tool_fail(r, &e);
	r = ss_png_write(given.output, canvas.rgb, (uint32_t)canvas.width, (uint32_t)canvas.height, 3, &e);
	if (r < 0)
		tool_fail(r, &e);
	ss_canvas_free(&canvas);
}

static void
draw_text(const struct ss_chart *chart)
{
	struct ss_err e = SS_ERR_INIT;
	char *text;
	int r = ss_chart_text(chart, &text, &e);

	if (r < 0)
		tool_fail(r, &e);
	fputs(text, stdout);
	free(text);
}

int
main(int argc, char **argv)
{
	static struct curves curves = { .smooth = SMOOTH };
	struct ss_panel panel[CURVES_PANELS];
	const char **name = calloc((size_t)argc + 1, sizeof(*name));
	struct ss_chart chart = { .panel = panel };

	tool_start(argc, argv);
	if (name == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	take_options(argc, argv, &curves, name);
	read_files(&curves, argv + optind, argc - optind, name);
	if (!given.text)
		tool_check_output(given.output, "a picture");
	curves_choose(&curves);
	chart.legend = curves_make(&curves, given.log_y, panel) || given.names > 0;
	chart.panels = curves.groups;
	chart.title = given.title;
	chart.x_label = curves.x;
	measure(&chart);
	if (given.text)
		draw_text(&chart);
	else
		draw_picture(&chart);
	curves_free(&curves, panel);
	for (int f = 0; f < curves.files; f++)
		ss_table_free(&curves.file[f].table);
	free(curves.file);
	free(name);
	return tool_finish(NULL, NULL);
}
