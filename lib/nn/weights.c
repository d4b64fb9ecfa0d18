/*
 * weights.c - the memory of a network's weights and of its passes
 */
#include <stdlib.h>

#include "base/size.h"
#include "nn/plan.h"

int
ss_weights_share(struct ss_weights *w, const struct ss_weights *owner, const struct ss_plan *plan, struct ss_err *e)
{
	const bool back = plan->forward < plan->phases;

	*w = (struct ss_weights){
		.params = owner->params,
		.buffers = owner->buffers,
		.packed = ss_alloc(plan->packed_floats, sizeof(float)),
		.packed_t = back ? ss_alloc(plan->packed_floats, sizeof(float)) : NULL
	};
	if (w->params == NULL || w->buffers == NULL || w->packed == NULL || (back && w->packed_t == NULL)) {
		ss_weights_unshare(w);
		return ss_fail(e, SS_EIO, "out of memory for the weights of %s", plan->net->arch);
	}
	return 0;
}

void
ss_weights_unshare(struct ss_weights *w)
{
	free(w->packed);
	free(w->packed_t);
	*w = (struct ss_weights){ 0 };
}

int
ss_weights_create(struct ss_weights *w, const struct ss_plan *plan, struct ss_err *e)
{
	struct ss_weights all = {
		.params = ss_alloc(plan->net->params.floats, sizeof(float)),
		.buffers = ss_alloc(plan->net->buffers.floats, sizeof(float))
	};
	const int r = ss_weights_share(w, &all, plan, e);

	if (r < 0)
		ss_weights_free(&all);
	return r;
}

void
ss_weights_free(struct ss_weights *w)
{
	free(w->params);
	free(w->buffers);
	ss_weights_unshare(w);
}

struct packing {
	struct ss_weights *w;
	const struct ss_plan *plan;
};

/* Even pieces pack weights for the forward pass, odd ones for the data gradient. */
static void
pack_piece(void *arg, size_t piece, int worker)
{
	const struct packing *k = arg;
	const size_t node = piece / 2;
	const bool transposed = piece % 2;
	const struct ss_node *nd = &k->plan->net->node[node];
	const struct ss_kernels *kern = k->plan->kern;
	const bool wino = k->plan->winograd[node];
	const float *w;

	(void)worker;
	if (nd->op == SS_OP_CONV) {
		w = k->w->params + k->plan->net->params.p[nd->weight].offset;
		if (!transposed)
			(wino ? kern->wino_pack : kern->conv_pack)(&nd->conv, w, k->w->packed +
			    k->plan->packed[node]);
		else if (k->w->packed_t != NULL)
			(wino ? kern->wino_pack_t : kern->conv_pack_t)(&nd->conv, w, k->w->packed_t +
			    k->plan->packed[node]);
	} else if (nd->op == SS_OP_LINEAR && !k->plan->train && !transposed) {
		struct ss_conv c = { 1, 1, k->plan->net->node[nd->in].c, nd->c, 1, 1, 1, 1 };

		w = k->w->params + k->plan->net->params.p[nd->weight].offset;
		k->plan->kern->conv_pack(&c, w, k->w->packed + k->plan->packed[node]);
	}
}

void
ss_weights_pack(struct ss_weights *w, const struct ss_plan *plan, struct ss_pool *pool)
{
	struct packing k = { w, plan };

	ss_pool_run(pool, 2 * (size_t)plan->net->nodes, pack_piece, &k);
}

int
ss_pass_create(struct ss_pass *p, const struct ss_plan *plan, struct ss_err *e)
{
	p->act = ss_alloc(plan->act_floats, sizeof(float));
	p->stats = ss_alloc(plan->stat_floats, sizeof(double));
	if (p->act == NULL || p->stats == NULL) {
		ss_pass_free(p);
		return ss_fail(e, SS_EIO, "out of memory for a batch of %d (%zu MB); use a smaller --batch%s",
		    plan->batch, plan->act_floats * sizeof(float) >> 20,
		    plan->train && !plan->net->recompute ? " or --checkpoint-activations" : "");
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
