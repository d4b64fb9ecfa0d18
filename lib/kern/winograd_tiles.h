/*
 * winograd_tiles.h - Winograd's transforms of one tile and one vector of channels, for one vector width
 *
 * Included by winograd_template.h, which has the algorithm and its names.
 */

INLINE void
wino_store(float *p, vf v, const bool stream)
{
	if (stream)
		STREAM(p, v);
	else
		*(vf *)p = v;
}

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
wino_input_tile(const float *p, size_t row, size_t pixel, int rows, int cols, float *v, size_t step,
    const bool stream)
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
			wino_store(v + (size_t)(6 * i + j) * step, q[i], stream);
	}
}

/* The same for a tile of the output's gradient: 4x4 of which `rows` x `cols` are there. */
INLINE void
wino_gradient_tile(const float *p, size_t row, size_t pixel, int rows, int cols, float *v,
    size_t step, const bool stream)
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
			wino_store(v + (size_t)(6 * i + j) * step, q[i], stream);
	}
}

/* As norm_apply has it. */
INLINE vf
wino_epilogue(vf y, const struct ss_epilogue *e, const float *r)
{
	y = y * *(const vf *)e->scale + *(const vf *)e->shift;
	if (e->r.p != NULL)
		y += *(const vf *)r;
	return e->relu ? relu_v(y) : y;
}

/* The outputs of one tile and one vector of channels, the first of which e's arrays and residual begin with. */
INLINE void
wino_output_tile(const float *m, size_t step, float *p, size_t row, size_t pixel, int rows, int cols,
    bool accumulate, const struct ss_epilogue *e)
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
				if (e != NULL)
					y[i] = wino_epilogue(y[i], e, e->r.p + i * e->r.row + j * pixel);
				*to = y[i];
			}
	}
}
