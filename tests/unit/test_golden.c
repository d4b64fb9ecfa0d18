/*
 * test_golden - losses, optimiser and two whole training steps against PyTorch's values
 *
 * The values are in tests/golden, whose README says how they were made. The operators
 * alone are tested in tests/kern/test_golden_ops.c.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "nn/optim.h"
#include "nn/schedule.h"
#include "ssl/trainer.h"
#include "tests/golden/golden.h"

/* Loss and gradients of one method; p1 is NULL for one without a predictor. */
static void
loss_case(const struct ss_st *s, const char *c, const struct ss_method *m, double temperature,
    const char *grad1, const char *grad2)
{
	const struct ss_st_tensor *z = get(s, c, "z1");
	int n = (int)z->shape[0], d = (int)z->shape[1];
	size_t cells = (size_t)n * (size_t)d;
	float *grad = ss_alloc(2 * cells, sizeof(float)), loss;
	const struct ss_knobs knobs = { .temperature = temperature, .symmetric = true };
	float *scratch = ss_alloc(m->scratch(&knobs, 2, n, d), sizeof(float));
	struct ss_outputs v = { .views = 2, .globals = 2, .n = n, .d = d };

	assert_non_null(grad);
	assert_non_null(scratch);
	v.z[0] = z->data;
	v.z[1] = get(s, c, "z2")->data;
	if (m->p_grad) {
		v.p[0] = get(s, c, "p1")->data;
		v.p[1] = get(s, c, "p2")->data;
	}
	for (int i = 0; i < 2; i++)
		*(m->p_grad ? &v.dp[i] : &v.dz[i]) = grad + (size_t)i * cells;
	loss = (float)m->loss(&v, &knobs, scratch, NULL).loss;
	agrees(s, c, "loss", &loss);
	agrees(s, c, grad1, grad);
	agrees(s, c, grad2, grad + cells);
	free(grad);
	free(scratch);
}

static void
simsiam_case(const struct ss_st *s, const char *c)
{
	loss_case(s, c, &ss_simsiam, 0, "grad_p1", "grad_p2");
}

static void
nt_xent_case(const struct ss_st *s, const char *c)
{
	loss_case(s, c, &ss_simclr, *(const float *)get(s, c, "param")->data, "grad_z1", "grad_z2");
}

static void
dcl_case(const struct ss_st *s, const char *c)
{
	loss_case(s, c, &ss_dcl, *(const float *)get(s, c, "param")->data, "grad_z1", "grad_z2");
}

/* Any other method, by the name of its kind. */
static void
method_case(const struct ss_st *s, const char *c)
{
	char kind[32];
	const struct ss_method *m;
	const struct ss_st_tensor *x = get(s, c, "x1");
	const float *param = get(s, c, "param")->data;
	const struct ss_knobs k = { .temperature = (double)param[0], .target_temperature = (double)param[1],
		.prototypes = (int)param[2], .queue = (int)param[3], .symmetric = param[4] > 0,
		.coefficient = { (double)param[5], (double)param[6], (double)param[7] } };
	struct ss_outputs v = { .globals = (int)param[8], .n = (int)x->shape[0], .d = (int)x->shape[1] };
	const size_t cells = (size_t)v.n * (size_t)v.d;
	float *grad, *scratch, *own, loss;

	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(c, "."), c);
	m = ss_method_find(kind);
	assert_non_null(m);
	grad = ss_alloc(SS_METHOD_VIEWS * cells, sizeof(float));
	own = ss_alloc((size_t)(k.prototypes + 1) * (size_t)v.d, sizeof(float));
	v.state = ss_alloc(m->state == NULL ? 1 : m->state(&k, v.d), sizeof(float));
	assert_true(grad != NULL && own != NULL && v.state != NULL);
	for (;; v.views++) {
		char name[80];
		const struct ss_st_tensor *t;

		snprintf(name, sizeof(name), "%s.x%d", c, v.views + 1);
		if ((t = ss_st_find(s, name)) == NULL)
			break;
		*(m->p_grad ? &v.p[v.views] : &v.z[v.views]) = t->data;
		snprintf(name, sizeof(name), "c%d", v.views + 1);
		*(m->target ? &v.t[v.views] : m->p_grad ? &v.z[v.views] : &v.t[v.views]) = get(s, c, name)->data;
		*(m->p_grad ? &v.dp[v.views] : &v.dz[v.views]) = grad + (size_t)v.views * cells;
	}
	v.label = get(s, c, "label")->data;
	if (k.prototypes > 0) {
		v.own = get(s, c, "own")->data;
		v.target_own = get(s, c, "target_own")->data;
		v.own_grad = own;
	}
	if (m->state != NULL)
		memcpy(v.state, get(s, c, "state")->data, m->state(&k, v.d) * sizeof(float));
	scratch = ss_alloc(m->scratch(&k, v.views, v.n, v.d), sizeof(float));
	assert_non_null(scratch);
	loss = (float)m->loss(&v, &k, scratch, NULL).loss;
	agrees(s, c, "loss", &loss);
	for (int i = 0; i < v.views; i++) {
		char name[24];

		snprintf(name, sizeof(name), "grad_x%d", i + 1);
		if (m == &ss_moco && !k.symmetric && i == 1)
			continue;	/* nothing, and no scale for it: test_losses has that */
		agrees(s, c, name, grad + (size_t)i * cells);
	}
	if (k.prototypes > 0)
		agrees(s, c, "grad_own", own);
	if (m->state != NULL)
		agrees(s, c, "after_state", v.state);
	free(grad);
	free(own);
	free(v.state);
	free(scratch);
}

static void
methods(void **state)
{
	static const char *const older[] = { "simsiam", "simclr", "dcl" };	/* in another file */
	struct ss_st *s = golden("methods");

	(void)state;
	for (int i = 0; ss_methods[i] != NULL; i++) {
		bool there = true;

		for (int k = 0; k < 3; k++)
			there &= strcmp(ss_methods[i]->name, older[k]) != 0;
		if (there)
			each(s, ss_methods[i]->name, method_case);
	}
	ss_st_free(s);
}

static void
losses(void **state)
{
	struct ss_st *s = golden("losses");

	(void)state;
	each(s, "simsiam", simsiam_case);
	each(s, "nt_xent", nt_xent_case);
	each(s, "dcl", dcl_case);
	ss_st_free(s);
}

static void
sgd_case(const struct ss_st *s, const char *c)
{
	const struct ss_st_tensor *grads = get(s, c, "grads");
	size_t steps = grads->shape[0], n = grads->shape[1];
	const double *param = get(s, c, "param")->data;
	float *w = ss_alloc(n, sizeof(float)), *v = ss_alloc(n, sizeof(float));

	assert_non_null(w);
	assert_non_null(v);
	memcpy(w, get(s, c, "before")->data, n * sizeof(float));
	for (size_t k = 0; k < steps; k++) {
		const float *after = (const float *)get(s, c, "after")->data + k * n;
		const float *velocity = (const float *)get(s, c, "velocity")->data + k * n;

		struct ss_param one = { .name = "conv1.weight", .rank = 2, .count = n };
		const struct ss_list list = { &one, 1, n };
		const struct ss_update u = { .rate = { param[0] }, .momentum = param[1], .weight_decay = param[2],
			.decay_vectors = true, .step = k };

		ss_update(&u, &list, w, v, NULL, (const float *)grads->data + k * n, NULL);
		near(c, "weights", w, after, n, largest(after, n));
		near(c, "velocity", v, velocity, n, largest(velocity, n));
	}
	free(w);
	free(v);
}

static void
update_case(const struct ss_st *s, const char *c)
{
	enum { N = 16, ALL = 2 * N };		/* each tensor takes a multiple of 16 */
	const struct ss_st_tensor *matrix = get(s, c, "matrix"), *vector = get(s, c, "vector");
	const double *param = get(s, c, "param")->data, *rates = get(s, c, "rates")->data;
	struct ss_param params[2] = { { .name = "conv1.weight", .rank = 2, .count = 15 },
		{ .name = "bn1.bias", .rank = 1, .count = 4, .offset = N } };
	const struct ss_list list = { params, 2, ALL };
	struct ss_update u = { .momentum = param[0], .weight_decay = param[1], .trust = param[2], .beta2 = param[3],
		.clip = param[4] > 0 };
	float w[ALL] = { 0 }, v[ALL] = { 0 }, squares[ALL] = { 0 };
	int kind = 0;

	while (strncmp(ss_optimiser_names[kind], c, strcspn(c, ".")) != 0 ||
	    ss_optimiser_names[kind][strcspn(c, ".")] != '\0')
		assert_non_null(ss_optimiser_names[++kind]);
	u.optimiser = (enum ss_optimiser)kind;
	u.decay_vectors = ss_optimiser_decays_vectors(u.optimiser);
	memcpy(w, matrix->data, 15 * sizeof(float));
	memcpy(w + N, vector->data, 4 * sizeof(float));
	for (u.step = 0; u.step < 3; u.step++) {
		const float *given = (const float *)get(s, c, "grads")->data + u.step * 19;
		const float *after = (const float *)get(s, c, "after")->data + u.step * 19;
		float g[ALL] = { 0 };

		memcpy(g, given, 15 * sizeof(float));
		memcpy(g + N, given + 15, 4 * sizeof(float));
		for (int i = 0; i < SS_PARTS; i++)
			u.rate[i] = rates[u.step];
		ss_update(&u, &list, w, v, squares, g, NULL);
		near(c, "matrix", w, after, 15, largest(after, 15));
		near(c, "vector", w + N, after + 15, 4, largest(after + 15, 4));
		assert_true(w[15] == 0 && v[15] == 0 && w[N + 4] == 0);		/* between the tensors */
	}
}

static void
cosine_case(const struct ss_st *s, const char *c)
{
	const double *param = get(s, c, "param")->data, *lr = get(s, c, "lr")->data;

	for (size_t k = 0; k < (size_t)param[1]; k++) {
		const struct ss_schedule schedule = { .base = param[0], .steps = (uint64_t)param[1],
			.warmup = (uint64_t)param[2] };
		double have = ss_schedule_rate(&schedule, k);

		if (!(fabs(have - lr[k]) <= 1e-12 * param[0]))
			fail_msg("%s: step %zu: %.17g, expected %.17g", c, k, have, lr[k]);
	}
}

static void
optimiser(void **state)
{
	struct ss_st *s = golden("optim");

	(void)state;
	each(s, "sgd", sgd_case);
	each(s, "cosine", cosine_case);
	for (int i = 1; ss_optimiser_names[i] != NULL; i++)
		each(s, ss_optimiser_names[i], update_case);
	ss_st_free(s);
}

/* The small networks of the two steps; see tests/golden/README.md. */
static const struct ss_arch RESNET8 = {
	"resnet8", SS_BASIC, 16, 3, { 1, 1, 1, 0 }, { 16, 32, 64, 0 }, { 0 }, false
};
static const struct ss_arch NARROW = {
	"narrow", SS_BASIC_PROJECTION, 8, 4, { 1, 1, 1, 1 }, { 8, 16, 16, 32 }, { 0 }, false
};
static const struct ss_head PROJECTOR_32 = { 2, {
	{ .width = 32, .bias = true, .norm = true, .affine = true, .relu = true },
	{ .width = 32, .bias = true, .norm = true } } };
static const struct ss_head PREDICTOR_8 = { 2, {
	{ .width = 8, .bias = true, .norm = true, .affine = true, .relu = true },
	{ .width = 32, .bias = true } } };
static const struct ss_head PROJECTOR_16_8 = { 2, {
	{ .width = 16, .bias = true, .norm = true, .affine = true, .relu = true },
	{ .width = 8, .bias = true } } };
static const struct ss_head NONE = { 0 };

static double
number(const struct ss_st *s, const char *key)
{
	const char *text = ss_st_meta(s, key);

	assert_non_null(text);
	return strtod(text, NULL);
}

static void
numbers(const struct ss_st *s, const char *key, float out[3])
{
	const char *text = ss_st_meta(s, key);

	assert_non_null(text);
	assert_int_equal(sscanf(text, "%f,%f,%f", &out[0], &out[1], &out[2]), 3);
}

/* Whether a name stands in the comma separated list of biases in front of a norm. */
static bool
zero_grad(const struct ss_st *s, const char *name)
{
	const char *list = ss_st_meta(s, "zero_grad");
	size_t n = strlen(name);

	assert_non_null(list);
	for (const char *p = list; (p = strstr(p, name)) != NULL; p += n)
		if ((p == list || p[-1] == ',') && (p[n] == ',' || p[n] == '\0'))
			return true;
	return false;
}

/* Compares all tensors of a list, whose values stand at x, with STAGE.NAME. */
static void
compare_list(const struct ss_st *s, const char *stage, const struct ss_list *list, const float *x)
{
	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		const struct ss_st_tensor *t = get(s, stage, p->name);
		char weight[SS_LAYER_MAX + 8];
		double scale = largest(t->data, p->count);

		if (strcmp(stage, "grad1") == 0 && zero_grad(s, p->name)) {
			snprintf(weight, sizeof(weight), "%.*s.weight",
			    (int)(strrchr(p->name, '.') - p->name), p->name);
			t = get(s, stage, weight);
			for (size_t k = 0; k < p->count; k++)
				assert_true(fabs((double)x[p->offset + k]) <=
				    LIMIT * largest(t->data, t->shape[0] * t->shape[1]));
			continue;
		}
		near(stage, p->name, x + p->offset, t->data, p->count, scale);
	}
}

static void
load_list(const struct ss_st *s, const struct ss_list *list, float *x)
{
	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		const struct ss_st_tensor *t = get(s, "init", p->name);

		assert_int_equal(t->type, SS_F32);
		assert_int_equal(t->rank, p->rank);
		for (int k = 0; k < p->rank; k++)
			assert_int_equal(t->shape[k], p->shape[k]);
		memcpy(x + p->offset, t->data, p->count * sizeof(float));
	}
}

static void
two_steps(const struct ss_st *s, const struct ss_net *net, const struct ss_method *method,
    const struct ss_kernels *kern, struct ss_pool *pool)
{
	const struct ss_st_tensor *view1 = ss_st_find(s, "view1"), *view2 = ss_st_find(s, "view2");
	const struct ss_st_tensor *losses = ss_st_find(s, "loss");
	const uint8_t *images[2];
	const struct ss_knobs knobs = { .temperature = number(s, "temperature"), .symmetric = true };
	const double lr = number(s, "lr");
	struct ss_hyper h = { .update = { .rate = { lr, lr, lr, lr }, .momentum = number(s, "momentum"),
		.weight_decay = number(s, "weight_decay"), .decay_vectors = true } };
	struct ss_err e = SS_ERR_INIT;
	struct ss_trainer *t;
	struct ss_step result;

	assert_true(view1 != NULL && view2 != NULL && losses != NULL);
	images[0] = view1->data;
	images[1] = view2->data;
	if (ss_trainer_create(&t, net, method, &knobs, kern, &(struct ss_crops){ .globals = 2 }, (int)view1->shape[0], 1, 1, false,
	    ss_pool_threads(pool), &e) < 0)
		fail_msg("%s", e.text);
	load_list(s, &net->params, t->weights.params);
	load_list(s, &net->buffers, t->weights.buffers);
	for (int step = 0; step < 2; step++) {
		const char *after = step == 0 ? "after1" : "after2";
		const float *want = (const float *)losses->data + step;
		float loss;

		if (ss_trainer_step(t, images, NULL, &h, &result, pool, &e) < 0)
			fail_msg("%s", e.text);
		loss = (float)result.loss.loss;
		near(after, "loss", &loss, want, 1, fabs((double)*want));
		/*
		 * Winograd rounds more, and what the first step leaves of that is magnified by the
		 * second one's normalisations over so few images.
		 */
		if (step == 1 && kern->lanes > 0)
			break;
		if (step == 0)
			compare_list(s, "grad1", &net->params, t->grads);
		compare_list(s, after, &net->params, t->weights.params);
		compare_list(s, after, &net->buffers, t->weights.buffers);
	}
	ss_trainer_free(t);
}

/* With every set of kernels that this CPU has, on one thread and on two. */
static void
step_test(const char *file, const struct ss_arch *arch, const struct ss_method *method,
    const struct ss_head *projector, const struct ss_head *predictor)
{
	struct ss_st *s = golden(file);
	struct ss_pool *pool = ss_pool_create(2);
	struct ss_err e = SS_ERR_INIT;
	float mean[3], std[3];
	struct ss_net *net;
	size_t stored = 0;

	assert_non_null(pool);
	numbers(s, "mean", mean);
	numbers(s, "std", std);
	if (ss_net_create(&net, arch, 3, 16, 16, mean, std, projector, predictor, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < ss_st_count(s); i++)
		stored += strncmp(ss_st_at(s, i)->name, "init.", 5) == 0;
	assert_int_equal(net->params.n + net->buffers.n, stored);
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++) {
		two_steps(s, net, method, *k, NULL);
		two_steps(s, net, method, *k, pool);
		two_steps(s, net, method, ss_kernels_exact(*k), pool);
		print_message("             %s: two steps with kernels '%s'\n", file, (*k)->name);
	}
	ss_net_free(net);
	ss_pool_free(pool);
	ss_st_free(s);
}

static void
step_simsiam(void **state)
{
	(void)state;
	step_test("step_simsiam", &RESNET8, &ss_simsiam, &PROJECTOR_32, &PREDICTOR_8);
}

static void
step_simclr(void **state)
{
	(void)state;
	step_test("step_simclr", &NARROW, &ss_simclr, &PROJECTOR_16_8, &NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(losses),
		cmocka_unit_test(methods),
		cmocka_unit_test(optimiser),
		cmocka_unit_test(step_simsiam),
		cmocka_unit_test(step_simclr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
