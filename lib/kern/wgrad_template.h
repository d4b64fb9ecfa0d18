/*
 * wgrad_template.h - weight gradients of direct convolutions for one vector width
 *
 * Included once by each kern_WIDTH.c after conv_template.h and dots_template.h. That defines
 *	PIXW	input channels in a register tile of one vector of output channels
 *
 * Each element of a gradient is one chain of multiply-adds over images and pixels in their order,
 * however it is computed; so a result depends neither on tiles nor on which input channels are asked for.
 */

/*
 * With many channels, for one tap: a register tile of input channels x two vectors of output
 * channels is summed over a panel of pixels, whose places are looked up, so that a panel goes on from
 * row to row and from image to image. Each pixel gives R broadcasts and two loads for 2R multiply-adds.
 */
enum { PANEL_PIXELS = 128, PANEL_LEAST = 12 };	/* at most; input channels at least */

/* Where pixels of x are a kilobyte apart or more, so many channels are copied, if enough output channels want them. */
enum { FAR_IN = 256, FAR_OUT = 128, COPY_IN = 4 * DOTS };

/* Where the pixels of a panel lie, in x (as the current tap has it) and in dy. */
struct panel {
	int pixels;
	const float *x[PANEL_PIXELS], *dy[PANEL_PIXELS];
};

/* Pixels from..from+PANEL_PIXELS-1 of n images, or as many as there are. */
static void
panel_at(struct panel *p, const struct ss_conv *c, int n, int from, struct ss_plane x, struct ss_plane dy)
{
	const int all = n * c->oh * c->ow;
	int q = from % c->ow, r = from / c->ow % c->oh, i = from / c->ow / c->oh;

	p->pixels = all - from < PANEL_PIXELS ? all - from : PANEL_PIXELS;
	for (int k = 0; k < p->pixels; k++) {
		p->x[k] = x.p + i * x.image + r * c->stride * x.row + (size_t)(q * c->stride) * c->ci;
		p->dy[k] = dy.p + i * dy.image + r * dy.row + (size_t)q * c->co;
		if (++q == c->ow) {
			q = 0;
			if (++r == c->oh)
				r = 0, i++;
		}
	}
}

/* dw (R, 2W), whose rows are co apart, += x' dy for R channels at `offset` from each pixel. */
INLINE void
panel_tile(const struct panel *p, ptrdiff_t offset, const float (*dy)[2 * W], float *dw, size_t co, const int R)
{
	vf acc[DOTS][2];

	UNROLL for (int i = 0; i < R; i++)
		UNROLL for (int b = 0; b < 2; b++)
			acc[i][b] = *(const vf *)(dw + i * co + b * W);
	for (int s = 0; s < p->pixels; s++) {
		const float *x = p->x[s] + offset;
		const vf v0 = *(const vf *)dy[s], v1 = *(const vf *)(dy[s] + W);

		UNROLL for (int i = 0; i < R; i++) {
			acc[i][0] += x[i] * v0;
			acc[i][1] += x[i] * v1;
		}
	}
	UNROLL for (int i = 0; i < R; i++)
		UNROLL for (int b = 0; b < 2; b++)
			*(vf *)(dw + i * co + b * W) = acc[i][b];
}

/* dw (in, co) += x' dy for so many channels at `offset` from each pixel, and the output channels 0..wide-1. */
static void
panel_sums(const struct panel *p, ptrdiff_t offset, int in, int wide, float *dw, size_t co)
{
	_Alignas(64) float dy[PANEL_PIXELS][2 * W];	/* in place, pixels of wide tensors drive each other out of L1 */

	for (int o = 0; o < wide; o += 2 * W, dw += 2 * W) {
		int i = 0;

		for (int s = 0; s < p->pixels; s++)
			memcpy(dy[s], p->dy[s] + o, sizeof(dy[s]));
#define TILES(R)	for (; i + R <= in; i += R)						\
				panel_tile(p, offset + i, dy, dw + i * co, co, R)
		TILES(DOTS);
#if DOTS > 8
		TILES(8);
#endif
		TILES(4);
		TILES(1);
#undef TILES
	}
}

/* For the output channels 0..wide-1, a multiple of 2W. joined: so many neighbouring taps are as one of more channels. */
static void
wgrad_panels(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy, int c0, int c1, int joined, int wide,
    float *dw)
{
	const int pad = c->k / 2, all = n * c->oh * c->ow, end = joined * c1;
	const bool far = c->ci >= FAR_IN && wide >= FAR_OUT;
	_Alignas(64) float copy[PANEL_PIXELS][COPY_IN];
	struct panel p, near;

	for (int from = 0; from < all; from += PANEL_PIXELS) {
		panel_at(&p, c, n, from, x, dy);
		near = p;
		for (int s = 0; s < p.pixels; s++)
			near.x[s] = copy[s];
		for (int tap = 0; tap < c->k * c->k; tap += joined) {
			const ptrdiff_t at = (tap / c->k - pad) * (ptrdiff_t)x.row + (tap % c->k - pad) * c->ci;

			for (int i = c0, in; i < end; i += in) {
				float *d = dw + ((size_t)tap * c->ci + i) * c->co;

				in = far && end - i > COPY_IN ? COPY_IN : end - i;
				for (int s = 0; s < p.pixels && far; s++)
					memcpy(copy[s], p.x[s] + at + i, (size_t)in * sizeof(float));
				panel_sums(far ? &near : &p, far ? 0 : at + i, in, wide, d, (size_t)c->co);
			}
		}
	}
}

/*
 * With few: for one tap, a register tile of CI input channels x CB vectors
 * of output channels is summed over a band of pixels, each of which gives CI
 * broadcasts and CB loads for CI * CB multiply-adds.
 */
INLINE void
wtile(int n, struct ss_plane x, size_t xstep, struct ss_plane dy, size_t dystep, int rows,
    int cols, float *dw, size_t dwstep, const int CI, const int CB)
{
	vf acc[PIX_MAX][2];

	UNROLL for (int i = 0; i < CI; i++)
		UNROLL for (int b = 0; b < CB; b++)
			acc[i][b] = *(const vf *)(dw + i * dwstep + b * W);
	for (int s = 0; s < n; s++)
		for (int r = 0; r < rows; r++) {
			const float *xp = x.p + s * x.image + r * x.row;
			const float *dp = dy.p + s * dy.image + r * dy.row;

			for (int q = 0; q < cols; q++, xp += xstep, dp += dystep) {
				vf v[2];

				UNROLL for (int b = 0; b < CB; b++)
					v[b] = *(const vf *)(dp + b * W);
				UNROLL for (int i = 0; i < CI; i++) {
					float a = xp[i];

					UNROLL for (int b = 0; b < CB; b++)
						acc[i][b] += a * v[b];
				}
			}
		}
	UNROLL for (int i = 0; i < CI; i++)
		UNROLL for (int b = 0; b < CB; b++)
			*(vf *)(dw + i * dwstep + b * W) = acc[i][b];
}

static void
wtile_scalar(int n, struct ss_plane x, size_t xstep, struct ss_plane dy, size_t dystep, int rows,
    int cols, float *dw)
{
	float acc = *dw;

	for (int s = 0; s < n; s++)
		for (int r = 0; r < rows; r++)
			for (int q = 0; q < cols; q++)
				acc = fmaf(x.p[s * x.image + r * x.row + q * xstep],
				    dy.p[s * dy.image + r * dy.row + q * dystep], acc);
	*dw = acc;
}

/* One tap over `rows` rows of n images, for output channels from `o` on; x and dy point at what the first output pixel reads. */
static void
wgrad_band(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy, int rows, int c0,
    int c1, int o, float *dw)
{
	size_t xstep = (size_t)c->stride * c->ci, co = (size_t)c->co;
	int width;

	x.row *= (size_t)c->stride;
	for (; o < c->co; o += width) {
		int i = c0;

		width = block_width(o, c->co);
#define FROM(plane, j)	((struct ss_plane){ (plane).p + (j), (plane).row, (plane).image })
#define WTILES(CI, CB)							\
	for (; i + CI <= c1; i += CI)					\
		wtile(n, FROM(x, i), xstep, FROM(dy, o), co, rows, c->ow,	\
		    dw + i * co + o, co, CI, CB)
		if (width == 2 * W) {
			WTILES(PIX2, 2);
			WTILES(3, 2);
			WTILES(1, 2);
		} else if (width == W) {
			WTILES(PIXW, 1);
			WTILES(3, 1);
			WTILES(1, 1);
		} else {
			for (; i < c1; i++)
				wtile_scalar(n, FROM(x, i), xstep, FROM(dy, o), co, rows, c->ow,
				    dw + i * co + o);
		}
#undef WTILES
#undef FROM
	}
}

static void
conv_wgrad(const struct ss_conv *c, int n, struct ss_plane x, struct ss_plane dy, int c0, int c1,
    float *dw)
{
	/*
	 * All taps share a band of rows that fills about half of a 48 kB first-level
	 * cache; where a whole image is smaller than that, a band is several images.
	 */
	int pad = c->k / 2, band = 6144 / (c->ow * (c->stride * (c1 - c0) + c->co)), images = 1;
	/* few channels alone do not fill a tile: those of neighbouring taps lie behind them, in x as in dw */
	const int joined = c0 == 0 && c1 == c->ci && c->ci < PIX2 ? c->k : 1;
	const int wide = joined * (c1 - c0) < PANEL_LEAST ? 0 : c->co / (2 * W) * (2 * W);

	if (wide > 0)
		wgrad_panels(c, n, x, dy, c0, c1, joined, wide, dw);
	if (wide == c->co)
		return;
	if (band < 1)
		band = 1;
	if (band >= c->oh || c->oh * c->ow <= 64)
		images = band > c->oh ? band / c->oh : 8, band = c->oh;
	for (int i = 0; i < n; i += images)
		for (int r = 0; r < c->oh; r += band) {
			int rows = c->oh - r < band ? c->oh - r : band;
			int m = n - i < images ? n - i : images;

			for (int kh = 0; kh < c->k; kh++)
				for (int kw = 0; kw < c->k; kw += joined) {
					struct ss_plane xt = x, dt = dy;

					xt.p += i * x.image +
					    ((ptrdiff_t)r * c->stride + kh - pad) * (ptrdiff_t)x.row +
					    (kw - pad) * c->ci;
					dt.p += i * dy.image + (size_t)r * dy.row;
					wgrad_band(c, m, xt, dt, rows, c0, joined * c1, wide,
					    dw + (size_t)(kh * c->k + kw) * c->ci * c->co);
				}
		}
}

enum { SUM_IN = 16, SUM_MAX = 9 * SUM_IN };	/* input channels whose sums are turned together, and taps of these */

/*
 * Sums for a block of input channels x W output channels lie in the first-level cache, and go from
 * there to rows of taps: both sides of the turn read and write whole lines.
 */
static void
conv_wgrad_sum(const struct ss_conv *c, int groups, const float *dw, int c0, int c1, float *w)
{
	const int taps = c->k * c->k;
	const size_t floats = (size_t)taps * c->ci * c->co;
	const int most = SUM_IN * taps <= SUM_MAX ? SUM_IN : SUM_MAX / taps;
	float sum[SUM_MAX][W];

	for (int i = c0; i < c1; i += most) {
		const int in = c1 - i < most ? c1 - i : most;

		for (int o = 0; o < c->co; o += W) {
			const int out = c->co - o < W ? c->co - o : W;

			for (int t = 0; t < taps; t++)
				for (int k = 0; k < in; k++) {
					const float *from = dw + ((size_t)t * c->ci + i + k) * c->co + o;
					float *to = sum[k * taps + t];

					if (out == W) {
						vf s = *(const vf *)from;

						for (int g = 1; g < groups; g++)
							s += *(const vf *)(from + (size_t)g * floats);
						*(vf *)to = s;
					} else {
						for (int b = 0; b < out; b++) {
							to[b] = from[b];
							for (int g = 1; g < groups; g++)
								to[b] += from[(size_t)g * floats + b];
						}
					}
				}
			for (int b = 0; b < out; b++) {
				float *to = w + ((size_t)(o + b) * c->ci + i) * taps;

				for (int j = 0; j < in * taps; j++)
					to[j] += sum[j][b];
			}
		}
	}
}
