/*
 * health.c - measures that tell without labels whether a representation lives
 */
#include <math.h>
#include <string.h>

#include "ssl/health.h"
#include "ssl/unit.h"

double
ss_std_ratio(const float *z, int n, int d, double *scratch)
{
	double *sum = scratch, *square = scratch + d, total = 0;

	memset(scratch, 0, 2 * (size_t)d * sizeof(double));
	for (int i = 0; i < n; i++) {
		const float *row = z + (size_t)i * d;
		double norm = ss_norm(row, d);

		for (int k = 0; k < d; k++) {
			double v = row[k] / norm;

			sum[k] += v;
			square[k] += v * v;
		}
	}
	for (int k = 0; k < d; k++) {
		double mean = sum[k] / n, var = square[k] / n - mean * mean;

		total += var > 0 ? sqrt(var) : var < 0 ? 0 : var;
	}
	return total / d * sqrt(d);
}
