/*
 * drawn.h - the drawn shapes of lib/image as a data set
 */
#ifndef SS_DRAWN_H
#define SS_DRAWN_H

#include "base/work.h"
#include "source.h"

enum {
	SS_DRAWN_RECORDS = 10000,
	SS_DRAWN_TEST_PART = 5,		/* by default the test split has as many times fewer */
	SS_DRAWN_SIZE = 32
};

/*
 * records (0: the default) is the number in the split, or for SS_SPLIT_ALL in
 * its train part. pool (may be NULL) draws, and is freed with the source.
 */
int ss_drawn_open(struct ss_source **out, uint64_t seed, enum ss_source_split split, uint64_t records,
    uint32_t size, uint64_t limit, struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;

#endif
