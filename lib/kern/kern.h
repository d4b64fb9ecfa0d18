/*
 * kern.h - the numeric kernels, one table per instruction set
 *
 * Activations are float32, channels last: a pixel's channels are contiguous,
 * pixels of a row follow each other, and a struct ss_plane says how far apart
 * rows and images are. A tensor that a convolution of k x k reads has a border of k / 2
 * zero pixels, which lie at negative coordinates and behind the last row and
 * column, so that no kernel tests for edges.
 *
 * Weights are kept as in PyTorch, (out, in, kh, kw), and packed once a step into
 * the order in which the kernels read them. No kernel allocates or fails.
 */
#ifndef SS_KERN_H
#define SS_KERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ss_plane {
	float *p;		/* pixel (0,0), channel 0 of the first image */
	size_t row;		/* floats from one row to the next */
	size_t image;		/* floats from one image to the next */
};

/* A convolution: k is 1, 3 or 7 (padding k / 2), stride 1 or 2, no bias. */
struct ss_conv {
	int k, stride;
	int ci, co;		/* channels in, out */
	int h, w;		/* input */
	int oh, ow;		/* output */
};

/*
 * What may follow a convolution when it stores, to the bit as norm_apply has it: y = f(y * scale + shift + r), f the identity or
 * max(0,.); r.p may be NULL; and the border of y is zeroed if asked.
 */
struct ss_epilogue {
	const float *scale, *shift;	/* per channel */
	struct ss_plane r;
	bool relu, border;
};

struct ss_kernels {
	const char *name;

	/* Floats of a packed weight: co * ci * k * k for every variant. */
	void (*conv_pack)(const struct ss_conv *c, const float *w, float *packed);
	void (*conv_pack_t)(const struct ss_conv *c, const float *w, float *packed);

	/* y (n,oh,ow,co) = x (n,h,w,ci; bordered) * weights packed by conv_pack; e may be NULL */
	void (*conv)(const struct ss_conv *c, int n, struct ss_plane x, const float *packed,
	    struct ss_plane y, const struct ss_epilogue *e);

	/* dx (n,h,w,ci) = or += dy (n,oh,ow,co; bordered) * weights packed by conv_pack_t */
	void (*conv_dgrad)(const struct ss_conv *c, int n, struct ss_plane dy, const float *packed_t,
	    struct ss_plane dx, bool accumulate);

	/*
	 * dw (k*k, ci, co) += gradient from x and dy of n images, for the input
	 * channels c0 <= ci < c1 alone; dw points at channel 0.
	 */
	void (*conv_wgrad)(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy,
	    int c0, int c1, float *dw);

	/*
	 * w (PyTorch's order) += `groups` partial gradients dw, one behind the other, added in their
	 * order, for the input channels c0 <= ci < c1.
	 */
	void (*conv_wgrad_sum)(const struct ss_conv *c, int groups, const float *dw, int c0, int c1,
	    float *w);

	/*
	 * The same by Winograd's F(4x4, 3x3), for a convolution that ss_winograd_fits. Packed
	 * weights take four times the room; c0 and c1 are multiples of lanes. scratch:
	 * ss_winograd_scratch floats that no other thread uses. lanes is 0 where a variant has no such kernels.
	 */
	int lanes;
	void (*wino_pack)(const struct ss_conv *c, const float *w, float *packed);
	void (*wino_pack_t)(const struct ss_conv *c, const float *w, float *packed);
	void (*wino_conv)(const struct ss_conv *c, int n, struct ss_plane x, const float *packed,
	    struct ss_plane y, const struct ss_epilogue *e, float *scratch);
	void (*wino_dgrad)(const struct ss_conv *c, int n, struct ss_plane dy, const float *packed_t,
	    struct ss_plane dx, bool accumulate, float *scratch);
	void (*wino_wgrad)(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy,
	    int c0, int c1, float *dw, float *scratch);

	/*
	 * The same in steps, so that many threads can share each reading of the weights. What passes
	 * from one to the next are tensors of ss_winograd_floats, aligned to 64 bytes: v the transformed inputs, d the
	 * transformed gradient of the outputs, m the products, u the sums of products. `tiles` are
	 * those of all images, ss_winograd_count; `from` is the first image (or tile, or channel) of n.
	 */

	/* v of images from..from+n-1, x being the first of them (bordered); d likewise from dy */
	void (*wino_input)(int channels, int h, int w, struct ss_plane x, int from, int n, int tiles,
	    float *v);
	void (*wino_gradient)(int channels, int h, int w, struct ss_plane dy, int from, int n, int tiles,
	    float *d);

	/* matrix k, 0..35, of m (tiles, co) = v (tiles, ci) * packed, for the tiles from..to-1 */
	void (*wino_multiply)(int k, int ci, int co, int tiles, int from, int to, const float *v,
	    const float *packed, float *m);

	/* y of images from..from+n-1 = or += */
	void (*wino_output)(int channels, int h, int w, const float *m, int tiles, struct ss_plane y,
	    int from, int n, bool accumulate, const struct ss_epilogue *e);

	/* matrix k of u (ci, co) = v' d, for the input channels c0..c1-1; dw += from all 36, for some too */
	void (*wino_multiply_t)(int k, int ci, int co, int tiles, int c0, int c1, const float *v,
	    const float *d, float *u);
	void (*wino_finish)(int ci, int co, int c0, int c1, const float *u, float *dw);

	/* Batch normalisation over (n,h,w) for each of c channels; sums has 2c doubles. */

	/* sums += { sum of y, sum of y^2 } */
	void (*norm_stats)(int n, int h, int w, int c, struct ss_plane y, double *sums);

	/* x = f(y * scale + shift + r), f the identity or max(0,.); r.p may be NULL; border of x is zeroed if asked */
	void (*norm_apply)(int n, int h, int w, int c, struct ss_plane y, const float *scale,
	    const float *shift, struct ss_plane r, bool relu, bool border, struct ss_plane x);

	/*
	 * With g = dz; or dz where x > 0 if x.p is given (the ReLU's mask); or else dz where
	 * y * scale + shift > 0, to the bit as norm_apply has it, if scale is given:
	 * sums += { sum of g, sum of g * (y - mean) }
	 */
	void (*norm_reduce)(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x,
	    struct ss_plane y, const float *scale, const float *shift, const float *mean, double *sums);

	/* dy = or += a * g + b * (y - mean) + d, per channel; dr = or += g if dr.p is given */
	void (*norm_dgrad)(int n, int h, int w, int c, struct ss_plane dz, struct ss_plane x,
	    struct ss_plane y, const float *scale, const float *shift, const float *mean, const float *a,
	    const float *b, const float *d, bool border, struct ss_plane dy, bool add_dy,
	    struct ss_plane dr, bool add_dr);

	/*
	 * Largest of each 3x3 pixels, every second one (padding 1): y (n, (h+1)/2, (w+1)/2, c) of x (n,h,w,c). NaN is larger than
	 * all. Its border is zeroed if asked. Back: dx (n,h,w,c) = or += dy where x was the first of the largest, row by row.
	 */
	void (*pool_max)(int n, int h, int w, int c, struct ss_plane x, bool border, struct ss_plane y);
	void (*pool_max_back)(int n, int h, int w, int c, struct ss_plane x, struct ss_plane y, struct ss_plane dy,
	    bool accumulate, struct ss_plane dx);

	/*
	 * Products of rows with rows, a tile of dots_rows x dots_cols at a time: c, whose rows
	 * are ldc apart, = or += a' b, a (d,dots_rows) and b (d,dots_cols) without gaps.
	 */
	int dots_rows, dots_cols;
	void (*dots)(int d, const float *a, const float *b, bool accumulate, float *c, size_t ldc);

	/* Which of x[0..n-1] are above least, into at (n), rising; returns how many. */
	size_t (*above)(const float *x, size_t n, float least, uint32_t *at);

	/* to[0..n-1] = from[], past the caches if that can be; both aligned to 64 bytes, n a multiple of 16 */
	void (*flush)(const float *from, float *to, size_t n);

	/*
	 * With q = 1 / (1 + (px - x)^2 + (py - y)^2) for each of n points, a multiple of 16: sum +=
	 * { sum of q, sum of q^2 (px - x), sum of q^2 (py - y) }. A point at 1e30 counts nothing.
	 */
	void (*repel)(size_t n, const float *x, const float *y, float px, float py, double sum[3]);

	/* Rounds of multiply-adds in registers; returns how many operations. NULL for ref. */
	double (*peak)(long rounds);
};

/* Variants that this CPU can run, fastest first, NULL at the end; "ref" is always the last. */
const struct ss_kernels *const *ss_kernels_list(void);

/* The fastest (name NULL or "auto"), or the one of that name; NULL if this CPU or build lacks it. */
const struct ss_kernels *ss_kernels_find(const char *name);

/* The same kernels without Winograd's, which round more. */
const struct ss_kernels *ss_kernels_exact(const struct ss_kernels *k);

/* Whether the Winograd kernels of k can do c: 3x3, stride 1, whole vectors of channels. */
bool ss_winograd_fits(const struct ss_kernels *k, const struct ss_conv *c);

/* Tiles of 4x4 outputs for which a call reads its weights once; it should have so many. */
enum { SS_WINOGRAD_TILES = 64 };

/* Floats of scratch for one call, of any pass. */
size_t ss_winograd_scratch(const struct ss_conv *c);

/* Tiles of n images; floats of v, d or m with so many channels, and of u. */
int ss_winograd_count(int n, int h, int w);
size_t ss_winograd_floats(int tiles, int channels);
size_t ss_winograd_sum_floats(int ci, int co);

#endif
