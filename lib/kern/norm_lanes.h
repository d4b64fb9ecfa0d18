/*
 * norm_lanes.h - batch normalisation of one image for one block of channels
 *
 * Included twice by norm_template.h: V is a vector of channels, or one float, and
 * LANES how many that is. A block is B such vectors; P neighbouring pixels are taken
 * at once, so that P * B independent chains hide the latency of the additions where
 * channels are few. P and B are constants where these functions are expanded.
 *
 * No include guard, on purpose. c is the distance from pixel to pixel.
 */

/* The sums of P chains, into sum. */
INLINE void
CAT(collect, SUFFIX)(double *sum, V chain[PIXELS_MAX][BLOCK_MAX], const int P, const int B)
{
	UNROLL for (int b = 0; b < B; b++) {
		if (P == 4)
			chain[0][b] = (chain[0][b] + chain[1][b]) + (chain[2][b] + chain[3][b]);
		else if (P == 2)
			chain[0][b] += chain[1][b];
		CAT(widen, SUFFIX)(sum + b * LANES, chain[0][b]);
	}
}

INLINE void
CAT(stats, SUFFIX)(int h, int w, int c, const float *y, size_t row, double *sum, double *square,
    const int P, const int B)
{
	const int band = band_rows(w);

	for (int first = 0; first < h; first += band) {
		const int end = h - first < band ? h : first + band;
		V s[PIXELS_MAX][BLOCK_MAX], q[PIXELS_MAX][BLOCK_MAX];

		UNROLL for (int u = 0; u < P; u++)
			UNROLL for (int b = 0; b < B; b++)
				s[u][b] = q[u][b] = (V){ 0 };
/* Loads first: otherwise GCC reads each vector twice, as an operand of both sums. */
#define STEP(u)	{								\
			V v[BLOCK_MAX];						\
										\
			UNROLL for (int b = 0; b < B; b++)			\
				v[b] = TOV(p + (u) * c + b * LANES);		\
			UNROLL for (int b = 0; b < B; b++)			\
				q[u][b] += v[b] * v[b];				\
			UNROLL for (int b = 0; b < B; b++)			\
				s[u][b] += v[b];				\
		}
		for (int r = first; r < end; r++) {
			const float *p = y + r * row;
			int k = 0;

			for (; k + P <= w; k += P, p += P * c)
				UNROLL for (int u = 0; u < P; u++)
					STEP(u)
			for (; k < w; k++, p += c)
				STEP(0)
		}
#undef STEP
		CAT(collect, SUFFIX)(sum, s, P, B);
		CAT(collect, SUFFIX)(square, q, P, B);
	}
}

INLINE void
CAT(apply, SUFFIX)(int h, int w, int c, const float *y, size_t yrow, const float *scale,
    const float *shift, const float *res, size_t rrow, bool relu, float *x, size_t xrow, const int P,
    const int B)
{
	V a[BLOCK_MAX], d[BLOCK_MAX];

	UNROLL for (int b = 0; b < B; b++) {
		a[b] = TOV(scale + b * LANES);
		d[b] = TOV(shift + b * LANES);
	}
#define STEP(u)									\
	UNROLL for (int b = 0; b < B; b++) {					\
		V v = TOV(yp + (u) * c + b * LANES) * a[b] + d[b];		\
										\
		if (res != NULL)						\
			v += TOV(rp + (u) * c + b * LANES);			\
		if (relu)							\
			v = CAT(relu, SUFFIX)(v);				\
		*(V *)(xp + (u) * c + b * LANES) = v;				\
	}
	for (int r = 0; r < h; r++) {
		const float *yp = y + r * yrow, *rp = res == NULL ? yp : res + r * rrow;
		float *xp = x + r * xrow;
		int k = 0;

		for (; k + P <= w; k += P, yp += P * c, rp += P * c, xp += P * c)
			UNROLL for (int u = 0; u < P; u++)
				STEP(u)
		for (; k < w; k++, yp += c, rp += c, xp += c)
			STEP(0)
	}
#undef STEP
}

INLINE void
CAT(reduce, SUFFIX)(int h, int w, int c, const float *dz, size_t zrow, const float *x, size_t xrow,
    const float *y, size_t yrow, const float *scale, const float *shift, const float *mean,
    double *sum, double *product, const int P, const int B)
{
	const int band = band_rows(w);
	V m[BLOCK_MAX], sc[BLOCK_MAX], sh[BLOCK_MAX];

	UNROLL for (int b = 0; b < B; b++) {
		m[b] = TOV(mean + b * LANES);
		sc[b] = sh[b] = (V){ 0 };
		if (scale != NULL) {
			sc[b] = TOV(scale + b * LANES);
			sh[b] = TOV(shift + b * LANES);
		}
	}
	for (int first = 0; first < h; first += band) {
		const int end = h - first < band ? h : first + band;
		V s[PIXELS_MAX][BLOCK_MAX], q[PIXELS_MAX][BLOCK_MAX];

		UNROLL for (int u = 0; u < P; u++)
			UNROLL for (int b = 0; b < B; b++)
				s[u][b] = q[u][b] = (V){ 0 };
#define STEP(u)									\
		UNROLL for (int b = 0; b < B; b++) {				\
			V g = TOV(zp + (u) * c + b * LANES);			\
										\
			const V v = TOV(yp + (u) * c + b * LANES);		\
										\
			if (x != NULL)						\
				g = CAT(where_positive, SUFFIX)(		\
				    TOV(xp + (u) * c + b * LANES), g);		\
			else if (scale != NULL)					\
				g = CAT(where_positive, SUFFIX)(v * sc[b] + sh[b], g); \
			s[u][b] += g;						\
			q[u][b] += g * (v - m[b]);				\
		}
		for (int r = first; r < end; r++) {
			const float *zp = dz + r * zrow, *xp = x == NULL ? zp : x + r * xrow;
			const float *yp = y + r * yrow;
			int k = 0;

			for (; k + P <= w; k += P, zp += P * c, xp += P * c, yp += P * c)
				UNROLL for (int u = 0; u < P; u++)
					STEP(u)
			for (; k < w; k++, zp += c, xp += c, yp += c)
				STEP(0)
		}
#undef STEP
		CAT(collect, SUFFIX)(sum, s, P, B);
		CAT(collect, SUFFIX)(product, q, P, B);
	}
}

INLINE void
CAT(dgrad, SUFFIX)(int h, int w, int c, const float *dz, size_t zrow, const float *x, size_t xrow,
    const float *y, size_t yrow, const float *scale, const float *shift, const float *mean,
    const float *pa, const float *pb, const float *pd, float *dy, size_t drow, bool add_dy,
    float *dr, size_t rrow, bool add_dr, const int P,
    const int B)
{
	V m[BLOCK_MAX], a[BLOCK_MAX], f[BLOCK_MAX], d[BLOCK_MAX], sc[BLOCK_MAX], sh[BLOCK_MAX];

	UNROLL for (int b = 0; b < B; b++) {
		m[b] = TOV(mean + b * LANES);
		a[b] = TOV(pa + b * LANES);
		f[b] = TOV(pb + b * LANES);
		d[b] = TOV(pd + b * LANES);
		sc[b] = sh[b] = (V){ 0 };
		if (scale != NULL) {
			sc[b] = TOV(scale + b * LANES);
			sh[b] = TOV(shift + b * LANES);
		}
	}
#define STEP(u)									\
	UNROLL for (int b = 0; b < B; b++) {					\
		const ptrdiff_t at = (u) * c + b * LANES;			\
		const V v = TOV(yp + at);					\
		V g = TOV(zp + at), t;						\
										\
		if (x != NULL)							\
			g = CAT(where_positive, SUFFIX)(TOV(xp + at), g);	\
		else if (scale != NULL)						\
			g = CAT(where_positive, SUFFIX)(v * sc[b] + sh[b], g);	\
		t = a[b] * g + f[b] * (v - m[b]) + d[b];			\
		if (add_dy)							\
			t += TOV(op + at);					\
		*(V *)(op + at) = t;						\
		if (dr != NULL) {						\
			if (add_dr)						\
				g += TOV(rp + at);				\
			*(V *)(rp + at) = g;					\
		}								\
	}
	for (int r = 0; r < h; r++) {
		const float *zp = dz + r * zrow, *xp = x == NULL ? zp : x + r * xrow;
		const float *yp = y + r * yrow;
		float *op = dy + r * drow, *rp = dr == NULL ? op : dr + r * rrow;
		int k = 0;

		for (; k + P <= w; k += P, zp += P * c, xp += P * c, yp += P * c, op += P * c, rp += P * c)
			UNROLL for (int u = 0; u < P; u++)
				STEP(u)
		for (; k < w; k++, zp += c, xp += c, yp += c, op += c, rp += c)
			STEP(0)
	}
#undef STEP
}
