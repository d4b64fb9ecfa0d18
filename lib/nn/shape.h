/*
 * shape.h - how each node of a plan is done: sizes, kernels, pieces
 */
#ifndef SS_SHAPE_H
#define SS_SHAPE_H

#include "nn/plan.h"

/* A slot for outputs of n, or their gradients, of so many images; not used yet. */
void ss_shape_slot(struct ss_slot *s, const struct ss_node *n, int batch, int border);

/*
 * For plan->batch images in plan->pieces of plan->piece: kernels and cuts of the convolutions, slots of activations,
 * places of statistics and packed weights.
 */
void ss_shape_nodes(struct ss_plan *p);

#endif
