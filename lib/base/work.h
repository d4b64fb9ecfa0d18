/*
 * work.h - a fixed set of threads that share numbered pieces of work
 *
 * The caller cuts work into pieces whose number and borders depend on the work
 * alone; the threads take them in any order. Whatever a piece computes must
 * therefore depend on its number only, never on the worker that runs it. Idle
 * threads sleep: a pipeline has other processes that want the core.
 */
#ifndef SS_WORK_H
#define SS_WORK_H

#include <stddef.h>

#include "base/err.h"

struct ss_pool;

/* A pool of `threads` >= 1 in all, the caller's own thread being one of them. NULL: out of memory or threads. */
struct ss_pool *ss_pool_create(int threads);
void ss_pool_free(struct ss_pool *p);
int ss_pool_threads(const struct ss_pool *p);	/* p may be NULL: 1 */

/*
 * Calls fn(arg, piece, worker) once for each piece in 0..pieces-1 and returns
 * when all are done. worker in 0..threads-1 names a scratch space, nothing else.
 * p may be NULL: the caller does all the work. Not reentrant.
 */
void ss_pool_run(struct ss_pool *p, size_t pieces,
    void (*fn)(void *arg, size_t piece, int worker), void *arg);

/* CPUs in the affinity mask of this process, at least 1. */
int ss_cpus(void);

#endif
