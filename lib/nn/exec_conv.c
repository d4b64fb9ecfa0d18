/*
 * exec_conv.c - convolutions: those within a segment, and those that are segments by themselves
 */
#include <string.h>

#include "base/size.h"
#include "nn/exec.h"

/* Where part number i begins if `whole` is cut into parts; borders are multiples of `unit`. */
static int
border(int whole, int parts, int unit, int i)
{
	const long units = (whole + unit - 1) / unit, at = units * i / parts * unit;

	return at < whole ? (int)at : whole;
}

/* The norm that a phase applies to what its convolution makes; to be used if ph->norm >= 0. */
static struct ss_epilogue
epilogue(const struct exec *x, const struct ss_phase *ph, int from)
{
	const struct ss_node *norm = &x->plan->net->node[ph->norm < 0 ? 0 : ph->norm];
	struct ss_epilogue e = { 0 };

	if (ph->norm < 0)
		return e;
	e.scale = stats_of(x, ph->norm).scale;
	e.shift = stats_of(x, ph->norm).shift;
	e.relu = norm->relu;
	e.border = x->plan->act[ph->norm].border > 0;
	if (norm->in2 >= 0)
		e.r = act(x, norm->in2, from);
	return e;
}

void
ss_exec_conv(const struct exec *x, const struct ss_phase *ph, int from, int n, float *scratch)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const float *w = x->w->packed + x->plan->packed[ph->node];
	const struct ss_epilogue after = epilogue(x, ph, from), *e = ph->norm < 0 ? NULL : &after;
	const struct ss_plane y = act(x, ph->norm < 0 ? ph->node : ph->norm, from);

	if (x->plan->winograd[ph->node])
		x->plan->kern->wino_conv(&nd->conv, n, act(x, nd->in, from), w, y, e, scratch);
	else
		x->plan->kern->conv(&nd->conv, n, act(x, nd->in, from), w, y, e);
}

void
ss_exec_dgrad(const struct exec *x, const struct ss_phase *ph, int from, int n, float *scratch)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const float *w = x->w->packed_t + x->plan->packed[ph->node];

	if (x->plan->winograd[ph->node])
		x->plan->kern->wino_dgrad(&nd->conv, n, grad(x, ph->node, from), w, grad(x, nd->in, from),
		    ph->accumulate, scratch);
	else
		x->plan->kern->conv_dgrad(&nd->conv, n, grad(x, ph->node, from), w, grad(x, nd->in, from),
		    ph->accumulate);
}

void
ss_exec_wgrad(const struct exec *x, int node, int from, int n, int c0, int c1, float *dw,
    float *scratch)
{
	const struct ss_node *nd = &x->plan->net->node[node];

	if (x->plan->winograd[node])
		x->plan->kern->wino_wgrad(&nd->conv, n, act(x, nd->in, from), grad(x, node, from), c0, c1,
		    dw, scratch);
	else
		x->plan->kern->conv_wgrad(&nd->conv, n, act(x, nd->in, from), grad(x, node, from), c0, c1,
		    dw);
}

void
ss_exec_steps_out(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const struct ss_epilogue e = epilogue(x, ph, from);

	x->plan->kern->wino_output(nd->c, nd->h, nd->w, forward_slot(x, ph->node, true),
	    step_tiles(x, ph->node), act(x, ph->norm < 0 ? ph->node : ph->norm, from), from, n, false,
	    ph->norm < 0 ? NULL : &e);
}

/* What both gradients of a convolution in steps begin with. */
void
ss_exec_steps_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const struct ss_kernels *k = x->plan->kern;
	const int tiles = step_tiles(x, ph->node);
	const struct ss_plane dy = grad(x, ph->node, from);

	k->wino_input(nd->conv.ci, nd->h, nd->w, act(x, nd->in, from), from, n, tiles,
	    step_slot(x, ph->node, SS_WINO_X));
	k->wino_gradient(nd->c, nd->h, nd->w, dy, from, n, tiles, step_slot(x, ph->node, SS_WINO_D));
	if (ph->input_grad)
		k->wino_input(nd->c, nd->h, nd->w, dy, from, n, tiles, step_slot(x, ph->node, SS_WINO_BACK_V));
}

/* A group of images of a direct convolution with large weights, forward or backward. */
static void
wide_piece(const struct exec *x, int piece, int worker)
{
	const int groups = x->plan->groups[x->phase->node];
	const int from = border(x->n, groups, 1, piece), n = border(x->n, groups, 1, piece + 1) - from;

	if (n == 0)
		return;
	if (x->phase->kind == SS_PH_CONV_WIDE)
		ss_exec_conv(x, x->phase, from, n, scratch_of(x, worker));
	else
		ss_exec_dgrad(x, x->phase, from, n, scratch_of(x, worker));
}

enum { MULTIPLY_TILES = 128, SUMS_IN = 128 };	/* of a piece of one of the 36 products */

static void
multiply_piece(const struct exec *x, int piece)
{
	const int node = x->phase->node, tiles = step_tiles(x, node), groups = ss_parts(tiles, MULTIPLY_TILES);
	const int from = border(tiles, groups, 1, piece % groups), to = border(tiles, groups, 1, piece % groups + 1);
	const struct ss_conv *c = &x->plan->net->node[node].conv;

	if (x->phase->kind == SS_PH_WINO_MULTIPLY)
		x->plan->kern->wino_multiply(piece / groups, c->ci, c->co, tiles, from, to,
		    forward_slot(x, node, false), x->w->packed + x->plan->packed[node],
		    forward_slot(x, node, true));
	else
		x->plan->kern->wino_multiply(piece / groups, c->co, c->ci, tiles, from, to,
		    step_slot(x, node, SS_WINO_BACK_V), x->w->packed_t + x->plan->packed[node],
		    step_slot(x, node, SS_WINO_BACK_M));
}

static void
sums_piece(const struct exec *x, int piece)
{
	const int node = x->phase->node;
	const struct ss_conv *c = &x->plan->net->node[node].conv;
	const int blocks = ss_parts(c->ci, SUMS_IN), b = piece % blocks;

	x->plan->kern->wino_multiply_t(piece / blocks, c->ci, c->co, step_tiles(x, node),
	    border(c->ci, blocks, 32, b), border(c->ci, blocks, 32, b + 1), step_slot(x, node, SS_WINO_X),
	    step_slot(x, node, SS_WINO_D), step_slot(x, node, SS_WINO_U));
}

/* dw = 0 for the input channels c0..c1-1 */
static void
clear(const struct ss_conv *c, int c0, int c1, float *dw)
{
	for (int t = 0; t < c->k * c->k; t++)
		memset(dw + ((size_t)t * c->ci + c0) * c->co, 0, (size_t)(c1 - c0) * c->co * sizeof(float));
}

static void
wgrad_split_piece(const struct exec *x, int piece, int worker)
{
	int node = x->phase->node;
	const struct ss_node *nd = &x->plan->net->node[node];
	const struct ss_conv *c = &nd->conv;
	const struct ss_split *s = &x->plan->split[node];
	int g = piece / s->blocks, b = piece % s->blocks;
	int from = border(x->n, s->groups, 1, g), to = border(x->n, s->groups, 1, g + 1);
	int c0 = border(c->ci, s->blocks, 32, b), c1 = border(c->ci, s->blocks, 32, b + 1);
	float *dw = x->pass->act + s->partial.offset + (size_t)g * c->k * c->k * c->ci * c->co;

	if (c0 == c1)
		return;
	clear(c, c0, c1, dw);
	ss_exec_wgrad(x, node, from, to - from, c0, c1, dw, scratch_of(x, worker));
}

enum { SUM_IN = 16 };		/* input channels of a piece */

static void
wgrad_sum_piece(const struct exec *x, int piece)
{
	const struct ss_node *nd = &x->plan->net->node[x->phase->node];
	const struct ss_split *s = &x->plan->split[x->phase->node];
	const int c0 = piece * SUM_IN, c1 = c0 + SUM_IN < nd->conv.ci ? c0 + SUM_IN : nd->conv.ci;

	if (x->phase->kind == SS_PH_WINO_FINISH) {
		clear(&nd->conv, c0, c1, x->pass->act + s->partial.offset);
		x->plan->kern->wino_finish(nd->conv.ci, nd->c, c0, c1, step_slot(x, x->phase->node, SS_WINO_U),
		    x->pass->act + s->partial.offset);
	}
	x->plan->kern->conv_wgrad_sum(&nd->conv, s->groups, x->pass->act + s->partial.offset, c0, c1,
	    param_grad(x, nd->weight));
}

void
ss_exec_conv_piece(const struct exec *x, int piece, int worker)
{
	switch (x->phase->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		wide_piece(x, piece, worker);
		break;
	case SS_PH_WGRAD_SPLIT:
		wgrad_split_piece(x, piece, worker);
		break;
	case SS_PH_WINO_SUMS:
		sums_piece(x, piece);
		break;
	case SS_PH_WGRAD_SUM:
	case SS_PH_WINO_FINISH:
		wgrad_sum_piece(x, piece);
		break;
	default:
		multiply_piece(x, piece);
	}
}

size_t
ss_exec_conv_pieces(const struct exec *x)
{
	const int node = x->phase->node;
	const struct ss_conv *c = &x->plan->net->node[node].conv;

	switch (x->phase->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		return (size_t)x->plan->groups[node];
	case SS_PH_WGRAD_SPLIT:
		return (size_t)x->plan->split[node].groups * (size_t)x->plan->split[node].blocks;
	case SS_PH_WINO_SUMS:
		return 36 * (size_t)ss_parts(c->ci, SUMS_IN);
	case SS_PH_WGRAD_SUM:
	case SS_PH_WINO_FINISH:
		return (size_t)ss_parts(c->ci, SUM_IN);
	default:
		return 36 * (size_t)ss_parts(step_tiles(x, node), MULTIPLY_TILES);
	}
}
