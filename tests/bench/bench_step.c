/*
 * bench_step.c - images per second of whole training steps
 *
 * usage: bench_step ARCH METHOD BATCH THREADS STEPS rate|peak|memory
 *
 * Prints the median rate of STEPS steps, after one that warms up; or the same as percents of the
 * peak of multiply-adds, which is measured before each step, with the operations of direct
 * convolution; or the largest resident set, in MB. Images are of 32 pixels, of 224 for networks for photographs; they are noise: the arithmetic does not care.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/philox.h"
#include "base/size.h"
#include "nn/profile.h"
#include "ssl/trainer.h"

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Operations of one step, forward and backward over both views. */
static double
step_flop(const struct ss_trainer *t)
{
	struct ss_profile p;
	struct ss_profile_row *rows = calloc((size_t)t->plan->phases + SS_EXTRAS, sizeof(*rows));
	double flop = 0;
	int n;

	if (rows == NULL || ss_profile_create(&p, t->plan, 1, 2) < 0)
		exit(1);
	n = ss_profile_rows(&p, rows);
	for (int i = 0; i < n; i++)
		flop += rows[i].flop * p.views;
	ss_profile_free(&p);
	free(rows);
	return flop;
}

struct peak {
	const struct ss_kernels *kern;
	double rate[1024];
};

static void
peak_piece(void *arg, size_t piece, int worker)
{
	struct peak *p = arg;

	(void)worker;
	for (double begin = ss_seconds(), now = begin; now - begin < 0.1;) {
		const double flop = p->kern->peak(200000), end = ss_seconds();

		if (flop / (end - now) > p->rate[piece])
			p->rate[piece] = flop / (end - now);
		now = end;
	}
}

/* Operations a second of all threads together. */
static double
peak_rate(const struct ss_kernels *kern, struct ss_pool *pool, int threads)
{
	static struct peak p;
	double sum = 0;

	p = (struct peak){ .kern = kern };
	ss_pool_run(pool, (size_t)threads, peak_piece, &p);
	for (int i = 0; i < threads; i++)
		sum += p.rate[i];
	return sum;
}

int
main(int argc, char **argv)
{
	const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	const struct ss_arch *arch = argc == 7 ? ss_arch_find(argv[1]) : NULL;
	const struct ss_method *method = argc == 7 ? ss_method_find(argv[2]) : NULL;
	const int side = arch != NULL && arch->photos ? 224 : 32;
	const size_t bytes = 3 * (size_t)side * (size_t)side;
	int batch, threads, steps;
	struct ss_hyper hyper = { .target_momentum = 0.99, .update = { .rate = { 0.01, 0.01, 0.01, 0.01 },
		.momentum = 0.9, .weight_decay = 5e-4, .decay_vectors = true } };
	struct ss_err e = SS_ERR_INIT;
	struct ss_head projector, predictor;
	struct ss_net *net;
	struct ss_trainer *t;
	struct ss_step s;
	struct ss_rng rng;
	uint8_t *view[2];
	double *rate;

	if (arch == NULL || method == NULL) {
		fprintf(stderr, "usage: bench_step ARCH METHOD BATCH THREADS STEPS rate|peak|memory\n");
		return 2;
	}
	batch = atoi(argv[3]), threads = atoi(argv[4]), steps = atoi(argv[5]);
	if (ss_net_create(&net, arch, 3, side, side, mean, std, NULL, NULL, &e) < 0)	/* to learn how many features there are */
		return 1;
	method->heads(net->node[net->backbone].c, &projector, &predictor);
	ss_net_free(net);
	if (ss_net_create(&net, arch, 3, side, side, mean, std, &projector, &predictor, &e) < 0 ||
	    (method->knobs.prototypes > 0 && ss_net_add_prototypes(net, method->knobs.prototypes, &e) < 0) ||
	    ss_trainer_create(&t, net, method, &method->knobs, ss_kernels_find(NULL), &(struct ss_crops){ .globals = 2 }, batch, 1, 1, false,
	    threads, &e) < 0) {
		fprintf(stderr, "bench_step: %s\n", e.text);
		return 1;
	}
	ss_trainer_begin(t, 1);
	ss_rng_init(&rng, 1, SS_RNG_SHAPES, 0, 0, 0);
	for (int v = 0; v < 2; v++) {
		view[v] = ss_alloc((size_t)batch, bytes);
		if (view[v] == NULL)
			return 1;
		for (size_t i = 0; i < (size_t)batch * bytes; i++)
			view[v][i] = (uint8_t)ss_rng_u32(&rng);
	}
	rate = ss_alloc((size_t)steps, sizeof(*rate));
	if (rate == NULL)
		return 1;

	struct ss_pool *pool = ss_pool_create(threads);

	for (int i = -1; i < steps; i++) {
		double peak = strcmp(argv[6], "peak") == 0 ? peak_rate(ss_kernels_find(NULL), pool, threads) : 0;
		double begin = ss_seconds();

		if (ss_trainer_step(t, (const uint8_t *const *)view, NULL, &hyper, &s, pool, &e) < 0) {
			fprintf(stderr, "bench_step: %s\n", e.text);
			return 1;
		}
		if (i >= 0)
			rate[i] = peak > 0 ? 100 * step_flop(t) / (ss_seconds() - begin) / peak :
			    batch / (ss_seconds() - begin);
	}
	qsort(rate, (size_t)steps, sizeof(*rate), by_value);
	if (strcmp(argv[6], "memory") == 0) {
		struct rusage use;

		getrusage(RUSAGE_SELF, &use);
		printf("%.0f\n", (double)use.ru_maxrss / 1024);
	} else {
		printf("%.2f\n", rate[steps / 2]);
	}
	ss_pool_free(pool);
	ss_trainer_free(t);
	ss_net_free(net);
	free(rate), free(view[0]), free(view[1]);
	return 0;
}
