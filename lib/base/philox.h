/*
 * philox.h - random numbers as a function of what they are for
 *
 * Philox4x32-10 (Salmon et al., SC 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). There is no generator state anywhere: a sequence is named by
 * (seed, purpose, epoch, index, view), so a draw depends neither on the order
 * of the work nor on the number of threads.
 */
#ifndef SS_PHILOX_H
#define SS_PHILOX_H

#include <stdint.h>

/* What a sequence is for. Numbers are part of the promise "same seed, same bytes": never reuse one. */
enum ss_purpose {
	SS_RNG_SHUFFLE = 1,	/* order of an epoch */
	SS_RNG_AUGMENT = 2,	/* parameters of a view */
	SS_RNG_WEIGHTS = 3,	/* initial weights; index = hash of the tensor's name */
	SS_RNG_SHAPES = 4,	/* drawn images of ss-load shapes */
	SS_RNG_SAMPLE = 5,	/* subsets */
	SS_RNG_PROBE = 6,	/* linear probe */
	SS_RNG_MAP = 7		/* where the points of a map begin */
};

struct ss_rng {
	uint32_t key[2];
	uint32_t ctr[4];
	uint32_t out[4];	/* the current block */
	int used;		/* words of it already given */
};

/* One block of Philox4x32-10. */
void ss_philox(const uint32_t ctr[4], const uint32_t key[2], uint32_t out[4]);

void ss_rng_init(struct ss_rng *r, uint64_t seed, enum ss_purpose purpose, uint32_t epoch,
    uint64_t index, uint32_t view);

uint32_t ss_rng_u32(struct ss_rng *r);
double ss_rng_uniform(struct ss_rng *r);		/* in [0, 1), 32 bits */
double ss_rng_range(struct ss_rng *r, double lo, double hi);	/* in [lo, hi) */
uint32_t ss_rng_below(struct ss_rng *r, uint32_t n);	/* in 0..n-1, unbiased, n > 0 */
double ss_rng_normal(struct ss_rng *r);			/* mean 0, standard deviation 1 */

#endif
