/*
 * nearest.h - cosines with positions as integers, and the largest of them
 *
 * Cosine and position in one number, larger being nearer: floats ordered as integers, then the
 * complement of the position. No two keys are equal, so the k best are one set, however they are
 * found; of equal cosines the lower position is nearer.
 */
#ifndef SS_NEAREST_H
#define SS_NEAREST_H

#include <stddef.h>
#include <stdint.h>

uint64_t ss_near_key(float cosine, size_t position);	/* position < 2^32 */
float ss_near_cosine(uint64_t key);
size_t ss_near_position(uint64_t key);

/* Moves the k largest of n keys to the front, in any order, the least of them at k - 1. */
void ss_near_select(uint64_t *x, size_t n, size_t k);

/* The largest first. */
void ss_near_sort(uint64_t *x, size_t n);

#endif
