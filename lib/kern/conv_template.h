/*
 * conv_template.h - direct convolution for one vector width
 *
 * Included once by each kern_WIDTH.c after vector.h and norm_template.h. That defines
 *	PIX1	pixels in a register tile of one vector of output channels
 *	PIX2	pixels in a register tile of two vectors
 *	DOTS	the same at most, where registers allow no more
 *
 * The loop nest, in plain words: for each block of output channels (2W, W or 1
 * of them), for each image, for each row, for each tile of neighbouring pixels:
 * keep the tile's outputs in registers; for each tap of the kernel and each
 * input channel, broadcast one input value per pixel and multiply it with the
 * weights of the block. A tile of 8 pixels x 2 vectors does 16 multiply-adds for
 * 10 loads, so on a core with two loads and two multiply-adds a cycle the
 * arithmetic is the limit. The block's weights (9 * ci * 2W floats, 590 kB for 512
 * channels) stay in L2 over all images of the call.
 *
 * Everything that a convolution needs, forward and for the data gradient, is one
 * routine over a list of taps: (where to read, which weights). Forward, the k taps of
 * a row read neighbouring pixels, whose channels lie one behind the other, as do their
 * weights: to the routine they are one tap with k times the channels, and the three colours of
 * an image give a 7x7 stem loops of 21. The data gradient of stride 2 runs it once for each parity of
 * row and column, with the taps that reach that parity.
 *
 * Each output is one chain of multiply-adds in the order tap, input channel,
 * whatever tile it falls into; so a result does not depend on how many images
 * or pixels are computed together.
 */

enum { TAPS_MAX = 49 };

struct taps {
	int n;
	ptrdiff_t offset[TAPS_MAX];	/* floats from the tile's first pixel to what the tap reads */
	int weight[TAPS_MAX];		/* its place in the packed weights */
};

/* Output channels of the block that begins at channel c. */
static int
block_width(int c, int channels)
{
	int left = channels - c;

	return left >= 2 * W ? 2 * W : left >= W ? W : 1;
}

/*
 * Packed: for each block of channels, [tap][in][channel of the block]. Blocks
 * before channel c hold c * taps * in floats, so no table of offsets is needed.
 */
static void
conv_pack(const struct ss_conv *c, const float *w, float *packed)
{
	int taps = c->k * c->k, width;

	for (int o = 0; o < c->co; o += width) {
		width = block_width(o, c->co);
		for (int t = 0; t < taps; t++)
			for (int i = 0; i < c->ci; i++)
				for (int b = 0; b < width; b++)
					*packed++ = w[((size_t)(o + b) * c->ci + i) * taps + t];
	}
}

static void
conv_pack_t(const struct ss_conv *c, const float *w, float *packed)
{
	int taps = c->k * c->k, width;

	for (int i = 0; i < c->ci; i += width) {
		width = block_width(i, c->ci);
		for (int t = 0; t < taps; t++)
			for (int o = 0; o < c->co; o++)
				for (int b = 0; b < width; b++)
					*packed++ = w[((size_t)o * c->ci + i + b) * taps + t];
	}
}

/*
 * P pixels x CB vectors of output channels: PW neighbours in each of P / PW rows. xrow and yrow are
 * the distances of those rows.
 */
INLINE void
tile(const float *x, size_t xstep, size_t xrow, float *y, size_t ystep, size_t yrow,
    const struct taps *t, const float *w, int ci, bool accumulate, const int P, const int PW,
    const int CB)
{
	vf acc[PIX_MAX][2];

#define IN_X(p)	((size_t)((p) % PW) * xstep + (size_t)((p) / PW) * xrow)
#define IN_Y(p)	((size_t)((p) % PW) * ystep + (size_t)((p) / PW) * yrow)
	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int b = 0; b < CB; b++)
			acc[p][b] = accumulate ? *(const vf *)(y + IN_Y(p) + b * W) : (vf){ 0 };
	for (int k = 0; k < t->n; k++) {
		const float *xp = x + t->offset[k];
		const float *wp = w + (size_t)t->weight[k] * ci * CB * W;

		for (int c = 0; c < ci; c++, wp += CB * W) {
			vf v[2];

			UNROLL for (int b = 0; b < CB; b++)
				v[b] = *(const vf *)(wp + b * W);
			UNROLL for (int p = 0; p < P; p++) {
				float a = xp[IN_X(p) + c];

				UNROLL for (int b = 0; b < CB; b++)
					acc[p][b] += a * v[b];
			}
		}
	}
	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int b = 0; b < CB; b++)
			*(vf *)(y + IN_Y(p) + b * W) = acc[p][b];
#undef IN_X
#undef IN_Y
}

/* The same for one output channel, where the channels do not fill a vector. */
static void
tile_scalar(const float *x, float *y, const struct taps *t, const float *w, int ci,
    bool accumulate)
{
	float acc = accumulate ? *y : 0;

	for (int k = 0; k < t->n; k++) {
		const float *xp = x + t->offset[k], *wp = w + (size_t)t->weight[k] * ci;

		for (int c = 0; c < ci; c++)
			acc = fmaf(xp[c], wp[c], acc);	/* as the vectors do */
	}
	*y = acc;
}

/* A row of pixels of one block of channels, in tiles from large to small; a long one in larger ones. */
static void
row_of_tiles(const float *x, size_t xstep, float *y, size_t ystep, int pixels,
    const struct taps *t, const float *w, int ci, bool accumulate, int width, bool is_long)
{
	int p = 0;

#define TILES(P, CB)							\
	for (; p + P <= pixels; p += P)					\
		tile(x + p * xstep, xstep, 0, y + p * ystep, ystep, 0, t, w, ci, accumulate, P, P, CB)
	if (width == 2 * W) {
		if (is_long)
			TILES(DOTS, 2);
#if PIX2 == 8
		if (pixels % 7 == 0 && pixels % 8 != 0)	/* images of 224 end in 28, 14 and 7 */
			TILES(7, 2);
#endif
		TILES(PIX2, 2);
		TILES(4, 2);
		TILES(2, 2);
		TILES(1, 2);
	} else if (width == W) {
		TILES(PIX1, 1);
		TILES(8, 1);
		TILES(4, 1);
		TILES(1, 1);
	} else {
		for (; p < pixels; p++)
			tile_scalar(x + p * xstep, y + p * ystep, t, w, ci, accumulate);
	}
#undef TILES
}

/* How output pixels and the taps that make them lie: oy,ox over h,w; steps in pixels. */
struct sweep {
	int h, w;		/* output pixels of this sweep */
	int istep, ostep;	/* pixels from one output pixel to the next, in input and output */
	size_t ofirst;		/* floats to the first output pixel */
	struct taps taps;
};

/* Rows r0..r1-1 of image i, for the channels o..o+width-1. */
static void
epilogue(const struct ss_epilogue *e, int i, int r0, int r1, int pixels, int co, int o, int width,
    struct ss_plane y)
{
	float *p = y.p + i * y.image + r0 * y.row + o;
	const float *r = e->r.p == NULL ? NULL : e->r.p + i * e->r.image + r0 * e->r.row + o;

#define APPLY_ROWS(S, B)	apply##S(r1 - r0, pixels, co, p, y.row, e->scale + o, e->shift + o, r, e->r.row, \
				    e->relu, p, y.row, 1, B)
	if (width == 2 * W)
		APPLY_ROWS(_v, 2);
	else if (width == W)
		APPLY_ROWS(_v, 1);
	else
		APPLY_ROWS(_s, 1);
#undef APPLY_ROWS
}

/* Each of `taps` taps of the packed weights reads `joined` neighbouring pixels of ci channels. */
static void
sweep_run(const struct sweep *s, int n, struct ss_plane in, int ci, int joined, const float *packed,
    struct ss_plane out, int co, int taps, bool accumulate, const struct ss_epilogue *e)
{
	const int depth = joined * ci;
	int width;

	for (int o = 0; o < co; o += width) {
		const float *w = packed + (size_t)o * taps * depth;

		width = block_width(o, co);
		for (int i = 0; i < n; i++) {
			const float *x = in.p + i * in.image;
			float *y = out.p + i * out.image + s->ofirst + o;
			const size_t xstep = (size_t)s->istep * ci, xrow = (size_t)s->istep * in.row;
			const size_t ystep = (size_t)s->ostep * co, yrow = (size_t)s->ostep * out.row;
			int r = 0;

			/* rows of half a tile, two at a time */
			for (; s->w == PIX2 / 2 && width == 2 * W && r + 2 <= s->h; r += 2)
				tile(x + r * xrow, xstep, xrow, y + r * yrow, ystep, yrow, &s->taps, w, depth,
				    accumulate, PIX2, PIX2 / 2, 2);
			if (e != NULL)
				epilogue(e, i, 0, r, s->w, co, o, width, out);
			for (; r < s->h; r++) {
				row_of_tiles(x + r * xrow, xstep, y + r * yrow, ystep, s->w, &s->taps, w, depth,
				    accumulate, width, false);
				if (e != NULL)	/* while the row is in L1 */
					epilogue(e, i, r, r + 1, s->w, co, o, width, out);
			}
		}
	}
}

/* 1x1 over pixels that lie side by side, so many that tiles may be large. */
enum { PANEL = 4 * DOTS, PANEL_WEIGHTS = 1 << 18 };

static bool
side_by_side(int n, int h, int w, int c, struct ss_plane p)
{
	return p.p == NULL || (p.row == (size_t)w * c && (n == 1 || p.image == (size_t)h * p.row));
}

/*
 * All pixels of a panel get all their channels before the next one, so that y is written in order; but
 * where the weights leave L2 meanwhile, each block of them sees all pixels instead.
 */
static void
panels_run(int pixels, const float *x, int ci, const float *packed, float *y, int co, bool accumulate,
    const struct ss_epilogue *e)
{
	const int panel = (size_t)ci * co > PANEL_WEIGHTS ? pixels : PANEL;
	const struct taps one = { .n = 1 };
	int width;

	for (int p = 0; p < pixels; p += panel)
		for (int o = 0; o < co; o += width) {
			const size_t at = (size_t)p * co;
			const int m = pixels - p < panel ? pixels - p : panel;
			struct ss_epilogue here;

			width = block_width(o, co);
			row_of_tiles(x + (size_t)p * ci, ci, y + at + o, co, m, &one, packed + (size_t)o * ci, ci, accumulate,
			    width, true);
			if (e == NULL)
				continue;
			here = *e;
			here.r.p = e->r.p == NULL ? NULL : e->r.p + at;
			epilogue(&here, 0, 0, 1, m, co, o, width, (struct ss_plane){ y + at, 0, 0 });
		}
}

/* Whether panels_run can do it. */
static bool
panels_fit(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane y, const struct ss_epilogue *e)
{
	return c->k == 1 && c->stride == 1 && side_by_side(n, c->h, c->w, c->ci, x) &&
	    side_by_side(n, c->h, c->w, c->co, y) &&
	    (e == NULL || (!e->border && side_by_side(n, c->h, c->w, c->co, e->r)));
}

static void
conv(const struct ss_conv *c, int n, struct ss_plane x, const float *packed, struct ss_plane y,
    const struct ss_epilogue *e)
{
	struct sweep s = { .h = c->oh, .w = c->ow, .istep = c->stride, .ostep = 1 };
	int pad = c->k / 2;

	if (panels_fit(c, n, x, y, e)) {
		panels_run(n * c->h * c->w, x.p, c->ci, packed, y.p, c->co, false, e);
		return;
	}
	for (int kh = 0; kh < c->k; kh++) {		/* a whole row of taps */
		s.taps.offset[s.taps.n] = (kh - pad) * (ptrdiff_t)x.row - pad * c->ci;
		s.taps.weight[s.taps.n++] = kh;
	}
	sweep_run(&s, n, x, c->ci, c->k, packed, y, c->co, c->k, false, e);
	zero_borders(n, c->oh, c->ow, c->co, y, e);
}

/*
 * dx(i,j) = sum over taps with (i + pad - kh) and (j + pad - kw) divisible by the
 * stride of dy((i + pad - kh)/stride, (j + pad - kw)/stride) * w(kh,kw).
 */
static void
conv_dgrad(const struct ss_conv *c, int n, struct ss_plane dy, const float *packed_t,
    struct ss_plane dx, bool accumulate)
{
	int pad = c->k / 2, st = c->stride;

	if (panels_fit(c, n, dx, dy, NULL)) {
		panels_run(n * c->h * c->w, dy.p, c->co, packed_t, dx.p, c->ci, accumulate, NULL);
		return;
	}
	for (int i = 0; i < n && c->k < st && !accumulate; i++)		/* not all pixels have taps */
		for (int r = 0; r < c->h; r++)
			memset(dx.p + i * dx.image + r * dx.row, 0, (size_t)c->w * c->ci * sizeof(float));
	for (int pi = 0; pi < st; pi++)
		for (int pj = 0; pj < st; pj++) {
			struct sweep s = { .h = (c->h - pi + st - 1) / st, .w = (c->w - pj + st - 1) / st,
				.istep = 1, .ostep = st,
				.ofirst = pi * dx.row + (size_t)pj * c->ci };

			for (int kh = 0; kh < c->k; kh++)
				for (int kw = 0; kw < c->k; kw++) {
					int di = pi + pad - kh, dj = pj + pad - kw;

					if (di % st != 0 || dj % st != 0)
						continue;
					s.taps.offset[s.taps.n] = di / st * (ptrdiff_t)dy.row +
					    dj / st * c->co;
					s.taps.weight[s.taps.n++] = kh * c->k + kw;
				}
			if (s.taps.n > 0)
				sweep_run(&s, n, dy, c->co, 1, packed_t, dx, c->ci, c->k * c->k, accumulate,
				    NULL);
		}
}

