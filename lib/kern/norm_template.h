/*
 * norm_template.h - batch normalisation for one vector width
 *
 * Included by each kern_WIDTH.c after conv_template.h. These kernels are bound by
 * memory: one or two operations for each float read. One vector of channels is
 * taken down all pixels of an image, so that its parameters and sums stay in
 * registers; channels that do not fill a vector go one by one through the same text.
 *
 * Sums are float along a row and double across rows (R = 32 pixels: an error of
 * a few units in the last place of float, whatever the batch).
 */

typedef double vd __attribute__((vector_size(8 * W), aligned(8), may_alias));

#define TOV(p)		(*(const V *)(p))
#define CAT_(a, b)	a##b
#define CAT(a, b)	CAT_(a, b)

static void
zero_border(int h, int w, int c, float *p, size_t row)
{
	float *top = p - row - c, *bottom = p + (size_t)h * row - c;

	memset(top, 0, (size_t)(w + 2) * c * sizeof(float));
	memset(bottom, 0, (size_t)(w + 2) * c * sizeof(float));
	for (int r = 0; r < h; r++) {
		memset(p + r * row - c, 0, c * sizeof(float));
		memset(p + r * row + (size_t)w * c, 0, c * sizeof(float));
	}
}

/* a where mask > 0, else 0 */
INLINE vf
where_positive_v(vf mask, vf a)
{
	typedef int vi __attribute__((vector_size(4 * W)));
	vi keep = (vi)(mask > (vf){ 0 });

	return (vf)((vi)a & keep);
}

INLINE float
where_positive_s(float mask, float a)
{
	return mask > 0 ? a : 0;
}

/* max(0, a), except that NaN stays NaN: a broken network must not look like a quiet one */
INLINE vf
relu_v(vf a)
{
	typedef int vi __attribute__((vector_size(4 * W)));
	vi drop = (vi)(a < (vf){ 0 });

	return (vf)((vi)a & ~drop);
}

INLINE float
relu_s(float a)
{
	return a < 0 ? 0 : a;
}

#define V	vf
#define D	vd
#define SUFFIX	_v
#define WIDEN(x) __builtin_convertvector(x, vd)
#include "kern/norm_lanes.h"
#undef V
#undef D
#undef SUFFIX
#undef WIDEN

#define V	float
#define D	double
#define SUFFIX	_s
#define WIDEN(x) ((double)(x))
#include "kern/norm_lanes.h"
#undef V
#undef D
#undef SUFFIX
#undef WIDEN

/* Calls the lanes for each image and group of channels. */
#define EACH(call_v, call_s)						\
	for (int i = 0; i < n; i++) {					\
		int j = 0;						\
		for (; j + W <= c; j += W)				\
			call_v;						\
		for (; j < c; j++)					\
			call_s;						\
	}
#define AT(plane)	((plane).p == NULL ? NULL : (plane).p + i * (plane).image + j)

static void
norm_stats(int n, int h, int w, int c, struct ss_plane y, double *sums)
{
	EACH(stats_v(h, w, c, AT(y), y.row, sums + j, sums + c + j),
	    stats_s(h, w, c, AT(y), y.row, sums + j, sums + c + j))
}

static void
norm_apply(int n, int h, int w, int c, struct ss_plane y, const float *scale, const float *shift,
    struct ss_plane r, bool relu, bool border, struct ss_plane x)
{
	EACH(apply_v(h, w, c, AT(y), y.row, scale + j, shift + j, AT(r), r.row, relu, AT(x), x.row),
	    apply_s(h, w, c, AT(y), y.row, scale + j, shift + j, AT(r), r.row, relu, AT(x), x.row))
	for (int i = 0; border && i < n; i++)
		zero_border(h, w, c, x.p + i * x.image, x.row);
}

static void
norm_reduce(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *mean, double *sums)
{
	EACH(reduce_v(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, mean + j, sums + j,
	    sums + c + j),
	    reduce_s(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, mean + j, sums + j,
	    sums + c + j))
}

static void
norm_dgrad(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *mean, const float *a, const float *b, const float *d, bool border,
    struct ss_plane dy, struct ss_plane dr, bool accumulate)
{
	EACH(dgrad_v(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, mean + j, a + j, b + j,
	    d + j, AT(dy), dy.row, AT(dr), dr.row, accumulate),
	    dgrad_s(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, mean + j, a + j, b + j,
	    d + j, AT(dy), dy.row, AT(dr), dr.row, accumulate))
	for (int i = 0; border && i < n; i++)
		zero_border(h, w, c, dy.p + i * dy.image, dy.row);
}
