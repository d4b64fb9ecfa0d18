/*
 * ss-health - tells without labels whether embeddings live, in numbers, in words and as exit status
 *
 * Holds all embeddings in memory. The measures, and what they say, are lib/ssl/health.c's; health_report.c
 * prints them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "embeddings.h"
#include "health_report.h"
#include "kern/kern.h"

enum { BATCH_DEFAULT = 256, BATCH_MIN = 2, BATCH_MAX = 65536, PAIRS = 4096 };

static const long long LIMIT_MAX = 1000000000000;

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-health [options] [stream ...]\n"
	    "Measures embeddings of many images, or of several views of the same images: further\n"
	    "streams of the same records, or further tensors of one. Status %d if they have collapsed.\n\n"
	    "      --tensor NAME    name     [the first of f32, or else of u8, and others of its shape]\n"
	    "      --limit N        integer  [all]  %d..%lld records; what comes behind them is not read\n"
	    "  -b, --batch N        integer  [%d]  %d..%d images among which a view has to find the other\n"
	    "      --json                    one JSON object\n"
	    "  -t, --threads N      integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    TOOL_COLLAPSE, BATCH_MIN, LIMIT_MAX, BATCH_DEFAULT, BATCH_MIN, BATCH_MAX, TOOL_THREADS_MAX);
	tool_print_common(f);
}

/* The views of one more stream, which must be of the same records as the first. */
static void
add_views(struct health_report *r, struct embeddings *f, const struct embeddings *first)
{
	const char *name = ss_reader_name(f->in), *other = ss_reader_name(first->in);

	if (f->n < 2)
		tool_die(TOOL_MISUSE, "%s has %s: health is that of many", name, f->n == 0 ? "no records" : "1 record");
	if (f->d != first->d || f->n != first->n)
		tool_die(TOOL_MISUSE, "%s has %zu records of %zu features, %s has %zu of %zu: they are not views "
		    "of the same", name, f->n, f->d, other, first->n, first->d);
	for (size_t i = 0; f->index >= 0 && first->index >= 0 && i < f->n; i++)
		if (f->number[i] != first->number[i])
			tool_die(TOOL_MISUSE, "record %zu has index %" PRIu64 " in %s and %" PRIu64 " in %s: they are "
			    "not views of the same", i, f->number[i], name, first->number[i], other);
	if (r->views + f->views > EMBEDDINGS_VIEWS)
		tool_die(TOOL_MISUSE, "more than %d views; name a tensor with --tensor", EMBEDDINGS_VIEWS);
	for (int v = 0; v < f->views; v++)
		r->view[r->views++] = (struct health_view){ .stream = name, .x = f->x[v],
			.tensor = ss_reader_header(f->in)->tensor[f->tensor[v]].name };
	r->n = f->n;
	r->d = f->d;
}

static void
measure(struct health_report *r, struct ss_pool *pool)
{
	double *room = calloc(ss_health_room(r->n, r->d), sizeof(*room));
	int pairs = 0;
	struct ss_err e = SS_ERR_INIT;

	if (room == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (int v = 0; v < r->views; v++) {
		struct ss_health *h = &r->view[v].health;
		int status;

		tool_progress("view %d of %d: %zu records of %zu features", v + 1, r->views, r->n, r->d);
		ss_health_rows(h, r->view[v].x, NULL, r->n, r->d, room, pool);
		if ((status = ss_health_pairs(h, r->view[v].x, NULL, r->batch, PAIRS, pool, &e)) < 0)
			tool_fail(status, &e);
		if (ss_health_verdict(h) > r->verdict) {
			r->verdict = ss_health_verdict(h);
			r->worst = v;
		}
	}
	for (int v = 0; v < r->views; v++)
		for (int w = 0; w < v; w++, pairs++) {
			double contrast;
			int status = ss_contrast(&contrast, r->view[w].x, r->view[v].x, r->n, r->d, r->batch, pool, &e);

			if (status < 0)
				tool_fail(status, &e);
			r->contrast += contrast;
			r->alignment += ss_alignment(r->view[w].x, r->view[v].x, r->n, r->d, room, pool);
		}
	r->contrast /= pairs;		/* 0 / 0 for one view: NAN */
	r->alignment /= pairs;
	tool_progress_end();
	free(room);
}

int
main(int argc, char **argv)
{
	enum { OPT_TENSOR = TOOL_OPT_OWN, OPT_LIMIT, OPT_JSON };
	static const struct option longopts[] = {
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "limit", required_argument, NULL, OPT_LIMIT },
		{ "batch", required_argument, NULL, 'b' },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "threads", required_argument, NULL, 't' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct embeddings stream[EMBEDDINGS_VIEWS];
	struct health_report r = { .batch = BATCH_DEFAULT };
	const char *tensor = NULL;
	size_t limit = SIZE_MAX;
	struct ss_pool *pool;
	int c, threads = 0, streams, inputs = 0;
	bool json = false;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	while ((c = getopt_long(argc, argv, TOOL_SHORT "b:t:", longopts, NULL)) != -1) {
		switch (c) {
		case OPT_TENSOR:	tensor = optarg; break;
		case OPT_LIMIT:
			limit = (size_t)tool_int("--limit", optarg, BATCH_MIN, LIMIT_MAX);
			break;
		case OPT_JSON:		json = true; break;
		case 'b':
			r.batch = (size_t)tool_int("--batch", optarg, BATCH_MIN, BATCH_MAX);
			break;
		case 't':
			threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX);
			break;
		default:		tool_common_option(c, print_usage);
		}
	}
	streams = optind < argc ? argc - optind : 1;
	if (streams > EMBEDDINGS_VIEWS)
		tool_die(TOOL_MISUSE, "more than %d streams", EMBEDDINGS_VIEWS);
	for (int i = optind; i < argc; i++)
		inputs += strcmp(argv[i], "-") == 0;
	if (inputs > 1)
		tool_die(TOOL_MISUSE, "only one stream can be standard input");
	pool = tool_pool(threads);
	for (int i = 0; i < streams; i++) {
		embeddings_read(&stream[i], argv[optind + i], tensor, limit);	/* argv[argc] is NULL */
		add_views(&r, &stream[i], &stream[0]);
	}
	measure(&r, pool);
	health_report_print(&r, json);
	for (int i = 0; i < streams; i++)
		embeddings_close(&stream[i]);
	ss_pool_free(pool);
	c = tool_finish(NULL, NULL);
	return r.verdict == SS_VERDICT_HEALTHY ? c : TOOL_COLLAPSE;
}
