/*
 * ss-map - embeddings as points of a plane, by t-SNE or principal components
 *
 * Holds all embeddings in memory. The map is a function of them and the options alone: neither
 * the number of threads nor the size of frames changes it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/pca.h"
#include "eval/rows.h"
#include "eval/tsne.h"
#include "image/scatter.h"
#include "kern/kern.h"
#include "labelled.h"
#include "outputs.h"
#include "pngfile.h"
#include "tool.h"

enum { SIDE = 1000, SIDE_MIN = 200, SIDE_MAX = 8000, ITERATIONS_MAX = 1000000 };
static const double PERPLEXITY = 30, PERPLEXITY_MIN = 1, PERPLEXITY_MAX = 10000;
static const double ANGLE_MAX = 1, RATE_MIN = 1e-3, RATE_MAX = 1e6;
static const char *const methods[] = { "tsne", "pca", NULL };
static const char *const inits[] = { "pca", "random", NULL };
enum { TSNE, PCA };
enum { BY_PCA, AT_RANDOM };

static struct given {
	const char *output, *tsv, *tensor, *title;
	int method, init, iterations, size, threads;
	double perplexity, angle, rate;		/* angle -1, rate 0: by the number of records */
	uint64_t seed;
	bool unit;
} given = { .angle = -1, .size = SIDE };

struct map {
	struct labelled in;
	double *at;			/* (n,2) */
	double share[2];		/* of the variance, by pca */
	double kl;			/* by tsne */
	int classes;
	char **names;
};

static void
print_usage(FILE *f)
{
	const struct ss_tsne few = ss_tsne_defaults(SS_TSNE_EXACT), many = ss_tsne_defaults(SS_TSNE_EXACT + 1);

	fprintf(f, "usage: ss-map [options] [-o FILE.png] [stream]\n"
	    "  -o, --output FILE    file     [standard output, unless --tsv is given]\n"
	    "      --tsv FILE       file     [none]  the coordinates; - is standard output\n"
	    "      --method NAME    name     [%s]  tsne, pca\n"
	    "      --tensor NAME    name     [the first of f32, or else of u8]\n"
	    "      --unit                    scale embeddings to length 1 first\n"
	    "      --perplexity X   number   [%g]  %g..%g, below the number of records\n",
	    methods[TSNE], PERPLEXITY, PERPLEXITY_MIN, PERPLEXITY_MAX);
	fprintf(f,
	    "      --iterations N   integer  [%d]  1..%d; the first %d exaggerate\n"
	    "      --rate X         number   [records / %g, at least 50]  %g..%g\n"
	    "      --angle X        number   [%g, above %d records %g]  0..%g; 0: all pairs\n"
	    "      --init NAME      name     [%s]  pca, random\n",
	    few.iterations, ITERATIONS_MAX, few.early, few.exaggeration * 4, RATE_MIN, RATE_MAX, few.angle,
	    SS_TSNE_EXACT, many.angle, ANGLE_MAX, inits[BY_PCA]);
	fprintf(f,
	    "      --seed N         integer  [0]  0..2^64-1, of random beginnings\n"
	    "      --size N         pixels   [%d]  %d..%d\n"
	    "      --title TEXT     text     [none]\n"
	    "  -t, --threads N      integer  [0]  0..%d, 0: the CPUs this process may use\n",
	    SIDE, SIDE_MIN, SIDE_MAX, TOOL_THREADS_MAX);
	tool_print_common(f);
}

static void
take_options(int argc, char **argv)
{
	enum {
		OPT_TSV = TOOL_OPT_OWN, OPT_METHOD, OPT_TENSOR, OPT_UNIT, OPT_PERPLEXITY, OPT_ITERATIONS,
		OPT_RATE, OPT_ANGLE, OPT_INIT, OPT_SEED, OPT_SIZE, OPT_TITLE
	};
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "tsv", required_argument, NULL, OPT_TSV },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "unit", no_argument, NULL, OPT_UNIT },
		{ "perplexity", required_argument, NULL, OPT_PERPLEXITY },
		{ "iterations", required_argument, NULL, OPT_ITERATIONS },
		{ "rate", required_argument, NULL, OPT_RATE },
		{ "angle", required_argument, NULL, OPT_ANGLE },
		{ "init", required_argument, NULL, OPT_INIT },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "size", required_argument, NULL, OPT_SIZE },
		{ "title", required_argument, NULL, OPT_TITLE },
		{ "threads", required_argument, NULL, 't' },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	const char *tsne = NULL;		/* an option that is t-SNE's alone */
	int c, at = 0;

	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:t:", options, &at)) != -1) {
		if (c == OPT_PERPLEXITY || c == OPT_ITERATIONS || c == OPT_RATE || c == OPT_ANGLE || c == OPT_INIT)
			tsne = options[at].name;
		switch (c) {
		case 'o':		given.output = optarg; break;
		case OPT_TSV:		given.tsv = optarg; break;
		case OPT_METHOD:	given.method = tool_name("--method", optarg, methods); break;
		case OPT_TENSOR:	given.tensor = optarg; break;
		case OPT_UNIT:		given.unit = true; break;
		case OPT_PERPLEXITY:
			given.perplexity = tool_double("--perplexity", optarg, PERPLEXITY_MIN, PERPLEXITY_MAX);
			break;
		case OPT_ITERATIONS:
			given.iterations = (int)tool_int("--iterations", optarg, 1, ITERATIONS_MAX);
			break;
		case OPT_RATE:		given.rate = tool_double("--rate", optarg, RATE_MIN, RATE_MAX); break;
		case OPT_ANGLE:		given.angle = tool_double("--angle", optarg, 0, ANGLE_MAX); break;
		case OPT_INIT:		given.init = tool_name("--init", optarg, inits); break;
		case OPT_SEED:		given.seed = tool_u64("--seed", optarg); break;
		case OPT_SIZE:		given.size = (int)tool_int("--size", optarg, SIDE_MIN, SIDE_MAX); break;
		case OPT_TITLE:		given.title = optarg; break;
		case 't':
			given.threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX);
			break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time: '%s' is too much", argv[optind + 1]);
	if (given.tsv != NULL && given.output != NULL && strcmp(given.tsv, given.output) == 0)
		tool_die(TOOL_MISUSE, "--tsv and -o name the same file");
	if (tsne != NULL && given.method != TSNE)
		tool_die(TOOL_MISUSE, "--%s does not fit --method %s", tsne, methods[given.method]);
}

static bool
wants_picture(void)
{
	return given.output != NULL || given.tsv == NULL;
}

static void
show_iteration(void *arg, int iteration)
{
	const struct ss_tsne *o = arg;

	tool_progress("iteration %d of %d", iteration, o->iterations);
}

/* Fills m->at. */
static void
make_map(struct map *m, struct ss_pool *pool)
{
	struct labelled *in = &m->in;
	struct ss_tsne o = ss_tsne_defaults(in->n);
	struct ss_affinity a;
	struct ss_err e = SS_ERR_INIT;
	int r = 0;

	if (given.unit && ss_unit_rows(pool, in->x, in->n, in->d) != in->n)
		tool_die(TOOL_DAMAGED, "%s: an embedding is too large", ss_reader_name(in->in));
	if (given.method == PCA || given.init == BY_PCA)
		r = ss_pca(pool, in->x, in->n, in->d, 2, m->at, m->share, &e);
	if (r < 0)
		tool_fail(r, &e);
	if (given.method == PCA)
		return;
	ss_tsne_begin(m->at, in->n, given.seed);
	r = ss_affinity_create(&a, pool, in->x, in->n, in->d, given.perplexity, &e);
	if (r < 0)
		tool_fail(r, &e);
	o.iterations = given.iterations > 0 ? given.iterations : o.iterations;
	o.rate = given.rate;
	o.angle = given.angle < 0 ? o.angle : given.angle;
	o.progress = show_iteration;
	o.arg = &o;
	r = ss_tsne_run(&o, pool, &a, m->at, &m->kl, &e);
	if (r < 0)
		tool_fail(r, &e);
	ss_affinity_free(&a);
	tool_progress_end();
}

/* What the map is of, in a line under it. */
static void
describe(const struct map *m, char *text, size_t room)
{
	const struct labelled *in = &m->in;
	char how[96] = "PCA";

	if (given.method == TSNE)
		snprintf(how, sizeof(how), "t-SNE, perplexity %g, KL %.4f", given.perplexity, m->kl);
	snprintf(text, room, "%s; %zu × %zu%s%s%s%s", how, in->n, in->d,
	    in->pixels ? ", pixels" : in->layer == NULL ? "" : ", layer ",
	    in->pixels || in->layer == NULL ? "" : in->layer,
	    in->state != NULL && strcmp(in->state, "untrained") == 0 ? ", untrained" : "",
	    given.unit ? ", of length 1" : "");
}

static void
draw(const struct map *m)
{
	char note[512], axis[2][32];
	struct ss_scatter s = { .n = m->in.n, .at = m->at, .label = m->in.y, .classes = m->classes,
	    .name = m->names, .title = given.title, .note = note, .size = given.size };
	struct ss_canvas canvas;
	struct ss_err e = SS_ERR_INIT;
	int r;

	describe(m, note, sizeof(note));
	if (given.method == PCA) {
		for (int i = 0; i < 2; i++)
			snprintf(axis[i], sizeof(axis[i]), "component %d: %.1f %%", i + 1, 100 * m->share[i]);
		s.across = axis[0];
		s.up = axis[1];
	}
	r = ss_scatter_draw(&s, &canvas, &e);
	if (r == 0)
		r = ss_png_write(given.output, canvas.rgb, (uint32_t)canvas.width, (uint32_t)canvas.height, 3, &e);
	if (r < 0)
		tool_fail(r, &e);
	ss_canvas_free(&canvas);
}

static void
print_table(const struct map *m, FILE *f)
{
	fprintf(f, "x\ty\tlabel\tclass\tindex\n");
	for (size_t i = 0; i < m->in.n; i++) {
		const int y = m->in.y[i];

		fprintf(f, "%.9g\t%.9g\t", m->at[2 * i], m->at[2 * i + 1]);
		if (y >= 0)
			fprintf(f, "%d", y);
		fprintf(f, "\t%s\t", y >= 0 && m->names[y] != NULL ? m->names[y] : "");
		if (m->in.index >= 0)
			fprintf(f, "%llu", (unsigned long long)m->in.number[i]);
		putc('\n', f);
	}
}

int
main(int argc, char **argv)
{
	struct map m = { 0 };
	struct ss_pool *pool;
	FILE *table = stdout;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	given.perplexity = PERPLEXITY;
	take_options(argc, argv);
	pool = tool_pool(given.threads);
	labelled_read_features(&m.in, argv[optind], given.tensor);
	if (wants_picture())
		tool_check_output(given.output, "a picture");
	if (given.tsv != NULL && strcmp(given.tsv, "-") != 0)
		table = outputs_stream(NULL, given.tsv, "a table");
	for (size_t i = 0; i < m.in.n; i++)
		m.classes = m.in.y[i] >= m.classes ? m.in.y[i] + 1 : m.classes;
	m.names = labelled_names(&m.in, m.classes);
	m.at = calloc(m.in.n + 1, 2 * sizeof(*m.at));
	if (m.at == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	make_map(&m, pool);
	if (given.tsv != NULL)
		print_table(&m, table);
	if (wants_picture())
		draw(&m);
	outputs_commit();
	if (tool.verbose && given.method == TSNE)
		fprintf(stderr, "%s: Kullback-Leibler divergence %.6f\n", tool.name, m.kl);
	free(m.at);
	labelled_free_names(m.names, m.classes);
	labelled_close(&m.in);
	ss_pool_free(pool);
	return tool_finish(NULL, NULL);
}
