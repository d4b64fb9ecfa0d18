/*
 * norm_template.h - batch normalisation for one vector width
 *
 * Included by each kern_WIDTH.c after vector.h. These kernels are bound by
 * memory: one or two operations for each float read. A block of one to four vectors
 * of channels is taken down all pixels of an image, so that its parameters and sums
 * stay in registers; channels that do not fill a vector go one by one through the same
 * text.
 *
 * Sums are float over a band of one row, or of as many rows as have 32 pixels, and
 * double over bands and images: an error of a few units in the last place of float,
 * whatever the batch, and the same bytes however the images are cut into calls.
 */

#define TOV(p)		(*(const V *)(p))
#define CAT_(a, b)	a##b
#define CAT(a, b)	CAT_(a, b)

typedef float half_f __attribute__((vector_size(2 * W), aligned(4), may_alias));
typedef double half_d __attribute__((vector_size(4 * W), aligned(8), may_alias));

/* sum += v, channel by channel; by halves, since these fill the registers as doubles */
INLINE void
widen_v(double *sum, vf v)
{
	const union { vf v; half_f half[2]; } u = { v };

	*(half_d *)sum += __builtin_convertvector(u.half[0], half_d);
	*(half_d *)(sum + W / 2) += __builtin_convertvector(u.half[1], half_d);
}

INLINE void
widen_s(double *sum, float v)
{
	*sum += (double)v;
}

enum { PIXELS_MAX = 4, BLOCK_MAX = 4 };

/* Rows whose sums are taken in float. */
static int
band_rows(int w)
{
	return w >= 32 ? 1 : 32 / w;
}

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

/* The border of what a convolution has made, if its epilogue says so. */
static void
zero_borders(int n, int h, int w, int c, struct ss_plane y, const struct ss_epilogue *e)
{
	for (int i = 0; e != NULL && e->border && i < n; i++)
		zero_border(h, w, c, y.p + i * y.image, y.row);
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
#define LANES	W
#define SUFFIX	_v
#include "kern/norm_lanes.h"
#undef V
#undef LANES
#undef SUFFIX

#define V	float
#define LANES	1
#define SUFFIX	_s
#include "kern/norm_lanes.h"
#undef V
#undef LANES
#undef SUFFIX

/* CALL(suffix, pixels, vectors) for each image i and block of channels from j on. */
#define EACH(CALL)							\
	for (int i = 0; i < n; i++) {					\
		int j = 0;						\
		for (; j + 4 * W <= c; j += 4 * W)			\
			CALL(_v, 1, 4);					\
		for (; j + 2 * W <= c; j += 2 * W)			\
			CALL(_v, 2, 2);					\
		for (; j + W <= c; j += W)				\
			CALL(_v, 4, 1);					\
		for (; j < c; j++)					\
			CALL(_s, 4, 1);					\
	}
#define IF_SCALED(channels)	(scale == NULL ? NULL : (channels) + j)
#define AT(plane)	((plane).p == NULL ? NULL : (plane).p + i * (plane).image + j)

static void
norm_stats(int n, int h, int w, int c, struct ss_plane y, double *sums)
{
#define STATS(S, P, B)	stats##S(h, w, c, AT(y), y.row, sums + j, sums + c + j, P, B)
	EACH(STATS)
}

static void
norm_apply(int n, int h, int w, int c, struct ss_plane y, const float *scale, const float *shift,
    struct ss_plane r, bool relu, bool border, struct ss_plane x)
{
#define APPLY(S, P, B)	apply##S(h, w, c, AT(y), y.row, scale + j, shift + j, AT(r), r.row, relu, \
			    AT(x), x.row, P, B)
	EACH(APPLY)
	for (int i = 0; border && i < n; i++)
		zero_border(h, w, c, x.p + i * x.image, x.row);
}

static void
norm_reduce(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *scale, const float *shift, const float *mean, double *sums)
{
#define REDUCE(S, P, B)	reduce##S(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, IF_SCALED(scale), IF_SCALED(shift), \
			    mean + j, sums + j, sums + c + j, P, B)
	EACH(REDUCE)
}

static void
norm_dgrad(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x, struct ss_plane y,
    const float *scale, const float *shift, const float *mean, const float *a, const float *b,
    const float *d, bool border, struct ss_plane dy, bool add_dy, struct ss_plane dr, bool add_dr)
{
#define DGRAD(S, P, B)	dgrad##S(h, w, c, AT(dz), dz.row, AT(x), x.row, AT(y), y.row, IF_SCALED(scale), IF_SCALED(shift), \
			    mean + j, a + j, b + j, d + j, AT(dy), dy.row, add_dy, AT(dr), dr.row, add_dr, P, B)
	EACH(DGRAD)
	for (int i = 0; border && i < n; i++)
		zero_border(h, w, c, dy.p + i * dy.image, dy.row);
}
