/*
 * validation.c - loss and accuracy of a classifier while it trains
 */
#include <stdlib.h>

#include "base/size.h"
#include "eval/classifier.h"
#include "images.h"
#include "nn/embed.h"
#include "tool.h"
#include "validation.h"

struct validation {
	struct ss_embedder embedder;
	struct images images;
	float *outputs;
	int32_t *predicted;
};

struct validation *
validation_open(const char *file, const struct ss_net *net, const struct ss_kernels *kern, struct ss_pool *pool)
{
	struct validation *v = calloc(1, sizeof(*v));
	const int classes = net->node[net->projector].c;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (v == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	images_read(&v->images, file);
	images_expect(&v->images, file, &net->node[0]);
	for (size_t i = 0; i < v->images.n; i++)
		if (v->images.label[i] < 0 || v->images.label[i] >= classes)
			tool_die(TOOL_MISUSE, "%s: record %zu has label %d, outside 0..%d", file, i, (int)v->images.label[i],
			    classes - 1);
	if ((r = ss_embedder_create(&v->embedder, net, kern, net->projector, ss_pool_threads(pool), &e)) < 0)
		tool_fail(r, &e);
	v->outputs = ss_alloc(v->images.n * (size_t)classes, sizeof(float));
	v->predicted = calloc(v->images.n, sizeof(*v->predicted));
	if (v->outputs == NULL || v->predicted == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the outputs of %zu images", v->images.n);
	return v;
}

double
validation_score(struct validation *v, const struct ss_weights *w, double *loss, struct ss_pool *pool)
{
	size_t correct = 0;

	ss_embedder_take(&v->embedder, w, pool);
	ss_embed(&v->embedder, v->images.data, v->images.n, v->outputs, pool);
	*loss = ss_classify(v->outputs, v->images.label, v->images.n, v->embedder.d, v->predicted);
	for (size_t i = 0; i < v->images.n; i++)
		correct += v->predicted[i] == v->images.label[i];
	return (double)correct / (double)v->images.n;
}

uint32_t
validation_digest(const struct validation *v)
{
	return v->images.digest;
}

void
validation_free(struct validation *v)
{
	if (v == NULL)
		return;
	ss_embedder_free(&v->embedder);
	images_free(&v->images);
	free(v->outputs);
	free(v->predicted);
	free(v);
}
