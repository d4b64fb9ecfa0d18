/*
 * bench_step.c - images per second of whole training steps
 *
 * usage: bench_step ARCH METHOD BATCH THREADS STEPS
 *
 * Prints the median rate of STEPS steps, after one that warms up. The images are
 * noise: the arithmetic does not care.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/philox.h"
#include "base/size.h"
#include "ssl/trainer.h"

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	const struct ss_arch *arch = argc == 6 ? ss_arch_find(argv[1]) : NULL;
	const struct ss_method *method = argc == 6 ? ss_method_find(argv[2]) : NULL;
	int batch, threads, steps;
	struct ss_hyper hyper = { 0.01, 0.9, 5e-4, 0.5 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_head projector, predictor;
	struct ss_net *net;
	struct ss_trainer *t;
	struct ss_step s;
	struct ss_rng rng;
	uint8_t *view[2];
	double *rate;

	if (arch == NULL || method == NULL) {
		fprintf(stderr, "usage: bench_step ARCH METHOD BATCH THREADS STEPS\n");
		return 2;
	}
	batch = atoi(argv[3]), threads = atoi(argv[4]), steps = atoi(argv[5]);
	method->heads(arch->width[arch->stages - 1], &projector, &predictor);
	if (ss_net_create(&net, arch, 3, 32, 32, mean, std, &projector, &predictor, &e) < 0 ||
	    ss_trainer_create(&t, net, method, ss_kernels_find(NULL), 2, batch, threads, &e) < 0) {
		fprintf(stderr, "bench_step: %s\n", e.text);
		return 1;
	}
	ss_net_init(net, 1, t->weights.params, t->weights.buffers);
	ss_rng_init(&rng, 1, SS_RNG_SHAPES, 0, 0, 0);
	for (int v = 0; v < 2; v++) {
		view[v] = ss_alloc((size_t)batch, 3072);
		if (view[v] == NULL)
			return 1;
		for (size_t i = 0; i < (size_t)batch * 3072; i++)
			view[v][i] = (uint8_t)ss_rng_u32(&rng);
	}
	rate = ss_alloc((size_t)steps, sizeof(*rate));
	if (rate == NULL)
		return 1;

	struct ss_pool *pool = ss_pool_create(threads);

	for (int i = -1; i < steps; i++) {
		double begin = seconds();

		if (ss_trainer_step(t, (const uint8_t *const *)view, &hyper, &s, pool, &e) < 0) {
			fprintf(stderr, "bench_step: %s\n", e.text);
			return 1;
		}
		if (i >= 0)
			rate[i] = batch / (seconds() - begin);
	}
	qsort(rate, (size_t)steps, sizeof(*rate), by_value);
	printf("%.2f\n", rate[steps / 2]);
	ss_pool_free(pool);
	ss_trainer_free(t);
	ss_net_free(net);
	free(rate), free(view[0]), free(view[1]);
	return 0;
}
