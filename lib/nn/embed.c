/*
 * embed.c - outputs of a layer for many images
 */
#include <stdlib.h>

#include "base/size.h"
#include "nn/embed.h"

#define PIECE 8		/* images that go through the network together, to share weights in the cache */

int
ss_embedder_create(struct ss_embedder *m, const struct ss_net *net, const struct ss_kernels *kern,
    int layer, int threads, struct ss_err *e)
{
	int r;

	*m = (struct ss_embedder){ .threads = threads, .d = net->node[layer].c };
	if ((r = ss_plan_infer(&m->plan, net, kern, PIECE, layer, e)) < 0 ||
	    (r = ss_weights_create(&m->weights, m->plan, e)) < 0)
		goto fail;
	m->pass = calloc((size_t)threads, sizeof(*m->pass));
	m->scratch = ss_alloc((size_t)threads * m->plan->scratch_floats, sizeof(float));
	if (m->pass == NULL || m->scratch == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto fail;
	}
	for (int i = 0; i < threads; i++)
		if ((r = ss_pass_create(&m->pass[i], m->plan, e)) < 0)
			goto fail;
	return 0;
fail:
	ss_embedder_free(m);
	return r;
}

void
ss_embedder_free(struct ss_embedder *m)
{
	for (int i = 0; m->pass != NULL && i < m->threads; i++)
		ss_pass_free(&m->pass[i]);
	free(m->pass);
	free(m->scratch);
	ss_weights_free(&m->weights);
	ss_plan_free(m->plan);
	*m = (struct ss_embedder){ 0 };
}

void
ss_embedder_ready(struct ss_embedder *m, struct ss_pool *pool)
{
	ss_weights_pack(&m->weights, m->plan, pool);
}

struct job {
	struct ss_embedder *m;
	const uint8_t *images;
	size_t n, image;	/* image: its bytes */
	size_t share;		/* images of a piece of work */
	float *out;
};

static void
piece(void *arg, size_t number, int worker)
{
	const struct job *j = arg;
	size_t from = number * j->share, n = j->n - from < j->share ? j->n - from : j->share;

	ss_infer(j->m->plan, &j->m->pass[worker], &j->m->weights, j->images + from * j->image, (int)n,
	    j->m->scratch + (size_t)worker * j->m->plan->scratch_floats,
	    j->out + from * (size_t)j->m->d);
}

void
ss_embed(struct ss_embedder *m, const uint8_t *images, size_t n, float *out, struct ss_pool *pool)
{
	const struct ss_node *in = &m->plan->net->node[0];
	struct job j = { m, images, n, (size_t)in->c * (size_t)in->h * (size_t)in->w, 0, out };
	const size_t all = (size_t)m->threads * (size_t)m->plan->batch, rounds = (n + all - 1) / all;

	if (n == 0)
		return;
	j.share = (n + rounds * (size_t)m->threads - 1) / (rounds * (size_t)m->threads);
	ss_pool_run(pool, (n + j.share - 1) / j.share, piece, &j);
}
