/*
 * bench_kern - the kernels as fractions of what the core can do
 *
 * usage: bench_kern [conv] [norm] [VARIANT ...]
 *
 * Default: both kinds of kernels, and all variants that this CPU has but ref. One thread.
 * Convolutions are printed in GFLOP/s and as a fraction of the peak of
 * fused multiply-adds in registers of the same width (for portable: multiplications and
 * additions), normalisation in GB/s and as a fraction of a plain loop that reads, or reads and
 * writes, as many bytes (the border's included) in the same cache. Both ceilings are measured beside
 * each figure, since other processes and the clock change them from second to second;
 * each is the best of many short runs. Images: as many as lib/nn gives to a thread
 * at once, at most 8 and about 512 kB per tensor.
 */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/philox.h"
#include "base/size.h"
#include "kern/kern.h"

enum { RUNS = 40, TENSOR = 512 * 1024 / sizeof(float), IMAGES = 8 };
static const double RUN_SECONDS = 1e-3;

static volatile float sink;

/*
 * The ceilings of memory. GCC's and Clang's vector extensions, compiled for each instruction set by an
 * attribute, so that this program runs on any CPU.
 */
#define CEILINGS(NAME, TARGET, WIDTH)							\
typedef float NAME##_vec __attribute__((vector_size(4 * WIDTH), aligned(4), may_alias));	\
											\
TARGET static void									\
NAME##_read(const float *p, size_t n)							\
{											\
	NAME##_vec acc[8] = { { 0 } };							\
											\
	for (size_t i = 0; i + 8 * WIDTH <= n; i += 8 * WIDTH)				\
		_Pragma("GCC unroll 8") for (int k = 0; k < 8; k++)			\
			acc[k] += *(const NAME##_vec *)(p + i + k * WIDTH);		\
	for (int i = 1; i < 8; i++)							\
		acc[0] += acc[i];							\
	sink = acc[0][0] * 0;								\
}											\
											\
/* Reads n floats and writes m, which are the last that it read. */			\
TARGET static void									\
NAME##_copy(const float *p, size_t n, float *to, size_t m)				\
{											\
	if (n > m) {									\
		NAME##_read(p, n - m);							\
		p += n - m;								\
	}										\
	for (size_t i = 0; i + 4 * WIDTH <= m; i += 4 * WIDTH)				\
		_Pragma("GCC unroll 4") for (int k = 0; k < 4; k++)			\
			*(NAME##_vec *)(to + i + k * WIDTH) =				\
			    *(const NAME##_vec *)(p + i + k * WIDTH);			\
}

#if defined(__x86_64__)
CEILINGS(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), 16)
CEILINGS(avx2, __attribute__((target("avx2,fma"))), 8)
#elif defined(__aarch64__)
CEILINGS(neon, , 4)
#endif
CEILINGS(portable, , 4)

struct ceilings {
	const char *name;
	void (*read)(const float *p, size_t n);
	void (*copy)(const float *p, size_t n, float *to, size_t m);
};

static const struct ceilings ceilings[] = {
#if defined(__x86_64__)
	{ "avx512", avx512_read, avx512_copy },
	{ "avx2", avx2_read, avx2_copy },
#elif defined(__aarch64__)
	{ "neon", neon_read, neon_copy },
#endif
	{ "portable", portable_read, portable_copy },
};

/* A piece of work that can be timed. */
typedef void work_fn(void *arg);

/* Seconds of one call: the best of RUNS runs, each of enough calls to be timed. */
struct timing {
	work_fn *fn;
	void *arg;
	int calls;
	double best;
};

static void
time_run(struct timing *t)
{
	double begin = ss_seconds(), s;

	for (int i = 0; i < t->calls; i++)
		t->fn(t->arg);
	s = (ss_seconds() - begin) / t->calls;
	if (s < t->best)
		t->best = s;
}

/* Several pieces of work in turn, so that a disturbance meets all of them. */
static void
time_all(struct timing *t, int n)
{
	for (int k = 0; k < n; k++) {
		t[k].calls = 1;
		t[k].best = INFINITY;
		time_run(&t[k]);
		time_run(&t[k]);
		t[k].calls = 1 + (int)(RUN_SECONDS / t[k].best);
	}
	for (int r = 0; r < RUNS; r++)
		for (int k = 0; k < n; k++)
			time_run(&t[k]);
}

struct peak_work {
	const struct ss_kernels *k;
	double flop;
};

static void
run_peak(void *arg)
{
	struct peak_work *p = arg;

	p->flop = p->k->peak(20000);
}

/* Memory, taken anew for every layer. */
static float *memory;
static size_t memory_floats, memory_used;
static struct ss_rng rng;

static float *
take(size_t n)
{
	float *p = memory + memory_used;

	memory_used += ss_round64(n);
	if (memory_used > memory_floats) {
		fprintf(stderr, "bench_kern: layer too large\n");
		exit(1);
	}
	return p;
}

static float *
take_random(size_t n)
{
	float *p = take(n);

	for (size_t i = 0; i < n; i++)
		p[i] = (float)(ss_rng_u32(&rng) >> 8) * 0x1p-23f - 1;
	return p;
}

static struct ss_plane
take_plane(int n, int h, int w, int c, int border)
{
	struct ss_plane p = { NULL, (size_t)(w + 2 * border) * (size_t)c, 0 };

	p.image = (size_t)(h + 2 * border) * p.row;
	p.p = take_random((size_t)n * p.image) + (border ? p.row + (size_t)c : 0);
	return p;
}

static int
images(int h, int w, int c)
{
	int n = TENSOR / (h * w * c);

	return n < 1 ? 1 : n > IMAGES ? IMAGES : n;
}

/*
 * Convolutions
 */

struct layer {
	int times;			/* in the network */
	int k, stride, ci, co, h;	/* square */
};

static const struct layer resnet20[] = {
	{ 1, 3, 1, 3, 16, 32 }, { 6, 3, 1, 16, 16, 32 }, { 1, 3, 2, 16, 32, 32 }, { 5, 3, 1, 32, 32, 16 },
	{ 1, 3, 2, 32, 64, 16 }, { 5, 3, 1, 64, 64, 8 }, { 0 }
};
static const struct layer resnet18[] = {
	{ 1, 3, 1, 3, 64, 32 }, { 4, 3, 1, 64, 64, 32 },
	{ 1, 3, 2, 64, 128, 32 }, { 1, 1, 2, 64, 128, 32 }, { 3, 3, 1, 128, 128, 16 },
	{ 1, 3, 2, 128, 256, 16 }, { 1, 1, 2, 128, 256, 16 }, { 3, 3, 1, 256, 256, 8 },
	{ 1, 3, 2, 256, 512, 8 }, { 1, 1, 2, 256, 512, 8 }, { 3, 3, 1, 512, 512, 4 }, { 0 }
};
static const struct layer resnet50[] = {
	{ 1, 7, 2, 3, 64, 224 }, { 1, 1, 1, 64, 64, 56 }, { 3, 3, 1, 64, 64, 56 }, { 4, 1, 1, 64, 256, 56 }, { 2, 1, 1, 256, 64, 56 },
	{ 1, 1, 1, 256, 128, 56 }, { 1, 3, 2, 128, 128, 56 }, { 1, 1, 2, 256, 512, 56 }, { 4, 1, 1, 128, 512, 28 },
	{ 3, 1, 1, 512, 128, 28 }, { 3, 3, 1, 128, 128, 28 },
	{ 1, 1, 1, 512, 256, 28 }, { 1, 3, 2, 256, 256, 28 }, { 1, 1, 2, 512, 1024, 28 }, { 6, 1, 1, 256, 1024, 14 },
	{ 5, 1, 1, 1024, 256, 14 }, { 5, 3, 1, 256, 256, 14 },
	{ 1, 1, 1, 1024, 512, 14 }, { 1, 3, 2, 512, 512, 14 }, { 1, 1, 2, 1024, 2048, 14 }, { 3, 1, 1, 512, 2048, 7 },
	{ 2, 1, 1, 2048, 512, 7 }, { 2, 3, 1, 512, 512, 7 }, { 0 }
};

struct conv_work {
	const struct ss_kernels *k;
	struct ss_conv c;
	int n;
	struct ss_plane x, y, dy, dx;
	float *packed, *packed_t, *dw, *scratch;
	bool wino;
};

static void
run_conv(void *arg)
{
	struct conv_work *w = arg;

	if (w->wino)
		w->k->wino_conv(&w->c, w->n, w->x, w->packed, w->y, NULL, w->scratch);
	else
		w->k->conv(&w->c, w->n, w->x, w->packed, w->y, NULL);
}

static void
run_dgrad(void *arg)
{
	struct conv_work *w = arg;

	if (w->wino)
		w->k->wino_dgrad(&w->c, w->n, w->dy, w->packed_t, w->dx, false, w->scratch);
	else
		w->k->conv_dgrad(&w->c, w->n, w->dy, w->packed_t, w->dx, false);
}

static void
run_wgrad(void *arg)
{
	struct conv_work *w = arg;

	if (w->wino)
		w->k->wino_wgrad(&w->c, w->n, w->x, w->dy, 0, w->c.ci, w->dw, w->scratch);
	else
		w->k->conv_wgrad(&w->c, w->n, w->x, w->dy, 0, w->c.ci, w->dw);
}

/*
 * One line of the table, and each pass as a fraction of the peak, or 0. Operations are counted as
 * the direct convolution has them.
 */
static void
bench_conv(const struct ss_kernels *k, const struct layer *l, bool wino, double share[3])
{
	const int oh = (l->h + l->stride - 1) / l->stride;
	struct peak_work peak = { k, 0 };
	struct conv_work w = { .k = k, .c = { l->k, l->stride, l->ci, l->co, l->h, l->h, oh, oh },
		.n = images(l->h, l->h, l->ci > l->co ? l->ci : l->co), .wino = wino };
	const size_t weights = (size_t)l->k * l->k * l->ci * l->co;
	const double flop = 2.0 * (double)weights * oh * oh * w.n;
	struct timing t[] = { { run_conv, &w, 0, 0 }, { run_dgrad, &w, 0, 0 },
		{ run_wgrad, &w, 0, 0 }, { run_peak, &peak, 0, 0 } };
	float *plain;
	char what[64];

	memory_used = 0;
	w.x = take_plane(w.n, l->h, l->h, l->ci, l->k / 2);
	w.y = take_plane(w.n, oh, oh, l->co, 0);
	w.dy = take_plane(w.n, oh, oh, l->co, l->k / 2);
	w.dx = take_plane(w.n, l->h, l->h, l->ci, 0);
	plain = take_random(weights);
	w.packed = take(4 * weights);
	w.packed_t = take(4 * weights);
	w.dw = take(weights);
	w.scratch = take(ss_winograd_scratch(&w.c));
	(wino ? k->wino_pack : k->conv_pack)(&w.c, plain, w.packed);
	(wino ? k->wino_pack_t : k->conv_pack_t)(&w.c, plain, w.packed_t);
	time_all(t, 4);
	snprintf(what, sizeof(what), "%d x %dx%dx%d -> %d, %dx%d%s%s", w.n, l->h, l->h, l->ci, l->co,
	    l->k, l->k, l->stride == 2 ? " /2" : "", wino ? " Winograd" : "");
	printf("  %-34s", what);
	for (int i = 0; i < 3; i++) {
		share[i] = flop / t[i].best * t[3].best / peak.flop;
		if (i == 1 && l->ci == 3) {	/* nobody asks for the gradient of the images */
			printf("  %7s %8s", "-", "");
			share[i] = 0;
			continue;
		}
		printf("  %6.1f (%5.1f %%)", flop / t[i].best * 1e-9, 100 * share[i]);
	}
	printf("   peak %.1f\n", peak.flop / t[3].best * 1e-9);
}

/* What the layers take at the peak, and in truth, for each pass; in operations at the peak. */
struct whole {
	double ideal[3], spent[3];
};

static void
add_layer(struct whole *all, const struct layer *l, const double share[3])
{
	const int oh = (l->h + l->stride - 1) / l->stride;
	const double flop = 2.0 * l->times * l->k * l->k * l->ci * l->co * oh * oh;

	for (int i = 0; i < 3; i++)
		if (share[i] > 0) {
			all->ideal[i] += flop;
			all->spent[i] += flop / share[i];
		}
}

static void
bench_convs(const struct ss_kernels *k, const char *name, const struct layer *layers)
{
	struct whole direct = { { 0 }, { 0 } }, wino = { { 0 }, { 0 } };

	printf("%-9s %-26s %17s %17s %17s\n", k->name, name, "forward", "data gradient",
	    "weight gradient");
	for (const struct layer *l = layers; l->times > 0; l++) {
		const struct ss_conv shape = { .k = l->k, .stride = l->stride, .ci = l->ci, .co = l->co };

		double share[3];

		bench_conv(k, l, false, share);
		add_layer(&direct, l, share);
		if (ss_winograd_fits(k, &shape))
			bench_conv(k, l, true, share);
		add_layer(&wino, l, share);
	}
	for (int m = 0; m < 2; m++) {
		const struct whole *all = m == 0 ? &direct : &wino;

		printf("  %-34s", m == 0 ? "whole network, direct" : "with Winograd where it fits");
		for (int i = 0; i < 3; i++)
			printf("  %6s (%5.1f %%)", "", 100 * all->ideal[i] / all->spent[i]);
		printf("\n");
	}
}

/*
 * Normalisation
 */

struct norm_work {
	const struct ss_kernels *k;
	const struct ceilings *c;
	int n, h, w, ch;
	struct ss_plane y, x, dz, r, dy, none;
	float *par[4];			/* mean or scale, a, b, d or shift */
	double *sums;
	bool border;
	float *from, *to;		/* for the ceilings */
	size_t reads, writes;		/* floats of the kernel beside which one is measured */
};

static void
run_stats(void *arg)
{
	struct norm_work *w = arg;

	w->k->norm_stats(w->n, w->h, w->w, w->ch, w->y, w->sums);
}

static void
run_apply(void *arg)
{
	struct norm_work *w = arg;

	w->k->norm_apply(w->n, w->h, w->w, w->ch, w->y, w->par[0], w->par[3], w->none, true,
	    w->border, w->x);
}

static void
run_apply_residual(void *arg)
{
	struct norm_work *w = arg;

	w->k->norm_apply(w->n, w->h, w->w, w->ch, w->y, w->par[0], w->par[3], w->r, true,
	    w->border, w->x);
}

static void
run_reduce(void *arg)
{
	struct norm_work *w = arg;

	w->k->norm_reduce(w->n, w->h, w->w, w->ch, w->dz, w->x, w->y, NULL, NULL, w->par[0], w->sums);
}

static void
run_norm_dgrad(void *arg)
{
	struct norm_work *w = arg;

	w->k->norm_dgrad(w->n, w->h, w->w, w->ch, w->dz, w->x, w->y, NULL, NULL, w->par[0], w->par[1], w->par[2],
	    w->par[3], w->border, w->dy, false, w->none, false);
}

static void
run_ceiling(void *arg)
{
	struct norm_work *w = arg;

	if (w->writes > 0)
		w->c->copy(w->from, w->reads, w->to, w->writes);
	else
		w->c->read(w->from, w->reads);
}

static void
bench_norms(const struct ss_kernels *k, const struct ceilings *c)
{
	static const struct { int h, ch; } shapes[] = { { 32, 16 }, { 16, 32 }, { 8, 64 }, { 32, 64 },
		{ 16, 128 }, { 8, 256 }, { 4, 512 }, { 1, 2048 } };
	static const struct { const char *name; work_fn *fn; int reads; bool writes; } kernels[] = {
		{ "statistics", run_stats, 1, false },
		{ "apply", run_apply, 1, true },
		{ "apply+residual", run_apply_residual, 2, true },
		{ "reduce", run_reduce, 3, false },
		{ "gradient", run_norm_dgrad, 3, true },
	};
	enum { KERNELS = sizeof(kernels) / sizeof(kernels[0]) };

	printf("%-9s %-18s", k->name, "normalisation");
	for (int i = 0; i < KERNELS; i++)
		printf(" %17s", kernels[i].name);
	printf("\n");
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		const int h = shapes[s].h, ch = shapes[s].ch, n = images(h, h, ch);
		const size_t floats = (size_t)n * h * h * ch, border = h > 1 ? 1 : 0;
		const size_t written = (size_t)n * (h + 2 * border) * (h + 2 * border) * ch;
		struct norm_work w = { .k = k, .c = c, .n = n, .h = h, .w = h, .ch = ch, .border = border };
		char what[64];

		memory_used = 0;
		w.y = take_plane(n, h, h, ch, 0);
		w.dz = take_plane(n, h, h, ch, 0);
		w.x = take_plane(n, h, h, ch, border);
		w.dy = take_plane(n, h, h, ch, border);
		w.r = take_plane(n, h, h, ch, 0);
		for (int i = 0; i < 4; i++)
			w.par[i] = take_random((size_t)ch);
		w.sums = memset(take(4 * (size_t)ch), 0, 2 * (size_t)ch * sizeof(double));
		w.from = take_random(3 * floats + written);
		w.to = take_random(written);
		snprintf(what, sizeof(what), "%d x %dx%dx%d", n, h, h, ch);
		printf("  %-26s", what);
		for (int i = 0; i < KERNELS; i++) {
			struct timing t[] = { { kernels[i].fn, &w, 0, 0 }, { run_ceiling, &w, 0, 0 } };

			w.reads = (size_t)kernels[i].reads * floats;
			w.writes = kernels[i].writes ? written : 0;
			time_all(t, 2);
			printf("  %6.1f (%5.1f %%)", 4e-9 * (double)(w.reads + w.writes) / t[0].best,
			    100 * t[1].best / t[0].best);
		}
		printf("\n");
	}
}

int
main(int argc, char **argv)
{
	bool conv = false, norm = false, some = false;

	memory_floats = (size_t)64 << 20;
	memory = ss_alloc(memory_floats, sizeof(*memory));
	if (memory == NULL) {
		fprintf(stderr, "bench_kern: out of memory\n");
		return 1;
	}
	ss_rng_init(&rng, 1, SS_RNG_SAMPLE, 0, 0, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "conv") == 0)
			conv = true;
		else if (strcmp(argv[i], "norm") == 0)
			norm = true;
		else if (ss_kernels_find(argv[i]) != NULL)
			some = true;
		else {
			fprintf(stderr, "bench_kern: this CPU has no kernels '%s'\n", argv[i]);
			return 2;
		}
	}
	if (!conv && !norm)
		conv = norm = true;
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		for (size_t c = 0; c < sizeof(ceilings) / sizeof(ceilings[0]); c++) {
			bool wanted = !some;

			for (int i = 1; i < argc; i++)
				wanted |= strcmp(argv[i], (*k)->name) == 0;
			if (!wanted || strcmp(ceilings[c].name, (*k)->name) != 0)
				continue;
			if (conv) {
				bench_convs(*k, "ResNet-20", resnet20);
				bench_convs(*k, "ResNet-18, CIFAR stem", resnet18);
				bench_convs(*k, "ResNet-50 at 224", resnet50);
			}
			if (norm)
				bench_norms(*k, &ceilings[c]);
		}
	free(memory);
	return 0;
}
