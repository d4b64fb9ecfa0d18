/*
 * ss-dups - finds near-duplicates: groups of records whose embeddings are all but the same
 *
 * Compares all with all, holds the embeddings and the pairs that it finds.
 */
#include <stdlib.h>
#include <string.h>

#include "eval/linkage.h"
#include "eval/pairs.h"
#include "eval/rows.h"
#include "kern/kern.h"
#include "labelled.h"
#include "lines.h"

/* Of 480 photographs, copies of other size and quality are above it, and no others: ss-dups(1), pipelines/my-pictures/RESULTS. */
static const double THRESHOLD = 0.999;
enum { PAIRS = 10000000 };
static const long long PAIRS_MAX = INT32_MAX;

static struct given {
	const char *tensor;
	double threshold;
	long long pairs_max;
	int threads;
	bool pairs, rest, zero;
} given;

struct dups {
	struct labelled in;
	struct ss_pair *pair;
	size_t pairs;
	uint32_t *group;	/* (n): the first member of each record's group */
	uint32_t *next;		/* (n): the member behind it, or 0 */
	size_t groups;
};

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-dups [options] [stream]\n"
	    "Prints groups of records any two of which have a cosine of at least the threshold.\n\n"
	    "      --threshold X    number   [%g]  0..1\n"
	    "      --pairs                   the pairs themselves, no groups\n"
	    "      --rest                    names alone, all but the first of each group\n"
	    "  -0, --print0                  with --rest: a zero behind each name, as xargs -0 wants it\n"
	    "      --tensor NAME    name     [the first of f32, or else of u8]\n"
	    "      --max-pairs N    integer  [%d]  1..%lld, more end it\n"
	    "  -t, --threads N      integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    THRESHOLD, PAIRS, PAIRS_MAX, TOOL_THREADS_MAX);
	tool_print_common(f);
}

static void
take_options(int argc, char **argv)
{
	enum { OPT_THRESHOLD = TOOL_OPT_OWN, OPT_PAIRS, OPT_REST, OPT_TENSOR, OPT_MAX };
	static const struct option options[] = {
		{ "threshold", required_argument, NULL, OPT_THRESHOLD },
		{ "pairs", no_argument, NULL, OPT_PAIRS },
		{ "rest", no_argument, NULL, OPT_REST },
		{ "print0", no_argument, NULL, '0' },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "max-pairs", required_argument, NULL, OPT_MAX },
		{ "threads", required_argument, NULL, 't' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "0t:", options, NULL)) != -1) {
		switch (c) {
		case OPT_THRESHOLD:	given.threshold = tool_double("--threshold", optarg, 0, 1); break;
		case OPT_PAIRS:		given.pairs = true; break;
		case OPT_REST:		given.rest = true; break;
		case '0':		given.zero = true; break;
		case OPT_TENSOR:	given.tensor = optarg; break;
		case OPT_MAX:		given.pairs_max = tool_int("--max-pairs", optarg, 1, PAIRS_MAX); break;
		case 't':
			given.threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX);
			break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (given.pairs && given.rest)
		tool_die(TOOL_MISUSE, "--pairs and --rest exclude each other");
	if (given.zero && !given.rest)
		tool_die(TOOL_MISUSE, "--print0 is for --rest: tables have lines");
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time: '%s' is too much", argv[optind + 1]);
}

static void
show_progress(void *arg, size_t done, size_t total)
{
	(void)arg;
	tool_progress("%.0f %% of all pairs", 100 * (double)done / (double)total);
}

static void
find_pairs(struct dups *d, struct ss_pool *pool)
{
	const struct ss_pairs_question q = { .threshold = given.threshold, .most = (size_t)given.pairs_max, .progress = show_progress };
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (ss_unit_rows(pool, d->in.x, d->in.n, d->in.d) != d->in.n)
		tool_die(TOOL_DAMAGED, "%s: an embedding is too large", ss_reader_name(d->in.in));
	r = ss_pairs_find(&d->pair, &d->pairs, pool, d->in.x, d->in.n, d->in.d, &q, &e);
	tool_progress_end();
	if (r < 0)
		tool_fail(r, &e);
	if (r > 0)
		tool_die(TOOL_FAILURE, "%s: more than %lld pairs have a cosine of %g or more: raise --threshold, or else --max-pairs",
		    ss_reader_name(d->in.in), given.pairs_max, given.threshold);
}

/* Members of each group in a chain, by their places in the stream. */
static void
make_groups(struct dups *d)
{
	const size_t n = d->in.n;
	struct ss_err e = SS_ERR_INIT;
	uint32_t *last = calloc(n, sizeof(*last));
	int r;

	d->group = calloc(n, sizeof(*d->group));
	d->next = calloc(n, sizeof(*d->next));
	if (last == NULL || d->group == NULL || d->next == NULL)
		tool_die(TOOL_FAILURE, "out of memory for groups of %zu records", n);
	r = ss_linkage(d->pair, d->pairs, n, d->group, &e);
	if (r < 0)
		tool_fail(r, &e);
	for (size_t i = 0; i < n; i++) {
		const uint32_t first = d->group[i];

		if (first != i)
			d->next[last[first]] = (uint32_t)i;
		last[first] = (uint32_t)i;
	}
	for (size_t i = 0; i < n; i++)
		d->groups += d->group[i] == i && d->next[i] != 0;
	free(last);
}

static void
print_pairs(const struct dups *d)
{
	printf("cosine\tfirst\tsecond\n");
	for (size_t i = 0; i < d->pairs; i++) {
		line_put_cosine(stdout, d->pair[i].cosine);
		putchar('\t');
		names_put(stdout, &d->in.names, d->pair[i].a);
		putchar('\t');
		names_put(stdout, &d->in.names, d->pair[i].b);
		putchar('\n');
	}
}

static void
print_groups(const struct dups *d)
{
	size_t number = 0;

	printf("group\tcosine\tname\n");
	for (size_t i = 0; i < d->in.n; i++) {
		size_t at = i;

		if (d->group[i] != i || d->next[i] == 0)
			continue;
		number++;
		do {
			printf("%zu\t", number);
			line_put_cosine(stdout, at == i ? 1 :
			    ss_pair_cosine(d->in.x + i * d->in.d, d->in.x + at * d->in.d, d->in.d));
			putchar('\t');
			names_put(stdout, &d->in.names, at);
			putchar('\n');
		} while ((at = d->next[at]) != 0);
	}
}

/* The bytes of the file's own name, with a zero behind them. */
static void
print_plain(const struct dups *d, size_t i)
{
	size_t n;
	const char *text = names_get(&d->in.names, i, &n);
	char *plain;

	if (memchr(text, '\0', n) != NULL)
		tool_die(TOOL_DAMAGED, "%s: record %zu has a name with a zero in it", ss_reader_name(d->in.in), i);
	plain = ss_unescape(text, n);
	if (plain == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	fputs(plain, stdout);
	putchar('\0');
	free(plain);
}

static void
print_rest(const struct dups *d)
{
	for (size_t i = 0; i < d->in.n; i++) {
		for (size_t at = d->group[i] == i ? d->next[i] : 0; at != 0; at = d->next[at]) {
			if (given.zero) {
				print_plain(d, at);
			} else {
				names_put(stdout, &d->in.names, at);
				putchar('\n');
			}
		}
	}
}

int
main(int argc, char **argv)
{
	struct dups d = { 0 };
	struct ss_pool *pool;

	tool_start(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	given.threshold = THRESHOLD;
	given.pairs_max = PAIRS;
	take_options(argc, argv);
	pool = tool_pool(given.threads);
	labelled_read_named(&d.in, argv[optind], given.tensor);
	find_pairs(&d, pool);
	if (given.pairs) {
		print_pairs(&d);
	} else {
		make_groups(&d);
		if (given.rest)
			print_rest(&d);
		else
			print_groups(&d);
	}
	if (tool.verbose && given.pairs)
		fprintf(stderr, "%s: %zu records, %zu pairs\n", tool.name, d.in.n, d.pairs);
	else if (tool.verbose)
		fprintf(stderr, "%s: %zu records, %zu pairs, %zu groups\n", tool.name, d.in.n, d.pairs, d.groups);
	free(d.pair);
	free(d.group);
	free(d.next);
	labelled_close(&d.in);
	ss_pool_free(pool);
	return tool_finish(NULL, NULL);
}
