/*
 * profile.h - the table of --profile: where the time of the steps went
 */
#ifndef SS_TOOL_PROFILE_H
#define SS_TOOL_PROFILE_H

#include <stdio.h>

#include "nn/profile.h"

/*
 * Prints the table of `steps` steps that took `seconds`, of which `waiting` for input. Measures
 * the peak of multiply-adds on the pool's threads beside it, for some tenths of a second.
 */
void profile_print(FILE *f, const struct ss_profile *p, struct ss_pool *pool, uint64_t steps,
    double seconds, double waiting);

#endif
