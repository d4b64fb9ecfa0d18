/*
 * emit.h - the phases of a plan in their order, and who uses which slot
 */
#ifndef SS_EMIT_H
#define SS_EMIT_H

#include "nn/plan.h"

/*
 * Whether the output of a norm is made anew, from its input, by each segment that reads it: if
 * that is one convolution or max-pooling inside its segment, which is cheaper than to write and read it.
 */
bool ss_plan_remakes(const struct ss_plan *p, int node);

/* Whether the output of a node is not kept, but made anew going backward. */
bool ss_plan_inner(const struct ss_net *net, int node);

/* The phases of the nodes 0..last, once shape.h has said how each is done. */
void ss_emit_forward(struct ss_plan *p, int last);

/*
 * wanted[i]: the gradient of node i's output is needed; written[i]: it has been written, which this keeps up. pending:
 * room for all nodes.
 */
void ss_emit_backward(struct ss_plan *p, const bool *wanted, bool *written, int *pending);

/* The phase emitted last, or one to come, in the given segment, uses the slot. */
void ss_emit_use(const struct ss_plan *p, struct ss_slot *s, int segment);

#endif
