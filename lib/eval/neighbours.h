/*
 * neighbours.h - the k nearest rows of a bank, by cosine, for each of many queries
 *
 * Exact: all cosines are computed. Of equal cosines the lower bank position is nearer. Results do not
 * depend on the number of threads.
 */
#ifndef SS_NEIGHBOURS_H
#define SS_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"

#define SS_NEIGHBOURS_NONE SIZE_MAX

struct ss_neighbours;

/*
 * bank (n,d), in unit rows, is rearranged in place; it and p are borrowed until ss_neighbours_free. 1 <= k <= n.
 * Memory beyond the bank: per thread about 1 MiB, 1.2 KiB for each feature, and 4 KiB for each neighbour.
 */
int ss_neighbours_create(struct ss_neighbours **out, struct ss_pool *p, float *bank, size_t n, size_t d,
    size_t k, struct ss_err *e) SS_MUST_USE;

/*
 * Calls take once for each query (m,d) in unit rows, with its number and its k neighbours as keys of
 * nearest.h, the nearest first; from any thread, worker naming a scratch space. skip (m), or NULL,
 * names for each query the bank position that may be no neighbour, or SS_NEIGHBOURS_NONE. SS_EUSAGE if
 * the bank is then smaller than k.
 */
int ss_neighbours_find(struct ss_neighbours *s, const float *query, size_t m, const size_t *skip,
    void (*take)(void *arg, size_t query, const uint64_t *key, int worker), void *arg,
    struct ss_err *e) SS_MUST_USE;

void ss_neighbours_free(struct ss_neighbours *s);

#endif
