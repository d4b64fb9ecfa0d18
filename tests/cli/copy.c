/*
 * copy.c - the least that a tool can be: passes a stream on; for the tests of tool.c
 */
#define _DEFAULT_SOURCE		/* usleep */
#include <stdlib.h>
#include <unistd.h>

#include "tool.h"

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: copy [-o FILE] [-s] [-n N] [-x X] [FILE]\n");
	tool_print_common(f);
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "threads", required_argument, NULL, 't' },
		{ "number", required_argument, NULL, 'n' },
		{ "real", required_argument, NULL, 'x' },
		{ "list", required_argument, NULL, 'l' },
		{ "show", no_argument, NULL, 's' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	const char *output = NULL;
	struct ss_reader *in;
	struct ss_writer *out;
	struct ss_frame f;
	long long number = 0, list[3];
	bool show = false;
	int c;

	tool_start(argc, argv);
	tool_makes_stream();
	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:t:n:x:l:s", longopts, NULL)) != -1) {
		switch (c) {
		case 'o': output = optarg; break;
		case 't': ss_pool_free(tool_pool((int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX))); break;
		case 'n': number = tool_int("--number", optarg, -5, 5); break;
		case 'x': (void)tool_double("--real", optarg, 0, 1); break;
		case 'l': (void)tool_int_list("--list", optarg, 0, 9, list, 3); break;
		case 's': show = true; break;
		default: tool_common_option(c, print_usage);
		}
	}
	in = tool_input(argv[optind]);
	out = tool_output(output, ss_reader_header(in));
	while (tool_next(in, &f)) {
		tool_write(out, &f);
		if (show) {
			tool_progress("%llu records, and much more than fits into a line of a narrow terminal, "
			    "so that the end of it must be cut off", (unsigned long long)(f.first + f.records));
			usleep(120000);
		}
		if (number == 5)
			tool_die(TOOL_FAILURE, "five is too many");
	}
	tool_warn("copied");
	return tool_finish(in, out);
}
