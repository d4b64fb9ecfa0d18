/*
 * nearest.c - cosines with positions as integers, and the largest of them
 *
 * Selection and sorting are Hoare's, around the median of three: keys are all different, so that
 * what is found does not depend on how.
 */
#include <string.h>

#include "eval/nearest.h"

uint64_t
ss_near_key(float cosine, size_t position)
{
	uint32_t bits;

	cosine += 0.0f;			/* -0 is 0 */
	memcpy(&bits, &cosine, sizeof(bits));
	bits ^= (bits >> 31 ? UINT32_MAX : 0x80000000u);
	return (uint64_t)bits << 32 | (uint32_t)~(uint32_t)position;
}

float
ss_near_cosine(uint64_t key)
{
	uint32_t bits = (uint32_t)(key >> 32);
	float cosine;

	bits = bits & 0x80000000u ? bits & 0x7fffffffu : ~bits;
	memcpy(&cosine, &bits, sizeof(cosine));
	return cosine;
}

size_t
ss_near_position(uint64_t key)
{
	return (uint32_t)~(uint32_t)key;
}

static void
swap(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/*
 * Puts the middle of three keys of x[0..n-1], n >= 3, first, and splits the rest around it;
 * returns its place.
 */
static size_t
split(uint64_t *x, size_t n)
{
	size_t i = 0, j = n;
	uint64_t *a = x + 1, *b = x + n / 2, *c = x + n - 1;

	if ((*a < *b) != (*a < *c))
		swap(x, a);
	else if ((*b < *a) != (*b < *c))
		swap(x, b);
	else
		swap(x, c);
	for (;;) {
		while (++i < n && x[i] > x[0])
			;
		while (x[--j] < x[0])
			;
		if (i >= j)
			break;
		swap(&x[i], &x[j]);
	}
	swap(&x[0], &x[j]);
	return j;
}

void
ss_near_select(uint64_t *x, size_t n, size_t k)
{
	size_t at, low = 0;

	while (n - low > 8) {
		at = low + split(x + low, n - low);
		if (at == k - 1)
			return;
		if (at < k - 1)
			low = at + 1;
		else
			n = at;
	}
	for (size_t i = low + 1; i < n; i++)
		for (size_t j = i; j > low && x[j] > x[j - 1]; j--)
			swap(&x[j], &x[j - 1]);
}

void
ss_near_sort(uint64_t *x, size_t n)
{
	while (n > 16) {
		size_t at = split(x, n);

		if (at < n / 2) {
			ss_near_sort(x, at);
			x += at + 1;
			n -= at + 1;
		} else {
			ss_near_sort(x + at + 1, n - at - 1);
			n = at;
		}
	}
	for (size_t i = 1; i < n; i++) {
		uint64_t v = x[i];
		size_t j = i;

		for (; j > 0 && x[j - 1] < v; j--)
			x[j] = x[j - 1];
		x[j] = v;
	}
}
