/*
 * plan.c - phases and lifetimes
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "nn/place.h"

/* Partial sums of one weight gradient may take this much, so that big layers are cut by channels instead. */
#define MAX_PARTIAL	((size_t)40 << 20)
#define MIN_TASKS	16

/* Transformed weights above this are read once for all images of the batch. */
#define MAX_TRANSFORMED	((size_t)4 << 20)

/* In inference, a tensor of the images that go through the network together. */
#define MAX_PIECE	((size_t)512 << 10)

/* Weights above this do not stay in L2 while images pass. */
#define MAX_WEIGHTS	((size_t)1 << 20)

static bool
reads_border(const struct ss_plan *p, int node)
{
	for (int i = 0; i < p->net->nodes; i++)
		if (p->net->node[i].op == SS_OP_CONV && p->net->node[i].in == node &&
		    p->net->node[i].conv.k == 3)
			return true;
	return false;
}

static void
shape_slot(struct ss_slot *s, const struct ss_node *n, int batch, bool border)
{
	int b = border ? 2 : 0;

	s->used = true;
	s->border = border;
	s->row = (size_t)(n->w + b) * n->c;
	s->image = (size_t)(n->h + b) * s->row;
	s->floats = s->image * (size_t)batch;
	s->born = -1;
	s->dies = -1;
	s->writer = -1;
}

static struct ss_phase *
emit(struct ss_plan *p, enum ss_phase_kind kind, int node)
{
	struct ss_phase *ph = &p->phase[p->phases];

	memset(ph, 0, sizeof(*ph));
	ph->kind = kind;
	ph->node = node;
	ph->norm = -1;
	if (p->phases == 0)
		ph->segment = 0;
	else if (kind < SS_PH_BY_IMAGES && ph[-1].kind < SS_PH_BY_IMAGES && p->phases != p->forward)
		ph->segment = ph[-1].segment;
	else
		ph->segment = ph[-1].segment + 1;
	p->phases++;
	return ph;
}

/* The phase emitted last, or one to come, uses the slot. */
static void
use(const struct ss_plan *p, struct ss_slot *s, int segment)
{
	if (s->born < 0) {
		s->born = segment;
		s->first = p->phases - 1;
	}
	s->dies = segment;
	s->last = p->phases - 1;
	for (int i = 0; i < s->segments && i < SS_SLOT_SEGMENTS; i++)
		if (s->segment[i] == segment)
			return;
	if (s->segments < SS_SLOT_SEGMENTS)
		s->segment[s->segments] = segment;
	s->segments++;
}

/* The phase emitted last writes it. */
static void
write_slot(struct ss_plan *p, struct ss_slot *s)
{
	const int segment = p->phase[p->phases - 1].segment;

	use(p, s, segment);
	if (segment == s->born)
		s->writer = p->phases - 1;
}

bool
ss_plan_remakes(const struct ss_plan *p, int node)
{
	const struct ss_node *n = &p->net->node[node];
	int readers = 0, reader = -1;

	if (!p->train || n->op != SS_OP_NORM || n->in2 >= 0 || n->layer[0] != '\0' || n->h * n->w == 1)
		return false;
	for (int i = 0; i < p->net->nodes; i++)
		if (p->net->node[i].in == node || p->net->node[i].in2 == node) {
			readers++;
			reader = i;
		}
	return readers == 1 && p->net->node[reader].op == SS_OP_CONV && p->groups[reader] == 0 &&
	    (p->split[reader].chained || p->steps[reader].used);
}

/* The phase emitted last uses what passes between the steps of a convolution. */
static void
use_step(struct ss_plan *p, int node, int slot)
{
	use(p, &p->steps[node].slot[slot], p->phase[p->phases - 1].segment);
}

/* Emits what makes the output of a norm anew, unless it is there in the segment that comes next. */
static void
remake(struct ss_plan *p, int node)
{
	const struct ss_slot *s = &p->act[node];
	const struct ss_phase *last = &p->phase[p->phases - 1];
	struct ss_phase *ph;

	if (!ss_plan_remakes(p, node))
		return;
	if (p->phases != p->forward && last->kind < SS_PH_BY_IMAGES && s->dies == last->segment)
		return;
	ph = emit(p, SS_PH_APPLY, node);
	use(p, &p->act[p->net->node[node].in], ph->segment);
	use(p, &p->act[node], ph->segment);
}

/* In inference a norm can be applied while the convolution before it, which has no other reader, stores. */
static bool
fuses(const struct ss_plan *p, int conv)
{
	int readers = 0, reader = -1;

	for (int i = 0; i < p->net->nodes; i++)
		if (p->net->node[i].in == conv || p->net->node[i].in2 == conv) {
			readers++;
			reader = i;
		}
	return !p->train && p->net->node[conv].op == SS_OP_CONV && p->net->node[conv].layer[0] == '\0' &&
	    readers == 1 && p->net->node[reader].op == SS_OP_NORM && p->net->node[reader].in == conv;
}

/* A convolution and perhaps the norm behind it, or -1: the phase that makes its output. */
static struct ss_phase *
emit_conv(struct ss_plan *p, int node, int norm)
{
	const struct ss_node *n = &p->net->node[node];
	struct ss_phase *ph;

	if (p->steps[node].used) {
		use(p, &p->act[n->in], emit(p, SS_PH_WINO_IN, node)->segment);
		use_step(p, node, SS_WINO_V);
		emit(p, SS_PH_WINO_MULTIPLY, node);
		use_step(p, node, SS_WINO_V);
		use_step(p, node, SS_WINO_M);
		ph = emit(p, SS_PH_WINO_OUT, node);
		use_step(p, node, SS_WINO_M);
	} else {
		ph = emit(p, p->groups[node] > 0 ? SS_PH_CONV_WIDE : SS_PH_CONV, node);
		use(p, &p->act[n->in], ph->segment);
	}
	ph->norm = norm;
	return ph;
}

static void
emit_forward(struct ss_plan *p, int last)
{
	for (int i = 0; i <= last; i++) {
		const struct ss_node *n = &p->net->node[i];
		struct ss_phase *ph = NULL;

		switch (n->op) {
		case SS_OP_INPUT:
			ph = emit(p, SS_PH_INPUT, i);
			break;
		case SS_OP_CONV:
			if (fuses(p, i))
				continue;
			emit_conv(p, i, -1);
			break;
		case SS_OP_SHORTCUT:
			ph = emit(p, SS_PH_SHORTCUT, i);
			break;
		case SS_OP_POOL:
			ph = emit(p, SS_PH_POOL, i);
			break;
		case SS_OP_LINEAR:
			ph = emit(p, p->train ? SS_PH_LINEAR : SS_PH_DENSE, i);
			break;
		case SS_OP_NORM:
			if (fuses(p, n->in)) {
				ph = emit_conv(p, n->in, i);
				if (n->in2 >= 0)
					use(p, &p->act[n->in2], ph->segment);
				write_slot(p, &p->act[i]);
				continue;
			}
			if (p->train) {
				ph = emit(p, SS_PH_STATS, i);
				use(p, &p->act[n->in], ph->segment);
				emit(p, SS_PH_FINISH, i);
			}
			ph = emit(p, SS_PH_APPLY, i);
			break;
		}
		if (ph != NULL && n->in >= 0)
			use(p, &p->act[n->in], ph->segment);
		if (n->in2 >= 0)
			use(p, &p->act[n->in2], ph->segment);
		write_slot(p, &p->act[i]);
	}
	p->forward = p->phases;
}

/* The weight gradients still to be summed up go before whatever makes all images meet. */
static void
flush_sums(struct ss_plan *p, int *pending, int *n)
{
	for (int i = 0; i < *n; i++)
		if (!p->split[pending[i]].chained) {
			int node = pending[i], segment = emit(p, SS_PH_WGRAD_SPLIT, node)->segment;

			use(p, &p->act[p->net->node[node].in], segment);
			use(p, &p->grad[node], segment);
			use(p, &p->split[node].partial, segment);
		}
	for (int i = 0; i < *n; i++)
		use(p, &p->split[pending[i]].partial, emit(p, SS_PH_WGRAD_SUM, pending[i])->segment);
	*n = 0;
}

/* Both gradients of a convolution in steps. */
static void
emit_steps_back(struct ss_plan *p, int i, bool input, bool *written)
{
	const int in = p->net->node[i].in;
	struct ss_phase *ph;

	remake(p, in);
	ph = emit(p, SS_PH_WINO_IN_BACK, i);
	ph->input_grad = input;
	use(p, &p->act[in], ph->segment);
	use(p, &p->grad[i], ph->segment);
	use_step(p, i, SS_WINO_X);
	use_step(p, i, SS_WINO_D);
	if (input)
		use_step(p, i, SS_WINO_BACK_V);
	emit(p, SS_PH_WINO_SUMS, i);
	use_step(p, i, SS_WINO_X);
	use_step(p, i, SS_WINO_D);
	use_step(p, i, SS_WINO_U);
	use(p, &p->split[i].partial, emit(p, SS_PH_WINO_FINISH, i)->segment);
	use_step(p, i, SS_WINO_U);
	if (!input)
		return;
	emit(p, SS_PH_WINO_MULTIPLY_BACK, i);
	use_step(p, i, SS_WINO_BACK_V);
	use_step(p, i, SS_WINO_BACK_M);
	ph = emit(p, SS_PH_WINO_OUT_BACK, i);
	use_step(p, i, SS_WINO_BACK_M);
	ph->accumulate = written[in];
	write_slot(p, &p->grad[in]);
	written[in] = true;
}

/* wanted[i]: the gradient of node i's output is needed. Emits and marks the uses of slots. */
static void
emit_backward(struct ss_plan *p, const bool *wanted, bool *written, int *pending)
{
	int pendings = 0;

	for (int i = p->net->nodes - 1; i > 0; i--) {
		const struct ss_node *n = &p->net->node[i];
		struct ss_phase *ph;
		bool input = n->in >= 0 && wanted[n->in];

		if (!wanted[i])
			continue;
		switch (n->op) {
		case SS_OP_LINEAR:
			flush_sums(p, pending, &pendings);
			ph = emit(p, SS_PH_LINEAR_BACK, i);
			use(p, &p->act[n->in], ph->segment);
			break;
		case SS_OP_POOL:
			ph = emit(p, SS_PH_POOL_BACK, i);
			break;
		case SS_OP_SHORTCUT:
			ph = emit(p, SS_PH_SHORTCUT_BACK, i);
			break;
		case SS_OP_NORM:
			ph = emit(p, SS_PH_REDUCE, i);
			use(p, &p->grad[i], ph->segment);
			use(p, &p->act[n->in], ph->segment);
			if (n->in2 >= 0)		/* else its mask follows from its input */
				use(p, &p->act[i], ph->segment);
			flush_sums(p, pending, &pendings);
			emit(p, SS_PH_FINISH_BACK, i);
			ph = emit(p, SS_PH_NORM_BACK, i);
			use(p, &p->act[n->in], ph->segment);
			if (n->in2 >= 0) {
				use(p, &p->act[i], ph->segment);
				ph->input2_grad = wanted[n->in2];
				ph->accumulate2 = written[n->in2];
				if (ph->input2_grad) {
					write_slot(p, &p->grad[n->in2]);
					written[n->in2] = true;
				}
			}
			break;
		case SS_OP_CONV:
			if (p->steps[i].used) {
				emit_steps_back(p, i, input, written);
				continue;
			}
			ph = NULL;
			if (p->split[i].chained) {
				remake(p, n->in);
				ph = emit(p, SS_PH_WGRAD, i);
				use(p, &p->act[n->in], ph->segment);
				use(p, &p->split[i].partial, ph->segment);
			}
			pending[pendings++] = i;
			if (input || ph == NULL) {
				if (!input) {
					flush_sums(p, pending, &pendings);
					continue;
				}
				ph = emit(p, p->groups[i] > 0 ? SS_PH_DGRAD_WIDE : SS_PH_DGRAD, i);
			}
			break;
		default:
			continue;
		}
		use(p, &p->grad[i], ph->segment);
		ph->input_grad = input;
		if (input) {
			ph->accumulate = written[n->in];
			write_slot(p, &p->grad[n->in]);
			written[n->in] = true;
		}
	}
	flush_sums(p, pending, &pendings);
}

static int
divide_up(int a, int b)
{
	return (a + b - 1) / b;
}

/* Winograd computes whole tiles of 4x4 outputs; it pays where at least half of them are wanted. */
static bool
winograd_pays(const struct ss_kernels *k, const struct ss_conv *c)
{
	const int tiles = divide_up(c->h, 4) * divide_up(c->w, 4);

	return ss_winograd_fits(k, c) && c->h * c->w >= 8 * tiles;
}

static void
shape_steps(struct ss_plan *p, int i)
{
	const struct ss_conv *c = &p->net->node[i].conv;
	const int tiles = ss_winograd_count(p->batch, c->h, c->w);
	const size_t in = ss_winograd_floats(tiles, c->ci), out = ss_winograd_floats(tiles, c->co);
	const size_t floats[SS_WINO_SLOTS] = {
		[SS_WINO_V] = in, [SS_WINO_M] = out, [SS_WINO_BACK_V] = out, [SS_WINO_BACK_M] = in,
		[SS_WINO_X] = in, [SS_WINO_D] = out, [SS_WINO_U] = ss_winograd_sum_floats(c->ci, c->co)
	};

	p->steps[i].used = true;
	for (int k = 0; k < SS_WINO_SLOTS; k++)
		p->steps[i].slot[k] = (struct ss_slot){ .floats = floats[k], .born = -1, .dies = -1 };
}

/* Which kernels a convolution uses, and how, if a piece is too little for its weights. */
static void
shape_convs(struct ss_plan *p)
{
	for (int i = 0; i < p->net->nodes; i++) {
		const struct ss_conv *c = &p->net->node[i].conv;
		const size_t weights = (size_t)c->ci * c->co * sizeof(float);

		if (p->net->node[i].op != SS_OP_CONV)
			continue;
		p->winograd[i] = winograd_pays(p->kern, c);
		if (p->winograd[i] && 36 * weights > MAX_TRANSFORMED) {
			shape_steps(p, i);
		} else if (p->winograd[i]) {
			const size_t scratch = ss_winograd_scratch(c);

			if (scratch > p->kernel_floats)
				p->kernel_floats = scratch;
		} else if (c->k * c->k * weights > MAX_WEIGHTS) {
			const int images = divide_up(256, c->oh * c->ow);	/* 256 pixels are enough */

			if (images > p->piece)
				p->groups[i] = divide_up(p->batch, images);
		}
	}
}

static void
shape_splits(struct ss_plan *p)
{
	for (int i = 0; i < p->net->nodes; i++) {
		const struct ss_node *n = &p->net->node[i];
		struct ss_split *s = &p->split[i];
		size_t floats;
		int fit;

		if (n->op != SS_OP_CONV)
			continue;
		floats = (size_t)n->conv.k * n->conv.k * n->conv.ci * n->conv.co;
		fit = (int)(MAX_PARTIAL / (floats * sizeof(float)));
		s->chained = fit >= p->pieces && !p->steps[i].used;
		if (p->steps[i].used) {
			s->groups = s->blocks = 1;
		} else if (s->chained) {
			s->groups = p->pieces;
			s->blocks = 1;
		} else {
			s->groups = fit < 1 ? 1 : fit;
			s->blocks = divide_up(MIN_TASKS, s->groups);
			if (s->blocks > divide_up(n->conv.ci, 64))
				s->blocks = divide_up(n->conv.ci, 64);
		}
		s->partial.used = true;
		s->partial.floats = floats * (size_t)s->groups;
		s->partial.born = s->partial.dies = -1;
	}
}

static struct ss_plan *
plan_new(const struct ss_net *net, const struct ss_kernels *kern, int batch)
{
	struct ss_plan *p = calloc(1, sizeof(*p));
	size_t n = (size_t)net->nodes;

	if (p == NULL)
		return NULL;
	p->net = net;
	p->kern = kern;
	p->batch = batch;
	p->phase = calloc(16 * n, sizeof(*p->phase));
	p->act = calloc(n, sizeof(*p->act));
	p->grad = calloc(n, sizeof(*p->grad));
	p->split = calloc(n, sizeof(*p->split));
	p->winograd = calloc(n, sizeof(*p->winograd));
	p->steps = calloc(n, sizeof(*p->steps));
	p->groups = calloc(n, sizeof(*p->groups));
	p->seeded = calloc(n, sizeof(*p->seeded));
	p->stats = calloc(n, sizeof(*p->stats));
	p->packed = calloc(n, sizeof(*p->packed));
	if (p->phase == NULL || p->act == NULL || p->grad == NULL || p->split == NULL ||
	    p->winograd == NULL || p->steps == NULL || p->groups == NULL || p->seeded == NULL || p->stats == NULL || p->packed == NULL) {
		ss_plan_free(p);
		return NULL;
	}
	return p;
}

/* Places of statistics and packed weights, shapes of activations: what both kinds of plan share. */
static void
plan_shapes(struct ss_plan *p)
{
	for (int i = 0; i < p->net->nodes; i++) {
		const struct ss_node *n = &p->net->node[i];

		shape_slot(&p->act[i], n, p->batch, reads_border(p, i));
		if (n->op == SS_OP_NORM) {	/* mean, 1/std, scale, shift; then sums of each piece */
			p->stats[i] = p->stat_floats;
			p->stat_floats += (size_t)n->c * (4 + 2 * (size_t)p->pieces);
		} else if (n->op == SS_OP_CONV || n->op == SS_OP_LINEAR) {
			p->packed[i] = p->packed_floats;
			if (n->op == SS_OP_CONV || !p->train)
				p->packed_floats += (p->net->params.p[n->weight].count + 15) / 16 * 16 *
				    (p->winograd[i] ? 4 : 1);
		}
	}
}

/* Adds to the slots those between the steps of convolutions; returns how many there are then. */
static int
add_steps(const struct ss_plan *p, struct ss_slot **slot, int slots)
{
	for (int i = 0; i < p->net->nodes; i++)
		for (int k = 0; k < SS_WINO_SLOTS; k++)
			if (p->steps[i].used && p->steps[i].slot[k].born >= 0)
				slot[slots++] = &p->steps[i].slot[k];
	return slots;
}

int
ss_plan_train(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, const int *seeds, int n, struct ss_err *e)
{
	struct ss_plan *p = plan_new(net, kern, batch);
	size_t nodes = (size_t)net->nodes;
	bool *wanted = calloc(nodes, sizeof(*wanted)), *written = calloc(nodes, sizeof(*written));
	int *pending = calloc(nodes, sizeof(*pending)), slots = 0;
	struct ss_slot **slot = calloc((3 + SS_WINO_SLOTS) * nodes, sizeof(struct ss_slot *));

	*out = NULL;
	if (p == NULL || wanted == NULL || written == NULL || pending == NULL || slot == NULL) {
		ss_plan_free(p);
		free(wanted), free(written), free(pending), free(slot);
		return ss_fail(e, SS_EIO, "out of memory planning %s", net->arch);
	}
	p->train = true;
	/* about 32 pieces, of at most 8 images: enough for many threads, few enough partial sums */
	p->piece = (batch + 31) / 32;
	if (p->piece > 8)
		p->piece = 8;
	p->pieces = (batch + p->piece - 1) / p->piece;
	shape_convs(p);
	plan_shapes(p);
	shape_splits(p);
	for (int i = 0; i < n; i++)
		wanted[seeds[i]] = written[seeds[i]] = p->seeded[seeds[i]] = true;
	for (int i = net->nodes - 1; i > 0; i--) {
		const struct ss_node *node = &net->node[i];

		if (!wanted[i])
			continue;
		if (node->in > 0)		/* node 0, the image, needs none */
			wanted[node->in] = true;
		if (node->in2 > 0)
			wanted[node->in2] = true;
		shape_slot(&p->grad[i], node, batch, node->op == SS_OP_CONV && node->conv.k == 3);
	}
	emit_forward(p, net->nodes - 1);
	for (int i = 0; i < n; i++)		/* the loss reads outputs and writes seeds between the passes */
		use(p, &p->act[seeds[i]], p->phase[p->phases - 1].segment + 1),
		    use(p, &p->grad[seeds[i]], p->phase[p->phases - 1].segment + 1);
	emit_backward(p, wanted, written, pending);
	for (int i = 0; i < net->nodes; i++)
		if (net->node[i].layer[0] != '\0')	/* what others may want to look at, after the step too */
			use(p, &p->act[i], p->phase[p->phases - 1].segment);
	ss_place_local(p);
	ss_place_flushes(p);
	for (int i = 0; i < net->nodes; i++)
		if (p->act[i].born >= 0 && p->act[i].place != SS_LOCAL)
			slot[slots++] = &p->act[i];
	for (int i = 0; i < net->nodes; i++) {
		if (p->grad[i].used && p->grad[i].born >= 0 && p->grad[i].place != SS_LOCAL)
			slot[slots++] = &p->grad[i];
		if (p->split[i].partial.used && p->split[i].partial.born >= 0)
			slot[slots++] = &p->split[i].partial;
	}
	slots = add_steps(p, slot, slots);
	p->act_floats = ss_place_arena(slot, slots);
	free(wanted), free(written), free(pending), free(slot);
	*out = p;
	return 0;
}

int
ss_plan_infer(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, int last, struct ss_err *e)
{
	struct ss_plan *p = plan_new(net, kern, batch);
	struct ss_slot **slot = calloc((1 + SS_WINO_SLOTS) * (size_t)net->nodes, sizeof(struct ss_slot *));
	size_t largest = 1;
	int slots = 0;

	*out = NULL;
	if (p == NULL || slot == NULL) {
		ss_plan_free(p);
		free(slot);
		return ss_fail(e, SS_EIO, "out of memory planning %s", net->arch);
	}
	for (int i = 0; i <= last; i++) {
		const struct ss_node *n = &net->node[i];
		const size_t floats = (size_t)n->c * n->h * n->w;

		largest = floats > largest ? floats : largest;
	}
	p->piece = MAX_PIECE / (largest * sizeof(float)) < 1 ? 1 : (int)(MAX_PIECE / (largest * sizeof(float)));
	if (p->piece > 8)
		p->piece = 8;
	p->pieces = divide_up(batch, p->piece);
	shape_convs(p);
	plan_shapes(p);
	emit_forward(p, last);
	use(p, &p->act[last], p->phase[p->phases - 1].segment + 1);
	ss_place_local(p);
	for (int i = 0; i <= last; i++)
		if (p->act[i].born >= 0 && p->act[i].place == SS_ARENA)
			slot[slots++] = &p->act[i];
	slots = add_steps(p, slot, slots);
	p->act_floats = ss_place_arena(slot, slots);
	free(slot);
	*out = p;
	return 0;
}

void
ss_plan_free(struct ss_plan *p)
{
	if (p == NULL)
		return;
	free(p->phase);
	free(p->act);
	free(p->grad);
	free(p->split);
	free(p->winograd);
	free(p->steps);
	free(p->groups);
	free(p->seeded);
	free(p->stats);
	free(p->packed);
	free(p);
}

int
ss_weights_create(struct ss_weights *w, const struct ss_plan *plan, struct ss_err *e)
{
	*w = (struct ss_weights){
		.params = ss_alloc(plan->net->params.floats, sizeof(float)),
		.buffers = ss_alloc(plan->net->buffers.floats, sizeof(float)),
		.packed = ss_alloc(plan->packed_floats, sizeof(float)),
		.packed_t = plan->train ? ss_alloc(plan->packed_floats, sizeof(float)) : NULL
	};
	if (w->params == NULL || w->buffers == NULL || w->packed == NULL ||
	    (plan->train && w->packed_t == NULL)) {
		ss_weights_free(w);
		return ss_fail(e, SS_EIO, "out of memory for the weights of %s", plan->net->arch);
	}
	return 0;
}

void
ss_weights_free(struct ss_weights *w)
{
	free(w->params);
	free(w->buffers);
	free(w->packed);
	free(w->packed_t);
	*w = (struct ss_weights){ 0 };
}

int
ss_pass_create(struct ss_pass *p, const struct ss_plan *plan, struct ss_err *e)
{
	p->act = ss_alloc(plan->act_floats, sizeof(float));
	p->stats = ss_alloc(plan->stat_floats, sizeof(double));
	if (p->act == NULL || p->stats == NULL) {
		ss_pass_free(p);
		return ss_fail(e, SS_EIO, "out of memory for a batch of %d (%zu MB); use a smaller --batch",
		    plan->batch, plan->act_floats * sizeof(float) >> 20);
	}
	return 0;
}

void
ss_pass_free(struct ss_pass *p)
{
	free(p->act);
	free(p->stats);
	*p = (struct ss_pass){ 0 };
}
