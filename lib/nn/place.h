/*
 * place.h - where the slots of a plan lie, once its phases say who uses them and when
 */
#ifndef SS_PLACE_H
#define SS_PLACE_H

#include "nn/plan.h"

/*
 * Whether the output of a norm is made anew, from its input, by each segment that reads it: if
 * that is one 3x3 convolution inside its segment, which is cheaper than to write and read it.
 */
bool ss_plan_remakes(const struct ss_plan *p, int node);

/* Decides where each slot lies, and places those that lie with the threads, first fit. */
void ss_place_local(struct ss_plan *p);

/* Puts the copies to the arena behind the phases that write what lies with the threads first. */
void ss_place_flushes(struct ss_plan *p);

/*
 * First fit by birth: each slot goes to the lowest place that no slot living at the
 * same time covers. Returns the floats needed.
 */
size_t ss_place_arena(struct ss_slot **slot, int n);

#endif
