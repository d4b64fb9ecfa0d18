/*
 * rows.h - matrices of features, row by row: to unit length, to mean 0
 */
#ifndef SS_ROWS_H
#define SS_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/work.h"

/*
 * out (d) = row (d) scaled to length 1, out being row itself or elsewhere; a row shorter than 1e-12
 * becomes 0 (all its cosines are 0). False, and out is untouched, if it is not finite.
 */
bool ss_unit_row(const float *row, size_t d, float *out);

/*
 * The same for each row of x (n,d), in place. Returns n, or the number of the first row that
 * has a value that is not finite.
 */
size_t ss_unit_rows(struct ss_pool *p, float *x, size_t n, size_t d) SS_MUST_USE;

/* The mean of the rows of x (n,d), and the subtraction of such a mean from each row. */
void ss_mean_row(const float *x, size_t n, size_t d, double *mean);
void ss_subtract_row(struct ss_pool *p, float *x, size_t n, size_t d, const double *mean);

/* Copies rows (count,d) element by element, as ss_kernels' dots reads them: out (d,width), with 0 for the rows that lack. */
void ss_pack_rows(const float *rows, size_t count, size_t d, size_t width, float *out);

#endif
