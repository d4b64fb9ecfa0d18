/*
 * vectors.h - sums over vectors of doubles, in an order that depends on their length alone
 */
#ifndef SS_VECTORS_H
#define SS_VECTORS_H

#include <stddef.h>

/* a . b, in four interleaved sums. */
static inline double
ss_dot_double(const double *a, const double *b, size_t n)
{
	double sum[4] = { 0 };
	size_t i;

	for (i = 0; i + 4 <= n; i += 4)
		for (int j = 0; j < 4; j++)
			sum[j] += a[i + j] * b[i + j];
	for (; i < n; i++)
		sum[0] += a[i] * b[i];
	return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* y += a x */
static inline void
ss_add_scaled(double *y, double a, const double *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

#endif
