/*
 * winograd_template.h - 3x3 convolution of stride 1 by F(4x4, 3x3), for one vector width
 *
 * Included by each kern_WIDTH.c after norm_template.h and conv_template.h. That defines
 *	WINO	tiles in a register tile of the products
 *	WINO_IN	input channels in one of the weight gradient's; it divides W
 *
 * A tile of 4x4 outputs is A' [ (G g G') * (B' d B) ] A, where d are the 6x6 inputs that
 * it sees, g the 3x3 weights and * multiplies element by element (Lavin and Gray 2015,
 * "Fast algorithms for convolutional neural networks", section 4.3): 36 products for what takes 144.
 * Summed over input channels, each of the 36 is a product of matrices, V (tiles, ci) * U (ci, co).
 *
 * The loop nest, in plain words: for each block of T tiles: transform their inputs into V; for each block
 * of 2W output channels: for each of the 36 elements: M (T, 2W) = V (T, ci) * U (ci, 2W);
 * transform M back and store. A register tile of 12 tiles x 2 vectors does 24
 * multiply-adds for 14 loads. V and M, 0.9 MB for 64 channels, stay in L2. U is read in order, once for each T tiles,
 * and fetched into L2 one matrix ahead. The transforms add about 13 vector operations for each 16 outputs and
 * channel, whatever the number of channels on the other side.
 *
 * Where U is so large that its reading would be the limit, the three steps are functions of their own,
 * over all tiles of a batch: then U is read once for all of them, and V and M pass through memory.
 *
 * V, M and the transformed gradient of the outputs keep the W channels of a vector together, and so their tiles:
 * (36, channels / W, tiles, W). A register tile then reads and writes whole lines, one after the other.
 *
 * Where the image is no multiple of 4, the last tiles see zeros and keep part of what they make.
 */

#include "kern/winograd_tiles.h"

/* Output channels of the block that begins at channel c: four vectors where the registers have room for as many. */
static int
wino_width(int c, int channels)
{
#ifdef WINO4
	if (channels - c >= 4 * W)
		return 4 * W;
#endif
	return block_width(c, channels);
}

enum { WINO_T = SS_WINOGRAD_TILES, WINO_BLOCK = SS_WINOGRAD_BLOCK };

/* Such a tensor, or a part of it. */
struct wino {
	float *p;
	size_t step;		/* floats between two of the 36 matrices */
	size_t block;		/* and between two vectors of channels of one matrix */
};

/* Distances are never multiples of 4096 bytes, which would fight for one place in L1. */
static struct wino
wino_view(float *p, int tiles, int channels)
{
	return (struct wino){ p, ss_winograd_step(tiles, channels), (size_t)(tiles | 1) * W };
}

/* U = G g G' of W pairs of channels, whose 3x3 weights are `lane` floats apart, perhaps turned round. */
INLINE void
wino_weights(const float *w, size_t lane, const bool turned, float *u, size_t step)
{
	float g[9][W];
	vf d[3][6];

	for (int b = 0; b < W; b++)
		for (int t = 0; t < 9; t++)
			g[t][b] = w[(size_t)b * lane + (size_t)(turned ? 8 - t : t)];
	UNROLL for (int i = 0; i < 3; i++) {
		vf row[3];

		UNROLL for (int j = 0; j < 3; j++)
			row[j] = *(const vf *)g[3 * i + j];
		wino_g(row, d[i]);
	}
	UNROLL for (int j = 0; j < 6; j++) {
		vf column[3], q[6];

		UNROLL for (int i = 0; i < 3; i++)
			column[i] = d[i][j];
		wino_g(column, q);
		UNROLL for (int i = 0; i < 6; i++)
			*(vf *)(u + (size_t)(6 * i + j) * step) = q[i];
	}
}

/* Packed: for each block of output channels, [36][in][channel of the block]. */
static void
wino_pack(const struct ss_conv *c, const float *w, float *packed)
{
	const size_t lane = 9 * (size_t)c->ci;
	int width;

	for (int o = 0; o < c->co; o += width, packed += 36 * (size_t)c->ci * width) {
		width = wino_width(o, c->co);
		for (int i = 0; i < c->ci; i++)
			for (int b = 0; b < width; b += W)
				wino_weights(w + (size_t)(o + b) * lane + 9 * (size_t)i, lane, false,
				    packed + (size_t)i * width + b, (size_t)c->ci * width);
	}
}

/* For the data gradient: in and out change places, and the taps turn round. */
static void
wino_pack_t(const struct ss_conv *c, const float *w, float *packed)
{
	int width;

	for (int i = 0; i < c->ci; i += width, packed += 36 * (size_t)c->co * width) {
		width = wino_width(i, c->ci);
		for (int o = 0; o < c->co; o++)
			for (int b = 0; b < width; b += W)
				wino_weights(w + 9 * ((size_t)o * c->ci + i + b), 9, true,
				    packed + (size_t)o * width + b, (size_t)c->co * width);
	}
}

/* A block of tiles of n images: where each begins, and how much of it is there. */
struct wino_tile {
	int image, row, col;
};

static struct wino_tile
wino_tile(int tile, int h, int w)
{
	const int down = (h + 3) / 4, across = (w + 3) / 4;

	return (struct wino_tile){ tile / (down * across), tile / across % down * 4, tile % across * 4 };
}

/* The tile behind it. */
INLINE void
wino_next(struct wino_tile *g, int h, int w)
{
	g->col += 4;
	if (g->col < w)
		return;
	g->col = 0;
	g->row += 4;
	if (g->row < h)
		return;
	g->row = 0;
	g->image++;
}

/*
 * c (P, CB vectors) = or += a' b. The depth goes in blocks of `inner`, between which a and b move by ablock and
 * bblock; element p of a's k-th column is a[p * ap + k]. next: what the following call will read,
 * of which so many lines are fetched in each block.
 */
INLINE void
wino_product(const float *a, const size_t ap, size_t ablock, const float *b, size_t bk, size_t bv,
    int blocks, const int inner, float *c, size_t cp, size_t cv, const float *next, int lines,
    bool accumulate, const bool stream, const int P, const int CB)
{
	vf acc[PIX_MAX][4];

	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int v = 0; v < CB; v++)
			acc[p][v] = load_if(accumulate, c + p * cp + v * cv);
	for (int o = 0; o < blocks; o++, a += ablock) {
		for (int l = 0; l < lines; l++, next += 16)
			__builtin_prefetch(next, 0, 2);
		for (int k = 0; k < inner; k++, b += bk) {
			vf v[4];

			UNROLL for (int i = 0; i < CB; i++)
				v[i] = *(const vf *)(b + i * bv);
			UNROLL for (int p = 0; p < P; p++) {
				float s = a[p * ap + k];

				UNROLL for (int i = 0; i < CB; i++)
					acc[p][i] += s * v[i];
			}
		}
	}
	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int v = 0; v < CB; v++)
			wino_store(c + p * cp + v * cv, acc[p][v], stream);
}

/*
 * M (rows, CB vectors) = V (rows, ci) * U (ci, CB vectors) of one matrix, in register tiles from large to small. On the
 * way the matrix `next`, as large as u, is fetched, an equal part of it by each large tile.
 */
INLINE void
wino_rows(const float *v, size_t vblock, int rows, const float *u, int ci, float *m, size_t mblock,
    const float *next, const bool stream, const int LARGE, const int CB)
{
	const int parts = rows < LARGE ? 1 : rows / LARGE, lines = (CB * W * W / 16 + parts - 1) / parts;
	int r = 0;

#define WINO_ROWS(P)									\
	for (; r + P <= rows; r += P, next += 16 * (size_t)lines * (ci / W))			\
		wino_product(v + (size_t)r * W, W, vblock, u, CB * W, W, ci / W, W, m + (size_t)r * W, W,	\
		    mblock, next, P == LARGE ? lines : 0, false, stream, P, CB)
	WINO_ROWS(LARGE);
	WINO_ROWS(4);
	WINO_ROWS(1);
#undef WINO_ROWS
}

INLINE void
wino_block(const float *v, size_t vblock, int rows, const float *u, int ci, float *m, size_t mblock,
    const float *next, const bool stream, int width)
{
#ifdef WINO4
	if (width == 4 * W) {
		wino_rows(v, vblock, rows, u, ci, m, mblock, next, stream, WINO4, 4);
		return;
	}
#endif
	if (width == W)
		wino_rows(v, vblock, rows, u, ci, m, mblock, next, stream, WINO, 1);
	else
		wino_rows(v, vblock, rows, u, ci, m, mblock, next, stream, WINO, 2);
}

/* U' (in, out) = or += V' D of one matrix, over so many tiles */
INLINE void
wino_sums(const float *v, size_t vblock, const float *d, size_t dblock, int tiles, float *u, int in,
    int out, size_t row, bool accumulate, const bool stream)
{
	int width;

	for (int o = 0; o < out; o += width, d += (size_t)(width / W) * dblock) {
		width = block_width(o, out);
		for (int i = 0; i < in; i += WINO_IN) {
			const float *a = v + (size_t)(i / W) * vblock + i % W;
			float *to = u + i * row + o;

			if (width == W)
				wino_product(a, 1, W, d, W, dblock, tiles, 1, to, row, W, a, 0, accumulate,
				    stream, WINO_IN, 1);
			else
				wino_product(a, 1, W, d, W, dblock, tiles, 1, to, row, W, a, 0, accumulate,
				    stream, WINO_IN, 2);
		}
	}
}

INLINE int
at_most(int a, int b)
{
	return a < b ? a : b;
}

/*
 * Tile by tile, and of each all vectors of channels, so that a pixel is read at once; but few vectors go one by one (`one`: there is
 * only the first), which is a tenth faster: the addresses of the 36 matrices stay.
 */
#define WINO_BY_VECTORS(CALL, c0, c1, v)						\
	if ((c1) - (c0) > 2 * W)							\
		CALL(c0, c1, v, false);							\
	else										\
		for (int first_ = (c0); first_ < (c1); first_ += W, (v).p += (v).block)	\
			CALL(first_, first_ + W, v, true)

/* So many tiles, from number `first` on, of the input channels c0..c1-1, into V, whose tile 0 is that one. */
INLINE void
wino_inputs_of(struct ss_plane x, int h, int w, int channels, int c0, int c1, int first, int tiles,
    struct wino v, const bool stream, const bool one)
{
	struct wino_tile g = wino_tile(first, h, w);

	for (int t = 0; t < tiles; t++, v.p += W, wino_next(&g, h, w)) {
		const float *p = x.p + (size_t)g.image * x.image + (ptrdiff_t)(g.row - 1) * (ptrdiff_t)x.row +
		    (ptrdiff_t)(g.col - 1) * channels;
		const int rows = h - g.row + 2, cols = w - g.col + 2;
		float *to = v.p;

		for (int c = c0; one ? c == c0 : c < c1; c += W, to += v.block)
			if (rows >= 6 && cols >= 6)
				wino_input_tile(p + c, x.row, (size_t)channels, 6, 6, to, v.step, stream);
			else
				wino_input_tile(p + c, x.row, (size_t)channels, rows, cols, to, v.step, stream);
	}
}

INLINE void
wino_inputs(struct ss_plane x, int h, int w, int channels, int c0, int c1, int first, int tiles,
    struct wino v, const bool stream)
{
#define INPUTS(a, b, v, one)	wino_inputs_of(x, h, w, channels, a, b, first, tiles, v, stream, one)
	WINO_BY_VECTORS(INPUTS, c0, c1, v);
}

INLINE void
wino_gradients_of(struct ss_plane dy, int h, int w, int channels, int c0, int c1, int first, int tiles,
    struct wino d, const bool stream, const bool one)
{
	struct wino_tile g = wino_tile(first, h, w);

	for (int t = 0; t < tiles; t++, d.p += W, wino_next(&g, h, w)) {
		const float *p = dy.p + (size_t)g.image * dy.image + (size_t)g.row * dy.row +
		    (size_t)g.col * (size_t)channels;
		const int rows = h - g.row, cols = w - g.col;
		float *to = d.p;

		for (int c = c0; one ? c == c0 : c < c1; c += W, to += d.block)
			if (rows >= 4 && cols >= 4)
				wino_gradient_tile(p + c, dy.row, (size_t)channels, 4, 4, to, d.step, stream);
			else
				wino_gradient_tile(p + c, dy.row, (size_t)channels, rows, cols, to, d.step, stream);
	}
}

INLINE void
wino_gradients(struct ss_plane dy, int h, int w, int channels, int c0, int c1, int first, int tiles,
    struct wino d, const bool stream)
{
#define GRADIENTS(a, b, d, one)	wino_gradients_of(dy, h, w, channels, a, b, first, tiles, d, stream, one)
	WINO_BY_VECTORS(GRADIENTS, c0, c1, d);
}

/*
 * The other way: so many tiles of `width` channels, the first of which is y's number o. Where M is far away, it is fetched
 * a tile ahead: no core follows 36 streams by itself.
 */
INLINE void
wino_outputs_of(const float *m, size_t step, size_t block, int o, int width, struct ss_plane y, int h,
    int w, int channels, int first, int tiles, bool accumulate, const struct ss_epilogue *e, const bool far,
    const bool one)
{
	struct wino_tile g = wino_tile(first, h, w);
	struct ss_epilogue after = { 0 };

	for (int t = 0; t < tiles; t++, m += W, wino_next(&g, h, w)) {
		const size_t pixel = (size_t)g.col * (size_t)channels + (size_t)o;
		float *p = y.p + (size_t)g.image * y.image + (size_t)g.row * y.row + pixel;
		const int rows = h - g.row, cols = w - g.col;
		const float *from = m;

		if (e != NULL) {
			after = *e;
			after.scale += o, after.shift += o;
			if (e->r.p != NULL)
				after.r.p += (size_t)g.image * e->r.image + (size_t)g.row * e->r.row + pixel;
		}
#define OUTPUT(r, c, e)	wino_output_tile(from, step, p, y.row, (size_t)channels, r, c, accumulate, e)
		for (int c = 0; one ? c == 0 : c < width; c += W, p += W, from += block) {
			for (size_t k = 0; far && k < 36; k++)
				__builtin_prefetch(from + k * step + W, 0, 2);
			if (rows < 4 || cols < 4)
				OUTPUT(rows, cols, e == NULL ? NULL : &after);
			else if (e == NULL)
				OUTPUT(4, 4, NULL);
			else
				OUTPUT(4, 4, &after);
			after.scale += W, after.shift += W, after.r.p += after.r.p == NULL ? 0 : W;
		}
#undef OUTPUT
	}
}

static void
wino_outputs(const float *m, size_t step, size_t block, int o, int width, struct ss_plane y, int h,
    int w, int channels, int first, int tiles, bool accumulate, const struct ss_epilogue *e)
{
	if (width > 2 * W)
		wino_outputs_of(m, step, block, o, width, y, h, w, channels, first, tiles, accumulate, e, false, false);
	else
		for (int c = 0; c < width; c += W, m += block)
			wino_outputs_of(m, step, block, o + c, W, y, h, w, channels, first, tiles, accumulate, e, false,
			    true);
}

/* Tiles in each block: as equal as can be. */
static int
wino_share(int tiles)
{
	const int blocks = (tiles + WINO_T - 1) / WINO_T;

	return (tiles + blocks - 1) / blocks;
}

/* y (n,h,w,co) = or += x (n,h,w,ci; bordered) * packed */
static void
wino_run(int n, int h, int w, struct ss_plane x, int ci, const float *packed, struct ss_plane y,
    int co, bool accumulate, const struct ss_epilogue *e, float *scratch)
{
	const int all = ss_winograd_count(n, h, w), share = wino_share(all);
	const struct wino v = wino_view(scratch, share, ci);
	const struct wino m = wino_view(scratch + 36 * v.step, share, wino_width(0, co));

	for (int first = 0, width; first < all; first += share) {
		const int tiles = at_most(all - first, share);
		const float *u = packed;

		wino_inputs(x, h, w, ci, 0, ci, first, tiles, v, false);
		for (int o = 0; o < co; o += width) {
			width = wino_width(o, co);
			for (size_t k = 0; k < 36; k++, u += (size_t)ci * width)
				wino_block(v.p + k * v.step, v.block, tiles, u, ci, m.p + k * m.step, m.block,
				    u + (size_t)ci * width, false, width);
			wino_outputs(m.p, m.step, m.block, o, width, y, h, w, co, first, tiles, accumulate, e);
		}
	}
	zero_borders(n, h, w, co, y, e);
}

static void
wino_conv(const struct ss_conv *c, int n, struct ss_plane x, const float *packed,
    struct ss_plane y, const struct ss_epilogue *e, float *scratch)
{
	wino_run(n, c->h, c->w, x, c->ci, packed, y, c->co, false, e, scratch);
}

static void
wino_dgrad(const struct ss_conv *c, int n, struct ss_plane dy, const float *packed_t,
    struct ss_plane dx, bool accumulate, float *scratch)
{
	wino_run(n, c->h, c->w, dy, c->co, packed_t, dx, c->ci, accumulate, NULL, scratch);
}

/* dw += G' u G for a block of channels; u (36, in, out) */
static void
wino_weight_gradient(const float *u, size_t step, size_t row, int in, int out, float *dw, size_t tap,
    size_t co)
{
	for (int i = 0; i < in; i++)
		for (int o = 0; o < out; o += W) {
			vf d[6][3];

			UNROLL for (int a = 0; a < 6; a++) {
				vf q[6];

				UNROLL for (int b = 0; b < 6; b++)
					q[b] = *(const vf *)(u + (size_t)(6 * a + b) * step + i * row + o);
				wino_gt(q, d[a]);
			}
			UNROLL for (int b = 0; b < 3; b++) {
				vf q[6], g[3];

				UNROLL for (int a = 0; a < 6; a++)
					q[a] = d[a][b];
				wino_gt(q, g);
				UNROLL for (int a = 0; a < 3; a++)
					*(vf *)(dw + (size_t)(3 * a + b) * tap + i * co + o) += g[a];
			}
		}
}

/*
 * U' = sum over tiles of V (A dY A')', and dW = G' U' G. A block of 64 x 64 channels
 * keeps its U' in L2 over all tiles.
 */
static void
wino_wgrad(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy, int c0, int c1,
    float *dw, float *scratch)
{
	const int all = ss_winograd_count(n, c->h, c->w), share = wino_share(all);
	const size_t tap = (size_t)c->ci * c->co;

	for (int i = c0; i < c1; i += WINO_BLOCK)
		for (int o = 0; o < c->co; o += WINO_BLOCK) {
			const int in = at_most(c1 - i, WINO_BLOCK), out = at_most(c->co - o, WINO_BLOCK);
			const struct wino v = wino_view(scratch, share, in);
			const struct wino d = wino_view(v.p + 36 * v.step, share, out);
			const size_t step = ss_winograd_step(in, out), row = (size_t)out;
			float *const u = d.p + 36 * d.step;

			for (int first = 0; first < all; first += share) {
				const int tiles = at_most(all - first, share);

				wino_inputs(x, c->h, c->w, c->ci, i, i + in, first, tiles, v, false);
				wino_gradients(dy, c->h, c->w, c->co, o, o + out, first, tiles, d, false);
				for (size_t k = 0; k < 36; k++)
					wino_sums(v.p + k * v.step, v.block, d.p + k * d.step, d.block, tiles,
					    u + k * step, in, out, row, first > 0, false);
			}
			wino_weight_gradient(u, step, row, in, out, dw + (size_t)i * c->co + o, tap,
			    (size_t)c->co);
		}
}

/*
 * The steps by themselves. `tiles` are those of the whole tensor; images are counted from number `from` on.
 */

static void
wino_input(int channels, int h, int w, struct ss_plane x, int from, int n, int tiles, float *v)
{
	const int first = ss_winograd_count(from, h, w);
	struct wino to = wino_view(v, tiles, channels);

	to.p += (size_t)first * W;
	wino_inputs(x, h, w, channels, 0, channels, 0, ss_winograd_count(n, h, w), to, true);
	STREAM_END();
}

static void
wino_gradient(int channels, int h, int w, struct ss_plane dy, int from, int n, int tiles, float *d)
{
	const int first = ss_winograd_count(from, h, w);
	struct wino to = wino_view(d, tiles, channels);

	to.p += (size_t)first * W;
	wino_gradients(dy, h, w, channels, 0, channels, 0, ss_winograd_count(n, h, w), to, true);
	STREAM_END();
}

static void
wino_output(int channels, int h, int w, const float *m, int tiles, struct ss_plane y, int from, int n,
    bool accumulate, const struct ss_epilogue *e)
{
	const size_t first = (size_t)ss_winograd_count(from, h, w);
	const struct wino at = wino_view(NULL, tiles, channels);

	wino_outputs_of(m + first * W, at.step, at.block, 0, channels, y, h, w, channels, 0,
	    ss_winograd_count(n, h, w), accumulate, e, true, false);
	zero_borders(n, h, w, channels, y, e);
}

static void
wino_multiply(int k, int ci, int co, int tiles, int from, int to, const float *v, const float *packed,
    float *m)
{
	const struct wino a = wino_view(NULL, tiles, ci), c = wino_view(NULL, tiles, co);
	int width;

	v += (size_t)k * a.step + (size_t)from * W;
	m += (size_t)k * c.step + (size_t)from * W;
	for (int o = 0; o < co; o += width, m += (size_t)(width / W) * c.block) {
		const float *u = packed + 36 * (size_t)o * ci;

		width = wino_width(o, co);
		wino_block(v, a.block, to - from, u + (size_t)k * ci * width, ci, m, c.block,
		    u + (36 + (size_t)k) * ci * width, true, width);
	}
	STREAM_END();
}

enum { WINO_DEPTH = 256 };	/* tiles, so that what they need of D stays in L1 or near it */

static void
wino_multiply_t(int k, int ci, int co, int tiles, int c0, int c1, const float *v, const float *d,
    float *u)
{
	const struct wino a = wino_view(NULL, tiles, ci), b = wino_view(NULL, tiles, co);

	v += (size_t)k * a.step + (size_t)(c0 / W) * a.block;
	d += (size_t)k * b.step;
	u += (size_t)k * ss_winograd_step(ci, co) + (size_t)c0 * co;
	if (tiles <= WINO_DEPTH)
		wino_sums(v, a.block, d, b.block, tiles, u, c1 - c0, co, (size_t)co, false, true);
	else
		for (int t = 0; t < tiles; t += WINO_DEPTH)
			wino_sums(v + (size_t)t * W, a.block, d + (size_t)t * W, b.block,
			    at_most(tiles - t, WINO_DEPTH), u, c1 - c0, co, (size_t)co, t > 0, false);
	STREAM_END();
}

static void
wino_finish(int ci, int co, int c0, int c1, const float *u, float *dw)
{
	wino_weight_gradient(u + (size_t)c0 * co, ss_winograd_step(ci, co), (size_t)co, c1 - c0, co,
	    dw + (size_t)c0 * co, (size_t)ci * co, (size_t)co);
}
