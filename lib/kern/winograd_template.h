/*
 * winograd_template.h - 3x3 convolution of stride 1 by F(4x4, 3x3), for one vector width
 *
 * Included by each kern_WIDTH.c after conv_template.h. That defines
 *	WINO	tiles (for the weight gradient: input channels) in a register tile of the products
 *
 * A tile of 4x4 outputs is A' [ (G g G') * (B' d B) ] A, where d are the 6x6 inputs that
 * it sees, g the 3x3 weights and * multiplies element by element (Lavin and Gray 2015,
 * "Fast algorithms for convolutional neural networks", section 4.3): 36 products for what takes 144.
 * Summed over input channels, each of the 36 is a product of matrices.
 *
 * The loop nest, in plain words: for each block of T tiles: transform their inputs into
 * V (36, T, ci); for each strip of output channels: for each of the 36 elements: M (T, strip)
 * = V (T, ci) * U (ci, strip); transform M back and store. A register tile of 12 tiles x 2
 * vectors does 24 multiply-adds for 14 loads. Where V fits into L2, a strip is one block of 2W
 * channels, and V and M, 0.7 MB for 64 channels, stay there; where it does not, a strip is all
 * channels, so that V is read only once. U is read once for each T tiles, in order, so that it
 * may come from farther away. The transforms add about 13 vector operations for each
 * 16 outputs and channel, whatever the number of channels on the other side.
 *
 * Where the image is no multiple of 4, the last tiles see zeros and keep part of what they make.
 */

enum { WINO_T = SS_WINOGRAD_TILES, WINO_BLOCK = SS_WINOGRAD_BLOCK };

/* Distance of two of the 36 matrices: never a multiple of 4096 bytes, which would fight for one place in L1. */
#define WINO_STEP(floats)	((size_t)(floats) + W)

/* B' d of six vectors. */
INLINE void
wino_b(vf d[6])
{
	vf a = d[4] - 4 * d[2], b = d[3] - 4 * d[1], c = d[4] - d[2], e = 2 * (d[3] - d[1]);

	d[0] = 4 * d[0] - 5 * d[2] + d[4];
	d[5] = 4 * d[1] - 5 * d[3] + d[5];
	d[1] = a + b;
	d[2] = a - b;
	d[3] = c + e;
	d[4] = c - e;
}

/* A' m: six vectors to four. */
INLINE void
wino_a(const vf m[6], vf y[4])
{
	vf s = m[1] + m[2], d = m[1] - m[2], t = m[3] + m[4], e = m[3] - m[4];

	y[0] = m[0] + s + t;
	y[1] = d + 2 * e;
	y[2] = s + 4 * t;
	y[3] = d + 8 * e + m[5];
}

/* A y: four vectors to six. */
INLINE void
wino_at(const vf y[4], vf d[6])
{
	vf s = y[0] + y[2], t = y[1] + y[3], u = y[0] + 4 * y[2], v = 2 * y[1] + 8 * y[3];

	d[0] = y[0];
	d[1] = s + t;
	d[2] = s - t;
	d[3] = u + v;
	d[4] = u - v;
	d[5] = y[3];
}

/* G' m: six vectors to three. */
INLINE void
wino_gt(const vf m[6], vf g[3])
{
	vf s = m[1] + m[2], d = m[2] - m[1], t = m[3] + m[4], e = m[3] - m[4];

	g[0] = 0.25f * m[0] - (1.0f / 6) * s + (1.0f / 24) * t;
	g[1] = (1.0f / 6) * d + (1.0f / 12) * e;
	g[2] = (1.0f / 6) * (t - s) + m[5];
}

/* G g: three vectors to six. */
INLINE void
wino_g(const vf g[3], vf u[6])
{
	vf s = (-1.0f / 6) * (g[0] + g[2]), t = (1.0f / 24) * g[0] + (1.0f / 6) * g[2];

	u[0] = 0.25f * g[0];
	u[1] = s - (1.0f / 6) * g[1];
	u[2] = s + (1.0f / 6) * g[1];
	u[3] = t + (1.0f / 12) * g[1];
	u[4] = t - (1.0f / 12) * g[1];
	u[5] = g[2];
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
		width = block_width(o, c->co);
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
		width = block_width(i, c->ci);
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

INLINE vf
load_if(bool there, const float *p)
{
	vf v = { 0 };

	if (there)
		v = *(const vf *)p;
	return v;
}

/* V of one tile and one vector of channels; `rows` x `cols` of its 6x6 inputs can be read. */
INLINE void
wino_input(const float *p, size_t row, size_t pixel, int rows, int cols, float *v, size_t step)
{
	vf d[6][6];

	UNROLL for (int i = 0; i < 6; i++) {
		UNROLL for (int j = 0; j < 6; j++)
			d[i][j] = load_if(i < rows && j < cols, p + i * row + j * pixel);
		wino_b(d[i]);
	}
	UNROLL for (int j = 0; j < 6; j++) {
		vf q[6];

		UNROLL for (int i = 0; i < 6; i++)
			q[i] = d[i][j];
		wino_b(q);
		UNROLL for (int i = 0; i < 6; i++)
			*(vf *)(v + (size_t)(6 * i + j) * step) = q[i];
	}
}

/* The same for a tile of the output's gradient: 4x4 of which `rows` x `cols` are there. */
INLINE void
wino_output_gradient(const float *p, size_t row, size_t pixel, int rows, int cols, float *v,
    size_t step)
{
	vf d[4][6];

	UNROLL for (int i = 0; i < 4; i++) {
		vf y[4];

		UNROLL for (int j = 0; j < 4; j++)
			y[j] = load_if(i < rows && j < cols, p + i * row + j * pixel);
		wino_at(y, d[i]);
	}
	UNROLL for (int j = 0; j < 6; j++) {
		vf y[4], q[6];

		UNROLL for (int i = 0; i < 4; i++)
			y[i] = d[i][j];
		wino_at(y, q);
		UNROLL for (int i = 0; i < 6; i++)
			*(vf *)(v + (size_t)(6 * i + j) * step) = q[i];
	}
}

/* The outputs of one tile and one vector of channels. */
INLINE void
wino_output(const float *m, size_t step, float *p, size_t row, size_t pixel, int rows, int cols,
    bool accumulate)
{
	vf d[6][4];

	UNROLL for (int i = 0; i < 6; i++) {
		vf q[6];

		UNROLL for (int j = 0; j < 6; j++)
			q[j] = *(const vf *)(m + (size_t)(6 * i + j) * step);
		wino_a(q, d[i]);
	}
	UNROLL for (int j = 0; j < 4; j++) {
		vf q[6], y[4];

		UNROLL for (int i = 0; i < 6; i++)
			q[i] = d[i][j];
		wino_a(q, y);
		UNROLL for (int i = 0; i < 4; i++)
			if (i < rows && j < cols) {
				vf *to = (vf *)(p + i * row + j * pixel);

				if (accumulate)
					y[i] += *to;
				*to = y[i];
			}
	}
}

/* c (P, CB vectors) = or += a' b over `depth`; element p of a's k-th column is a[p * astep + k * ak]. */
INLINE void
wino_product(const float *a, size_t astep, size_t ak, const float *b, size_t bk, int depth, float *c,
    size_t cstep, bool accumulate, const int P, const int CB)
{
	vf acc[PIX_MAX][2];

	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int v = 0; v < CB; v++)
			acc[p][v] = load_if(accumulate, c + p * cstep + v * W);
	for (int k = 0; k < depth; k++, a += ak, b += bk) {
		vf v[2];

		UNROLL for (int i = 0; i < CB; i++)
			v[i] = *(const vf *)(b + i * W);
		UNROLL for (int p = 0; p < P; p++) {
			float s = a[p * astep];

			UNROLL for (int i = 0; i < CB; i++)
				acc[p][i] += s * v[i];
		}
	}
	UNROLL for (int p = 0; p < P; p++)
		UNROLL for (int v = 0; v < CB; v++)
			*(vf *)(c + p * cstep + v * W) = acc[p][v];
}

/* All rows of a product, in register tiles from large to small. */
#define WINO_PRODUCTS(P, CB, ROWS)							\
	for (; r + P <= ROWS; r += P)							\
		wino_product(a + r * astep, astep, ak, b, bk, depth, c + r * cstep, cstep,	\
		    accumulate, P, CB)

static void
wino_products_2(const float *a, size_t astep, size_t ak, const float *b, size_t bk, int depth,
    float *c, size_t cstep, bool accumulate, int rows)
{
	int r = 0;

	WINO_PRODUCTS(WINO, 2, rows);
	WINO_PRODUCTS(4, 2, rows);
	WINO_PRODUCTS(1, 2, rows);
}

static void
wino_products_1(const float *a, size_t astep, size_t ak, const float *b, size_t bk, int depth,
    float *c, size_t cstep, bool accumulate, int rows)
{
	int r = 0;

	WINO_PRODUCTS(WINO, 1, rows);
	WINO_PRODUCTS(4, 1, rows);
	WINO_PRODUCTS(1, 1, rows);
}

INLINE int
at_most(int a, int b)
{
	return a < b ? a : b;
}

/* T tiles, from number `first` on, of the input channels c0..c1-1 into v (36, T, c1 - c0). */
static void
wino_inputs(struct ss_plane x, int h, int w, int channels, int c0, int c1, int first, int tiles,
    float *v, size_t step)
{
	for (int t = 0; t < tiles; t++, v += c1 - c0) {
		const struct wino_tile g = wino_tile(first + t, h, w);
		const float *p = x.p + (size_t)g.image * x.image + (ptrdiff_t)(g.row - 1) * (ptrdiff_t)x.row +
		    (ptrdiff_t)(g.col - 1) * channels;
		const int rows = h - g.row + 2, cols = w - g.col + 2;

		for (int c = c0; c < c1; c += W)
			if (rows >= 6 && cols >= 6)
				wino_input(p + c, x.row, (size_t)channels, 6, 6, v + c - c0, step);
			else
				wino_input(p + c, x.row, (size_t)channels, rows, cols, v + c - c0, step);
	}
}

static void
wino_output_gradients(struct ss_plane dy, int h, int w, int channels, int c0, int c1, int first,
    int tiles, float *v, size_t step)
{
	for (int t = 0; t < tiles; t++, v += c1 - c0) {
		const struct wino_tile g = wino_tile(first + t, h, w);
		const float *p = dy.p + (size_t)g.image * dy.image + (size_t)g.row * dy.row +
		    (size_t)g.col * (size_t)channels;
		const int rows = h - g.row, cols = w - g.col;

		for (int c = c0; c < c1; c += W)
			if (rows >= 4 && cols >= 4)
				wino_output_gradient(p + c, dy.row, (size_t)channels, 4, 4, v + c - c0, step);
			else
				wino_output_gradient(p + c, dy.row, (size_t)channels, rows, cols, v + c - c0,
				    step);
	}
}

static void
wino_outputs(const float *m, size_t step, int width, struct ss_plane y, int h, int w, int channels,
    int first, int tiles, bool accumulate)
{
	for (int t = 0; t < tiles; t++, m += width) {
		const struct wino_tile g = wino_tile(first + t, h, w);
		float *p = y.p + (size_t)g.image * y.image + (size_t)g.row * y.row +
		    (size_t)g.col * (size_t)channels;
		const int rows = h - g.row, cols = w - g.col;

		for (int c = 0; c < width; c += W)
			if (rows >= 4 && cols >= 4)
				wino_output(m + c, step, p + c, y.row, (size_t)channels, 4, 4, accumulate);
			else
				wino_output(m + c, step, p + c, y.row, (size_t)channels, rows, cols, accumulate);
	}
}

/* y (n,h,w,co) = or += x (n,h,w,ci; bordered) * packed, for the output channels o0..o1-1. */
static void
wino_run(int n, int h, int w, struct ss_plane x, int ci, const float *packed, struct ss_plane y,
    int co, int o0, int o1, bool accumulate, float *scratch)
{
	const int all = n * ((h + 3) / 4) * ((w + 3) / 4);
	const int strip = ss_winograd_strip(ci, o1 - o0, 2 * W);
	const int block = ss_winograd_tiles(ci);
	const size_t vstep = WINO_STEP(block * ci), mstep = WINO_STEP(block * strip);
	float *const v = scratch, *const m = scratch + 36 * vstep;
	int width;

	for (int first = 0; first < all; first += block) {
		const int tiles = at_most(all - first, block);

		wino_inputs(x, h, w, ci, 0, ci, first, tiles, v, vstep);
		for (int s = o0; s < o1; s += strip) {
			const int wide = at_most(o1 - s, strip);
			struct ss_plane out = { y.p + s, y.row, y.image };

			for (size_t k = 0; k < 36; k++)
				for (int o = s; o < s + wide; o += width) {
					const float *u = packed + 36 * (size_t)o * ci;

					width = block_width(o, co);
					(width == W ? wino_products_1 : wino_products_2)(v + k * vstep, (size_t)ci,
					    1, u + k * (size_t)ci * width, (size_t)width, ci, m + k * mstep + (o - s),
					    (size_t)wide, false, tiles);
				}
			wino_outputs(m, mstep, wide, out, h, w, co, first, tiles, accumulate);
		}
	}
}

static void
wino_conv(const struct ss_conv *c, int n, struct ss_plane x, const float *packed,
    struct ss_plane y, int o0, int o1, float *scratch)
{
	wino_run(n, c->h, c->w, x, c->ci, packed, y, c->co, o0, o1, false, scratch);
}

static void
wino_dgrad(const struct ss_conv *c, int n, struct ss_plane dy, const float *packed_t,
    struct ss_plane dx, int i0, int i1, bool accumulate, float *scratch)
{
	wino_run(n, c->h, c->w, dy, c->co, packed_t, dx, c->ci, i0, i1, accumulate, scratch);
}

/* dw += G' u G for a block of channels; u (36, in, out) */
static void
wino_weight_gradient(const float *u, size_t step, int in, int out, float *dw, size_t tap,
    size_t co)
{
	for (int i = 0; i < in; i++)
		for (int o = 0; o < out; o += W) {
			vf d[6][3];

			UNROLL for (int a = 0; a < 6; a++) {
				vf q[6];

				UNROLL for (int b = 0; b < 6; b++)
					q[b] = *(const vf *)(u + (size_t)(6 * a + b) * step + i * out + o);
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
	const int all = n * ((c->h + 3) / 4) * ((c->w + 3) / 4);
	const size_t tap = (size_t)c->ci * c->co;

	for (int i = c0; i < c1; i += WINO_BLOCK)
		for (int o = 0; o < c->co; o += WINO_BLOCK) {
			const int in = at_most(c1 - i, WINO_BLOCK), out = at_most(c->co - o, WINO_BLOCK);
			const size_t vstep = WINO_STEP(WINO_T * in), dstep = WINO_STEP(WINO_T * out),
			    ustep = WINO_STEP(in * out);
			float *const v = scratch, *const d = v + 36 * vstep, *const u = d + 36 * dstep;
			int width;

			for (int first = 0; first < all; first += WINO_T) {
				const int tiles = at_most(all - first, WINO_T);

				wino_inputs(x, c->h, c->w, c->ci, i, i + in, first, tiles, v, vstep);
				wino_output_gradients(dy, c->h, c->w, c->co, o, o + out, first, tiles, d, dstep);
				for (size_t k = 0; k < 36; k++)
					for (int b = 0; b < out; b += width) {
						width = block_width(b, out);
						(width == W ? wino_products_1 : wino_products_2)(v + k * vstep, 1,
						    (size_t)in, d + k * dstep + b, (size_t)out, tiles,
						    u + k * ustep + b, (size_t)out, first > 0, in);
					}
			}
			wino_weight_gradient(u, ustep, in, out, dw + (size_t)i * c->co + o, tap, (size_t)c->co);
		}
}
