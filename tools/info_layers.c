/*
 * info_layers.c - the network of a model, node by node
 */
#include <inttypes.h>
#include <stdio.h>

#include "info_layers.h"
#include "model_meta.h"
#include "nn/cost.h"
#include "tool.h"

enum { PROTOTYPES = SS_COST_PARTS, ALL, PARTS };	/* behind the parts of the network */

static const char *const part_names[PARTS] = { "backbone", "projector", "predictor", "prototypes", "all" };

/* The network that the metadata describe, or NULL if they describe none; and what its parts cost. */
static struct ss_net *
read_network(const struct ss_st *s, struct ss_cost cost[PARTS])
{
	const struct ss_st_tensor *t = ss_st_find(s, "prototypes.weight");
	struct model m = { .history = NULL };
	struct ss_net *net = NULL;
	struct ss_err e = SS_ERR_INIT;
	int r = model_understand(s, &m, &e);

	if (r == 0)
		r = model_net(&net, &m, &e);
	if (r == SS_EIO)
		tool_fail(r, &e);
	model_free(&m);
	if (net == NULL)
		return NULL;
	for (int p = 0; p < PARTS; p++)
		cost[p] = (struct ss_cost){ 0, 0 };
	for (int p = 0; p < SS_COST_PARTS; p++)
		cost[p] = ss_part_cost(net, (enum ss_cost_part)p);
	if (t != NULL && t->rank == 2)		/* cosines with them: a dense layer without bias */
		cost[PROTOTYPES].params = cost[PROTOTYPES].macs = (uint64_t)t->shape[0] * t->shape[1];
	for (int p = 0; p < ALL; p++) {
		cost[ALL].params += cost[p].params;
		cost[ALL].macs += cost[p].macs;
	}
	return net;
}

static void
print_cost(const struct ss_cost *c)
{
	if (c->params > 0)
		printf("  %12" PRIu64, c->params);
	else
		printf("  %12s", c->macs > 0 ? "0" : "");
	if (c->macs > 0)
		printf("  %14" PRIu64, c->macs);
	putchar('\n');
}

void
info_layers_print(const struct ss_st *s)
{
	struct ss_cost cost[PARTS];
	struct ss_net *net = read_network(s, cost);

	if (net == NULL)
		return;
	printf("\n%-28s  %-18s  %-14s  %12s  %14s\n", "layer", "operator", "output", "parameters", "multiply-adds");
	for (int i = 0; i < net->nodes; i++) {
		const struct ss_node *n = &net->node[i];
		const struct ss_cost c = ss_node_cost(net, i);
		char name[SS_LAYER_MAX + 1], operator[64], shape[48];

		ss_node_name(net, i, name);
		ss_node_operator(net, i, operator, sizeof(operator));
		snprintf(shape, sizeof(shape), n->h * n->w > 1 ? "%d,%d,%d" : "%d", n->c, n->h, n->w);
		if (c.params + c.macs > 0) {
			printf("%-28s  %-18s  %-14s", name, operator, shape);
			print_cost(&c);
		} else {
			printf("%-28s  %-18s  %s\n", name, operator, shape);
		}
	}
	for (int p = 0; p < PARTS; p++)
		if (cost[p].params > 0) {
			printf("%-64s", part_names[p]);
			print_cost(&cost[p]);
		}
	ss_net_free(net);
}

void
info_layers_json(const struct ss_st *s, json_t *o)
{
	struct ss_cost cost[PARTS];
	struct ss_net *net = read_network(s, cost);
	json_t *layers = json_array(), *totals = json_object();

	for (int i = 0; net != NULL && i < net->nodes; i++) {
		const struct ss_node *n = &net->node[i];
		const struct ss_cost c = ss_node_cost(net, i);
		char name[SS_LAYER_MAX + 1], operator[64];

		ss_node_name(net, i, name);
		ss_node_operator(net, i, operator, sizeof(operator));
		json_array_append_new(layers, json_pack("{sssss[iii]sIsI}", "name", name, "operator", operator,
		    "output", n->c, n->h, n->w, "parameters", (json_int_t)c.params,
		    "multiply_adds", (json_int_t)c.macs));
	}
	for (int p = 0; net != NULL && p < PARTS; p++)
		if (cost[p].params > 0)
			json_object_set_new(totals, part_names[p], json_pack("{sIsI}", "parameters",
			    (json_int_t)cost[p].params, "multiply_adds", (json_int_t)cost[p].macs));
	if (net != NULL) {
		json_object_set(o, "layers", layers);
		json_object_set(o, "totals", totals);
	}
	json_decref(layers);
	json_decref(totals);
	ss_net_free(net);
}
