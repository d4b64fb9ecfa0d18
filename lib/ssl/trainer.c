/*
 * trainer.c - one step of self-supervised training
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"
#include "nn/optim.h"
#include "nn/profile.h"
#include "ssl/health.h"
#include "ssl/trainer.h"

int
ss_trainer_create(struct ss_trainer **out, const struct ss_net *net,
    const struct ss_method *method, const struct ss_kernels *kern, int views, int batch, int threads,
    struct ss_err *e)
{
	struct ss_trainer *t = calloc(1, sizeof(*t));
	int seeds[2], n = 0, r;
	size_t rows = (size_t)views * (size_t)batch;

	*out = NULL;
	if (t == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	t->net = net;
	t->method = method;
	t->views = views;
	t->threads = threads;
	t->d = net->node[net->projector].c;
	if (method->z_grad)
		seeds[n++] = net->projector;
	if (method->p_grad)
		seeds[n++] = net->predictor;
	if ((r = ss_plan_train(&t->plan, net, kern, batch, seeds, n, e)) < 0 ||
	    (r = ss_weights_create(&t->weights, t->plan, e)) < 0)
		goto fail;
	for (int v = 0; v < views; v++)
		if ((r = ss_pass_create(&t->pass[v], t->plan, e)) < 0)
			goto fail;
	t->momentum = ss_alloc(net->params.floats, sizeof(float));
	t->grads = ss_alloc(net->params.floats, sizeof(float));
	t->space.scratch = ss_alloc((size_t)threads * t->plan->scratch_floats, sizeof(float));
	t->seeds = ss_alloc(2 * rows * (size_t)t->d, sizeof(float));
	t->loss_scratch = ss_alloc(method->scratch(views, batch, t->d), sizeof(float));
	t->health_scratch = ss_alloc(2 * (size_t)t->d, sizeof(double));
	if (t->momentum == NULL || t->grads == NULL || t->space.scratch == NULL ||
	    t->seeds == NULL || t->loss_scratch == NULL || t->health_scratch == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory for a batch of %d; use a smaller --batch", batch);
		goto fail;
	}
	*out = t;
	return 0;
fail:
	ss_trainer_free(t);
	return r;
}

void
ss_trainer_free(struct ss_trainer *t)
{
	if (t == NULL)
		return;
	for (int v = 0; v < t->views; v++)
		ss_pass_free(&t->pass[v]);
	ss_weights_free(&t->weights);
	ss_plan_free(t->plan);
	free(t->momentum);
	free(t->grads);
	free(t->space.scratch);
	free(t->seeds);
	free(t->loss_scratch);
	free(t->health_scratch);
	free(t);
}

size_t
ss_trainer_bytes(const struct ss_trainer *t)
{
	const struct ss_plan *p = t->plan;
	size_t rows = (size_t)t->views * (size_t)p->batch;

	return sizeof(float) * (3 * t->net->params.floats + t->net->buffers.floats +
	    2 * p->packed_floats + (size_t)t->threads * p->scratch_floats + (size_t)t->views * p->act_floats +
	    2 * rows * (size_t)t->d + t->method->scratch(t->views, p->batch, t->d)) +
	    sizeof(double) * ((size_t)t->views * p->stat_floats + 2 * (size_t)t->d);
}

/* All threads are there for it, working or not. */
static void
note_extra(struct ss_trainer *t, enum ss_extra what, double begin)
{
	ss_profile_add(t->space.profile, 0, t->plan->phases + (int)what,
	    (ss_seconds() - begin) * t->threads);
}

int
ss_trainer_step(struct ss_trainer *t, const uint8_t *const *images, const struct ss_hyper *h,
    struct ss_step *result, struct ss_pool *pool, struct ss_err *e)
{
	const struct ss_plan *p = t->plan;
	size_t cells = (size_t)p->batch * (size_t)t->d;
	int z = t->net->projector, q = t->net->predictor;
	struct ss_outputs v = { .views = t->views, .n = p->batch, .d = t->d };
	struct ss_loss loss;
	double begin = ss_seconds();

	SS_BUG_IF(ss_pool_threads(pool) > t->threads);
	ss_weights_pack(&t->weights, p, pool);
	note_extra(t, SS_EXTRA_PACK, begin);
	for (int i = 0; i < t->views; i++) {
		ss_forward(p, &t->pass[i], &t->weights, images[i], &t->space, pool);
		v.z[i] = ss_pass_output(p, &t->pass[i], z);
		v.p[i] = q < 0 ? NULL : ss_pass_output(p, &t->pass[i], q);
		v.dz[i] = t->method->z_grad ? t->seeds + 2 * (size_t)i * cells : NULL;
		v.dp[i] = t->method->p_grad ? t->seeds + (2 * (size_t)i + 1) * cells : NULL;
	}
	begin = ss_seconds();
	loss = t->method->loss(&v, h->temperature, t->loss_scratch, pool);
	result->loss = loss.loss;
	result->accuracy = loss.accuracy;
	result->std_ratio = ss_std_ratio(v.z[0], v.n, v.d, t->health_scratch);
	result->grad_norm = NAN;
	note_extra(t, SS_EXTRA_LOSS, begin);
	if (!isfinite(loss.loss))
		return ss_fail(e, SS_ENONFINITE, "the loss is not finite");

	memset(t->grads, 0, t->net->params.floats * sizeof(float));
	for (int i = 0; i < t->views; i++) {
		if (v.dz[i] != NULL)
			memcpy(ss_plan_seed(p, &t->pass[i], z), v.dz[i], cells * sizeof(float));
		if (v.dp[i] != NULL)
			memcpy(ss_plan_seed(p, &t->pass[i], q), v.dp[i], cells * sizeof(float));
		ss_backward(p, &t->pass[i], &t->weights, t->grads, &t->space, pool);
	}
	begin = ss_seconds();
	result->grad_norm = sqrt(ss_sum_squares(t->grads, t->net->params.floats, pool));
	if (!isfinite(result->grad_norm))
		return ss_fail(e, SS_ENONFINITE, "a gradient is not finite");
	ss_sgd(t->weights.params, t->momentum, t->grads, t->net->params.floats, h->lr, h->momentum,
	    h->weight_decay, pool);
	note_extra(t, SS_EXTRA_UPDATE, begin);
	return 0;
}
