/*
 * monitor.c - kNN accuracy of a network while it trains, and the rank of its features
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/knn.h"
#include "images.h"
#include "monitor.h"
#include "nn/embed.h"
#include "ssl/health.h"
#include "tool.h"

static const long long NEIGHBOURS = 200;
enum { RANK_IMAGES = 25600 };		/* as in RankMe's paper, section 4 */
static const double TEMPERATURE = 0.1;

struct monitor {
	struct ss_embedder embedder;
	struct images bank, query;
	float *bank_features, *query_features;
};

struct monitor *
monitor_open(const char *files, const struct ss_net *net, const struct ss_kernels *kern,
    struct ss_pool *pool)
{
	struct monitor *m = calloc(1, sizeof(*m));
	char *bank = strdup(files), *comma = bank == NULL ? NULL : strchr(bank, ',');
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (m == NULL || bank == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	if (comma == NULL || comma == bank || comma[1] == '\0')
		tool_die(TOOL_MISUSE, "--monitor wants BANK.sst,QUERY.sst, not '%s'", files);
	*comma = '\0';
	images_read(&m->bank, bank);
	images_read(&m->query, comma + 1);
	images_expect(&m->bank, bank, &net->node[0]);
	images_expect(&m->query, comma + 1, &net->node[0]);
	free(bank);
	if ((r = ss_embedder_create(&m->embedder, net, kern, net->backbone, ss_pool_threads(pool), &e)) < 0)
		tool_fail(r, &e);
	m->bank_features = ss_alloc(m->bank.n * (size_t)m->embedder.d, sizeof(float));
	m->query_features = ss_alloc(m->query.n * (size_t)m->embedder.d, sizeof(float));
	if (m->bank_features == NULL || m->query_features == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the monitor's features");
	return m;
}

double
monitor_score(struct monitor *m, const struct ss_weights *w, double *rank, struct ss_pool *pool)
{
	long long k = (long long)m->bank.n < NEIGHBOURS ? (long long)m->bank.n : NEIGHBOURS;
	struct ss_knn_question q = { .k = &k, .ks = 1, .t = &TEMPERATURE, .ts = 1 };
	struct ss_err e = SS_ERR_INIT;
	size_t correct;
	int r;

	ss_embedder_take(&m->embedder, w, pool);
	ss_embed(&m->embedder, m->bank.data, m->bank.n, m->bank_features, pool);
	ss_embed(&m->embedder, m->query.data, m->query.n, m->query_features, pool);
	if ((r = ss_rankme(rank, m->bank_features, ss_least(m->bank.n, RANK_IMAGES), (size_t)m->embedder.d, pool, &e)) < 0)
		tool_fail(r, &e);
	r = ss_knn_count(pool, m->bank_features, m->bank.label, m->bank.n, m->query_features,
	    m->query.label, m->query.n, (size_t)m->embedder.d, &q, &correct, &e);
	if (r < 0)
		tool_fail(r, &e);
	return (double)correct / (double)m->query.n;
}

void
monitor_digests(const struct monitor *m, uint32_t digest[2])
{
	digest[0] = m->bank.digest;
	digest[1] = m->query.digest;
}

void
monitor_free(struct monitor *m)
{
	if (m == NULL)
		return;
	ss_embedder_free(&m->embedder);
	images_free(&m->bank);
	images_free(&m->query);
	free(m->bank_features);
	free(m->query_features);
	free(m);
}
