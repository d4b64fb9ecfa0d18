/*
 * exec.h - what the files that execute a plan share, and nobody else
 */
#ifndef SS_EXEC_H
#define SS_EXEC_H

#include "nn/plan.h"

/* All that a phase may touch. grads is NULL going forward. */
struct exec {
	const struct ss_plan *plan;
	struct ss_pass *pass;
	const struct ss_weights *w;
	const uint8_t *images;
	float *grads;
	const struct ss_phase *phase;	/* of the segment that runs */
	int phases;
	int n;				/* images in this pass */
	const struct ss_workspace *space;
	/* of the piece that runs */
	int first;			/* image */
	float *local;			/* memory of the thread, for slots that lie there */
};

static inline struct ss_plane
slot_plane(const struct exec *x, float *arena, const struct ss_slot *s, int c, int image)
{
	struct ss_plane p = { NULL, s->row, s->image };

	if (s->place == SS_REMADE || (s->place == SS_FLUSHED && x->phase->segment == s->born)) {
		SS_BUG_IF(x->local == NULL);
		p.p = x->local + s->local;
		image -= x->first;
	} else {
		p.p = arena + s->offset;
	}
	p.p += (size_t)image * s->image + (size_t)s->border * (s->row + (size_t)c);
	return p;
}

/* Where the output of a node is: going backward, what was made anew. */
static inline const struct ss_slot *
act_slot(const struct exec *x, int node)
{
	return x->grads != NULL && x->plan->again[node].used ? &x->plan->again[node] : &x->plan->act[node];
}

/* The output of a node, from the given image on. */
static inline struct ss_plane
act(const struct exec *x, int node, int image)
{
	return slot_plane(x, x->pass->act, act_slot(x, node), x->plan->net->node[node].c, image);
}

static inline struct ss_plane
grad(const struct exec *x, int node, int image)
{
	return slot_plane(x, x->pass->act, ss_plan_grad(x->plan, node), x->plan->net->node[node].c, image);
}

/*
 * The statistics of a norm: seven arrays of c floats in the place of 4c doubles, then
 * the sums of each piece, 2c doubles.
 */
struct stats {
	float *mean, *invstd, *scale, *shift, *a, *b, *d;
	double *sums;
};

static inline struct stats
stats_of(const struct exec *x, int node)
{
	double *base = x->pass->stats + x->plan->stats[node];
	size_t c = (size_t)x->plan->net->node[node].c;
	float *f = (float *)(void *)base;

	return (struct stats){ f, f + c, f + 2 * c, f + 3 * c, f + 4 * c, f + 5 * c, f + 6 * c,
		base + 4 * c };
}

/* What passes between the steps of a Winograd convolution, and over how many tiles. */
static inline float *
step_slot(const struct exec *x, int node, int slot)
{
	return x->pass->act + x->plan->steps[node].slot[slot].offset;
}

/* The same of the forward pass, or of its repetition. */
static inline float *
forward_slot(const struct exec *x, int node, bool products)
{
	if (x->grads == NULL)
		return step_slot(x, node, products ? SS_WINO_M : SS_WINO_V);
	return step_slot(x, node, products ? SS_WINO_AGAIN_M : SS_WINO_AGAIN_V);
}

static inline int
step_tiles(const struct exec *x, int node)
{
	return ss_winograd_count(x->n, x->plan->net->node[node].h, x->plan->net->node[node].w);
}

static inline const float *
param(const struct exec *x, int i)
{
	return i < 0 ? NULL : x->w->params + x->plan->net->params.p[i].offset;
}

static inline float *
param_grad(const struct exec *x, int i)
{
	return x->grads + x->plan->net->params.p[i].offset;
}

static inline float *
buffer(const struct exec *x, int i)
{
	return x->w->buffers + x->plan->net->buffers.p[i].offset;
}

/*
 * What the convolution in front of a norm adds to channel c. It is never added to the activations: the mean of a batch
 * would take it away again, and running means are of sums with it.
 */
static inline float
conv_bias(const struct exec *x, int norm, int c)
{
	const struct ss_node *in = &x->plan->net->node[x->plan->net->node[norm].in];

	return in->op != SS_OP_CONV || in->bias < 0 ? 0 : x->w->params[x->plan->net->params.p[in->bias].offset + (size_t)c];
}

static inline float *
scratch_of(const struct exec *x, int worker)
{
	return x->space->scratch + (size_t)worker * x->plan->scratch_floats;
}

/* exec_images.c: one phase for the images from..from+n-1, which are number `piece` of the pieces. */
void ss_exec_images(const struct exec *x, const struct ss_phase *ph, int piece, int from, int n,
    float *scratch);

/* exec_conv.c: convolutions of images from..from+n-1; the gradient of the weights for the input channels c0..c1-1. */
void ss_exec_conv(const struct exec *x, const struct ss_phase *ph, int from, int n, float *scratch);
void ss_exec_dgrad(const struct exec *x, const struct ss_phase *ph, int from, int n, float *scratch);
void ss_exec_wgrad(const struct exec *x, int node, int from, int n, int c0, int c1, float *dw,
    float *scratch);

/* Of those in steps, what is done by images; the first transform of the forward pass is in exec_images.c. */
void ss_exec_steps_out(const struct exec *x, const struct ss_phase *ph, int from, int n);
void ss_exec_steps_back(const struct exec *x, const struct ss_phase *ph, int from, int n);

/* A piece of those that are segments by themselves, and how many there are. */
void ss_exec_conv_piece(const struct exec *x, int piece, int worker);
size_t ss_exec_conv_pieces(const struct exec *x);

/* exec_batch.c: a piece of a phase that is a segment by itself, and how many there are. */
void ss_exec_piece(const struct exec *x, int piece, int worker);
size_t ss_exec_pieces(const struct exec *x);

/* scale and shift so that y * scale + shift = (y - mean) / sqrt(var + eps) * gamma + beta */
void ss_exec_affine(const struct exec *x, int node, int c, double mean, double var);

#endif
