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

/*
 * Where a record goes in an epoch's order, for those that do not know all numbers
 * beforehand: records sorted by it are shuffled, whatever order they came in. copy:
 * which of several of the same index.
 */
uint64_t ss_shuffle_key(uint64_t seed, uint32_t epoch, uint64_t index, uint32_t copy);

#endif
