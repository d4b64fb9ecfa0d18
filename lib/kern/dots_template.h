/*
 * dots_template.h - products of many rows with many rows, for one vector width
 *
 * Included once by each kern_WIDTH.c, which defines W, the floats in a vector, and
 * DOTS, the rows of a tile: 2 DOTS accumulators, two vectors of b and one value of a
 * must fit the registers.
 *
 * The two operands come packed, so that the inner loop reads both in order and
 * nothing else: two vectors of b, and DOTS values of a that are each used twice.
 */

/*
 * c (DOTS, 2W) = or += a' b, a (d, DOTS) and b (d, 2W) packed. Each element is one
 * chain of multiply-adds in the order of d, so it does not depend on its place.
 */
static void
dots(int d, const float *a, const float *b, bool accumulate, float *c, size_t ldc)
{
	vf acc[DOTS][2];

	UNROLL for (int r = 0; r < DOTS; r++)
		UNROLL for (int v = 0; v < 2; v++)
			acc[r][v] = accumulate ? *(const vf *)(c + r * ldc + v * W) : (vf){ 0 };
	for (int j = 0; j < d; j++, a += DOTS, b += 2 * W) {
		const vf b0 = *(const vf *)b, b1 = *(const vf *)(b + W);

		UNROLL for (int r = 0; r < DOTS; r++) {
			acc[r][0] += a[r] * b0;
			acc[r][1] += a[r] * b1;
		}
	}
	UNROLL for (int r = 0; r < DOTS; r++)
		UNROLL for (int v = 0; v < 2; v++)
			*(vf *)(c + r * ldc + v * W) = acc[r][v];
}

typedef int8_t vbyte __attribute__((vector_size(W)));

/*
 * See kern.h. Mostly none of 16 values is above, and one test says so; where some are, a byte
 * for each tells which, and only those cost time.
 */
static size_t
above(const float *x, size_t n, float least, uint32_t *at)
{
	size_t count = 0, i = 0;

	for (; i + 16 <= n; i += 16) {
		uint64_t hit[2];

		UNROLL for (int k = 0; k < 16 / W; k++) {
			const vbyte b = __builtin_convertvector(*(const vf *)(x + i + k * W) > least, vbyte);

			memcpy((char *)hit + k * W, &b, W);
		}
		if ((hit[0] | hit[1]) == 0)
			continue;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		for (int k = 0; k < 2; k++)
			for (hit[k] &= 0x0101010101010101; hit[k] != 0; hit[k] &= hit[k] - 1)
				at[count++] = (uint32_t)(i + 8 * k + (__builtin_ctzll(hit[k]) >> 3));
#else
		for (size_t k = i; k < i + 16; k++)
			if (x[k] > least)
				at[count++] = (uint32_t)k;
#endif
	}
	for (; i < n; i++)
		if (x[i] > least)
			at[count++] = (uint32_t)i;
	return count;
}
