/*
 * ss-info - says what a tensor stream or a model holds, and whether it is sound
 */
#include "info.h"

enum { OPT_CHECK = TOOL_OPT_OWN, OPT_DIGEST, OPT_GET, OPT_HEADER, OPT_JSON, OPT_LABELS };

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-info [option] [FILE]\n"
	    "Says what a tensor stream or a model (.safetensors) holds. FILE: default standard input.\n\n"
	    "      --check          read everything, say nothing; status 3 if it is damaged\n"
	    "      --digest         content digest, 8 hexadecimal digits\n"
	    "      --get KEY        one value, for scripts; name   the keys are in ss-info(1)\n"
	    "      --header         text header of a stream, metadata of a model; reads no further\n"
	    "      --labels         how many records each label has\n"
	    "      --json           all as one JSON object\n");
	tool_print_common(f);
}

void
info_absent(const char *key, const char *path)
{
	tool_die(TOOL_FAILURE, "%s: has no '%s'", path, key);
}

void
info_unknown(const char *key)
{
	tool_die(TOOL_MISUSE, "--get: key '%s' is unknown (see ss-info(1))", key);
}

int
main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "digest", no_argument, NULL, OPT_DIGEST },
		{ "get", required_argument, NULL, OPT_GET },
		{ "header", no_argument, NULL, OPT_HEADER },
		{ "labels", no_argument, NULL, OPT_LABELS },
		{ "json", no_argument, NULL, OPT_JSON },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct info_request q = { INFO_SUMMARY, NULL };
	int c, asked = 0;

	tool_start(argc, argv);
	while ((c = getopt_long(argc, argv, TOOL_SHORT, longopts, NULL)) != -1) {
		asked += c >= TOOL_OPT_OWN;
		switch (c) {
		case OPT_CHECK: q.what = INFO_CHECK; break;
		case OPT_DIGEST: q.what = INFO_DIGEST; break;
		case OPT_GET: q.what = INFO_GET, q.key = optarg; break;
		case OPT_HEADER: q.what = INFO_HEADER; break;
		case OPT_LABELS: q.what = INFO_LABELS; break;
		case OPT_JSON: q.what = INFO_JSON; break;
		default: tool_common_option(c, print_usage);
		}
	}
	if (asked > 1)
		tool_die(TOOL_MISUSE, "only one of --check, --digest, --get, --header, --labels, --json");
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "more than one file: '%s'", argv[optind + 1]);
	if (optind < argc && tool_is_model(argv[optind]))
		info_model(&q, argv[optind]);
	else
		info_stream(&q, argv[optind]);
	return tool_finish(NULL, NULL);
}
