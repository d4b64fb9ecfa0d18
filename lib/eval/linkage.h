/*
 * linkage.h - groups by complete linkage: every two members of a group are alike
 *
 * Sorensen (1948); Lance and Williams (1967). At first each row is a group. Again and again the two groups are joined whose
 * least similar members are the most similar, until there are no two groups left all of whose members are pairs. Of equals
 * those two are joined whose first members stand first: the lower first member of both, then the other one. What comes out
 * depends on the pairs alone.
 */
#ifndef SS_LINKAGE_H
#define SS_LINKAGE_H

#include "eval/pairs.h"

/*
 * group (n) = the lowest member of each row's group: itself, for one that is alone. pair (count) is what ss_pairs_find gives, below 2^31
 * of them, and is used up. Takes 32 bytes more for each pair and 12 for each row.
 */
int ss_linkage(struct ss_pair *pair, size_t count, size_t n, uint32_t *group, struct ss_err *e) SS_MUST_USE;

#endif
