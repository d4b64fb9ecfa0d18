/*
 * knn.h - weighted k-nearest-neighbour classification by cosine
 *
 * Wu et al., "Unsupervised feature learning via non-parametric instance
 * discrimination" (CVPR 2018), section 3.4: of the k bank rows that are most
 * similar to a query, row i votes for its label with exp(c_i / t), c_i being the
 * cosine. All k and t of a list are answered in one pass.
 *
 * Ties are defined: of equal cosines the lower bank position is nearer; of equal
 * scores the lower label wins. Results do not depend on the number of threads.
 */
#ifndef SS_KNN_H
#define SS_KNN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"
#include "eval/neighbours.h"

#define SS_KNN_NONE SS_NEIGHBOURS_NONE

struct ss_knn;

/* What to ask; the arrays are copied. */
struct ss_knn_question {
	const long long *k;	/* each 1..bank rows */
	int ks;
	const double *t;	/* each > 0 */
	int ts;
};

/*
 * bank (n,d), in unit rows, is rearranged in place. It, label (n), each >= 0, and p are
 * borrowed until ss_knn_free. Memory beyond the bank: that of ss_neighbours_create for the largest k.
 */
int ss_knn_create(struct ss_knn **out, struct ss_pool *p, float *bank, const int32_t *label,
    size_t n, size_t d, const struct ss_knn_question *q, struct ss_err *e) SS_MUST_USE;

/*
 * predicted (ks,ts,m) for query (m,d) in unit rows. skip (m), or NULL, names for each query the
 * bank position that may not vote, or SS_KNN_NONE. k may not exceed what then is left.
 */
int ss_knn_predict(struct ss_knn *knn, const float *query, size_t m, const size_t *skip,
    int32_t *predicted, struct ss_err *e) SS_MUST_USE;

int ss_knn_classes(const struct ss_knn *knn);	/* largest label of the bank + 1 */
void ss_knn_free(struct ss_knn *knn);

/*
 * All at once, for a caller that has both sets in memory and wants only how many
 * of the m queries are right: correct (ks,ts). bank and query are scaled in place, and the bank is rearranged.
 * SS_ENONFINITE if either holds a value that is not finite.
 */
int ss_knn_count(struct ss_pool *p, float *bank, const int32_t *bank_label, size_t n, float *query,
    const int32_t *query_label, size_t m, size_t d, const struct ss_knn_question *q,
    size_t *correct, struct ss_err *e) SS_MUST_USE;

#endif
