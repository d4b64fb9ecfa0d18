/*
 * embed.h - outputs of a layer for many images
 */
#ifndef SS_EMBED_H
#define SS_EMBED_H

#include "nn/plan.h"

struct ss_embedder {
	struct ss_plan *plan;
	struct ss_weights weights;
	struct ss_pass pass;
	struct ss_workspace space;
	int d;				/* floats of an output */
};

/* For the output of node `layer`. Fill weights.params and .buffers, then ss_embedder_ready. */
int ss_embedder_create(struct ss_embedder *m, const struct ss_net *net,
    const struct ss_kernels *kern, int layer, int threads, struct ss_err *e) SS_MUST_USE;
void ss_embedder_free(struct ss_embedder *m);
void ss_embedder_ready(struct ss_embedder *m, struct ss_pool *pool);

/* Fills them with a copy of w, and is ready. */
void ss_embedder_take(struct ss_embedder *m, const struct ss_weights *w, struct ss_pool *pool);

/*
 * n images u8 (c,h,w) to n x m->d floats. An image's embedding depends neither on
 * its neighbours nor on n or the threads, to the byte.
 */
void ss_embed(struct ss_embedder *m, const uint8_t *images, size_t n, float *out,
    struct ss_pool *pool);

#endif
