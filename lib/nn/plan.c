/*
 * plan.c - makes plans
 */
#include <stdlib.h>

#include "base/size.h"
#include "nn/emit.h"
#include "nn/place.h"
#include "nn/shape.h"

/* In inference, a tensor of the images that go through the network together. */
#define MAX_PIECE	((size_t)512 << 10)

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
	p->phase = calloc(24 * n, sizeof(*p->phase));
	p->act = calloc(n, sizeof(*p->act));
	p->grad = calloc(n, sizeof(*p->grad));
	p->again = calloc(n, sizeof(*p->again));
	p->grad_of = calloc(n, sizeof(*p->grad_of));
	p->split = calloc(n, sizeof(*p->split));
	p->winograd = calloc(n, sizeof(*p->winograd));
	p->steps = calloc(n, sizeof(*p->steps));
	p->groups = calloc(n, sizeof(*p->groups));
	p->seeded = calloc(n, sizeof(*p->seeded));
	p->stats = calloc(n, sizeof(*p->stats));
	p->packed = calloc(n, sizeof(*p->packed));
	if (p->phase == NULL || p->act == NULL || p->grad == NULL || p->again == NULL || p->grad_of == NULL || p->split == NULL ||
	    p->winograd == NULL || p->steps == NULL || p->groups == NULL || p->seeded == NULL ||
	    p->stats == NULL || p->packed == NULL) {
		ss_plan_free(p);
		return NULL;
	}
	for (int i = 0; i < net->nodes; i++)
		p->grad_of[i] = i;
	return p;
}

/* About 32 pieces, of 2 to 8 images: enough for many threads, few enough partial sums, no transform for a single image. */
static void
shape_training(struct ss_plan *p)
{
	p->train = true;
	p->piece = ss_parts(p->batch, 32);
	p->piece = p->piece < 2 ? 2 : p->piece > 8 ? 8 : p->piece;
	p->pieces = ss_parts(p->batch, p->piece);
	ss_shape_nodes(p);
}

/*
 * Whether all else that reads input a of a sum are norms before its other input b: then, going backward, the sum comes
 * first, then b's node reads its gradient, and only then a's is added to.
 */
static bool
adds_later(const struct ss_plan *p, int sum, int a, int b)
{
	for (int i = a + 1; i < p->net->nodes; i++) {
		const struct ss_node *n = &p->net->node[i];

		if (i != sum && (n->in2 == a || (n->in == a && (n->op != SS_OP_NORM || i > b))))
			return false;
	}
	return true;
}

/* A sum's gradient is that of both its inputs: where nothing is added to one while the other is read, they are one. */
static void
share_sums(struct ss_plan *p, const bool *wanted)
{
	for (int i = p->net->nodes - 1; i > 0; i--) {
		const int a = p->net->node[i].in, b = p->net->node[i].in2;

		if (p->net->node[i].op != SS_OP_ADD || !wanted[i] || !wanted[a] || !wanted[b] || a == b || p->seeded[a] ||
		    p->seeded[b] || p->grad[a].border > 0 || p->grad[b].border > 0 || !adds_later(p, i, a, 0) || !adds_later(p, i, b, a))
			continue;
		p->grad_of[a] = p->grad_of[b] = p->grad_of[i];
		p->grad[a].used = p->grad[b].used = false;
	}
}

int
ss_plan_train(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, const int *seeds, int n, struct ss_err *e)
{
	struct ss_plan *p = plan_new(net, kern, batch);
	size_t nodes = (size_t)net->nodes;
	bool *wanted = calloc(nodes, sizeof(*wanted)), *written = calloc(nodes, sizeof(*written));
	int *pending = calloc(nodes, sizeof(*pending));

	*out = NULL;
	if (p == NULL || wanted == NULL || written == NULL || pending == NULL)
		goto fail;
	shape_training(p);
	for (int i = 0; i < n; i++)
		wanted[seeds[i]] = written[seeds[i]] = p->seeded[seeds[i]] = true;
	for (int i = net->nodes - 1; i > 0; i--) {
		const struct ss_node *node = &net->node[i];

		if (!wanted[i])
			continue;
		if (node->in > 0 && !ss_net_frozen(net, node->in))	/* node 0, the image, needs none */
			wanted[node->in] = true;
		if (node->in2 > 0)
			wanted[node->in2] = true;
		ss_shape_slot(&p->grad[i], node, batch, node->op == SS_OP_CONV && node->in > 0 ? node->conv.k / 2 : 0);
	}
	share_sums(p, wanted);
	ss_emit_forward(p, net->nodes - 1);
	for (int i = 0; i < n; i++)		/* the loss reads outputs and writes seeds between the passes */
		ss_emit_use(p, &p->act[seeds[i]], p->phase[p->phases - 1].segment + 1),
		    ss_emit_use(p, ss_plan_grad(p, seeds[i]), p->phase[p->phases - 1].segment + 1);
	ss_emit_backward(p, wanted, written, pending);
	for (int i = 0; i < net->nodes; i++)
		if (net->node[i].layer[0] != '\0')	/* what others may want to look at, after the step too */
			ss_emit_use(p, &p->act[i], p->phase[p->phases - 1].segment);
	if (ss_place(p) < 0)
		goto fail;
	free(wanted), free(written), free(pending);
	*out = p;
	return 0;
fail:
	ss_plan_free(p);
	free(wanted), free(written), free(pending);
	return ss_fail(e, SS_EIO, "out of memory planning %s", net->arch);
}

/* The rest of a plan that goes forward only, to node `last`, whose output is read afterwards; p NULL: out of memory. */
static int
finish_forward(struct ss_plan **out, struct ss_plan *p, const struct ss_net *net, int last, struct ss_err *e)
{
	if (p != NULL) {
		ss_emit_forward(p, last);
		ss_emit_use(p, &p->act[last], p->phase[p->phases - 1].segment + 1);
		if (ss_place(p) < 0) {
			ss_plan_free(p);
			p = NULL;
		}
	}
	*out = p;
	return p != NULL ? 0 : ss_fail(e, SS_EIO, "out of memory planning %s", net->arch);
}

int
ss_plan_follow(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, int last, struct ss_err *e)
{
	struct ss_plan *p = plan_new(net, kern, batch);

	if (p != NULL)
		shape_training(p);
	return finish_forward(out, p, net, last, e);
}

/* A piece of images whose tensors stay in the caches. */
static void
shape_inference(struct ss_plan *p, int last)
{
	size_t largest = 1;

	for (int i = 0; i <= last; i++) {
		const struct ss_node *n = &p->net->node[i];
		const size_t floats = (size_t)n->c * n->h * n->w;

		largest = floats > largest ? floats : largest;
	}
	p->piece = 1;
	while (p->piece < 8 && 2 * (size_t)p->piece * largest * sizeof(float) <= MAX_PIECE)
		p->piece *= 2;
	p->pieces = ss_parts(p->batch, p->piece);
	ss_shape_nodes(p);
}

int
ss_plan_infer(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, int last, struct ss_err *e)
{
	struct ss_plan *p = plan_new(net, kern, batch);

	if (p != NULL)
		shape_inference(p, last);
	return finish_forward(out, p, net, last, e);
}

void
ss_plan_free(struct ss_plan *p)
{
	if (p == NULL)
		return;
	free(p->phase);
	free(p->act);
	free(p->grad);
	free(p->again);
	free(p->grad_of);
	free(p->split);
	free(p->winograd);
	free(p->steps);
	free(p->groups);
	free(p->seeded);
	free(p->stats);
	free(p->packed);
	free(p);
}
