/*
 * softmax.c - logits of a linear classifier, and the loss of their softmax
 */
#include <math.h>

#include "base/size.h"
#include "eval/softmax.h"
#include "kern/gemm.h"

enum {
	ROWS = 512,
	TILE = 128 * 1024	/* floats of the records worked on at once: 512 KiB, for level 2 */
};

/* Records side by side, in what every CPU that we know has. */
typedef float vec __attribute__((vector_size(SS_SOFTMAX_LANES * sizeof(float)), aligned(4), may_alias));
typedef int32_t ivec __attribute__((vector_size(SS_SOFTMAX_LANES * sizeof(int32_t))));

/*
 * exp for x <= 0, to 2e-7 of its value: 2^i exp(r), |r| <= ln 2 / 2, where Taylor's polynomial of
 * degree 7 is off by r^8/8! < 6e-9. ln 2 is split so that i * LN2_HIGH is exact. Below -87, where
 * floats end, the result is exp(-87).
 */
static inline vec
exp_negative(vec x)
{
	const float LOG2E = 1.44269504f, LN2_HIGH = 0.693359375f, LN2_LOW = -2.12194440e-4f;
	const vec bottom = (vec){ 0 } - 87.0f;
	const ivec low = x < bottom;
	ivec i;
	vec f, r, s;

	x = (vec)((low & (ivec)bottom) | (~low & (ivec)x));
	i = __builtin_convertvector(x * LOG2E - 0.5f, ivec);	/* to the nearest: x <= 0 */
	f = __builtin_convertvector(i, vec);
	r = x - f * LN2_HIGH - f * LN2_LOW;
	s = 1 + r * (1 + r * (1 / 2.0f + r * (1 / 6.0f + r * (1 / 24.0f + r * (1 / 120.0f +
	    r * (1 / 720.0f + r * (1 / 5040.0f)))))));
	return s * (vec)((i + 127) << 23);
}

double
ss_softmax_loss(float *z, int classes, size_t count, size_t stride, const int32_t *label, double *bias,
    size_t *correct)
{
	double loss = 0;

	for (size_t first = 0; first < count; first += SS_SOFTMAX_LANES) {
		const size_t m = ss_least(SS_SOFTMAX_LANES, count - first);
		vec top = *(vec *)(z + first), sum = { 0 };

		for (int c = 1; c < classes; c++) {
			const vec v = *(vec *)(z + (size_t)c * stride + first);
			const ivec more = v > top;

			top = (vec)((more & (ivec)v) | (~more & (ivec)top));
		}
		for (size_t i = 0; i < m; i++) {
			const float *own = z + first + i;
			const int32_t y = label[first + i];

			loss += (double)top[i] - (double)own[(size_t)y * stride];
			if (own[(size_t)y * stride] == top[i]) {
				int32_t c = 0;	/* right, if no class before y has as much */

				while (own[(size_t)c * stride] != top[i])
					c++;
				*correct += c == y;
			}
		}
		for (int c = 0; c < classes; c++) {
			vec *v = (vec *)(z + (size_t)c * stride + first);

			*v = exp_negative(*v - top);
			sum += *v;
		}
		for (size_t i = 0; i < m; i++) {
			loss += log((double)sum[i]);
			z[(size_t)label[first + i] * stride + first + i] -= sum[i];
		}
		sum = 1 / sum;
		for (int c = 0; c < classes; c++) {
			vec *v = (vec *)(z + (size_t)c * stride + first);
			float total = 0;

			*v *= sum;
			for (size_t i = 0; i < m; i++)
				total += (*v)[i];
			bias[c] += (double)total;
		}
	}
	return loss;
}

void
ss_logits(const float *x, size_t rows, size_t d, int classes, const float *w, const float *bias,
    float *z, size_t stride)
{
	for (int c = 0; c < classes; c++)
		for (size_t i = 0; i < rows; i++)
			z[(size_t)c * stride + i] = bias[c];
	ss_gemm(false, true, classes, (int)rows, (int)d, 1, w, (int)d, x, (int)d, 1, z,
	    (int)stride);
}

int
ss_softmax_rows(size_t d)
{
	return d <= TILE / ROWS ? ROWS : d >= TILE / 32 ? 32 :
	    (int)(TILE / d) / SS_SOFTMAX_LANES * SS_SOFTMAX_LANES;
}
