/*
 * emit.c - the phases of a plan in their order, and who uses which slot
 */
#include <string.h>

#include "nn/emit.h"

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

void
ss_emit_use(const struct ss_plan *p, struct ss_slot *s, int segment)
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

	ss_emit_use(p, s, segment);
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
	if (readers == 1 && p->net->node[reader].op == SS_OP_POOL_MAX)
		return true;
	return readers == 1 && p->net->node[reader].op == SS_OP_CONV && p->groups[reader] == 0 &&
	    (p->split[reader].chained || p->steps[reader].used);
}

/* Where the output of a node is in the pass that is being emitted. */
static struct ss_slot *
act_slot(const struct ss_plan *p, int node)
{
	return p->forward > 0 && p->again[node].used ? &p->again[node] : &p->act[node];
}

/* The phase emitted last uses what passes between the steps of a convolution. */
static void
use_step(struct ss_plan *p, int node, int slot)
{
	ss_emit_use(p, &p->steps[node].slot[slot], p->phase[p->phases - 1].segment);
}

/* Emits what makes the output of a norm anew, unless it is there in the segment that comes next. */
static void
remake(struct ss_plan *p, int node)
{
	const struct ss_slot *s = act_slot(p, node);
	const struct ss_phase *last = &p->phase[p->phases - 1];
	struct ss_phase *ph;

	if (!ss_plan_remakes(p, node))
		return;
	if (p->phases != p->forward && last->kind < SS_PH_BY_IMAGES && s->dies == last->segment)
		return;
	ph = emit(p, SS_PH_APPLY, node);
	ss_emit_use(p, act_slot(p, p->net->node[node].in), ph->segment);
	ss_emit_use(p, act_slot(p, node), ph->segment);
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
	const int v = p->forward > 0 ? SS_WINO_AGAIN_V : SS_WINO_V, m = p->forward > 0 ? SS_WINO_AGAIN_M : SS_WINO_M;
	struct ss_phase *ph;

	if (p->steps[node].used) {
		ss_emit_use(p, act_slot(p, n->in), emit(p, SS_PH_WINO_IN, node)->segment);
		use_step(p, node, v);
		emit(p, SS_PH_WINO_MULTIPLY, node);
		use_step(p, node, v);
		use_step(p, node, m);
		ph = emit(p, SS_PH_WINO_OUT, node);
		use_step(p, node, m);
	} else {
		ph = emit(p, p->groups[node] > 0 ? SS_PH_CONV_WIDE : SS_PH_CONV, node);
		ss_emit_use(p, act_slot(p, n->in), ph->segment);
	}
	ph->norm = norm;
	return ph;
}

void
ss_emit_forward(struct ss_plan *p, int last)
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
		case SS_OP_ADD:
			ph = emit(p, SS_PH_ADD, i);
			break;
		case SS_OP_SHORTCUT:
			ph = emit(p, SS_PH_SHORTCUT, i);
			break;
		case SS_OP_RELU:
			ph = emit(p, SS_PH_RELU, i);
			break;
		case SS_OP_POOL:
			ph = emit(p, SS_PH_POOL, i);
			break;
		case SS_OP_POOL_MAX:
			ph = emit(p, SS_PH_POOL_MAX, i);
			break;
		case SS_OP_LINEAR:
			ph = emit(p, p->train ? SS_PH_LINEAR : SS_PH_DENSE, i);
			break;
		case SS_OP_NORM:
			if (fuses(p, n->in)) {
				ph = emit_conv(p, n->in, i);
				if (n->in2 >= 0)
					ss_emit_use(p, act_slot(p, n->in2), ph->segment);
				write_slot(p, act_slot(p, i));
				continue;
			}
			if (p->train && !ss_net_norm_running(p->net, i)) {
				ph = emit(p, SS_PH_STATS, i);
				ss_emit_use(p, act_slot(p, n->in), ph->segment);
			}
			if (p->train)
				emit(p, SS_PH_FINISH, i);
			ph = emit(p, SS_PH_APPLY, i);
			break;
		}
		if (ph != NULL && n->in >= 0)
			ss_emit_use(p, act_slot(p, n->in), ph->segment);
		if (ph != NULL && n->in2 >= 0)
			ss_emit_use(p, act_slot(p, n->in2), ph->segment);
		write_slot(p, act_slot(p, i));
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

			ss_emit_use(p, act_slot(p, p->net->node[node].in), segment);
			ss_emit_use(p, ss_plan_grad(p, node), segment);
			ss_emit_use(p, &p->split[node].partial, segment);
		}
	for (int i = 0; i < *n; i++)
		ss_emit_use(p, &p->split[pending[i]].partial, emit(p, SS_PH_WGRAD_SUM, pending[i])->segment);
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
	ss_emit_use(p, act_slot(p, in), ph->segment);
	ss_emit_use(p, ss_plan_grad(p, i), ph->segment);
	use_step(p, i, SS_WINO_X);
	use_step(p, i, SS_WINO_D);
	if (input)
		use_step(p, i, SS_WINO_BACK_V);
	emit(p, SS_PH_WINO_SUMS, i);
	use_step(p, i, SS_WINO_X);
	use_step(p, i, SS_WINO_D);
	use_step(p, i, SS_WINO_U);
	ss_emit_use(p, &p->split[i].partial, emit(p, SS_PH_WINO_FINISH, i)->segment);
	use_step(p, i, SS_WINO_U);
	if (!input)
		return;
	emit(p, SS_PH_WINO_MULTIPLY_BACK, i);
	use_step(p, i, SS_WINO_BACK_V);
	use_step(p, i, SS_WINO_BACK_M);
	ph = emit(p, SS_PH_WINO_OUT_BACK, i);
	use_step(p, i, SS_WINO_BACK_M);
	ph->accumulate = written[in];
	write_slot(p, ss_plan_grad(p, in));
	written[in] = true;
}

/* The phase emitted last gives the second input its gradient. */
static void
write_second(struct ss_plan *p, struct ss_phase *ph, int in2, const bool *wanted, bool *written)
{
	ph->input2_grad = wanted[in2];
	ph->accumulate2 = written[in2];
	if (ph->input2_grad) {
		write_slot(p, ss_plan_grad(p, in2));
		written[in2] = true;
	}
}

/* What the forward pass did not keep of the nodes before `end`, back to the last whose output it kept. */
static void
emit_again(struct ss_plan *p, int end)
{
	int begin = end;

	while (begin > 0 && ss_plan_inner(p->net, begin - 1))
		begin--;
	for (int i = begin; i < end; i++) {
		const struct ss_node *n = &p->net->node[i];
		bool read = !ss_plan_remakes(p, i);	/* else only its convolution wants it, which may be the next node here */

		for (int k = i + 1; k < end; k++)
			read |= p->net->node[k].in == i;
		if (!read)
			continue;
		if (n->op == SS_OP_CONV)
			emit_conv(p, i, -1);
		else
			ss_emit_use(p, act_slot(p, n->in), emit(p, n->op == SS_OP_NORM ? SS_PH_APPLY : SS_PH_SHORTCUT, i)->segment);
		write_slot(p, act_slot(p, i));
	}
}

void
ss_emit_backward(struct ss_plan *p, const bool *wanted, bool *written, int *pending)
{
	int pendings = 0;

	for (int i = p->net->nodes - 1; i > 0; i--) {
		const struct ss_node *n = &p->net->node[i];
		struct ss_phase *ph;
		bool input = n->in >= 0 && wanted[n->in];

		if (!wanted[i])
			continue;
		if (!ss_plan_inner(p->net, i))
			emit_again(p, i);
		switch (n->op) {
		case SS_OP_LINEAR:
			flush_sums(p, pending, &pendings);
			ph = emit(p, SS_PH_LINEAR_BACK, i);
			ss_emit_use(p, act_slot(p, n->in), ph->segment);
			break;
		case SS_OP_RELU:
			ph = emit(p, SS_PH_RELU_BACK, i);
			ss_emit_use(p, act_slot(p, i), ph->segment);
			break;
		case SS_OP_POOL:
			ph = emit(p, SS_PH_POOL_BACK, i);
			break;
		case SS_OP_POOL_MAX:
			remake(p, n->in);
			ph = emit(p, SS_PH_POOL_MAX_BACK, i);
			ss_emit_use(p, act_slot(p, n->in), ph->segment);
			ss_emit_use(p, act_slot(p, i), ph->segment);
			break;
		case SS_OP_ADD:
			if (p->grad_of[n->in] == p->grad_of[i]) {	/* it is there */
				written[n->in] = written[n->in2] = true;
				continue;
			}
			ph = emit(p, SS_PH_ADD_BACK, i);
			write_second(p, ph, n->in2, wanted, written);
			break;
		case SS_OP_SHORTCUT:
			ph = emit(p, SS_PH_SHORTCUT_BACK, i);
			break;
		case SS_OP_NORM:
			ph = emit(p, SS_PH_REDUCE, i);
			ss_emit_use(p, ss_plan_grad(p, i), ph->segment);
			ss_emit_use(p, act_slot(p, n->in), ph->segment);
			if (n->in2 >= 0)		/* else its mask follows from its input */
				ss_emit_use(p, act_slot(p, i), ph->segment);
			flush_sums(p, pending, &pendings);
			emit(p, SS_PH_FINISH_BACK, i);
			ph = emit(p, SS_PH_NORM_BACK, i);
			ss_emit_use(p, act_slot(p, n->in), ph->segment);
			if (n->in2 >= 0) {
				ss_emit_use(p, act_slot(p, i), ph->segment);
				write_second(p, ph, n->in2, wanted, written);
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
				ss_emit_use(p, act_slot(p, n->in), ph->segment);
				ss_emit_use(p, &p->split[i].partial, ph->segment);
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
		ss_emit_use(p, ss_plan_grad(p, i), ph->segment);
		ph->input_grad = input;
		if (input) {
			ph->accumulate = written[n->in];
			write_slot(p, ss_plan_grad(p, n->in));
			written[n->in] = true;
		}
	}
	flush_sums(p, pending, &pendings);
}
