/*
 * embed.c - outputs of a layer for many images
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "nn/embed.h"

#define BATCH	128	/* images at least that share each reading of large weights */

int
ss_embedder_create(struct ss_embedder *m, const struct ss_net *net, const struct ss_kernels *kern,
    int layer, int threads, struct ss_err *e)
{
	const int batch = 32 * threads < BATCH ? BATCH : 32 * threads;
	int r;

	*m = (struct ss_embedder){ .d = net->node[layer].c };
	if ((r = ss_plan_infer(&m->plan, net, kern, batch, layer, e)) < 0 ||
	    (r = ss_weights_create(&m->weights, m->plan, e)) < 0 ||
	    (r = ss_pass_create(&m->pass, m->plan, e)) < 0)
		goto fail;
	m->space.scratch = ss_alloc((size_t)threads * m->plan->scratch_floats, sizeof(float));
	if (m->space.scratch == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto fail;
	}
	return 0;
fail:
	ss_embedder_free(m);
	return r;
}

void
ss_embedder_free(struct ss_embedder *m)
{
	ss_pass_free(&m->pass);
	free(m->space.scratch);
	ss_weights_free(&m->weights);
	ss_plan_free(m->plan);
	*m = (struct ss_embedder){ 0 };
}

void
ss_embedder_ready(struct ss_embedder *m, struct ss_pool *pool)
{
	ss_weights_pack(&m->weights, m->plan, pool);
}

void
ss_embedder_take(struct ss_embedder *m, const struct ss_weights *w, struct ss_pool *pool)
{
	const struct ss_net *net = m->plan->net;

	memcpy(m->weights.params, w->params, net->params.floats * sizeof(float));
	memcpy(m->weights.buffers, w->buffers, net->buffers.floats * sizeof(float));
	ss_embedder_ready(m, pool);
}

void
ss_embed(struct ss_embedder *m, const uint8_t *images, size_t n, float *out, struct ss_pool *pool)
{
	const struct ss_node *in = &m->plan->net->node[0];
	const size_t image = (size_t)in->c * (size_t)in->h * (size_t)in->w, batch = (size_t)m->plan->batch;

	for (size_t from = 0; from < n; from += batch)
		ss_infer(m->plan, &m->pass, &m->weights, images + from * image,
		    (int)(n - from < batch ? n - from : batch), &m->space, pool, out + from * (size_t)m->d);
}
