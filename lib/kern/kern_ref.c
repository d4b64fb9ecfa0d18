/*
 * kern_ref.c - the reference kernels: the formulas, written down
 *
 * Slow, plain, summed in double. Every other variant is tested against these.
 */
#include <string.h>

#include "kern/variants.h"

static float *
at(struct ss_plane a, int image, int row, int column, int channels)
{
	return a.p + (ptrdiff_t)image * (ptrdiff_t)a.image + row * (ptrdiff_t)a.row +
	    (ptrdiff_t)column * channels;
}

/* (out, in, kh, kw) as it is: the reference needs no packing */
static void
pack(const struct ss_conv *c, const float *w, float *packed)
{
	memcpy(packed, w, (size_t)c->co * c->ci * c->k * c->k * sizeof(float));
}

static const float *
tap(const struct ss_conv *c, const float *w, int o, int i, int kh, int kw)
{
	return w + (((size_t)o * c->ci + i) * c->k + kh) * c->k + kw;
}

static void norm_apply(int n, int h, int w, int c, struct ss_plane y, const float *scale,
    const float *shift, struct ss_plane res, bool relu, bool border, struct ss_plane x);

/* y(r,q,o) = sum over kh, kw, i of x(r*stride + kh - pad, q*stride + kw - pad, i) * w(o,i,kh,kw) */
static void
conv(const struct ss_conv *c, int n, struct ss_plane x, const float *w, struct ss_plane y,
    const struct ss_epilogue *e)
{
	int pad = c->k / 2;

	for (int s = 0; s < n; s++)
		for (int r = 0; r < c->oh; r++)
			for (int q = 0; q < c->ow; q++)
				for (int o = 0; o < c->co; o++) {
					double sum = 0;

					for (int kh = 0; kh < c->k; kh++)
						for (int kw = 0; kw < c->k; kw++)
							for (int i = 0; i < c->ci; i++)
								sum += (double)at(x, s, r * c->stride + kh - pad,
								    q * c->stride + kw - pad, c->ci)[i] *
								    *tap(c, w, o, i, kh, kw);
					at(y, s, r, q, c->co)[o] = (float)sum;
				}
	if (e != NULL)
		norm_apply(n, c->oh, c->ow, c->co, y, e->scale, e->shift, e->r, e->relu, e->border, y);
}

/* The transpose of conv: what y(r,q) read, it gives back. */
static void
conv_dgrad(const struct ss_conv *c, int n, struct ss_plane dy, const float *w, struct ss_plane dx,
    bool accumulate)
{
	int pad = c->k / 2;

	for (int s = 0; s < n; s++)
		for (int r = 0; r < c->h; r++)
			for (int q = 0; q < c->w; q++)
				for (int i = 0; i < c->ci; i++) {
					double sum = accumulate ? at(dx, s, r, q, c->ci)[i] : 0;

					for (int kh = 0; kh < c->k; kh++)
						for (int kw = 0; kw < c->k; kw++) {
							int a = r + pad - kh, b = q + pad - kw;

							if (a < 0 || b < 0 || a % c->stride || b % c->stride ||
							    a / c->stride >= c->oh || b / c->stride >= c->ow)
								continue;
							for (int o = 0; o < c->co; o++)
								sum += (double)at(dy, s, a / c->stride, b / c->stride,
								    c->co)[o] * *tap(c, w, o, i, kh, kw);
						}
					at(dx, s, r, q, c->ci)[i] = (float)sum;
				}
}

static void
conv_wgrad(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy, int c0, int c1,
    float *dw)
{
	int pad = c->k / 2;

	for (int kh = 0; kh < c->k; kh++)
		for (int kw = 0; kw < c->k; kw++)
			for (int i = c0; i < c1; i++)
				for (int o = 0; o < c->co; o++) {
					float *d = dw + ((size_t)(kh * c->k + kw) * c->ci + i) * c->co + o;
					double sum = *d;

					for (int s = 0; s < n; s++)
						for (int r = 0; r < c->oh; r++)
							for (int q = 0; q < c->ow; q++)
								sum += (double)at(x, s, r * c->stride + kh - pad,
								    q * c->stride + kw - pad, c->ci)[i] *
								    at(dy, s, r, q, c->co)[o];
					*d = (float)sum;
				}
}

static void
conv_wgrad_sum(const struct ss_conv *c, int groups, const float *dw, int c0, int c1, float *w)
{
	const int taps = c->k * c->k;

	for (int o = 0; o < c->co; o++)
		for (int i = c0; i < c1; i++)
			for (int t = 0; t < taps; t++) {
				double sum = 0;

				for (int g = 0; g < groups; g++)
					sum += dw[(((size_t)g * taps + t) * c->ci + i) * c->co + o];
				w[((size_t)o * c->ci + i) * taps + t] += (float)sum;
			}
}

#define EACH_PIXEL(n, h, w)						\
	for (int s = 0; s < n; s++)					\
		for (int r = 0; r < h; r++)				\
			for (int q = 0; q < w; q++)

static void
norm_stats(int n, int h, int w, int c, struct ss_plane y, double *sums)
{
	EACH_PIXEL(n, h, w)
		for (int j = 0; j < c; j++) {
			double v = at(y, s, r, q, c)[j];

			sums[j] += v;
			sums[c + j] += v * v;
		}
}

/* One pixel of zeros around each image, if the plane has a border. */
static void
zero_border(int n, int h, int w, int c, struct ss_plane a)
{
	for (int s = 0; s < n; s++)
		for (int r = -1; r <= h; r++)
			for (int q = -1; q <= w; q++)
				if (r < 0 || r == h || q < 0 || q == w)
					memset(at(a, s, r, q, c), 0, (size_t)c * sizeof(float));
}

static void
norm_apply(int n, int h, int w, int c, struct ss_plane y, const float *scale, const float *shift,
    struct ss_plane res, bool relu, bool border, struct ss_plane x)
{
	EACH_PIXEL(n, h, w)
		for (int j = 0; j < c; j++) {
			double v = (double)at(y, s, r, q, c)[j] * scale[j] + shift[j];

			if (res.p != NULL)
				v += at(res, s, r, q, c)[j];
			at(x, s, r, q, c)[j] = relu && v < 0 ? 0 : (float)v;	/* NaN stays */
		}
	if (border)
		zero_border(n, h, w, c, x);
}

/* Whether the ReLU lets this element through. */
static bool
passes(struct ss_plane x, struct ss_plane y, const float *scale, const float *shift, int s, int r,
    int q, int c, int j)
{
	if (x.p != NULL)
		return at(x, s, r, q, c)[j] > 0;
	return scale == NULL || (float)((double)at(y, s, r, q, c)[j] * scale[j] + shift[j]) > 0;
}

static void
norm_reduce(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *scale, const float *shift, const float *mean, double *sums)
{
	EACH_PIXEL(n, h, w)
		for (int j = 0; j < c; j++) {
			double g = at(dz, s, r, q, c)[j];

			if (!passes(x, y, scale, shift, s, r, q, c, j))
				g = 0;
			sums[j] += g;
			sums[c + j] += g * ((double)at(y, s, r, q, c)[j] - mean[j]);
		}
}

static void
norm_dgrad(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *scale, const float *shift, const float *mean, const float *a, const float *b,
    const float *d, bool border,
    struct ss_plane dy, bool add_dy, struct ss_plane dr, bool add_dr)
{
	EACH_PIXEL(n, h, w)
		for (int j = 0; j < c; j++) {
			float g = at(dz, s, r, q, c)[j];

			if (!passes(x, y, scale, shift, s, r, q, c, j))
				g = 0;
			at(dy, s, r, q, c)[j] = (float)((double)a[j] * g +
			    (double)b[j] * ((double)at(y, s, r, q, c)[j] - mean[j]) + d[j] +
			    (add_dy ? at(dy, s, r, q, c)[j] : 0));
			if (dr.p != NULL)
				at(dr, s, r, q, c)[j] = add_dr ? at(dr, s, r, q, c)[j] + g : g;
		}
	if (border)
		zero_border(n, h, w, c, dy);
}

/* The pixel of the window of (r,q) where channel j is largest. */
static float *
largest(int h, int w, int c, struct ss_plane x, int s, int r, int q, int j)
{
	const int a0 = r > 0 ? 2 * r - 1 : 0, b0 = q > 0 ? 2 * q - 1 : 0;
	float *best = at(x, s, a0, b0, c) + j;

	for (int a = a0; a <= 2 * r + 1 && a < h; a++)
		for (int b = b0; b <= 2 * q + 1 && b < w; b++) {
			float *p = at(x, s, a, b, c) + j;

			if (*p > *best || *p != *p)
				best = p;
		}
	return best;
}

static void
pool_max(int n, int h, int w, int c, struct ss_plane x, bool border, struct ss_plane y)
{
	EACH_PIXEL(n, (h + 1) / 2, (w + 1) / 2)
		for (int j = 0; j < c; j++)
			at(y, s, r, q, c)[j] = *largest(h, w, c, x, s, r, q, j);
	if (border)
		zero_border(n, (h + 1) / 2, (w + 1) / 2, c, y);
}

static void
pool_max_back(int n, int h, int w, int c, struct ss_plane x, struct ss_plane y, struct ss_plane dy, bool accumulate,
    struct ss_plane dx)
{
	(void)y;
	EACH_PIXEL(n, h, w)
		for (int j = 0; j < c && !accumulate; j++)
			at(dx, s, r, q, c)[j] = 0;
	EACH_PIXEL(n, (h + 1) / 2, (w + 1) / 2)
		for (int j = 0; j < c; j++) {
			const float *p = largest(h, w, c, x, s, r, q, j);

			for (int a = 2 * r - 1; a <= 2 * r + 1; a++)
				for (int b = 2 * q - 1; b <= 2 * q + 1; b++)
					if (a >= 0 && b >= 0 && a < h && b < w && at(x, s, a, b, c) + j == p)
						at(dx, s, a, b, c)[j] += at(dy, s, r, q, c)[j];
		}
}

enum { DOTS_ROWS = 3, DOTS_COLS = 5 };

static void
dots(int d, const float *a, const float *b, bool accumulate, float *c, size_t ldc)
{
	for (int r = 0; r < DOTS_ROWS; r++)
		for (int k = 0; k < DOTS_COLS; k++) {
			double sum = accumulate ? c[r * ldc + k] : 0;

			for (int j = 0; j < d; j++)
				sum += (double)a[j * DOTS_ROWS + r] * b[j * DOTS_COLS + k];
			c[r * ldc + k] = (float)sum;
		}
}

static size_t
above(const float *x, size_t n, float least, uint32_t *at)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (x[i] > least)
			at[count++] = (uint32_t)i;
	return count;
}

static void
flush(const float *from, float *to, size_t n)
{
	memcpy(to, from, n * sizeof(*to));
}

static void
repel(size_t n, const float *x, const float *y, float px, float py, double sum[3])
{
	for (size_t i = 0; i < n; i++) {
		const double dx = (double)px - (double)x[i], dy = (double)py - (double)y[i];
		const double q = 1 / (1 + dx * dx + dy * dy);

		sum[0] += q;
		sum[1] += q * q * dx;
		sum[2] += q * q * dy;
	}
}

const struct ss_kernels ss_kernels_ref = {
	.name = "ref",
	.conv_pack = pack, .conv_pack_t = pack,
	.conv = conv, .conv_dgrad = conv_dgrad, .conv_wgrad = conv_wgrad, .conv_wgrad_sum = conv_wgrad_sum,
	.norm_stats = norm_stats, .norm_apply = norm_apply, .norm_reduce = norm_reduce, .norm_dgrad = norm_dgrad,
	.pool_max = pool_max, .pool_max_back = pool_max_back,
	.dots_rows = DOTS_ROWS, .dots_cols = DOTS_COLS, .dots = dots,
	.above = above, .flush = flush, .repel = repel
};
