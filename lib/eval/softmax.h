/*
 * softmax.h - logits of a linear classifier, and the loss of their softmax
 *
 * Records stand side by side: logits are (classes,stride), a column for each record.
 */
#ifndef SS_SOFTMAX_H
#define SS_SOFTMAX_H

#include <stddef.h>
#include <stdint.h>

enum { SS_SOFTMAX_LANES = 4 };	/* records whose softmax is computed side by side */

/* z (classes,stride) = w (classes,d) times the rows x (rows,d), plus bias (classes). */
void ss_logits(const float *x, size_t rows, size_t d, int classes, const float *w,
    const float *bias, float *z, size_t stride);

/*
 * z (classes,stride) holds logits of `count` records, and then softmax minus the labels' one-hot
 * vectors. stride is a multiple of SS_SOFTMAX_LANES; what lies behind the records is computed too,
 * and never used. Returns the sum of the losses, and adds what the records give to the biases and
 * the number that are right: those whose label's logit is the largest, and the first of equals.
 */
double ss_softmax_loss(float *z, int classes, size_t count, size_t stride, const int32_t *label,
    double *bias, size_t *correct);

/* Records to work on at once, at most 512: as many rows of d floats as a cache holds, whole lanes. */
int ss_softmax_rows(size_t d);

#endif
