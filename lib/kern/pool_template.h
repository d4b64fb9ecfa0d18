/*
 * pool_template.h - the largest of 3x3 pixels, every second one, for one vector width
 *
 * Included by each kern_WIDTH.c after vector.h. There is no border to read: windows end
 * where the image does.
 */

/* Of window number q in a line of n pixels: the first and one past the last. */
INLINE int
window_begin(int q)
{
	return q == 0 ? 0 : 2 * q - 1;
}

INLINE int
window_end(int q, int n)
{
	return 2 * q + 2 < n ? 2 * q + 2 : n;
}

typedef int pool_vi __attribute__((vector_size(4 * W)));

/* b where it is larger or NaN, else a: NaN stays */
INLINE vf
larger_v(vf a, vf b)
{
	const pool_vi take = (pool_vi)(b > a) | ~(pool_vi)(b <= (vf){ 0 } + INFINITY);

	return (vf)(((pool_vi)b & take) | ((pool_vi)a & ~take));
}

INLINE float
larger_s(float a, float b)
{
	return b > a || !(b <= INFINITY) ? b : a;
}

static void
pool_max(int n, int h, int w, int c, struct ss_plane x, bool border, struct ss_plane y)
{
	const int oh = (h + 1) / 2, ow = (w + 1) / 2;

#define LARGEST(V, S, FROM)						\
	V m = FROM(a + (ptrdiff_t)c0 * c);				\
	for (int r = r0; r < r1; r++)					\
		for (int q = c0; q < c1; q++)				\
			m = larger##S(m, FROM(a + (r - r0) * (ptrdiff_t)x.row + (ptrdiff_t)q * c))
	for (int i = 0; i < n; i++) {
		for (int o = 0; o < oh * ow; o++) {
			const int r0 = window_begin(o / ow), r1 = window_end(o / ow, h);
			const int c0 = window_begin(o % ow), c1 = window_end(o % ow, w);
			const float *a = x.p + i * x.image + r0 * x.row;
			float *to = y.p + i * y.image + o / ow * y.row + (size_t)(o % ow) * c;
			int k = 0;

#define VECTOR(p)	(*(const vf *)(p))
#define SCALAR(p)	(*(p))
			for (; k + W <= c; k += W, a += W) {
				LARGEST(vf, _v, VECTOR);
				*(vf *)(to + k) = m;
			}
			for (; k < c; k++, a++) {
				LARGEST(float, _s, SCALAR);
				to[k] = m;
			}
#undef VECTOR
#undef SCALAR
		}
		if (border)
			zero_border(oh, ow, c, y.p + i * y.image, y.row);
	}
#undef LARGEST
}

static void
pool_max_back(int n, int h, int w, int c, struct ss_plane x, struct ss_plane y, struct ss_plane dy, bool accumulate,
    struct ss_plane dx)
{
	const int oh = (h + 1) / 2, ow = (w + 1) / 2;

	for (int i = 0; i < n; i++) {
		for (int r = 0; r < h && !accumulate; r++)
			memset(dx.p + i * dx.image + r * dx.row, 0, (size_t)w * c * sizeof(float));
		for (int o = 0; o < oh * ow; o++) {
			const int r0 = window_begin(o / ow), r1 = window_end(o / ow, h);
			const int c0 = window_begin(o % ow), c1 = window_end(o % ow, w);
			const float *to = y.p + i * y.image + o / ow * y.row + (size_t)(o % ow) * c;
			const float *g = dy.p + i * dy.image + o / ow * dy.row + (size_t)(o % ow) * c;
			int k = 0;

			for (; k + W <= c; k += W) {
				const vf m = *(const vf *)(to + k), v = *(const vf *)(g + k);
				pool_vi left = (pool_vi)(m <= (vf){ 0 } + INFINITY);	/* where the largest was not seen yet */

				for (int r = r0; r < r1; r++)
					for (int q = c0; q < c1; q++) {
						const float *a = x.p + i * x.image + r * x.row + (ptrdiff_t)q * c + k;
						float *d = dx.p + i * dx.image + r * dx.row + (ptrdiff_t)q * c + k;
						const pool_vi hit = (pool_vi)(*(const vf *)a == m) & left;

						*(vf *)d += (vf)((pool_vi)v & hit);
						left &= ~hit;
					}
			}
			for (; k < c; k++) {
				bool left = true;

				for (int r = r0; r < r1; r++)
					for (int q = c0; q < c1; q++) {
						const size_t at = r * dx.row + (size_t)q * c + k;
						const bool hit = left && x.p[i * x.image + r * x.row + (size_t)q * c + k] == to[k];

						dx.p[i * dx.image + at] += hit ? g[k] : 0;
						left = left && !hit;
					}
			}
		}
	}
}
