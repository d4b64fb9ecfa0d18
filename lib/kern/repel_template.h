/*
 * repel_template.h - how the points of a plane push one of them away, for one vector width
 *
 * Included by each kern_WIDTH.c after vector.h. The time is that of the divisions.
 */

enum { REPEL_BLOCK = 1024 };	/* points summed in floats; the blocks are summed in double */

static void
repel(size_t n, const float *x, const float *y, float px, float py, double sum[3])
{
	for (size_t begin = 0; begin < n; begin += REPEL_BLOCK) {
		const size_t end = n - begin < REPEL_BLOCK ? n : begin + REPEL_BLOCK;
		vf z = { 0 }, fx = { 0 }, fy = { 0 };

		for (size_t i = begin; i < end; i += W) {
			const vf dx = px - *(const vf *)(x + i), dy = py - *(const vf *)(y + i);
			const vf q = 1 / (1 + dx * dx + dy * dy), s = q * q;

			z += q;
			fx += s * dx;
			fy += s * dy;
		}
		UNROLL for (int k = 0; k < W; k++) {
			sum[0] += (double)z[k];
			sum[1] += (double)fx[k];
			sum[2] += (double)fy[k];
		}
	}
}
