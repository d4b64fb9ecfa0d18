/*
 * objective.c - the value and gradient of softmax regression over all records
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/objective.h"
#include "eval/softmax.h"
#include "kern/gemm.h"

enum {
	ROWS = 512,		/* records in a piece */
	COLUMNS = 4096		/* coordinates in a piece of a sum over pieces */
};

static void
evaluate_piece(void *arg, size_t piece, int worker)
{
	struct ss_objective *k = arg;
	const size_t end = ss_least((piece + 1) * ROWS, k->n), share = (size_t)k->classes * k->d;
	float *z = k->logit + (size_t)worker * (size_t)k->classes * (size_t)k->tile;
	double *bias = k->bias + piece * (size_t)k->classes;
	float beta = 0;

	memset(bias, 0, (size_t)k->classes * sizeof(*bias));
	k->loss[piece] = 0;
	k->correct[piece] = 0;
	for (size_t i = piece * ROWS; i < end; i += (size_t)k->tile) {
		const size_t rows = ss_least((size_t)k->tile, end - i);
		const float *x = k->x + i * k->d;

		ss_logits(x, rows, k->d, k->classes, k->wf, k->bf, z, (size_t)k->tile);
		k->loss[piece] += ss_softmax_loss(z, k->classes, rows, (size_t)k->tile, k->label + i,
		    bias, &k->correct[piece]);
		ss_gemm(false, false, k->classes, (int)k->d, (int)rows, 1, z, k->tile, x, (int)k->d,
		    beta, k->part + piece * share, (int)k->d);
		beta = 1;
	}
}

/* The gradient for some of the weights, from what the pieces gave. */
static void
add_up(void *arg, size_t piece, int worker)
{
	struct ss_objective *k = arg;
	const size_t share = (size_t)k->classes * k->d, first = piece * COLUMNS;
	const size_t end = ss_least(first + COLUMNS, share);
	double sum[COLUMNS] = { 0 };

	(void)worker;
	for (size_t p = 0; p < k->pieces; p++)
		for (size_t i = first; i < end; i++)
			sum[i - first] += (double)k->part[p * share + i];
	for (size_t i = first; i < end; i++) {
		const size_t at = i + i / k->d;		/* biases lie between */

		k->g[at] = sum[i - first] / (double)k->n + k->l2 * k->w[at];
	}
}

double
ss_objective_value(struct ss_objective *k, const double *w, double *gradient)
{
	double loss = 0, norm = 0;

	k->w = w;
	k->g = gradient;
	for (int c = 0; c < k->classes; c++) {
		for (size_t j = 0; j < k->d; j++) {
			const double v = w[(size_t)c * (k->d + 1) + j];

			k->wf[(size_t)c * k->d + j] = (float)v;
			norm += v * v;
		}
		k->bf[c] = (float)w[(size_t)c * (k->d + 1) + k->d];
	}
	ss_pool_run(k->pool, k->pieces, evaluate_piece, k);
	ss_pool_run(k->pool, ((size_t)k->classes * k->d + COLUMNS - 1) / COLUMNS, add_up, k);
	for (size_t p = 0; p < k->pieces; p++)
		loss += k->loss[p];
	for (int c = 0; c < k->classes; c++) {
		double sum = 0;

		for (size_t p = 0; p < k->pieces; p++)
			sum += k->bias[p * (size_t)k->classes + (size_t)c];
		k->g[(size_t)c * (k->d + 1) + k->d] = sum / (double)k->n;
	}
	return loss / (double)k->n + k->l2 / 2 * norm;
}

size_t
ss_objective_correct(const struct ss_objective *k)
{
	size_t correct = 0;

	for (size_t p = 0; p < k->pieces; p++)
		correct += k->correct[p];
	return correct;
}

int
ss_objective_init(struct ss_objective *k, struct ss_err *e)
{
	const size_t classes = (size_t)k->classes;
	size_t share, logit;

	k->pieces = (k->n + ROWS - 1) / ROWS;
	k->tile = ss_softmax_rows(k->d);
	if (!ss_mul(classes, k->d, &share) || !ss_mul(share, k->pieces, &share) ||
	    !ss_mul(classes * (size_t)k->tile, (size_t)ss_pool_threads(k->pool), &logit))
		return ss_fail(e, SS_EIO, "out of memory");
	k->wf = ss_alloc(classes * k->d, sizeof(*k->wf));
	k->bf = ss_alloc(classes, sizeof(*k->bf));
	k->logit = ss_alloc(logit, sizeof(*k->logit));
	k->part = ss_alloc(share, sizeof(*k->part));
	k->bias = ss_alloc(classes * k->pieces, sizeof(*k->bias));
	k->loss = ss_alloc(k->pieces, sizeof(*k->loss));
	k->correct = ss_alloc(k->pieces, sizeof(*k->correct));
	if (k->wf == NULL || k->bf == NULL || k->logit == NULL || k->part == NULL ||
	    k->bias == NULL || k->loss == NULL || k->correct == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	return 0;
}

void
ss_objective_free(struct ss_objective *k)
{
	free(k->wf);
	free(k->bf);
	free(k->logit);
	free(k->part);
	free(k->bias);
	free(k->loss);
	free(k->correct);
}
