/*
 * clock.h - seconds for measuring how long things take
 */
#ifndef SS_CLOCK_H
#define SS_CLOCK_H

#include <time.h>

/* Since some moment in the past, rising whatever happens to the time of day. */
static inline double
ss_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
