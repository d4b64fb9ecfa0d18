/*
 * knn.c - weighted k-nearest-neighbour classification by cosine
 *
 * neighbours.c finds the neighbours; here they vote. Knows nothing of streams: see ss-knn.c.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/knn.h"
#include "eval/nearest.h"
#include "eval/rows.h"

struct ss_knn {
	struct ss_neighbours *near;
	struct ss_pool *pool;
	const int32_t *label;
	int classes;
	long long *k;		/* in the caller's order */
	int *order;		/* numbers of k[] by rising k */
	int ks;
	double *t;
	int ts;
	double **score;		/* (threads)(classes) */
};

struct job {
	struct ss_knn *knn;
	int32_t *predicted;
	size_t m;
};

/* The label with the largest sum of votes, the lowest of equals. */
static int32_t
winner(const double *score, int classes)
{
	int32_t top = 0;

	for (int32_t c = 1; c < classes; c++)
		if (score[c] > score[top])
			top = c;
	return top;
}

/* Fills in all (k, t) for query i of the job from its keys. */
static void
vote(void *arg, size_t i, const uint64_t *key, int worker)
{
	const struct job *job = arg;
	const struct ss_knn *knn = job->knn;
	const double top = (double)ss_near_cosine(key[0]);
	double *score = knn->score[worker];

	for (int t = 0; t < knn->ts; t++) {
		size_t used = 0;

		memset(score, 0, (size_t)knn->classes * sizeof(*score));
		for (int o = 0; o < knn->ks; o++) {
			const int which = knn->order[o];

			for (; used < (size_t)knn->k[which]; used++)
				score[knn->label[ss_near_position(key[used])]] +=
				    exp(((double)ss_near_cosine(key[used]) - top) / knn->t[t]);
			job->predicted[((size_t)which * (size_t)knn->ts + (size_t)t) * job->m + i] =
			    winner(score, knn->classes);
		}
	}
}

int
ss_knn_predict(struct ss_knn *knn, const float *query, size_t m, const size_t *skip,
    int32_t *predicted, struct ss_err *e)
{
	struct job job = { knn, predicted, m };

	return ss_neighbours_find(knn->near, query, m, skip, vote, &job, e);
}

/* Copies the lists; order[] sorts k[] by insertion, the lists being short. */
static int
copy_question(struct ss_knn *knn, const struct ss_knn_question *q)
{
	knn->k = ss_alloc((size_t)q->ks, sizeof(*knn->k));
	knn->order = ss_alloc((size_t)q->ks, sizeof(*knn->order));
	knn->t = ss_alloc((size_t)q->ts, sizeof(*knn->t));
	if (knn->k == NULL || knn->order == NULL || knn->t == NULL)
		return -1;
	memcpy(knn->t, q->t, (size_t)q->ts * sizeof(*knn->t));
	for (int i = 0; i < q->ks; i++) {
		int j = i;

		knn->k[i] = q->k[i];
		for (; j > 0 && knn->k[knn->order[j - 1]] > q->k[i]; j--)
			knn->order[j] = knn->order[j - 1];
		knn->order[j] = i;
	}
	knn->ks = q->ks;
	knn->ts = q->ts;
	return 0;
}

static int
make_scores(struct ss_knn *knn)
{
	const int threads = ss_pool_threads(knn->pool);

	knn->score = calloc((size_t)threads, sizeof(*knn->score));
	for (int i = 0; knn->score != NULL && i < threads; i++) {
		knn->score[i] = ss_alloc((size_t)knn->classes, sizeof(**knn->score));
		if (knn->score[i] == NULL)
			return -1;
	}
	return knn->score == NULL ? -1 : 0;
}

int
ss_knn_create(struct ss_knn **out, struct ss_pool *p, float *bank, const int32_t *label, size_t n,
    size_t d, const struct ss_knn_question *q, struct ss_err *e)
{
	struct ss_knn *knn;
	int r;

	*out = NULL;
	if (n < 1 || d < 1 || q->ks < 1 || q->ts < 1)
		return ss_fail(e, SS_EUSAGE, "the bank is empty");
	for (int i = 0; i < q->ks; i++)
		if (q->k[i] < 1 || (unsigned long long)q->k[i] > n)
			return ss_fail(e, SS_EUSAGE, "k is %lld, but the bank has %zu records",
			    q->k[i], n);
	for (int i = 0; i < q->ts; i++)
		if (!(q->t[i] > 0))
			return ss_fail(e, SS_EUSAGE, "temperature %g is not above 0", q->t[i]);
	knn = calloc(1, sizeof(*knn));
	if (knn == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	knn->pool = p;
	knn->label = label;
	for (size_t i = 0; i < n; i++) {
		if (label[i] < 0 || label[i] == INT32_MAX) {
			ss_knn_free(knn);
			return ss_fail(e, SS_EUSAGE, "bank record %zu has no label", i);
		}
		if (label[i] >= knn->classes)
			knn->classes = label[i] + 1;
	}
	if (copy_question(knn, q) < 0 || make_scores(knn) < 0) {
		ss_knn_free(knn);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	r = ss_neighbours_create(&knn->near, p, bank, n, d, (size_t)knn->k[knn->order[q->ks - 1]], e);
	if (r < 0) {
		ss_knn_free(knn);
		return r;
	}
	*out = knn;
	return 0;
}

int
ss_knn_classes(const struct ss_knn *knn)
{
	return knn->classes;
}

void
ss_knn_free(struct ss_knn *knn)
{
	if (knn == NULL)
		return;
	ss_neighbours_free(knn->near);
	for (int i = 0; knn->score != NULL && i < ss_pool_threads(knn->pool); i++)
		free(knn->score[i]);
	free(knn->score);
	free(knn->k);
	free(knn->order);
	free(knn->t);
	free(knn);
}

int
ss_knn_count(struct ss_pool *p, float *bank, const int32_t *bank_label, size_t n, float *query,
    const int32_t *query_label, size_t m, size_t d, const struct ss_knn_question *q,
    size_t *correct, struct ss_err *e)
{
	struct ss_knn *knn = NULL;
	size_t bad, sets = (size_t)q->ks * (size_t)q->ts;
	int32_t *predicted;
	int r;

	if ((bad = ss_unit_rows(p, bank, n, d)) < n)
		return ss_fail(e, SS_ENONFINITE, "bank record %zu is not finite", bad);
	if ((bad = ss_unit_rows(p, query, m, d)) < m)
		return ss_fail(e, SS_ENONFINITE, "query record %zu is not finite", bad);
	predicted = ss_alloc(m, sets * sizeof(*predicted));
	if (predicted == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	r = ss_knn_create(&knn, p, bank, bank_label, n, d, q, e);
	if (r == 0)
		r = ss_knn_predict(knn, query, m, NULL, predicted, e);
	for (size_t s = 0; r == 0 && s < sets; s++) {
		correct[s] = 0;
		for (size_t i = 0; i < m; i++)
			correct[s] += predicted[s * m + i] == query_label[i];
	}
	ss_knn_free(knn);
	free(predicted);
	return r;
}
