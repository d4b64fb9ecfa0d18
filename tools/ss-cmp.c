/*
 * ss-cmp - compares the numbers of two tensor streams or of two models
 *
 * Not what surrounds them: frames, epochs, history, labels, metadata.
 */
#include <inttypes.h>
#include <string.h>

#include "cmp.h"

enum { OPT_RTOL = TOOL_OPT_OWN, OPT_ATOL, OPT_ONLY };

static const double TOL_DEFAULT = 0, TOL_MIN = 0, TOL_MAX = 1e30;

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-cmp [--rtol X] [--atol X] [--only TENSOR] FILE1 FILE2\n"
	    "Compares two tensor streams or two models (.safetensors). Floats a and b are equal if\n"
	    "|a - b| <= atol + rtol |b|; with both 0 only the same bits are. One FILE may be '-'.\n"
	    "Status 0: equal, 1: different, 2: trouble, 3: a file is damaged.\n\n"
	    "      --rtol X         number [%g] %g..%g  relative tolerance\n"
	    "      --atol X         number [%g] %g..%g  absolute tolerance\n"
	    "      --only TENSOR    name   [all]        compare this tensor alone\n",
	    TOL_DEFAULT, TOL_MIN, TOL_MAX, TOL_DEFAULT, TOL_MIN, TOL_MAX);
	tool_print_common(f);
}

void
cmp_elements(struct cmp *c, const char *where, const char *name, enum ss_type type, const void *a,
    const void *b, size_t n)
{
	struct ss_difference d;

	ss_elements_compare(type, a, b, n, c->rtol, c->atol, &d);
	if (d.count == 0)
		return;
	if (c->elements == 0)
		snprintf(c->first, sizeof(c->first), "%stensor '%.200s', element %zu: %.9g and %.9g", where, name,
		    d.first, d.a, d.b);
	if (c->elements == 0 || d.amount > c->amount) {
		c->amount = d.amount;
		snprintf(c->largest, sizeof(c->largest), "%stensor '%.150s', element %zu", where, name, d.largest);
	}
	c->elements += d.count;
}

static void
print_result(const struct cmp *c)
{
	printf("%s and %s differ\n", c->name[0], c->name[1]);
	if (c->other[0] != '\0')
		puts(c->other);
	if (c->elements > 0)
		printf("elements: %" PRIu64 "\nfirst:    %s\nlargest:  %s, by %.9g\n", c->elements, c->first,
		    c->largest, c->amount);
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "rtol", required_argument, NULL, OPT_RTOL },
		{ "atol", required_argument, NULL, OPT_ATOL },
		{ "only", required_argument, NULL, OPT_ONLY },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct cmp found = { .rtol = TOL_DEFAULT, .atol = TOL_DEFAULT };
	const char *path[2];
	bool different;
	int c;

	tool_start(argc, argv);
	tool.trouble = 2;		/* as cmp(1): 1 says that they differ */
	while ((c = getopt_long(argc, argv, TOOL_SHORT, longopts, NULL)) != -1) {
		switch (c) {
		case OPT_RTOL: found.rtol = tool_double("--rtol", optarg, TOL_MIN, TOL_MAX); break;
		case OPT_ATOL: found.atol = tool_double("--atol", optarg, TOL_MIN, TOL_MAX); break;
		case OPT_ONLY: found.only = optarg; break;
		default: tool_common_option(c, print_usage);
		}
	}
	if (argc - optind != 2)
		tool_die(TOOL_MISUSE, "two files are wanted (see ss-cmp --help)");
	for (int k = 0; k < 2; k++) {
		path[k] = argv[optind + k];
		found.name[k] = strcmp(path[k], "-") == 0 ? "standard input" : path[k];
	}
	if (strcmp(path[0], "-") == 0 && strcmp(path[1], "-") == 0)
		tool_die(TOOL_MISUSE, "only one of the files can be standard input");
	if (tool_is_model(path[0]) && tool_is_model(path[1]))
		cmp_models(&found, path);
	else
		cmp_streams(&found, path);
	different = found.elements > 0 || found.other[0] != '\0';
	if (different && !tool.quiet)
		print_result(&found);
	(void)tool_finish(NULL, NULL);
	return different ? 1 : 0;
}
