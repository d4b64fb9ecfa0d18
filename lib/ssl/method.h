/*
 * method.h - what a self-supervised method is
 *
 * A method says which heads it wants, which outputs it sends gradients to, and
 * how loss and gradients follow from the outputs of all views of a batch. It knows
 * nothing of networks, optimisers or files: one pure function over matrices.
 */
#ifndef SS_METHOD_H
#define SS_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/work.h"
#include "nn/net.h"

#define SS_METHOD_VIEWS 16

/* Outputs of the heads for n images in each view: row i of every view belongs to image i. */
struct ss_outputs {
	int views, n, d;
	const float *z[SS_METHOD_VIEWS];	/* projector's output, n x d */
	const float *p[SS_METHOD_VIEWS];	/* predictor's, n x d; NULL without one */
	float *dz[SS_METHOD_VIEWS];	/* to be filled with the gradient of the loss, if the method says so */
	float *dp[SS_METHOD_VIEWS];
};

struct ss_loss {
	double loss;
	double accuracy;		/* contrast accuracy of the batch in 0..1, or -1 */
};

struct ss_method {
	const char *name;
	const char *summary;
	int min_views, max_views;
	bool z_grad, p_grad;		/* where its gradients enter */
	/* published defaults for CIFAR-10, batch 256 */
	double lr, weight_decay, temperature;	/* temperature 0: it has none */

	/* Default heads behind a backbone with the given features; layers = 0 for none. */
	void (*heads)(int features, struct ss_head *projector, struct ss_head *predictor);

	/* Floats of scratch space that loss needs. */
	size_t (*scratch)(int views, int n, int d);

	/* Loss and gradients; the same bytes for any pool. */
	struct ss_loss (*loss)(const struct ss_outputs *v, double temperature, float *scratch,
	    struct ss_pool *pool);
};

extern const struct ss_method ss_simsiam, ss_simclr;

/* All methods, ended by NULL; by name, or NULL. */
extern const struct ss_method *const ss_methods[];
const struct ss_method *ss_method_find(const char *name);

#endif
