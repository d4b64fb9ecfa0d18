/*
 * init.c - the numbers that a network begins with
 */
#include <math.h>
#include <string.h>

#include "base/philox.h"
#include "nn/net.h"

const char *const ss_init_names[] = {
	[SS_INIT_PYTORCH] = "pytorch", [SS_INIT_TORCHVISION] = "torchvision", [SS_INIT_KERAS] = "keras", NULL
};

/* FNV-1a: a tensor's random numbers depend on its name, not on what else the network has. */
static uint64_t
hash_name(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

/* A tensor of random numbers: weights of a convolution (rank 4) or dense layer (2), or the biases of one (1). */
static void
draw(const struct ss_param *p, enum ss_init init, uint64_t seed, float *v)
{
	const bool normal = init == SS_INIT_TORCHVISION && p->rank == 4;
	double scale = 1 / sqrt(p->fan_in);
	struct ss_rng rng;

	if (init == SS_INIT_KERAS)
		scale = p->rank == 1 ? 0 : sqrt(6.0 / ((double)p->fan_in + p->fan_out));
	if (normal)
		scale = sqrt(2.0 / p->fan_out);
	ss_rng_init(&rng, seed, SS_RNG_WEIGHTS, 0, hash_name(p->name), 0);
	for (size_t j = 0; j < p->count; j++)
		v[j] = (float)(normal ? scale * ss_rng_normal(&rng) : ss_rng_range(&rng, -scale, scale));
}

/* The norm by which a residual block that ends at this node begins as nothing; -1: it should not, or none ends here. */
static int
silent_norm(const struct ss_net *net, int node)
{
	const struct ss_node *n = &net->node[node];

	if (!net->zero_gamma)
		return -1;
	if (n->op == SS_OP_NORM && n->in2 >= 0)
		return node;
	if (n->op == SS_OP_ADD && net->node[n->in2].op == SS_OP_ADD)
		return net->node[n->in].in;		/* the sum is that of a convolution, which a norm precedes */
	return -1;
}

void
ss_net_init(const struct ss_net *net, uint64_t seed, float *params, float *buffers)
{
	const struct ss_list *lists[2] = { &net->params, &net->buffers };
	float *values[2] = { params, buffers };

	for (int k = 0; k < 2; k++) {
		memset(values[k], 0, lists[k]->floats * sizeof(float));
		for (int i = 0; i < lists[k]->n; i++) {
			const struct ss_param *p = &lists[k]->p[i];

			if (p->fan_in > 0)
				draw(p, net->init, seed, values[k] + p->offset);
			for (size_t j = 0; p->fan_in == 0 && j < p->count; j++)
				values[k][p->offset + j] = p->constant;
		}
	}
	for (int i = 0; i < net->nodes; i++) {
		const int norm = silent_norm(net, i);
		const struct ss_param *gamma = norm < 0 ? NULL : &net->params.p[net->node[norm].weight];

		if (gamma != NULL)
			memset(params + gamma->offset, 0, gamma->count * sizeof(float));
	}
}
