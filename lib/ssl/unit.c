/*
 * unit.c - rows of length one, and the gradient through them
 */
#include <math.h>

#include "ssl/unit.h"

double
ss_dot(const float *a, const float *b, int n)
{
	double s[4] = { 0 };		/* four chains, so that additions overlap */
	int i = 0;

	for (; i + 4 <= n; i += 4)
		for (int k = 0; k < 4; k++)
			s[k] += (double)a[i + k] * b[i + k];
	for (; i < n; i++)
		s[0] += (double)a[i] * b[i];
	return s[0] + s[1] + (s[2] + s[3]);
}

double
ss_norm(const float *x, int n)
{
	double norm = sqrt(ss_dot(x, x, n));

	return norm < SS_UNIT_FLOOR ? SS_UNIT_FLOOR : norm;	/* NaN stays */
}

double
ss_unit(const float *x, float *u, int n)
{
	double norm = ss_norm(x, n);

	for (int i = 0; i < n; i++)
		u[i] = (float)(x[i] / norm);
	return norm;
}

void
ss_unit_back(const float *u, double norm, const float *du, float *dx, int n)
{
	double along = ss_dot(du, u, n);

	for (int i = 0; i < n; i++)
		dx[i] = (float)((du[i] - along * u[i]) / norm);
}
