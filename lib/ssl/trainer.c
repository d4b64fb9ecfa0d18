/*
 * trainer.c - one step of self-supervised training
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/philox.h"
#include "base/size.h"
#include "nn/optim.h"
#include "nn/profile.h"
#include "ssl/trainer.h"

/* Where gradients enter: an ablation may send some to the projector, and leave the predictor out. */
static bool
p_grad(const struct ss_trainer *t)
{
	return t->method->p_grad && t->net->predictor >= 0;
}

static bool
z_grad(const struct ss_trainer *t)
{
	return t->method->z_grad || t->knobs.flow || (t->method->p_grad && !p_grad(t));
}

static bool
is_global(const struct ss_trainer *t, int view)
{
	return view < t->globals;
}

static const struct ss_plan *
plan_of(const struct ss_trainer *t, int view)
{
	return is_global(t, view) ? t->plan : t->local_plan;
}

static struct ss_weights *
weights_of(struct ss_trainer *t, int view)
{
	return is_global(t, view) ? &t->weights : &t->local_weights;
}

/* The profile is that of the global views' plan. */
static struct ss_workspace
space_of(const struct ss_trainer *t, int view)
{
	return (struct ss_workspace){ t->space.scratch, is_global(t, view) ? t->space.profile : NULL };
}

static size_t
image_bytes(const struct ss_net *net)
{
	const struct ss_node *n = &net->node[0];

	return (size_t)n->c * (size_t)n->h * (size_t)n->w;
}

/* Of a thread: one plan runs at a time. */
static size_t
scratch_floats(const struct ss_trainer *t)
{
	const struct ss_plan *const plans[] = { t->plan, t->local_plan, t->target_plan };
	size_t most = 0;

	for (int i = 0; i < 3; i++)
		if (plans[i] != NULL && plans[i]->scratch_floats > most)
			most = plans[i]->scratch_floats;
	return most;
}

static int
create_local(struct ss_trainer *t, const struct ss_kernels *kern, const struct ss_crops *crops,
    const int *seeds, int n, struct ss_err *e)
{
	int r;

	if (crops->locals == 0)
		return 0;
	if ((r = ss_net_resize(&t->local_net, t->net, crops->height, crops->width, e)) < 0 ||
	    (r = ss_plan_train(&t->local_plan, t->local_net, kern, t->plan->batch, seeds, n, e)) < 0)
		return r;
	return ss_weights_share(&t->local_weights, &t->weights, t->local_plan, e);
}

static int
create_target(struct ss_trainer *t, const struct ss_kernels *kern, struct ss_err *e)
{
	const int batch = t->plan->batch, group = batch / t->groups;
	int r;

	SS_BUG_IF(batch % t->groups != 0);
	if ((r = ss_plan_follow(&t->target_plan, t->net, kern, group, t->net->projector, e)) < 0 ||
	    (r = ss_weights_create(&t->target, t->target_plan, e)) < 0 ||
	    (r = ss_pass_create(&t->target_pass, t->target_plan, e)) < 0)
		return r;
	t->targets = ss_alloc((size_t)t->globals * (size_t)batch * (size_t)t->d, sizeof(float));
	t->shuffled = ss_alloc((size_t)group, image_bytes(t->net));
	t->order = calloc((size_t)batch, sizeof(*t->order));
	if (t->targets == NULL || t->shuffled == NULL || t->order == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a batch of %d; use a smaller --batch", batch);
	return 0;
}

int
ss_trainer_create(struct ss_trainer **out, const struct ss_net *net,
    const struct ss_method *method, const struct ss_knobs *knobs, const struct ss_kernels *kern,
    const struct ss_crops *crops, int batch, int groups, int accumulate, bool squares, int threads,
    struct ss_err *e)
{
	struct ss_trainer *t = calloc(1, sizeof(*t));
	const int views = crops->globals + crops->locals;
	const size_t rows = (size_t)views * (size_t)batch;
	int seeds[2], n = 0, r;

	*out = NULL;
	if (t == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	t->net = net;
	t->method = method;
	t->knobs = *knobs;
	t->groups = groups;
	t->accumulate = accumulate;
	t->views = views;
	t->globals = crops->globals;
	t->threads = threads;
	t->d = net->node[net->projector].c;
	if (z_grad(t))
		seeds[n++] = net->projector;
	if (p_grad(t))
		seeds[n++] = net->predictor;
	if ((r = ss_plan_train(&t->plan, net, kern, batch, seeds, n, e)) < 0 ||
	    (r = ss_weights_create(&t->weights, t->plan, e)) < 0 ||
	    (r = create_local(t, kern, crops, seeds, n, e)) < 0)
		goto fail;
	for (int v = 0; v < views; v++)
		if ((r = ss_pass_create(&t->pass[v], plan_of(t, v), e)) < 0)
			goto fail;
	t->momentum = ss_alloc(net->params.floats, sizeof(float));
	t->grads = ss_alloc(net->params.floats, sizeof(float));
	t->squares = squares ? ss_alloc(net->params.floats, sizeof(float)) : NULL;
	t->own_grad = ss_alloc((size_t)knobs->prototypes * (size_t)t->d, sizeof(float));
	t->seeds = ss_alloc(2 * rows * (size_t)t->d, sizeof(float));
	t->loss_scratch = ss_alloc(method->scratch(knobs, views, batch, t->d), sizeof(float));
	t->state_floats = method->state == NULL ? 0 : method->state(knobs, t->d);
	t->state = ss_alloc(t->state_floats, sizeof(float));
	t->health_scratch = ss_alloc(ss_health_room((size_t)batch, (size_t)t->d), sizeof(double));
	if ((method->target || knobs->alternate > 0) && (r = create_target(t, kern, e)) < 0)
		goto fail;
	t->space.scratch = ss_alloc((size_t)threads * scratch_floats(t), sizeof(float));
	if (t->momentum == NULL || t->grads == NULL || (squares && t->squares == NULL) || t->own_grad == NULL ||
	    t->space.scratch == NULL || t->seeds == NULL || t->loss_scratch == NULL || t->state == NULL ||
	    t->health_scratch == NULL) {
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
	ss_weights_unshare(&t->local_weights);
	ss_plan_free(t->local_plan);
	ss_net_free(t->local_net);
	ss_pass_free(&t->target_pass);
	ss_weights_free(&t->target);
	ss_plan_free(t->target_plan);
	free(t->targets);
	free(t->shuffled);
	free(t->order);
	free(t->state);
	free(t->momentum);
	free(t->squares);
	free(t->own_grad);
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
	const struct ss_plan *p = t->plan, *q = t->target_plan, *local = t->local_plan;
	const size_t rows = (size_t)t->views * (size_t)p->batch, globals = (size_t)t->globals;
	const size_t locals = (size_t)t->views - globals;

	return sizeof(float) * ((t->squares == NULL ? 3 : 4) * t->net->params.floats + t->net->buffers.floats +
	    2 * p->packed_floats + (size_t)t->threads * scratch_floats(t) + globals * p->act_floats +
	    (local == NULL ? 0 : 2 * local->packed_floats + locals * local->act_floats) +
	    2 * rows * (size_t)t->d + t->method->scratch(&t->knobs, t->views, p->batch, t->d) + t->state_floats +
	    (q == NULL ? 0 : t->net->params.floats + t->net->buffers.floats + q->packed_floats + q->act_floats +
	    globals * (size_t)p->batch * (size_t)t->d)) +
	    sizeof(double) * ((size_t)t->views * p->stat_floats + ss_health_room((size_t)p->batch, (size_t)t->d));
}

void
ss_trainer_begin(struct ss_trainer *t, uint64_t seed)
{
	ss_net_init(t->net, seed, t->weights.params, t->weights.buffers);
	if (t->method->begin != NULL)
		t->method->begin(&t->knobs, t->d, seed, t->state);
	ss_trainer_align(t);
}

void
ss_trainer_align(struct ss_trainer *t)
{
	if (t->target.params == NULL)
		return;
	memcpy(t->target.params, t->weights.params, t->net->params.floats * sizeof(float));
	memcpy(t->target.buffers, t->weights.buffers, t->net->buffers.floats * sizeof(float));
}

/* All threads are there for it, working or not. */
static void
note_extra(struct ss_trainer *t, enum ss_extra what, double begin)
{
	ss_profile_add(t->space.profile, 0, t->plan->phases + (int)what,
	    (ss_seconds() - begin) * t->threads);
}

/* Images of a batch in the order of a lot: a Fisher-Yates shuffle. */
static void
draw_order(struct ss_trainer *t, const struct ss_hyper *h, int number)
{
	struct ss_rng r;

	ss_rng_init(&r, h->seed, SS_RNG_SAMPLE, (uint32_t)number, h->update.step, 0x67726f75);
	for (int i = 0; i < t->plan->batch; i++)
		t->order[i] = i;
	for (int i = t->plan->batch - 1; i > 0; i--) {
		const int k = (int)ss_rng_below(&r, (uint32_t)i + 1), held = t->order[i];

		t->order[i] = t->order[k];
		t->order[k] = held;
	}
}

/* The target's projections of one view, into `out`. */
static void
target_view(struct ss_trainer *t, const uint8_t *images, float *out, struct ss_pool *pool)
{
	const size_t image = image_bytes(t->net), d = (size_t)t->d;
	const int group = t->target_plan->batch;
	const struct ss_workspace space = { t->space.scratch, NULL };	/* the profile is that of the other plan */

	for (int g = 0; g < t->groups; g++) {
		const int *order = t->order + g * group;
		const float *z;

		for (int i = 0; i < group; i++)
			memcpy(t->shuffled + (size_t)i * image, images + (size_t)order[i] * image, image);
		ss_forward(t->target_plan, &t->target_pass, &t->target, t->shuffled, &space, pool);
		z = ss_pass_output(t->target_plan, &t->target_pass, t->net->projector);
		for (int i = 0; i < group; i++)
			memcpy(out + (size_t)order[i] * d, z + (size_t)i * d, d * sizeof(float));
	}
}

static void
target_pass(struct ss_trainer *t, const uint8_t *const *images, struct ss_outputs *v,
    struct ss_pool *pool)
{
	const double begin = ss_seconds();

	if (t->target_plan == NULL)
		return;
	for (int i = 0; i < t->globals; i++) {
		float *out = t->targets + (size_t)i * (size_t)v->n * (size_t)v->d;

		SS_BUG_IF(images[i] == NULL);		/* the global views are the first of all */
		if (ss_method_one_way(t->method, &t->knobs) && i % 2 == 0)
			continue;
		target_view(t, images[i], out, pool);
		v->t[i] = out;
	}
	note_extra(t, SS_EXTRA_TARGET, begin);
}

/* to = or += from */
static void
add(float *to, const float *from, size_t n, bool accumulate)
{
	for (size_t i = 0; i < n; i++)
		to[i] = accumulate ? to[i] + from[i] : from[i];
}

/* Whether nothing flows: x is 0, or NULL. */
static bool
is_zero(const float *x, size_t n)
{
	for (size_t i = 0; x != NULL && i < n; i++)
		if (x[i] != 0)
			return false;
	return true;
}

/*
 * Backward passes of all views, the gradient of the method's own parameters being there. A view that is a target and nothing
 * else has gradients of 0, and so would have all parameters from it.
 */
static void
backward(struct ss_trainer *t, const struct ss_outputs *v, struct ss_pool *pool)
{
	const int z = t->net->projector, q = t->net->predictor;
	const size_t cells = (size_t)v->n * (size_t)v->d, bytes = cells * sizeof(float);

	for (int i = 0; i < t->views; i++) {
		const struct ss_plan *p = plan_of(t, i);
		const struct ss_workspace space = space_of(t, i);
		const double begin = ss_seconds();

		if (v->dp[i] != NULL && q < 0)		/* predictions are the projections */
			add(v->dz[i], v->dp[i], cells, t->knobs.flow);
		if (is_zero(v->dz[i], cells) && (q < 0 || is_zero(v->dp[i], cells)))
			continue;
		if (v->dz[i] != NULL)
			memcpy(ss_plan_seed(p, &t->pass[i], z), v->dz[i], bytes);
		if (v->dp[i] != NULL && q >= 0)
			memcpy(ss_plan_seed(p, &t->pass[i], q), v->dp[i], bytes);
		ss_backward(p, &t->pass[i], weights_of(t, i), t->grads, &space, pool);
		if (!is_global(t, i))
			note_extra(t, SS_EXTRA_LOCAL, begin);
	}
}

/* What all batches of a step share. */
static void
begin_step(struct ss_trainer *t, struct ss_pool *pool)
{
	const int own = t->net->prototypes;
	const double begin = ss_seconds();

	if (t->method->prepare != NULL)
		t->method->prepare(&t->knobs, t->d, t->weights.params + t->net->params.p[own].offset);
	ss_weights_pack(&t->weights, t->plan, pool);
	if (t->local_plan != NULL)
		ss_weights_pack(&t->local_weights, t->local_plan, pool);
	if (t->target_plan != NULL)
		ss_weights_pack(&t->target, t->target_plan, pool);
	memset(t->grads, 0, t->net->params.floats * sizeof(float));
	note_extra(t, SS_EXTRA_PACK, begin);
}

/* Forward passes of both networks; where loss and gradients are to be put. */
static void
forward(struct ss_trainer *t, const uint8_t *const *images, struct ss_outputs *v, struct ss_pool *pool)
{
	const int z = t->net->projector, q = t->net->predictor, own = t->net->prototypes;
	const size_t cells = (size_t)v->n * (size_t)v->d;

	v->state = t->state;
	if (own >= 0) {
		const size_t at = t->net->params.p[own].offset;

		v->own = t->weights.params + at;
		v->own_grad = t->own_grad;
		v->target_own = t->target.params == NULL ? NULL : t->target.params + at;
	}
	for (int i = 0; i < t->views; i++) {
		const struct ss_plan *p = plan_of(t, i);
		const struct ss_workspace space = space_of(t, i);
		const double begin = ss_seconds();

		ss_forward(p, &t->pass[i], weights_of(t, i), images[i], &space, pool);
		if (!is_global(t, i))
			note_extra(t, SS_EXTRA_LOCAL, begin);
		v->z[i] = ss_pass_output(p, &t->pass[i], z);
		v->p[i] = q < 0 ? v->z[i] : ss_pass_output(p, &t->pass[i], q);
		v->dz[i] = z_grad(t) ? t->seeds + 2 * (size_t)i * cells : NULL;
		v->dp[i] = t->method->p_grad ? t->seeds + (2 * (size_t)i + 1) * cells : NULL;
	}
	target_pass(t, images, v, pool);
}

static int
measure(struct ss_trainer *t, const struct ss_outputs *v, bool all, struct ss_health *h, struct ss_pool *pool,
    struct ss_err *e)
{
	const size_t n = (size_t)v->n;

	ss_health_rows(h, v->z[0], v->z[1], n, (size_t)v->d, t->health_scratch, pool);
	return all ? ss_health_pairs(h, v->z[0], v->z[1], n, n, pool, e) : 0;
}

/* Loss and gradients of batch `number` of a step; what goes to the result is the mean over its batches. */
static int
one_batch(struct ss_trainer *t, const uint8_t *const *images, const int *label, int number,
    const struct ss_hyper *h, struct ss_step *result, struct ss_pool *pool, struct ss_err *e)
{
	struct ss_outputs v = { .views = t->views, .globals = t->globals, .n = t->plan->batch, .d = t->d };
	const size_t skip = (size_t)number * (size_t)v.n;
	const uint8_t *mine[SS_METHOD_VIEWS] = { NULL };
	struct ss_loss loss;
	double begin;
	int r;

	for (int i = 0; i < t->views; i++)
		mine[i] = images[i] + skip * image_bytes(plan_of(t, i)->net);
	v.label = label == NULL ? NULL : label + skip;
	if (t->target_plan != NULL)
		draw_order(t, h, number);
	forward(t, mine, &v, pool);
	if (h->target_temperature > 0)
		t->knobs.target_temperature = h->target_temperature;
	begin = ss_seconds();
	loss = t->method->loss(&v, &t->knobs, t->loss_scratch, pool);
	result->loss.loss += loss.loss / t->accumulate;
	for (int i = 0; loss.note[i].name != NULL; i++) {
		result->loss.note[i].name = loss.note[i].name;
		result->loss.note[i].value += loss.note[i].value / t->accumulate;
	}
	if (number == 0 && (r = measure(t, &v, h->health, &result->health, pool, e)) < 0)
		return r;
	note_extra(t, SS_EXTRA_LOSS, begin);
	if (!isfinite(loss.loss))
		return ss_fail(e, SS_ENONFINITE, "the loss is not finite");
	for (size_t i = 0; v.own_grad != NULL && !h->freeze_own && i < t->net->params.p[t->net->prototypes].count; i++)
		t->grads[t->net->params.p[t->net->prototypes].offset + i] += v.own_grad[i];
	backward(t, &v, pool);
	return 0;
}

int
ss_trainer_step(struct ss_trainer *t, const uint8_t *const *images, const int *label,
    const struct ss_hyper *h, struct ss_step *result, struct ss_pool *pool, struct ss_err *e)
{
	const size_t floats = t->net->params.floats;
	double begin;
	int r;

	SS_BUG_IF(ss_pool_threads(pool) > t->threads);
	*result = (struct ss_step){ .grad_norm = NAN };
	begin_step(t, pool);
	for (int i = 0; i < t->accumulate; i++)
		if ((r = one_batch(t, images, label, i, h, result, pool, e)) < 0)
			return r;
	begin = ss_seconds();
	for (size_t i = 0; t->accumulate > 1 && i < floats; i++)
		t->grads[i] /= (float)t->accumulate;
	result->grad_norm = sqrt(ss_sum_squares(t->grads, floats, pool));
	if (!isfinite(result->grad_norm))
		return ss_fail(e, SS_ENONFINITE, "a gradient is not finite");
	ss_cut(&h->update, &t->net->params, t->grads, result->grad_norm);
	ss_update(&h->update, &t->net->params, t->weights.params, t->momentum, t->squares, t->grads, pool);
	if (t->knobs.alternate > 0 && (h->update.step + 1) % (uint64_t)t->knobs.alternate == 0)
		memcpy(t->target.params, t->weights.params, floats * sizeof(float));
	else if (t->knobs.alternate == 0 && t->target.params != NULL)
		ss_follow(t->target.params, t->weights.params, floats, h->target_momentum, pool);
	note_extra(t, SS_EXTRA_UPDATE, begin);
	return 0;
}
