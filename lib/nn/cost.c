/*
 * cost.c - what nodes of a network hold and cost
 */
#include <stdio.h>
#include <string.h>

#include "nn/cost.h"

struct ss_cost
ss_node_cost(const struct ss_net *net, int node)
{
	const struct ss_node *n = &net->node[node];
	const struct ss_conv *c = &n->conv;
	struct ss_cost cost = { 0, 0 };

	if (n->weight >= 0)
		cost.params += net->params.p[n->weight].count;
	if (n->bias >= 0)
		cost.params += net->params.p[n->bias].count;
	if (n->op == SS_OP_CONV)
		cost.macs = (uint64_t)c->k * (uint64_t)c->k * (uint64_t)c->ci * (uint64_t)c->co *
		    (uint64_t)c->oh * (uint64_t)c->ow;
	else if (n->op == SS_OP_LINEAR)
		cost.macs = (uint64_t)net->node[n->in].c * (uint64_t)n->c;
	return cost;
}

enum ss_cost_part
ss_node_part(const struct ss_net *net, int node)
{
	return node <= net->backbone ? SS_COST_BACKBONE : node <= net->projector ? SS_COST_PROJECTOR :
	    SS_COST_PREDICTOR;
}

struct ss_cost
ss_part_cost(const struct ss_net *net, enum ss_cost_part part)
{
	struct ss_cost sum = { 0, 0 };

	for (int i = 0; i < net->nodes; i++) {
		const struct ss_cost c = ss_node_cost(net, i);

		if (ss_node_part(net, i) != part)
			continue;
		sum.params += c.params;
		sum.macs += c.macs;
	}
	return sum;
}

void
ss_node_name(const struct ss_net *net, int node, char name[SS_LAYER_MAX + 1])
{
	const struct ss_node *n = &net->node[node];
	char *dot;

	snprintf(name, SS_LAYER_MAX + 1, "%s", n->weight >= 0 ? net->params.p[n->weight].name :
	    n->mean >= 0 ? net->buffers.p[n->mean].name : n->layer);
	if ((n->weight >= 0 || n->mean >= 0) && (dot = strrchr(name, '.')) != NULL)
		*dot = '\0';
}

void
ss_node_operator(const struct ss_net *net, int node, char *text, size_t size)
{
	static const char *const names[] = {
		[SS_OP_INPUT] = "input", [SS_OP_CONV] = "conv", [SS_OP_NORM] = "norm", [SS_OP_ADD] = "add",
		[SS_OP_SHORTCUT] = "every second pixel", [SS_OP_POOL] = "mean", [SS_OP_POOL_MAX] = "max 3x3, stride 2", [SS_OP_RELU] = "relu",
		[SS_OP_LINEAR] = "dense"
	};
	const struct ss_node *n = &net->node[node];
	const struct ss_conv *c = &n->conv;

	if (n->op == SS_OP_CONV && c->stride > 1)
		snprintf(text, size, "conv %dx%d, stride %d", c->k, c->k, c->stride);
	else if (n->op == SS_OP_CONV)
		snprintf(text, size, "conv %dx%d", c->k, c->k);
	else
		snprintf(text, size, "%s%s%s", names[n->op], n->op == SS_OP_NORM && n->in2 >= 0 ? ", add" : "",
		    n->op == SS_OP_NORM && n->relu ? ", relu" : "");
}
