/*
 * ss-cat - joins tensor streams: their records one after the other, in turn, or side by side
 *
 * Holds at most a frame of each stream.
 */
#include <stdlib.h>
#include <string.h>

#include "cat.h"

enum { OPT_COLUMNS = TOOL_OPT_OWN, OPT_INTERLEAVE };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-cat [--columns | --interleave] [-o FILE] [stream ...]\n"
	    "Joins streams of the same tensors: the records of the first, of the second ...\n\n"
	    "      --interleave     one record of each stream in turn: of shards, the whole\n"
	    "      --columns        side by side: the tensors of all streams, whose records have\n"
	    "                       the same index\n"
	    "  -o, --output FILE    file [standard output]\n");
	tool_print_common(f);
}

bool
cat_settle(struct cat_input *u)
{
	while (!u->ended && (!u->begun || u->used == u->f.records)) {
		u->begun = true;
		u->used = 0;
		u->ended = !tool_next(u->in, &u->f);
	}
	if (u->ended && u->in != NULL) {
		ss_reader_free(u->in);
		u->in = NULL;
		u->h = NULL;
	}
	return !u->ended;
}

struct ss_named_header
cat_header(const struct cat_input *u)
{
	return (struct ss_named_header){ u->h, u->name };
}

void
cat_merge(const struct cat *c, struct ss_header *h, bool same_tensors)
{
	const struct ss_named_header first = cat_header(&c->input[0]);
	struct ss_err e = SS_ERR_INIT;
	int r = ss_header_copy(h, first.h, &e);

	for (int i = 1; i < c->n && r == 0; i++) {
		const struct ss_named_header other = cat_header(&c->input[i]);

		if (same_tensors)
			r = ss_merge_check_tensors(first, other, &e);
		if (r == 0 && same_tensors)
			r = ss_merge_check_model(first, other, &e);
		if (r == 0)
			r = ss_merge_lines(h, i == 1 ? first.name : "a stream before it", other, &e);
	}
	if (r < 0)
		tool_fail(r, &e);
}

void
cat_write(struct cat *c, struct ss_writer *out, const struct ss_frame *f)
{
	tool_write(out, f);
	c->done += f->records;
	tool_progress("%llu records", (unsigned long long)c->done);
}

static void
open_inputs(struct cat *c, char **paths)
{
	int standard = 0;

	c->input = calloc((size_t)c->n, sizeof(*c->input));
	if (c->input == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (int i = 0; i < c->n; i++)
		standard += paths[i] != NULL && strcmp(paths[i], "-") == 0;
	if (standard > 1)
		tool_die(TOOL_MISUSE, "standard input ('-') can be read only once");
	for (int i = 0; i < c->n; i++) {
		c->input[i].in = tool_input(paths[i]);
		c->input[i].h = ss_reader_header(c->input[i].in);
		c->input[i].name = paths[i] == NULL || strcmp(paths[i], "-") == 0 ? "standard input" : paths[i];
	}
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "columns", no_argument, NULL, OPT_COLUMNS },
		{ "interleave", no_argument, NULL, OPT_INTERLEAVE },
		{ "output", required_argument, NULL, 'o' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct cat c = { 0 };
	struct ss_writer *out;
	int o, how = 0;

	tool_start(argc, argv);
	tool_makes_stream();
	while ((o = getopt_long(argc, argv, TOOL_SHORT "o:", longopts, NULL)) != -1) {
		if (o == 'o')
			c.output = optarg;
		else if (o != OPT_COLUMNS && o != OPT_INTERLEAVE)
			tool_common_option(o, print_usage);
		else if (how != 0 && how != o)
			tool_die(TOOL_MISUSE, "--columns and --interleave exclude each other");
		else
			how = o;
	}
	c.n = optind < argc ? argc - optind : 1;
	open_inputs(&c, argv + optind);
	out = how == OPT_COLUMNS ? cat_columns(&c) : how == OPT_INTERLEAVE ? cat_interleave(&c) : cat_rows(&c);
	free(c.input);
	return tool_finish(NULL, out);
}
