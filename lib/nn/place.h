/*
 * place.h - where the slots of a plan lie, once its phases say who uses them and when
 */
#ifndef SS_PLACE_H
#define SS_PLACE_H

#include "nn/plan.h"

/*
 * Decides where each slot lies, places those that lie with the threads and those of the arena, each first fit: the lowest
 * place that no slot living at the same time covers; and puts the copies to the arena behind the
 * phases that write what lies with the threads first. 0, or -1 without memory.
 */
int ss_place(struct ss_plan *p) SS_MUST_USE;

#endif
