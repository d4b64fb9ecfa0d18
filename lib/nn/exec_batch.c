/*
 * exec_batch.c - phases in which all images meet
 */
#include <math.h>
#include <string.h>

#include "kern/gemm.h"
#include "nn/exec.h"

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
	double invstd = 1 / sqrt(var + x->plan->net->norm_eps), scale = invstd * (gamma == NULL ? 1 : gamma[c]);

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
	const double m = (double)x->n * nd->h * nd->w, share = x->plan->net->norm_momentum;
	const bool running = ss_net_norm_running(x->plan->net, node);
	float *running_mean = buffer(x, nd->mean), *running_var = buffer(x, nd->var);

	for (int c = 0; c < nd->c; c++) {
		double sum, square, mean, var;

		if (running) {
			ss_exec_affine(x, node, c, (double)running_mean[c] - conv_bias(x, node, c), running_var[c]);
			continue;
		}
		total(x, s.sums, nd->c, c, &sum, &square);
		mean = sum / m;
		var = square / m - mean * mean;
		if (var < 0)		/* rounding of a constant channel; NaN stays */
			var = 0;
		ss_exec_affine(x, node, c, mean, var);
		running_mean[c] = (float)((1 - share) * running_mean[c] + share * (mean + conv_bias(x, node, c)));
		running_var[c] = (float)((1 - share) * running_var[c] + share * (m > 1 ? var * m / (m - 1) : var));
	}
}

/*
 * With xhat = (y - mean) / std: dy = gamma/std * (g - mean(g) - xhat * mean(g * xhat)),
 * written as a * g + b * (y - mean) + d (Ioffe and Szegedy 2015, section 3). Running statistics are constants: dy = a * g.
 * The sum of dy is the gradient of a bias in front, and that of the other case is 0.
 */
static void
finish_back(const struct exec *x, int node)
{
	const struct ss_node *nd = &x->plan->net->node[node];
	struct stats s = stats_of(x, node);
	const double m = (double)x->n * nd->h * nd->w;
	const bool running = ss_net_norm_running(x->plan->net, node);
	const float *gamma = param(x, nd->weight);
	const struct ss_node *in = &x->plan->net->node[nd->in];

	for (int c = 0; c < nd->c; c++) {
		double g, gy, a, invstd = s.invstd[c];

		total(x, s.sums, nd->c, c, &g, &gy);
		a = invstd * (gamma == NULL ? 1 : gamma[c]);
		s.a[c] = (float)a;
		s.b[c] = running ? 0 : (float)(-a * gy * invstd * invstd / m);
		s.d[c] = running ? 0 : (float)(-a * g / m);
		if (running && in->op == SS_OP_CONV && in->bias >= 0)
			param_grad(x, in->bias)[c] += (float)(a * g);
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
	case SS_PH_LINEAR:
		linear_piece(x, piece);
		break;
	case SS_PH_LINEAR_BACK:
		linear_back_piece(x, piece);
		break;
	case SS_PH_FINISH:
		finish(x, x->phase->node);
		break;
	case SS_PH_FINISH_BACK:
		finish_back(x, x->phase->node);
		break;
	default:
		ss_exec_conv_piece(x, piece, worker);
	}
}

size_t
ss_exec_pieces(const struct exec *x)
{
	const struct ss_node *nd = &x->plan->net->node[x->phase->node];

	switch (x->phase->kind) {
	case SS_PH_LINEAR:
		return (size_t)column_pieces(nd->c);
	case SS_PH_LINEAR_BACK:
		return (size_t)column_pieces(nd->c) +
		    (size_t)(x->phase->input_grad ? column_pieces(x->plan->net->node[nd->in].c) : 0);
	case SS_PH_FINISH:
	case SS_PH_FINISH_BACK:
		return 1;
	default:
		return ss_exec_conv_pieces(x);
	}
}
