/*
 * test_starved_net - each request for memory fails, of networks that learn: told, and nothing is kept
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nn/embed.h"
#include "nn/head.h"
#include "ssl/trainer.h"
#include "tests/unit/starve_case.h"

enum { SIDE = 8, BATCH = 4 };
static const struct ss_arch SMALL = { "small", SS_BASIC_PROJECTION, 8, 2, { 1, 1, 0, 0 }, { 8, 16, 0, 0 }, { 0 }, false };

/* A network, a step, and an embedding. */
static int
training(const struct ss_method *method, struct ss_err *e)
{
	const struct ss_hyper h = { .update = { .rate = { 0.1, 0.1, 0.1, 0.1 }, .momentum = 0.9 }, .health = true };
	const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	uint8_t pixels[BATCH * 3 * SIDE * SIDE];
	const uint8_t *images[2] = { pixels, pixels };
	struct ss_knobs knobs = method->knobs;
	struct ss_trainer *t = NULL;
	struct ss_embedder m;
	struct ss_net *net = NULL;
	struct ss_head projector, predictor;
	struct ss_step step;
	float out[16];
	int r;

	for (size_t i = 0; i < sizeof(pixels); i++)
		pixels[i] = (uint8_t)(i * 37);
	if (knobs.queue > 0)
		knobs.queue = 8;
	if ((r = ss_head_parse(&projector, "24bnr,12b", e)) < 0 ||
	    (r = ss_head_parse(&predictor, method->p_grad ? "24bnr,12b" : "none", e)) < 0 ||
	    (r = ss_net_create(&net, &SMALL, 3, SIDE, SIDE, mean, std, &projector, &predictor, e)) < 0)
		return r;
	if ((r = ss_trainer_create(&t, net, method, &knobs, ss_kernels_find(NULL), &(struct ss_crops){ .globals = 2 }, BATCH, 1, 1, true,
	    1, e)) == 0) {
		ss_trainer_begin(t, 5);
		r = ss_trainer_step(t, images, NULL, &h, &step, NULL, e);
	}
	if (r == 0 && (r = ss_embedder_create(&m, net, ss_kernels_find(NULL), net->backbone, 1, e)) == 0) {
		ss_embedder_take(&m, &t->weights, NULL);
		ss_embed(&m, pixels, 1, out, NULL);
		ss_embedder_free(&m);
	}
	ss_trainer_free(t);
	ss_net_free(net);
	return r;
}

static int
simsiam(struct ss_err *e)
{
	return training(&ss_simsiam, e);
}

static int
moco(struct ss_err *e)
{
	return training(&ss_moco, e);
}

static const struct starve_case cases[] = { { "simsiam", simsiam }, { "moco", moco } };

static void
starved(void **state)
{
	(void)state;
	starve_cases(cases, sizeof(cases) / sizeof(*cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
