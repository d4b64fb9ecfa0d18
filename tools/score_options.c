/*
 * score_options.c - the options that ss-knn and ss-linprobe share: what is scored, and how it is printed
 */
#include <string.h>

#include "score_options.h"

enum { KNOWN = SCORE_OPT_FIRST, ASKED, TENSOR, BASELINE, PER_CLASS, CONFUSION, TABLE, JSON };

void
score_options_table(const struct score_request *q, struct option *out)
{
	const struct option table[SCORE_OPTIONS] = {
		{ q->out.known_word, required_argument, NULL, KNOWN },
		{ q->asked_option, required_argument, NULL, ASKED },
		{ "tensor", required_argument, NULL, TENSOR },
		{ "baseline", required_argument, NULL, BASELINE },
		{ "per-class", no_argument, NULL, PER_CLASS },
		{ "confusion", no_argument, NULL, CONFUSION },
		{ "table", no_argument, NULL, TABLE },
		{ "json", no_argument, NULL, JSON },
		{ "threads", required_argument, NULL, 't' },
	};

	memcpy(out, table, sizeof(table));
}

void
score_options_usage(const struct score_request *q, FILE *f)
{
	fprintf(f, "      --tensor NAME       name     [the first of f32, or else of u8]\n"
	    "      --baseline NAME=%s,%s  score these too, beside it (up to %d times)\n"
	    "      --per-class                  a table of classes below each score\n"
	    "      --confusion                  a table of what was taken for what\n"
	    "      --table                      a table of the scores instead of lines\n"
	    "      --json                       one JSON object\n"
	    "  -t, --threads N         integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    q->knowns_max > 1 ? "FILE[,FILE...]" : "FILE", "FILE", SCORE_BASELINES, TOOL_THREADS_MAX);
}

static void
add_known(const struct score_request *q, struct contest *c, const char *path)
{
	if (c->knowns == q->knowns_max && q->knowns_max > 1)
		tool_die(TOOL_MISUSE, "more than %zu files of --%s", q->knowns_max, q->out.known_word);
	if (c->knowns == q->knowns_max)
		c->knowns = 0;		/* the last one counts, as with any option */
	c->known[c->knowns++] = path;
}

/* NAME=KNOWN[,KNOWN...],ASKED; text is cut in place, and kept. */
static void
parse_baseline(const struct score_request *q, struct contest *c, char *text)
{
	char *equals = strchr(text, '='), *last = strrchr(text, ','), *comma;
	bool good = equals != NULL && equals != text && last != NULL && last > equals;
	size_t commas = 0;

	for (const char *p = equals; good && *p != '\0'; p++) {
		commas += *p == ',';
		good = (p != equals && *p != ',') || (p[1] != ',' && p[1] != '\0');
	}
	if (!good || commas > q->knowns_max)
		tool_die(TOOL_MISUSE, "--baseline wants NAME=FILE,FILE, not '%s'", text);
	*equals = *last = '\0';
	c->name = text;
	c->asked = last + 1;
	for (char *part = equals + 1; part != NULL; part = comma) {
		comma = strchr(part, ',');
		if (comma != NULL)
			*comma++ = '\0';
		add_known(q, c, part);
		if (strcmp(part, "-") == 0)
			break;
	}
	if (strcmp(c->asked, "-") == 0 || strcmp(c->known[c->knowns - 1], "-") == 0)
		tool_die(TOOL_MISUSE, "--baseline reads files, not standard input");
}

bool
score_option(struct score_request *q, int c, char *argument)
{
	switch (c) {
	case KNOWN:		add_known(q, &q->contest[0], argument); break;
	case ASKED:		q->contest[0].asked = argument; break;
	case TENSOR:		q->tensor = argument; break;
	case BASELINE:
		if (q->contests > SCORE_BASELINES)
			tool_die(TOOL_MISUSE, "more than %d baselines", SCORE_BASELINES);
		parse_baseline(q, &q->contest[q->contests++], argument);
		break;
	case PER_CLASS:		q->out.per_class = true; break;
	case CONFUSION:		q->out.confusion = true; break;
	case TABLE:		q->out.table = true; break;
	case JSON:		q->out.json = true; break;
	case 't':		q->threads = (int)tool_int("--threads", argument, 0, TOOL_THREADS_MAX); break;
	default:		return false;
	}
	return true;
}

void
score_options_check(const struct score_request *q, int argc, char **argv, int operand)
{
	const struct contest *c = &q->contest[0];
	size_t pipes = c->asked != NULL && strcmp(c->asked, "-") == 0;

	if (operand < argc)
		tool_die(TOOL_MISUSE, "unexpected '%s'; see %s --help", argv[operand], tool.name);
	if (c->knowns == 0 || c->asked == NULL)
		tool_die(TOOL_MISUSE, "--%s and --%s are needed; see %s --help", q->out.known_word,
		    q->asked_option, tool.name);
	for (size_t i = 0; i < c->knowns; i++)
		pipes += strcmp(c->known[i], "-") == 0;
	if (pipes > 1)
		tool_die(TOOL_MISUSE, "only one of --%s and --%s can be standard input", q->out.known_word,
		    q->asked_option);
}
