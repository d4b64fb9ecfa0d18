/*
 * exec_images.c - phases that take one image at a time
 */
#include <string.h>

#include "nn/exec.h"

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
	if (x->plan->act[node].border > 0)
		memset(p.p - (size_t)x->plan->act[node].border * (p.row + (size_t)nd->c), 0, (size_t)n * p.image * sizeof(float));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < nd->c; c++) {
			const uint8_t *in = x->images + ((size_t)(from + i) * nd->c + c) * pixels;

			for (int r = 0; r < nd->h; r++)
				for (int q = 0; q < nd->w; q++)
					p.p[i * p.image + r * p.row + (size_t)q * nd->c + c] =
					    table[c][in[(size_t)r * nd->w + q]];
		}
}

/* Rows of n images: to = or += a [+ b]. */
static void
add_rows(const struct ss_node *nd, int n, struct ss_plane a, struct ss_plane b, struct ss_plane to, bool accumulate)
{
	const int floats = nd->w * nd->c;

	SS_BUG_IF(to.p == NULL);
	for (int i = 0; i < n; i++)
		for (int r = 0; r < nd->h; r++) {
			const float *p = a.p + i * a.image + r * a.row;
			const float *q = b.p == NULL ? NULL : b.p + i * b.image + r * b.row;
			float *out = to.p + i * to.image + r * to.row;

			for (int k = 0; k < floats; k++)
				out[k] = (accumulate ? out[k] : 0) + (q == NULL ? p[k] : p[k] + q[k]);
		}
}

static void
add_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const struct ss_plane g = grad(x, ph->node, from), none = { NULL, 0, 0 };

	if (ph->input_grad)
		add_rows(nd, n, g, none, grad(x, nd->in, from), ph->accumulate);
	if (ph->input2_grad)
		add_rows(nd, n, g, none, grad(x, nd->in2, from), ph->accumulate2);
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

static void
pool_max(const struct exec *x, int node, int from, int n)
{
	const struct ss_conv *c = &x->plan->net->node[node].conv;

	x->plan->kern->pool_max(n, c->h, c->w, c->ci, act(x, x->plan->net->node[node].in, from),
	    x->plan->act[node].border > 0, act(x, node, from));
}

static void
pool_max_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];

	x->plan->kern->pool_max_back(n, nd->conv.h, nd->conv.w, nd->c, act(x, nd->in, from), act(x, ph->node, from),
	    grad(x, ph->node, from), ph->accumulate, grad(x, nd->in, from));
}

static void
relu(const struct exec *x, int node, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	const struct ss_plane a = act(x, nd->in, from), out = act(x, node, from);

	for (int i = 0; i < n; i++)
		for (int c = 0; c < nd->c; c++) {
			const float v = a.p[i * a.image + c];

			out.p[i * out.image + c] = v < 0 ? 0 : v;	/* NaN stays */
		}
}

static void
relu_back(const struct exec *x, const struct ss_phase *ph, int from, int n)
{
	const struct ss_node *nd = &x->plan->net->node[ph->node];
	const struct ss_plane y = act(x, ph->node, from), g = grad(x, ph->node, from), dx = grad(x, nd->in, from);

	for (int i = 0; i < n; i++)
		for (int c = 0; c < nd->c; c++) {
			const float v = y.p[i * y.image + c] > 0 ? g.p[i * g.image + c] : 0;

			dx.p[i * dx.image + c] = ph->accumulate ? dx.p[i * dx.image + c] + v : v;
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

	x->plan->kern->conv(&c, 1, a, x->w->packed + x->plan->packed[node], y, NULL);
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

	if (ph->input2_grad)
		dr = grad(x, nd->in2, from);
	x->plan->kern->norm_dgrad(n, nd->h, nd->w, nd->c, grad(x, ph->node, from),
	    mask(x, ph->node, from), act(x, nd->in, from), masks_itself(nd) ? s.scale : NULL, s.shift, s.mean, s.a, s.b,
	    s.d, ss_plan_grad(x->plan, nd->in)->border > 0,
	    grad(x, nd->in, from), ph->accumulate, dr, ph->accumulate2);
}

/* What the thread has made of a slot, to the arena, borders and all. */
static void
flush(const struct exec *x, const struct ss_slot *s, float *arena, int n)
{
	x->plan->kern->flush(x->local + s->local, arena + s->offset + (size_t)x->first * s->image,
	    (size_t)n * s->image);
}

void
ss_exec_images(const struct exec *x, const struct ss_phase *ph, int piece, int from, int n,
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
		ss_exec_conv(x, ph, from, n, scratch);
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
		    nd->in2 < 0 ? none : act(x, nd->in2, from), nd->relu, p->act[ph->node].border > 0,
		    act(x, ph->node, from));
		break;
	}
	case SS_PH_ADD:
		SS_BUG_IF(p->act[ph->node].border > 0);
		add_rows(nd, n, act(x, nd->in, from), act(x, nd->in2, from), act(x, ph->node, from), false);
		break;
	case SS_PH_ADD_BACK:
		add_back(x, ph, from, n);
		break;
	case SS_PH_SHORTCUT:
		shortcut(x, ph->node, from, n);
		break;
	case SS_PH_POOL:
		pool(x, ph->node, from, n);
		break;
	case SS_PH_POOL_MAX:
		pool_max(x, ph->node, from, n);
		break;
	case SS_PH_POOL_MAX_BACK:
		pool_max_back(x, ph, from, n);
		break;
	case SS_PH_DENSE:
		dense(x, ph->node, from, n);
		break;
	case SS_PH_POOL_BACK:
		pool_back(x, ph, from, n);
		break;
	case SS_PH_RELU:
		relu(x, ph->node, from, n);
		break;
	case SS_PH_RELU_BACK:
		relu_back(x, ph, from, n);
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
		ss_exec_dgrad(x, ph, from, n, scratch);
		break;
	case SS_PH_SHORTCUT_BACK:
		shortcut_back(x, ph, from, n);
		break;
	case SS_PH_WGRAD: {
		size_t floats = (size_t)nd->conv.k * nd->conv.k * nd->conv.ci * nd->conv.co;
		float *dw = x->pass->act + p->split[ph->node].partial.offset + (size_t)piece * floats;

		memset(dw, 0, floats * sizeof(float));
		ss_exec_wgrad(x, ph->node, from, n, 0, nd->conv.ci, dw, scratch);
		break;
	}
	case SS_PH_WINO_IN:
		k->wino_input(nd->conv.ci, nd->h, nd->w, act(x, nd->in, from), from, n, step_tiles(x, ph->node),
		    forward_slot(x, ph->node, false));
		break;
	case SS_PH_WINO_OUT:
		ss_exec_steps_out(x, ph, from, n);
		break;
	case SS_PH_WINO_IN_BACK:
		ss_exec_steps_back(x, ph, from, n);
		break;
	case SS_PH_WINO_OUT_BACK:
		k->wino_output(nd->conv.ci, nd->h, nd->w, step_slot(x, ph->node, SS_WINO_BACK_M),
		    step_tiles(x, ph->node), grad(x, nd->in, from), from, n, ph->accumulate, NULL);
		break;
	case SS_PH_FLUSH:
		flush(x, act_slot(x, ph->node), x->pass->act, n);
		break;
	case SS_PH_FLUSH_GRAD:
		flush(x, &p->grad[ph->node], x->pass->act, n);
		break;
	default:
		SS_BUG_IF(ph->kind < SS_PH_BY_IMAGES);
	}
}

