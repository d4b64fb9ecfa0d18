/*
 * cost.h - what nodes of a network hold and cost
 */
#ifndef SS_COST_H
#define SS_COST_H

#include "nn/net.h"

enum ss_cost_part { SS_COST_BACKBONE, SS_COST_PROJECTOR, SS_COST_PREDICTOR, SS_COST_PARTS };

struct ss_cost {
	uint64_t params;	/* trained numbers */
	uint64_t macs;		/* multiply-adds of convolutions and dense layers, for one image; not of norms, sums, means */
};

struct ss_cost ss_node_cost(const struct ss_net *net, int node);
enum ss_cost_part ss_node_part(const struct ss_net *net, int node);

/* Of all nodes of a part. */
struct ss_cost ss_part_cost(const struct ss_net *net, enum ss_cost_part part);

/* "layer1.0.conv1", as its parameters are called; or the layer's name; or "" if it has neither. */
void ss_node_name(const struct ss_net *net, int node, char name[SS_LAYER_MAX + 1]);

/* "conv 3x3, stride 2", "norm, add, relu" ... */
void ss_node_operator(const struct ss_net *net, int node, char *text, size_t size);

#endif
