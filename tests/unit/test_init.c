/*
 * test_init - what a network begins with: distributions, biases, norms, for each of the rules
 *
 * Bounds are exact; mean, variance and fourth moment are held to what so many independent numbers allow, at five
 * standard errors, so that a right rule fails once in a million tensors and seeds are fixed anyway.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "nn/head.h"
#include "nn/net.h"

struct start {
	struct ss_net *net;
	float *params, *buffers;
};

static struct start
start(const char *arch, enum ss_init init, bool zero_gamma, uint64_t seed)
{
	static const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	struct ss_head projector, predictor;
	struct ss_err e = SS_ERR_INIT;
	struct start s;

	if (ss_head_parse(&projector, "96bnr,32b", &e) < 0 || ss_head_parse(&predictor, "none", &e) < 0 ||
	    ss_net_create(&s.net, ss_arch_find(arch), 3, 32, 32, mean, std, &projector, &predictor, &e) < 0 ||
	    ss_net_add_prototypes(s.net, 50, &e) < 0)
		fail_msg("%s", e.text);
	s.net->init = init;
	s.net->zero_gamma = zero_gamma;
	s.params = ss_alloc(s.net->params.floats, sizeof(float));
	s.buffers = ss_alloc(s.net->buffers.floats, sizeof(float));
	assert_true(s.params != NULL && s.buffers != NULL);
	ss_net_init(s.net, seed, s.params, s.buffers);
	return s;
}

static void
drop(struct start *s)
{
	free(s->params);
	free(s->buffers);
	ss_net_free(s->net);
}

/* Numbers of a uniform distribution with that bound, or, if normal, of one with that standard deviation. */
static void
distributed(const struct ss_param *p, const float *v, double scale, bool normal)
{
	const double n = (double)p->count, variance = normal ? scale * scale : scale * scale / 3;
	const double fourth = normal ? 3 * variance * variance : pow(scale, 4) / 5;
	double sum = 0, squares = 0, largest = 0;

	for (size_t i = 0; i < p->count; i++) {
		sum += v[i];
		squares += (double)v[i] * v[i];
		largest = fabs((double)v[i]) > largest ? fabs((double)v[i]) : largest;
	}
	if (!normal && largest > (double)(float)scale)
		fail_msg("%s: %g is above %g", p->name, largest, scale);
	if (p->count > 100 && largest < scale * 0.9)
		fail_msg("%s: nothing comes near %g", p->name, scale);
	if (fabs(sum / n) > 5 * sqrt(variance / n))
		fail_msg("%s: mean %g", p->name, sum / n);
	if (fabs(squares / n - variance) > 5 * sqrt((fourth - variance * variance) / n))
		fail_msg("%s: variance %g, not %g", p->name, squares / n, variance);
	if (normal && p->count > 2000 && largest < 3 * scale)		/* chance of that: e^-5 and less; none in a uniform one */
		fail_msg("%s: not normal, nothing is beyond %g", p->name, 3 * scale);
}

static void
constant(const struct ss_param *p, const float *v, float value)
{
	for (size_t i = 0; i < p->count; i++)
		if (v[i] != value)
			fail_msg("%s: %g, not %g", p->name, (double)v[i], (double)value);
}

/* Inputs of an output and outputs of an input, from the shape alone: O,I,H,W or O,I; of a bias, those of its weight. */
static void
fans(const struct ss_list *list, int i, double *in, double *out)
{
	const struct ss_param *p = list->p[i].rank == 1 ? &list->p[i - 1] : &list->p[i];
	const double area = p->rank == 4 ? (double)p->shape[2] * p->shape[3] : 1;

	*in = p->shape[1] * area;
	*out = p->shape[0] * area;
}

static bool
is_norm(const char *name)
{
	return strstr(name, "bn") != NULL || strstr(name, "downsample.1.") != NULL ||
	    strncmp(name, "projector.1.", 12) == 0;
}

static void
rule(const char *arch, enum ss_init init)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct start s = start(arch, init, false, seed);

		for (int i = 0; i < s.net->params.n; i++) {
			const struct ss_param *p = &s.net->params.p[i];
			const float *v = s.params + p->offset;
			const bool gamma = is_norm(p->name) && strstr(p->name, ".weight") != NULL;
			double in, out;

			if (is_norm(p->name)) {
				constant(p, v, gamma);
				continue;
			}
			fans(&s.net->params, i, &in, &out);
			if (init == SS_INIT_TORCHVISION && p->rank == 4)
				distributed(p, v, sqrt(2 / out), true);
			else if (init == SS_INIT_KERAS && p->rank == 1)
				constant(p, v, 0);
			else
				distributed(p, v, init == SS_INIT_KERAS ? sqrt(6 / (in + out)) : sqrt(1 / in), false);
		}
		for (int i = 0; i < s.net->buffers.n; i++)
			constant(&s.net->buffers.p[i], s.buffers + s.net->buffers.p[i].offset,
			    strstr(s.net->buffers.p[i].name, "running_var") != NULL);
		drop(&s);
	}
}

static void
rules(void **state)
{
	static const char *const archs[] = { "resnet20", "resnet18", "resnet50", "resnet29v2" };

	(void)state;
	for (int a = 0; a < 4; a++)
		for (int init = 0; ss_init_names[init] != NULL; init++)
			rule(archs[a], (enum ss_init)init);
}

/* Begins with gamma 0, of all norms of residual blocks, those whose name ends as said; "" none. */
static void
silent(const char *arch, enum ss_init init, bool zero_gamma, const char *end, int number)
{
	struct start s = start(arch, init, zero_gamma, 1);
	int zeros = 0;

	for (int i = 0; i < s.net->params.n; i++) {
		const struct ss_param *p = &s.net->params.p[i];
		const size_t n = strlen(p->name), m = strlen(end);

		if (!is_norm(p->name) || strstr(p->name, ".weight") == NULL)
			continue;
		if (s.params[p->offset] == 0) {
			constant(p, s.params + p->offset, 0);
			assert_true(m > 0 && n > m && strcmp(p->name + n - m, end) == 0 && p->name[0] == 'l');
			zeros++;
		} else {
			constant(p, s.params + p->offset, 1);
		}
	}
	assert_int_equal(zeros, number);
	drop(&s);
}

static void
gammas(void **state)
{
	(void)state;
	silent("resnet20", SS_INIT_PYTORCH, true, "bn2.weight", 9);
	silent("resnet18", SS_INIT_TORCHVISION, true, "bn2.weight", 8);
	silent("resnet50", SS_INIT_TORCHVISION, true, "bn3.weight", 16);
	silent("resnet18", SS_INIT_KERAS, false, "", 0);
	silent("resnet20v2", SS_INIT_KERAS, false, "", 0);
	silent("resnet20v2", SS_INIT_KERAS, true, "1.bn3.weight", 3);	/* one block in each stage keeps its shape */
	silent("resnet38v2", SS_INIT_PYTORCH, true, "bn3.weight", 9);
}

/* A function of seed and name: another network's tensors of the same name and shape are the same. */
static void
named(void **state)
{
	struct start a = start("resnet20", SS_INIT_KERAS, false, 7), b = start("resnet32", SS_INIT_KERAS, false, 7);
	struct start c = start("resnet20", SS_INIT_KERAS, false, 8);

	(void)state;
	assert_string_equal(a.net->params.p[0].name, "conv1.weight");
	assert_memory_equal(a.params, b.params, a.net->params.p[0].count * sizeof(float));
	assert_memory_not_equal(a.params, c.params, a.net->params.p[0].count * sizeof(float));
	drop(&a);
	drop(&b);
	drop(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(gammas),
		cmocka_unit_test(named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
