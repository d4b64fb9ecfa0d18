/*
 * shape.c - how each node of a plan is done: sizes, kernels, pieces
 */
#include "base/size.h"
#include "nn/emit.h"
#include "nn/shape.h"

/* Partial sums of one weight gradient may take this much, so that big layers are cut by channels instead. */
#define MAX_PARTIAL	((size_t)40 << 20)
#define MIN_TASKS	16

/* Sums that leave L2 between two pixels are worth it for so many pixels in a piece; else groups have more. */
#define PIECE_PIXELS	512
#define GROUP_PIXELS	1024

/* Transformed weights above this are read once for all images of the batch. */
#define MAX_TRANSFORMED	((size_t)4 << 20)

/* Weights above this do not stay in L2 while images pass. */
#define MAX_WEIGHTS	((size_t)1 << 20)

/* Pixels of border that convolutions read. */
static int
border_of(const struct ss_plan *p, int node)
{
	int border = 0;

	for (int i = 0; i < p->net->nodes; i++)
		if (p->net->node[i].op == SS_OP_CONV && p->net->node[i].in == node && p->net->node[i].conv.k / 2 > border)
			border = p->net->node[i].conv.k / 2;
	SS_BUG_IF(border > 1 && p->net->node[node].op != SS_OP_INPUT);	/* the other kernels zero one */
	return border;
}

void
ss_shape_slot(struct ss_slot *s, const struct ss_node *n, int batch, int border)
{
	s->used = true;
	s->border = border;
	s->row = (size_t)(n->w + 2 * border) * n->c;
	s->image = (size_t)(n->h + 2 * border) * s->row;
	s->floats = s->image * (size_t)batch;
	s->born = -1;
	s->dies = -1;
	s->writer = -1;
}

/* Winograd computes whole tiles of 4x4 outputs; it pays where at least half of them are wanted. */
static bool
winograd_pays(const struct ss_kernels *k, const struct ss_conv *c)
{
	const int tiles = ss_parts(c->h, 4) * ss_parts(c->w, 4);

	return ss_winograd_fits(k, c) && c->h * c->w >= 8 * tiles;
}

static void
shape_steps(struct ss_plan *p, int i)
{
	const struct ss_conv *c = &p->net->node[i].conv;
	const int tiles = ss_winograd_count(p->batch, c->h, c->w);
	const size_t in = ss_winograd_floats(tiles, c->ci), out = ss_winograd_floats(tiles, c->co);
	const size_t floats[SS_WINO_SLOTS] = {
		[SS_WINO_V] = in, [SS_WINO_M] = out, [SS_WINO_AGAIN_V] = in, [SS_WINO_AGAIN_M] = out, [SS_WINO_BACK_V] = out, [SS_WINO_BACK_M] = in,
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
			const int images = ss_parts(256, c->oh * c->ow);	/* 256 pixels are enough */

			if (images > p->piece)
				p->groups[i] = ss_parts(p->batch, images);
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
		int fit, pixels;

		if (n->op != SS_OP_CONV)
			continue;
		floats = (size_t)n->conv.k * n->conv.k * n->conv.ci * n->conv.co;
		fit = (int)(MAX_PARTIAL / (floats * sizeof(float)));
		pixels = n->conv.oh * n->conv.ow;
		s->chained = fit >= p->pieces && !p->steps[i].used &&
		    (floats * sizeof(float) <= MAX_WEIGHTS || p->piece * pixels >= PIECE_PIXELS);
		if (p->steps[i].used) {
			s->groups = s->blocks = 1;
		} else if (s->chained) {
			s->groups = p->pieces;
			s->blocks = 1;
		} else {
			s->groups = ss_parts(p->batch * pixels, GROUP_PIXELS);
			s->groups = s->groups > fit ? fit : s->groups;
			s->groups = s->groups > p->batch ? p->batch : s->groups < 1 ? 1 : s->groups;
			s->blocks = ss_parts(MIN_TASKS, s->groups);
			if (s->blocks > ss_parts(n->conv.ci, 64))
				s->blocks = ss_parts(n->conv.ci, 64);
		}
		s->partial.used = true;
		s->partial.floats = floats * (size_t)s->groups;
		s->partial.born = s->partial.dies = -1;
	}
}

bool
ss_plan_inner(const struct ss_net *net, int node)
{
	const struct ss_node *n = &net->node[node];

	return net->recompute && node < net->backbone &&
	    (n->op == SS_OP_CONV || n->op == SS_OP_SHORTCUT || (n->op == SS_OP_NORM && n->in2 < 0));
}

/* Places of statistics and packed weights, shapes of activations: what both kinds of plan share. */
void
ss_shape_nodes(struct ss_plan *p)
{
	shape_convs(p);
	if (p->train)
		shape_splits(p);
	for (int i = 0; i < p->net->nodes; i++) {
		const struct ss_node *n = &p->net->node[i];

		ss_shape_slot(&p->act[i], n, p->batch, border_of(p, i));
		if (p->train && ss_plan_inner(p->net, i) && !ss_plan_remakes(p, i))
			ss_shape_slot(&p->again[i], n, p->batch, border_of(p, i));
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
