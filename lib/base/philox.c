/*
 * philox.c - Philox4x32-10 and the draws made from it
 */
#include <math.h>

#include "base/philox.h"

void
ss_philox(const uint32_t ctr[4], const uint32_t key[2], uint32_t out[4])
{
	uint32_t c0 = ctr[0], c1 = ctr[1], c2 = ctr[2], c3 = ctr[3];
	uint32_t k0 = key[0], k1 = key[1];

	for (int round = 0; round < 10; round++) {
		uint64_t p0 = (uint64_t)0xD2511F53u * c0;
		uint64_t p1 = (uint64_t)0xCD9E8D57u * c2;

		c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)p1;
		c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p0;
		k0 += 0x9E3779B9u;	/* golden ratio */
		k1 += 0xBB67AE85u;	/* sqrt(3) - 1 */
	}
	out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

void
ss_rng_init(struct ss_rng *r, uint64_t seed, enum ss_purpose purpose, uint32_t epoch,
    uint64_t index, uint32_t view)
{
	/*
	 * Five numbers do not fit one counter beside the position, so the seed,
	 * purpose, epoch and view make a key of their own through Philox itself.
	 */
	const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
	const uint32_t ctr[4] = { (uint32_t)purpose, epoch, view, 0x73737374u };	/* "sst" */
	uint32_t derived[4];

	ss_philox(ctr, key, derived);
	r->key[0] = derived[0];
	r->key[1] = derived[1];
	r->ctr[0] = 0;			/* position, in blocks */
	r->ctr[1] = 0;
	r->ctr[2] = (uint32_t)index;
	r->ctr[3] = (uint32_t)(index >> 32);
	r->used = 4;
}

uint32_t
ss_rng_u32(struct ss_rng *r)
{
	if (r->used == 4) {
		ss_philox(r->ctr, r->key, r->out);
		if (++r->ctr[0] == 0)
			r->ctr[1]++;
		r->used = 0;
	}
	return r->out[r->used++];
}

double
ss_rng_uniform(struct ss_rng *r)
{
	return ss_rng_u32(r) * 0x1p-32;
}

double
ss_rng_range(struct ss_rng *r, double lo, double hi)
{
	return lo + (hi - lo) * ss_rng_uniform(r);
}

uint32_t
ss_rng_below(struct ss_rng *r, uint32_t n)
{
	/* Lemire 2019: the high word of a product, with the short rejection zone */
	uint64_t m = (uint64_t)ss_rng_u32(r) * n;

	if ((uint32_t)m < n) {
		uint32_t zone = -n % n;

		while ((uint32_t)m < zone)
			m = (uint64_t)ss_rng_u32(r) * n;
	}
	return (uint32_t)(m >> 32);
}

double
ss_rng_normal(struct ss_rng *r)
{
	/* Box-Muller, one of the pair; 1 - u keeps the logarithm finite */
	double u = 1.0 - ss_rng_uniform(r), v = ss_rng_uniform(r);

	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}
