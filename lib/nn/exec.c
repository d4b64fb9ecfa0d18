/*
 * exec.c - runs the phases of a plan
 */
#include <math.h>
#include <string.h>

#include "kern/gemm.h"
#include "nn/plan.h"
#include "nn/profile.h"

#define NORM_EPS	1e-5	/* PyTorch's */
#define NORM_MOMENTUM	0.1

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

static struct ss_plane
slot_plane(const struct exec *x, float *arena, const struct ss_slot *s, int c, int image)
{
	struct ss_plane p = { NULL, s->row, s->image };

	if (s->place == SS_LOCAL || (s->place == SS_FLUSHED && x->phase->segment == s->born)) {
		SS_BUG_IF(x->local == NULL);
		p.p = x->local + s->local;
		image -= x->first;
	} else {
		p.p = arena + s->offset;
	}
	p.p += (size_t)image * s->image + (s->border ? s->row + (size_t)c : 0);
	return p;
}

/* The output of a node, from the given image on. */
static struct ss_plane
act(const struct exec *x, int node, int image)
{
	return slot_plane(x, x->pass->act, &x->plan->act[node], x->plan->net->node[node].c, image);
}

static struct ss_plane
grad(const struct exec *x, int node, int image)
{
	return slot_plane(x, x->pass->act, &x->plan->grad[node], x->plan->net->node[node].c, image);
}

/*
 * The statistics of a norm: seven arrays of c floats in the place of 4c doubles, then
 * the sums of each piece, 2c doubles.
 */
struct stats {
	float *mean, *invstd, *scale, *shift, *a, *b, *d;
	double *sums;
};

static struct stats
stats_of(const struct exec *x, int node)
{
	double *base = x->pass->stats + x->plan->stats[node];
	size_t c = (size_t)x->plan->net->node[node].c;
	float *f = (float *)base;

	return (struct stats){ f, f + c, f + 2 * c, f + 3 * c, f + 4 * c, f + 5 * c, f + 6 * c,
		base + 4 * c };
}

static const float *
param(const struct exec *x, int i)
{
	return i < 0 ? NULL : x->w->params + x->plan->net->params.p[i].offset;
}

static float *
param_grad(const struct exec *x, int i)
{
	return x->grads + x->plan->net->params.p[i].offset;
}

static float *
buffer(const struct exec *x, int i)
{
	return x->w->buffers + x->plan->net->buffers.p[i].offset;
}

/* u8 (c,h,w) to float (h,w,c): (v / 255 - mean) / std, and a border of zeros as PyTorch pads. */
static void
input(const struct exec *x, int node, int from, int n)
{
	const struct ss_net *net = x->plan->net;
	const struct ss_node *nd = &net->node[node];
	struct ss_plane p = act(x, node, from);
	size_t pixels = (size_t)nd->h * nd->w;
	float table[4][256];

	for (int c = 0; c < nd->c; c++)
		for (int v = 0; v < 256; v++)
			table[c][v] = ((float)v / 255 - net->mean[c]) / net->std[c];
	if (x->plan->act[node].border)
		memset(p.p - p.row - nd->c, 0, (size_t)n * p.image * sizeof(float));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < nd->c; c++) {
			const uint8_t *in = x->images + ((size_t)(from + i) * nd->c + c) * pixels;

			for (int r = 0; r < nd->h; r++)
				for (int q = 0; q < nd->w; q++)
					p.p[i * p.image + r * p.row + (size_t)q * nd->c + c] =
					    table[c][in[(size_t)r * nd->w + q]];
		}
}

static void
shortcut(const struct exec *x, int node, int from, int n)
{
	const struct ss_conv *c = &x->plan->net->node[node].conv;
	struct ss_plane in = act(x, x->plan->net->node[node].in, from), out = act(x, node, from);

	for (int i = 0; i < n; i++)
		for (int r = 0; r < c->oh; r++)
			for (int q = 0; q < c->ow; q++) {
				float *to = out.p + i * out.image + r * out.row + (size_t)q * c->co;

				memcpy(to, in.p + i * in.image + (size_t)r * c->stride * in.row +
				    (size_t)q * c->stride * c->ci, (size_t)c->ci * sizeof(float));
				memset(to + c->ci, 0, (size_t)(c->co - c->ci) * sizeof(float));
			}
}

static void
shortcut_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const struct ss_conv *c = &nd->conv;
	struct ss_plane out = grad(x, ph->node, from), in = grad(x, nd->in, from);

	for (int i = 0; i < n; i++) {
		if (!ph->accumulate)
			for (int r = 0; r < c->h; r++)
				memset(in.p + i * in.image + r * in.row, 0,
				    (size_t)c->w * c->ci * sizeof(float));
		for (int r = 0; r < c->oh; r++)
			for (int q = 0; q < c->ow; q++) {
				const float *g = out.p + i * out.image + r * out.row + (size_t)q * c->co;
				float *to = in.p + i * in.image + (size_t)r * c->stride * in.row +
				    (size_t)q * c->stride * c->ci;

				for (int k = 0; k < c->ci; k++)
					to[k] += g[k];
			}
	}
}

static void
pool(const struct exec *x, int node, int from, int n)
{
	const struct ss_node *in = &x->plan->net->node[x->plan->net->node[node].in];
	struct ss_plane a = act(x, x->plan->net->node[node].in, from), out = act(x, node, from);
	float scale = 1.0f / (float)(in->h * in->w);

	for (int i = 0; i < n; i++) {
		float *o = out.p + i * out.image;

		memset(o, 0, (size_t)in->c * sizeof(float));
		for (int r = 0; r < in->h; r++)
			for (int q = 0; q < in->w; q++)
				for (int c = 0; c < in->c; c++)
					o[c] += a.p[i * a.image + r * a.row + (size_t)q * in->c + c];
		for (int c = 0; c < in->c; c++)
			o[c] *= scale;
	}
}

static void
pool_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	int in_node = x->plan->net->node[ph->node].in;
	const struct ss_node *in = &x->plan->net->node[in_node];
	struct ss_plane out = grad(x, ph->node, from), g = grad(x, in_node, from);
	float scale = 1.0f / (float)(in->h * in->w);

	for (int i = 0; i < n; i++)
		for (int r = 0; r < in->h; r++)
			for (int q = 0; q < in->w; q++) {
				float *to = g.p + i * g.image + r * g.row + (size_t)q * in->c;

				for (int c = 0; c < in->c; c++) {
					float v = out.p[i * out.image + c] * scale;

					to[c] = ph->accumulate ? to[c] + v : v;
				}
			}
}

/* A dense layer for inference: the 1x1 kernel with images as pixels, whose result does not depend on n. */
static void
dense(const struct exec *x, int node, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	const struct ss_node *in = &x->plan->net->node[nd->in];
	struct ss_conv c = { 1, 1, in->c, nd->c, 1, n, 1, n };
	struct ss_plane a = act(x, nd->in, from), y = act(x, node, from);
	const float *bias = param(x, nd->bias);

	x->plan->kern->conv(&c, 1, a, x->w->packed + x->plan->packed[node], y);
	for (int i = 0; bias != NULL && i < n; i++)
		for (int k = 0; k < nd->c; k++)
			y.p[(size_t)i * y.image + k] += bias[k];
}

/* Whether the ReLU's mask follows from the norm's input alone. */
static bool
masks_itself(const struct ss_node *nd)
{
	return nd->relu && nd->in2 < 0;
}

/* What else is the mask: the output. NULL if none is needed. */
static struct ss_plane
mask(const struct exec *x, int node, int from)
{
	const struct ss_node *nd = &x->plan->net->node[node];

	if (nd->relu && nd->in2 >= 0)
		return act(x, node, from);
	return (struct ss_plane){ NULL, 0, 0 };
}

static void
norm_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	struct stats s = stats_of(x, ph->node);
	struct ss_plane dr = { NULL, 0, 0 };

	SS_BUG_IF(ph->accumulate);	/* a norm is the only reader of its input */
	if (ph->input2_grad)
		dr = grad(x, nd->in2, from);
	x->plan->kern->norm_dgrad(n, nd->h, nd->w, nd->c, grad(x, ph->node, from),
	    mask(x, ph->node, from), act(x, nd->in, from), masks_itself(nd) ? s.scale : NULL, s.shift, s.mean, s.a, s.b, s.d, x->plan->grad[nd->in].border,
	    grad(x, nd->in, from), dr, ph->accumulate2);
}

/* Convolutions of images `from`..`from + n - 1`, for the channels c0..c1-1 of what they make. */
static void
conv(const struct exec *x, int node, int from, int n, int c0, int c1, float *scratch)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	const float *w = x->w->packed + x->plan->packed[node];

	if (x->plan->winograd[node])
		x->plan->kern->wino_conv(&nd->conv, n, act(x, nd->in, from), w, act(x, node, from), c0, c1,
		    scratch);
	else
		x->plan->kern->conv(&nd->conv, n, act(x, nd->in, from), w, act(x, node, from));
}

static void
conv_dgrad(const struct exec *x, const struct ss_phase *ph, int from, int n, int c0, int c1,
    float *scratch)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const float *w = x->w->packed_t + x->plan->packed[ph->node];

	if (x->plan->winograd[ph->node])
		x->plan->kern->wino_dgrad(&nd->conv, n, grad(x, ph->node, from), w, grad(x, nd->in, from),
		    c0, c1, ph->accumulate, scratch);
	else
		x->plan->kern->conv_dgrad(&nd->conv, n, grad(x, ph->node, from), w, grad(x, nd->in, from),
		    ph->accumulate);
}

/* Adds to dw, for the input channels c0..c1-1. */
static void
conv_wgrad(const struct exec *x, int node, int from, int n, int c0, int c1, float *dw,
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

/* What the thread has made of a slot, to the arena, borders and all. */
static void
flush(const struct exec *x, const struct ss_slot *s, float *arena, int n)
{
	x->plan->kern->flush(x->local + s->local, arena + s->offset + (size_t)x->first * s->image,
	    (size_t)n * s->image);
}

static void
by_images(const struct exec *x, const struct ss_phase *ph, int piece, int from, int n,
    float *scratch)
{
	const struct ss_plan *p = x->plan;
	const struct ss_node *nd = &p->net->node[ph->node];
	const struct ss_kernels *k = p->kern;
	struct ss_plane none = { NULL, 0, 0 };

	switch (ph->kind) {
	case SS_PH_INPUT:
		input(x, ph->node, from, n);
		break;
	case SS_PH_CONV:
		conv(x, ph->node, from, n, 0, nd->c, scratch);
		break;
	case SS_PH_STATS: {
		double *sums = stats_of(x, ph->node).sums + (size_t)piece * 2 * nd->c;

		memset(sums, 0, 2 * (size_t)nd->c * sizeof(double));
		k->norm_stats(n, nd->h, nd->w, nd->c, act(x, nd->in, from), sums);
		break;
	}
	case SS_PH_APPLY: {
		struct stats s = stats_of(x, ph->node);

		k->norm_apply(n, nd->h, nd->w, nd->c, act(x, nd->in, from), s.scale, s.shift,
		    nd->in2 < 0 ? none : act(x, nd->in2, from), nd->relu, p->act[ph->node].border,
		    act(x, ph->node, from));
		break;
	}
	case SS_PH_SHORTCUT:
		shortcut(x, ph->node, from, n);
		break;
	case SS_PH_POOL:
		pool(x, ph->node, from, n);
		break;
	case SS_PH_DENSE:
		dense(x, ph->node, from, n);
		break;
	case SS_PH_POOL_BACK:
		pool_back(x, ph, from, n);
		break;
	case SS_PH_REDUCE: {
		struct stats s = stats_of(x, ph->node);
		double *sums = s.sums + (size_t)piece * 2 * nd->c;

		memset(sums, 0, 2 * (size_t)nd->c * sizeof(double));
		k->norm_reduce(n, nd->h, nd->w, nd->c, grad(x, ph->node, from),
		    mask(x, ph->node, from), act(x, nd->in, from), masks_itself(nd) ? s.scale : NULL, s.shift,
		    s.mean, sums);
		break;
	}
	case SS_PH_NORM_BACK:
		norm_back(x, ph, from, n);
		break;
	case SS_PH_DGRAD:
		conv_dgrad(x, ph, from, n, 0, nd->conv.ci, scratch);
		break;
	case SS_PH_SHORTCUT_BACK:
		shortcut_back(x, ph, from, n);
		break;
	case SS_PH_WGRAD: {
		size_t floats = (size_t)nd->conv.k * nd->conv.k * nd->conv.ci * nd->conv.co;
		float *dw = x->pass->act + p->split[ph->node].partial.offset + (size_t)piece * floats;

		memset(dw, 0, floats * sizeof(float));
		conv_wgrad(x, ph->node, from, n, 0, nd->conv.ci, dw, scratch);
		break;
	}
	case SS_PH_FLUSH:
		flush(x, &p->act[ph->node], x->pass->act, n);
		break;
	case SS_PH_FLUSH_GRAD:
		flush(x, &p->grad[ph->node], x->pass->act, n);
		break;
	default:
		SS_BUG_IF(ph->kind < SS_PH_BY_IMAGES);
	}
}

static float *
scratch_of(const struct exec *x, int worker)
{
	return x->space->scratch + (size_t)worker * x->plan->scratch_floats;
}

static double
clock_of(const struct exec *x)
{
	return x->space->profile == NULL ? 0 : ss_profile_clock();
}

static void
note_time(const struct exec *x, int worker, const struct ss_phase *ph, double begin)
{
	if (x->space->profile != NULL)
		ss_profile_add(x->space->profile, worker, (int)(ph - x->plan->phase),
		    ss_profile_clock() - begin);
}

static void
segment_piece(void *arg, size_t piece, int worker)
{
	struct exec x = *(const struct exec *)arg;
	const int from = (int)piece * x.plan->piece;
	float *scratch = scratch_of(&x, worker);
	int n = x.n - from;

	if (n > x.plan->piece)
		n = x.plan->piece;
	x.first = from;
	x.local = scratch + x.plan->kernel_floats;
	for (int i = 0; i < x.phases; i++) {
		const double begin = clock_of(&x);

		by_images(&x, &x.phase[i], (int)piece, from, n, scratch);
		note_time(&x, worker, &x.phase[i], begin);
	}
}

/* Where part number i begins if `whole` is cut into parts; borders are multiples of `unit`. */
static int
border(int whole, int parts, int unit, int i)
{
	const long units = (whole + unit - 1) / unit, at = units * i / parts * unit;

	return at < whole ? (int)at : whole;
}

/* A group of images and a block of channels of a wide convolution, forward or backward. */
static void
wide_piece(const struct exec *x, int piece, int worker)
{
	const struct ss_node *nd = &x->plan->net->node[x->phase->node];
	const struct ss_cut *cut = &x->plan->cut[x->phase->node];
	const bool forward = x->phase->kind == SS_PH_CONV_WIDE;
	const int g = piece / cut->blocks, b = piece % cut->blocks;
	const int from = border(x->n, cut->groups, 1, g), n = border(x->n, cut->groups, 1, g + 1) - from;
	const int channels = forward ? nd->conv.co : nd->conv.ci;
	const int c0 = border(channels, cut->blocks, 32, b), c1 = border(channels, cut->blocks, 32, b + 1);

	if (n == 0 || c0 == c1)
		return;
	if (forward)
		conv(x, x->phase->node, from, n, c0, c1, scratch_of(x, worker));
	else
		conv_dgrad(x, x->phase, from, n, c0, c1, scratch_of(x, worker));
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
	for (int t = 0; t < c->k * c->k; t++)
		memset(dw + ((size_t)t * c->ci + c0) * c->co, 0,
		    (size_t)(c1 - c0) * c->co * sizeof(float));
	conv_wgrad(x, node, from, to - from, c0, c1, dw, scratch_of(x, worker));
}

enum { SUM_IN = 16 };		/* input channels of a piece */

static void
wgrad_sum_piece(const struct exec *x, int piece)
{
	const struct ss_node *nd = &x->plan->net->node[x->phase->node];
	const struct ss_split *s = &x->plan->split[x->phase->node];
	const int c0 = piece * SUM_IN, c1 = c0 + SUM_IN < nd->conv.ci ? c0 + SUM_IN : nd->conv.ci;

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

/* scale and shift so that y * scale + shift = (y - mean) / sqrt(var + eps) * gamma + beta */
static void
set_affine(const struct exec *x, const struct ss_node *nd, struct stats s, int c, double mean,
    double var)
{
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
		set_affine(x, nd, s, c, mean, var);
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

/* A piece of work of a phase that is a segment by itself. */
static void
timed_piece(void *arg, size_t piece, int worker)
{
	const struct exec *x = arg;
	const double begin = clock_of(x);

	switch (x->phase->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		wide_piece(x, (int)piece, worker);
		break;
	case SS_PH_LINEAR:
		linear_piece(x, (int)piece);
		break;
	case SS_PH_LINEAR_BACK:
		linear_back_piece(x, (int)piece);
		break;
	case SS_PH_WGRAD_SPLIT:
		wgrad_split_piece(x, (int)piece, worker);
		break;
	case SS_PH_WGRAD_SUM:
		wgrad_sum_piece(x, (int)piece);
		break;
	case SS_PH_FINISH:
		finish(x, x->phase->node);
		break;
	default:
		finish_back(x, x->phase->node);
	}
	note_time(x, worker, x->phase, begin);
}

/* How many there are. */
static size_t
timed_pieces(const struct ss_plan *p, const struct ss_phase *ph)
{
	const struct ss_node *nd = &p->net->node[ph->node];

	switch (ph->kind) {
	case SS_PH_CONV_WIDE:
	case SS_PH_DGRAD_WIDE:
		return (size_t)p->cut[ph->node].groups * (size_t)p->cut[ph->node].blocks;
	case SS_PH_LINEAR:
		return (size_t)column_pieces(nd->c);
	case SS_PH_LINEAR_BACK:
		return (size_t)column_pieces(nd->c) +
		    (size_t)(ph->input_grad ? column_pieces(p->net->node[nd->in].c) : 0);
	case SS_PH_WGRAD_SPLIT:
		return (size_t)p->split[ph->node].groups * (size_t)p->split[ph->node].blocks;
	case SS_PH_WGRAD_SUM:
		return (size_t)(nd->conv.ci + SUM_IN - 1) / SUM_IN;
	default:
		return 1;
	}
}

/* Phases from..to-1, segment by segment. */
static void
run(struct exec *x, int from, int to, struct ss_pool *pool)
{
	const struct ss_plan *p = x->plan;

	for (int i = from, end; i < to; i = end) {
		const struct ss_phase *ph = &p->phase[i];

		for (end = i + 1; end < to && p->phase[end].segment == ph->segment; end++)
			;
		x->phase = ph;
		x->phases = end - i;
		if (ph->kind < SS_PH_BY_IMAGES)
			ss_pool_run(pool, (size_t)p->pieces, segment_piece, x);
		else
			ss_pool_run(pool, timed_pieces(p, ph), timed_piece, x);
	}
}

void
ss_forward(const struct ss_plan *plan, struct ss_pass *pass, struct ss_weights *w,
    const uint8_t *images, const struct ss_workspace *space, struct ss_pool *pool)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .images = images, .n = plan->batch,
		.space = space };

	run(&x, 0, plan->forward, pool);
}

void
ss_backward(const struct ss_plan *plan, struct ss_pass *pass, const struct ss_weights *w,
    float *grads,
    const struct ss_workspace *space, struct ss_pool *pool)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .grads = grads,
		.n = plan->batch, .space = space };

	run(&x, plan->forward, plan->phases, pool);
}

/* A norm is applied with its running statistics. */
static void
use_running(const struct exec *x, const struct ss_phase *ph)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];

	if (ph->kind == SS_PH_APPLY)
		for (int c = 0; c < nd->c; c++)
			set_affine(x, nd, stats_of(x, ph->node), c, buffer(x, nd->mean)[c],
			    buffer(x, nd->var)[c]);
}

void
ss_infer(const struct ss_plan *plan, struct ss_pass *pass, const struct ss_weights *w,
    const uint8_t *images, int n, float *scratch, float *out)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .images = images, .n = n };
	const int last = plan->phase[plan->phases - 1].node;

	x.local = scratch + plan->kernel_floats;
	for (int i = 0, end; i < plan->phases; i = end) {
		x.phase = &plan->phase[i];
		for (end = i; end < plan->phases && plan->phase[end].segment == x.phase->segment; end++)
			use_running(&x, &plan->phase[end]);
		if (x.phase->kind == SS_PH_CONV_WIDE) {
			conv(&x, x.phase->node, 0, n, 0, plan->net->node[x.phase->node].c, scratch);
			continue;
		}
		for (x.first = 0; x.first < n; x.first += plan->piece)
			for (int k = i; k < end; k++)
				by_images(&x, &plan->phase[k], 0, x.first,
				    n - x.first < plan->piece ? n - x.first : plan->piece, scratch);
	}
	memcpy(out, act(&x, last, 0).p, (size_t)n * plan->net->node[last].c * sizeof(float));
}

float *
ss_pass_output(const struct ss_plan *plan, const struct ss_pass *pass, int node)
{
	return pass->act + plan->act[node].offset;
}

float *
ss_plan_seed(const struct ss_plan *plan, const struct ss_pass *pass, int node)
{
	return pass->act + plan->grad[node].offset;
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
