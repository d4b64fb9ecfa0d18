/*
 * exec_batch.c - phases in which all images meet, cut by groups, channels or columns
 */
#include <math.h>
#include <string.h>

#include "kern/gemm.h"
#include "nn/exec.h"

#define NORM_EPS	1e-5	/* PyTorch's */
#define NORM_MOMENTUM	0.1

/* Where part number i begins if `whole` is cut into parts; borders are multiples of `unit`. */
static int
border(int whole, int parts, int unit, int i)
{
	const long units = (whole + unit - 1) / unit, at = units * i / parts * unit;

	return at < whole ? (int)at : whole;
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

static int
parts(int whole, int part)
{
	return (whole + part - 1) / part;
}

static void
multiply_piece(const struct exec *x, int piece)
{
	const int node = x->phase->node, tiles = step_tiles(x, node), groups = parts(tiles, MULTIPLY_TILES);
	const int from = border(tiles, groups, 1, piece % groups), to = border(tiles, groups, 1, piece % groups + 1);
	const struct ss_conv *c = &x->plan->net->node[node].conv;

	if (x->phase->kind == SS_PH_WINO_MULTIPLY)
		x->plan->kern->wino_multiply(piece / groups, c->ci, c->co, tiles, from, to,
		    step_slot(x, node, SS_WINO_V), x->w->packed + x->plan->packed[node],
		    step_slot(x, node, SS_WINO_M));
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
	const int blocks = parts(c->ci, SUMS_IN), b = piece % blocks;

	x->plan->kern->wino_multiply_t(piece / blocks, c->ci, c->co, step_tiles(x, node),
	    border(c->ci, blocks, 32, b), border(c->ci, blocks, 32, b + 1), step_slot(x, node, SS_WINO_X),
	    step_slot(x, node, SS_WINO_D), step_slot(x, node, SS_WINO_U));
}

/* Columns of a dense layer in one piece of work: an eighth, but whole vectors. */
static int
columns(int n)
{
	int c = ((n + 7) / 8 + 63) / 64 * 64;

	return c < n ? c : n;
}

static int
column_pieces(int n)
{
	return (n + columns(n) - 1) / columns(n);
}

static void
linear_piece(const struct exec *x, int piece)
{
	const struct ss_node *nd = &x->plan->net->node[x->phase->node];
	int ci = x->plan->net->node[nd->in].c, width = columns(nd->c), o = piece * width;
	float *y = act(x, x->phase->node, 0).p + o;
	const float *bias = param(x, nd->bias);

	if (o + width > nd->c)
		width = nd->c - o;
	ss_gemm(false, true, x->n, width, ci, 1, act(x, nd->in, 0).p, ci,
	    param(x, nd->weight) + (size_t)o * ci, ci, 0, y, nd->c);
	for (int i = 0; bias != NULL && i < x->n; i++)
		for (int k = 0; k < width; k++)
			y[(size_t)i * nd->c + k] += bias[o + k];
}

/* The first pieces are columns of dx = dy W, the others rows of dW += dy' x and of the bias. */
static void
linear_back_piece(const struct exec *x, int piece)
{
	const struct ss_phase *ph = x->phase;
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	int ci = x->plan->net->node[nd->in].c, first = ph->input_grad ? column_pieces(ci) : 0;
	const float *dy = grad(x, ph->node, 0).p;

	if (piece < first) {
		int width = columns(ci), i = piece * width;

		if (i + width > ci)
			width = ci - i;
		ss_gemm(false, false, x->n, width, nd->c, 1, dy, nd->c, param(x, nd->weight) + i, ci,
		    ph->accumulate ? 1 : 0, grad(x, nd->in, 0).p + i, ci);
	} else {
		int width = columns(nd->c), o = (piece - first) * width;

		if (o + width > nd->c)
			width = nd->c - o;
		ss_gemm(true, false, width, ci, x->n, 1, dy + o, nd->c, act(x, nd->in, 0).p, ci, 1,
		    param_grad(x, nd->weight) + (size_t)o * ci, ci);
		for (int k = o; nd->bias >= 0 && k < o + width; k++) {
			double sum = 0;

			for (int i = 0; i < x->n; i++)
				sum += dy[(size_t)i * nd->c + k];
			param_grad(x, nd->bias)[k] += (float)sum;
		}
	}
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

/* Sums of all pieces, in their order. */
static void
total(const struct exec *x, const double *sums, int c, int channel, double *first, double *second)
{
	*first = *second = 0;
	for (int i = 0; i < x->plan->pieces; i++, sums += 2 * (size_t)c) {
		*first += sums[channel];
		*second += sums[c + channel];
	}
}

void
ss_exec_affine(const struct exec *x, int node, int c, double mean, double var)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	const struct stats s = stats_of(x, node);
	const float *gamma = param(x, nd->weight), *beta = param(x, nd->bias);
	double invstd = 1 / sqrt(var + NORM_EPS), scale = invstd * (gamma == NULL ? 1 : gamma[c]);

	s.mean[c] = (float)mean;
	s.invstd[c] = (float)invstd;
	s.scale[c] = (float)scale;
	s.shift[c] = (float)((beta == NULL ? 0 : beta[c]) - mean * scale);
}

static void
finish(const struct exec *x, int node)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	struct stats s = stats_of(x, node);
	double m = (double)x->n * nd->h * nd->w;
	float *running_mean = buffer(x, nd->mean), *running_var = buffer(x, nd->var);

	for (int c = 0; c < nd->c; c++) {
		double sum, square, mean, var;

		total(x, s.sums, nd->c, c, &sum, &square);
		mean = sum / m;
		var = square / m - mean * mean;
		if (var < 0)		/* rounding of a constant channel; NaN stays */
			var = 0;
		ss_exec_affine(x, node, c, mean, var);
		running_mean[c] = (float)((1 - NORM_MOMENTUM) * running_mean[c] + NORM_MOMENTUM * mean);
		running_var[c] = (float)((1 - NORM_MOMENTUM) * running_var[c] +
		    NORM_MOMENTUM * (m > 1 ? var * m / (m - 1) : var));
	}
}

/*
 * With xhat = (y - mean) / std: dy = gamma/std * (g - mean(g) - xhat * mean(g * xhat)),
 * written as a * g + b * (y - mean) + d (Ioffe and Szegedy 2015, section 3).
 */
static void
finish_back(const struct exec *x, int node)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	struct stats s = stats_of(x, node);
	double m = (double)x->n * nd->h * nd->w;
	const float *gamma = param(x, nd->weight);

	for (int c = 0; c < nd->c; c++) {
		double g, gy, a, invstd = s.invstd[c];

		total(x, s.sums, nd->c, c, &g, &gy);
		a = invstd * (gamma == NULL ? 1 : gamma[c]);
		s.a[c] = (float)a;
		s.b[c] = (float)(-a * gy * invstd * invstd / m);
		s.d[c] = (float)(-a * g / m);
		if (nd->weight >= 0) {
			param_grad(x, nd->weight)[c] += (float)(gy * invstd);
			param_grad(x, nd->bias)[c] += (float)g;
		}
	}
}

void
ss_exec_piece(const struct exec *x, int piece, int worker)
{
	switch (x->phase->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		wide_piece(x, piece, worker);
		break;
	case SS_PH_LINEAR:
		linear_piece(x, piece);
		break;
	case SS_PH_LINEAR_BACK:
		linear_back_piece(x, piece);
		break;
	case SS_PH_WGRAD_SPLIT:
		wgrad_split_piece(x, piece, worker);
		break;
	case SS_PH_WGRAD_SUM:
	case SS_PH_WINO_FINISH:
		wgrad_sum_piece(x, piece);
		break;
	case SS_PH_WINO_MULTIPLY:
	case SS_PH_WINO_MULTIPLY_BACK:
		multiply_piece(x, piece);
		break;
	case SS_PH_WINO_SUMS:
		sums_piece(x, piece);
		break;
	case SS_PH_FINISH:
		finish(x, x->phase->node);
		break;
	default:
		finish_back(x, x->phase->node);
	}
}

size_t
ss_exec_pieces(const struct exec *x)
{
	const struct ss_plan *p = x->plan;
	const struct ss_phase *ph = x->phase;
	const struct ss_node *nd = &p->net->node[ph->node];

	switch (ph->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		return (size_t)p->groups[ph->node];
	case SS_PH_LINEAR:
		return (size_t)column_pieces(nd->c);
	case SS_PH_LINEAR_BACK:
		return (size_t)column_pieces(nd->c) +
		    (size_t)(ph->input_grad ? column_pieces(p->net->node[nd->in].c) : 0);
	case SS_PH_WGRAD_SPLIT:
		return (size_t)p->split[ph->node].groups * (size_t)p->split[ph->node].blocks;
	case SS_PH_WINO_MULTIPLY:
	case SS_PH_WINO_MULTIPLY_BACK:
		return 36 * (size_t)parts(step_tiles(x, ph->node), MULTIPLY_TILES);
	case SS_PH_WINO_SUMS:
		return 36 * (size_t)parts(nd->conv.ci, SUMS_IN);
	case SS_PH_WGRAD_SUM:
	case SS_PH_WINO_FINISH:
		return (size_t)(nd->conv.ci + SUM_IN - 1) / SUM_IN;
	default:
		return 1;
	}
}

