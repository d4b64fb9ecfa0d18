/*
 * plain.h - networks and losses computed as a textbook would, in double
 *
 * Walks the table of nodes with loops over everything: no plan, no kernels, no
 * threads. Slow, and right as far as a reader can see. Include after cmocka.h.
 */
#ifndef PLAIN_H
#define PLAIN_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/net.h"

struct plain {
	const struct ss_net *net;
	int n;				/* images */
	double *params, *buffers;	/* as ss_weights, offset for offset */
	double **out;			/* by node: (n, c, h, w) */
};

static inline size_t
plain_size(const struct plain *p, int node)
{
	const struct ss_node *nd = &p->net->node[node];

	return (size_t)p->n * (size_t)nd->c * (size_t)nd->h * (size_t)nd->w;
}

static inline struct plain
plain_create(const struct ss_net *net, int n, const float *params, const float *buffers)
{
	struct plain p = { .net = net, .n = n };

	p.params = calloc(net->params.floats, sizeof(double));
	p.buffers = calloc(net->buffers.floats, sizeof(double));
	p.out = calloc((size_t)net->nodes, sizeof(*p.out));
	assert_true(p.params != NULL && p.buffers != NULL && p.out != NULL);
	for (size_t i = 0; i < net->params.floats; i++)
		p.params[i] = (double)params[i];
	for (size_t i = 0; i < net->buffers.floats; i++)
		p.buffers[i] = (double)buffers[i];
	for (int i = 0; i < net->nodes; i++) {
		p.out[i] = calloc(plain_size(&p, i), sizeof(double));
		assert_non_null(p.out[i]);
	}
	return p;
}

static inline void
plain_free(struct plain *p)
{
	for (int i = 0; i < p->net->nodes; i++)
		free(p->out[i]);
	free(p->out);
	free(p->params);
	free(p->buffers);
}

static inline const double *
plain_param(const struct plain *p, int i)
{
	return p->params + p->net->params.p[i].offset;
}

static inline void
plain_conv(const struct plain *p, int node)
{
	const struct ss_node *nd = &p->net->node[node], *in = &p->net->node[nd->in];
	int k = nd->conv.k, s = nd->conv.stride, pad = k / 2;
	const double *w = plain_param(p, nd->weight), *x = p->out[nd->in];
	double *y = p->out[node];

	for (int i = 0; i < p->n; i++)
		for (int o = 0; o < nd->c; o++)
			for (int r = 0; r < nd->h; r++)
				for (int q = 0; q < nd->w; q++) {
					double sum = nd->bias < 0 ? 0 : plain_param(p, nd->bias)[o];

					for (int a = 0; a < k; a++)
						for (int b = 0; b < k; b++) {
							int row = r * s + a - pad, col = q * s + b - pad;

							if (row < 0 || row >= in->h || col < 0 || col >= in->w)
								continue;
							for (int c = 0; c < in->c; c++)
								sum += w[((o * in->c + c) * k + a) * k + b] *
								    x[((i * in->c + c) * in->h + row) * in->w + col];
						}
					*y++ = sum;
				}
}

/* With the statistics of the batch, which then enter the running ones, or with the running ones. */
static inline void
plain_norm(struct plain *p, int node, bool train)
{
	const struct ss_node *nd = &p->net->node[node];
	int pixels = nd->h * nd->w;
	double *mean = p->buffers + p->net->buffers.p[nd->mean].offset;
	double *var = p->buffers + p->net->buffers.p[nd->var].offset;

	for (int c = 0; c < nd->c; c++) {
		double m = mean[c], v = var[c], count = (double)p->n * pixels;

		if (train) {
			m = v = 0;
			for (int i = 0; i < p->n; i++)
				for (int k = 0; k < pixels; k++)
					m += p->out[nd->in][(i * nd->c + c) * pixels + k];
			m /= count;
			for (int i = 0; i < p->n; i++)
				for (int k = 0; k < pixels; k++)
					v += pow(p->out[nd->in][(i * nd->c + c) * pixels + k] - m, 2);
			v /= count;
			mean[c] = 0.9 * mean[c] + 0.1 * m;
			var[c] = 0.9 * var[c] + 0.1 * v * count / (count - 1);
		}
		for (int i = 0; i < p->n; i++)
			for (int k = 0; k < pixels; k++) {
				size_t at = (size_t)((i * nd->c + c) * pixels + k);
				double y = (p->out[nd->in][at] - m) / sqrt(v + 1e-5);

				if (nd->weight >= 0)
					y = y * plain_param(p, nd->weight)[c] + plain_param(p, nd->bias)[c];
				if (nd->in2 >= 0)
					y += p->out[nd->in2][at];
				p->out[node][at] = nd->relu && y < 0 ? 0 : y;
			}
	}
}

static inline void
plain_forward(struct plain *p, const uint8_t *images, bool train)
{
	for (int node = 0; node < p->net->nodes; node++) {
		const struct ss_node *nd = &p->net->node[node], *in = &p->net->node[nd->in < 0 ? 0 : nd->in];
		double *y = p->out[node], *x = p->out[nd->in < 0 ? 0 : nd->in];
		int pixels = in->h * in->w, s = nd->conv.stride;

		switch (nd->op) {
		case SS_OP_INPUT:
			for (int i = 0; i < p->n * nd->c * pixels; i++) {
				int c = i / pixels % nd->c;

				y[i] = (images[i] / 255.0 - (double)p->net->mean[c]) / (double)p->net->std[c];
			}
			break;
		case SS_OP_CONV:
			plain_conv(p, node);
			break;
		case SS_OP_NORM:
			plain_norm(p, node, train);
			break;
		case SS_OP_ADD:
			for (size_t i = 0; i < plain_size(p, node); i++)
				y[i] = x[i] + p->out[nd->in2][i];
			break;
		case SS_OP_SHORTCUT:		/* zero channels at the end */
			for (int i = 0; i < p->n; i++)
				for (int c = 0; c < nd->c; c++)
					for (int r = 0; r < nd->h; r++)
						for (int q = 0; q < nd->w; q++)
							*y++ = c >= in->c ? 0 :
							    x[((i * in->c + c) * in->h + r * s) * in->w + q * s];
			break;
		case SS_OP_POOL:
			for (int i = 0; i < p->n * nd->c; i++) {
				y[i] = 0;
				for (int k = 0; k < pixels; k++)
					y[i] += x[i * pixels + k] / pixels;
			}
			break;
		case SS_OP_POOL_MAX:
			for (int i = 0; i < p->n * nd->c; i++)
				for (int r = 0; r < nd->h; r++)
					for (int q = 0; q < nd->w; q++, y++) {
						*y = -INFINITY;
						for (int a = r * 2 - 1; a <= r * 2 + 1; a++)
							for (int b = q * 2 - 1; b <= q * 2 + 1; b++)
								if (a >= 0 && b >= 0 && a < in->h && b < in->w)
									*y = fmax(*y, x[(i * in->h + a) * in->w + b]);
					}
			break;
		case SS_OP_RELU:
			for (size_t i = 0; i < plain_size(p, node); i++)
				y[i] = fmax(0, x[i]);
			break;
		case SS_OP_LINEAR:
			for (int i = 0; i < p->n; i++)
				for (int o = 0; o < nd->c; o++) {
					double sum = nd->bias < 0 ? 0 : plain_param(p, nd->bias)[o];

					for (int c = 0; c < in->c; c++)
						sum += plain_param(p, nd->weight)[o * in->c + c] * x[i * in->c + c];
					*y++ = sum;
				}
			break;
		}
	}
}

static inline double
plain_cosine(const double *a, const double *b, int d)
{
	double ab = 0, aa = 0, bb = 0;

	for (int k = 0; k < d; k++) {
		ab += a[k] * b[k];
		aa += a[k] * a[k];
		bb += b[k] * b[k];
	}
	return ab / sqrt(aa * bb);
}

/* Equation 2 of arXiv 2011.10566, the mean over all ordered pairs of views; n x d for each. */
static inline double
plain_simsiam(double *const *p, double *const *z, int views, int globals, int n, int d)
{
	double sum = 0;

	for (int a = 0; a < views; a++)
		for (int b = 0; b < globals; b++)
			for (int i = 0; a != b && i < n; i++)
				sum -= plain_cosine(p[a] + i * d, z[b] + i * d, d);
	return sum / ((double)globals * (views - 1) * n);
}

/* Equation 1 of arXiv 2002.05709, the mean over all 2N anchors. */
static inline double
plain_nt_xent(double *const *z, int n, int d, double temperature)
{
	int m = 2 * n;
	double sum = 0;

	for (int i = 0; i < m; i++) {
		double others = 0, positive = 0;

		for (int k = 0; k < m; k++) {
			double s = plain_cosine(z[i / n] + i % n * d, z[k / n] + k % n * d, d) / temperature;

			if (k != i)
				others += exp(s);
			if (k == (i + n) % m)
				positive = s;
		}
		sum += log(others) - positive;
	}
	return sum / m;
}

/* The derivative of f at 0 from four points; its error is that of f over h, plus h^4. */
static inline double
plain_slope(double (*f)(void *arg, double t), void *arg, double h)
{
	return (f(arg, -2 * h) - 8 * f(arg, -h) + 8 * f(arg, h) - f(arg, 2 * h)) / (12 * h);
}

#endif
