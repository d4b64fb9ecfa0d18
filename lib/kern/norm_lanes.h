/*
 * norm_lanes.h - batch normalisation of one image for one group of channels
 *
 * Included twice by norm_template.h: V is a vector of channels, or one float. No
 * include guard, on purpose. c is the distance from pixel to pixel.
 */

static void
CAT(stats, SUFFIX)(int h, int w, int c, const float *y, size_t row, double *sum, double *square)
{
	D s = *(D *)sum, q = *(D *)square;

	for (int r = 0; r < h; r++) {
		const float *p = y + r * row;
		V rs = { 0 }, rq = { 0 };

		for (int k = 0; k < w; k++, p += c) {
			V v = TOV(p);

			rs += v;
			rq += v * v;
		}
		s += WIDEN(rs);
		q += WIDEN(rq);
	}
	*(D *)sum = s;
	*(D *)square = q;
}

static void
CAT(apply, SUFFIX)(int h, int w, int c, const float *y, size_t yrow, const float *scale,
    const float *shift, const float *res, size_t rrow, bool relu, float *x, size_t xrow)
{
	const V a = TOV(scale), b = TOV(shift);

	for (int r = 0; r < h; r++) {
		const float *yp = y + r * yrow, *rp = res == NULL ? NULL : res + r * rrow;
		float *xp = x + r * xrow;

		for (int k = 0; k < w; k++, yp += c, xp += c) {
			V v = TOV(yp) * a + b;

			if (rp != NULL) {
				v += TOV(rp);
				rp += c;
			}
			if (relu)
				v = CAT(relu, SUFFIX)(v);
			*(V *)xp = v;
		}
	}
}

static void
CAT(reduce, SUFFIX)(int h, int w, int c, const float *dz, size_t zrow, const float *x, size_t xrow,
    const float *y, size_t yrow, const float *mean, double *sum, double *product)
{
	const V m = TOV(mean);
	D s = *(D *)sum, q = *(D *)product;

	for (int r = 0; r < h; r++) {
		const float *zp = dz + r * zrow, *xp = x == NULL ? NULL : x + r * xrow;
		const float *yp = y + r * yrow;
		V rs = { 0 }, rq = { 0 };

		for (int k = 0; k < w; k++, zp += c, yp += c) {
			V g = TOV(zp);

			if (xp != NULL) {
				g = CAT(where_positive, SUFFIX)(TOV(xp), g);
				xp += c;
			}
			rs += g;
			rq += g * (TOV(yp) - m);
		}
		s += WIDEN(rs);
		q += WIDEN(rq);
	}
	*(D *)sum = s;
	*(D *)product = q;
}

static void
CAT(dgrad, SUFFIX)(int h, int w, int c, const float *dz, size_t zrow, const float *x, size_t xrow,
    const float *y, size_t yrow, const float *mean, const float *pa, const float *pb,
    const float *pd, float *dy, size_t drow, float *dr, size_t rrow, bool accumulate)
{
	const V m = TOV(mean), a = TOV(pa), b = TOV(pb), d = TOV(pd);

	for (int r = 0; r < h; r++) {
		const float *zp = dz + r * zrow, *xp = x == NULL ? NULL : x + r * xrow;
		const float *yp = y + r * yrow;
		float *op = dy + r * drow, *rp = dr == NULL ? NULL : dr + r * rrow;

		for (int k = 0; k < w; k++, zp += c, yp += c, op += c) {
			V g = TOV(zp);

			if (xp != NULL) {
				g = CAT(where_positive, SUFFIX)(TOV(xp), g);
				xp += c;
			}
			*(V *)op = a * g + b * (TOV(yp) - m) + d;
			if (rp != NULL) {
				if (accumulate)
					g += TOV(rp);
				*(V *)rp = g;
				rp += c;
			}
		}
	}
}
