/*
 * shuffle.h - the order of an epoch
 */
#ifndef SS_SHUFFLE_H
#define SS_SHUFFLE_H

#include <stdint.h>

/*
 * Fills order[0..n-1] with a permutation of 0..n-1 that depends on n, seed and
 * epoch alone, so that any epoch can be had without the ones before it.
 */
void ss_shuffle(uint32_t *order, uint32_t n, uint64_t seed, uint32_t epoch);

#endif
