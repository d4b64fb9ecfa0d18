/*
 * shuffle.c - the order of an epoch (Fisher-Yates over Philox)
 */
#include "base/philox.h"
#include "base/shuffle.h"

void
ss_shuffle(uint32_t *order, uint32_t n, uint64_t seed, uint32_t epoch)
{
	struct ss_rng rng;

	ss_rng_init(&rng, seed, SS_RNG_SHUFFLE, epoch, 0, 0);
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	for (uint32_t i = n; i > 1; i--) {
		uint32_t j = ss_rng_below(&rng, i), t = order[i - 1];

		order[i - 1] = order[j];
		order[j] = t;
	}
}

uint64_t
ss_shuffle_key(uint64_t seed, uint32_t epoch, uint64_t index, uint32_t copy)
{
	struct ss_rng rng;

	ss_rng_init(&rng, seed, SS_RNG_SHUFFLE, epoch, index, copy + 1);	/* view 0 is ss_shuffle's */
	const uint64_t high = ss_rng_u32(&rng);

	return high << 32 | ss_rng_u32(&rng);
}
