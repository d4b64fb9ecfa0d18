/*
 * flip.c - mirror images and upside-down images
 */
#include <string.h>

#include "image/image.h"

static void
swap_rows(uint8_t *a, uint8_t *b, size_t n)
{
	uint8_t t[256];

	for (size_t k; n > 0; n -= k, a += k, b += k) {
		k = n < sizeof t ? n : sizeof t;
		memcpy(t, a, k);
		memcpy(a, b, k);
		memcpy(b, t, k);
	}
}

static void
reverse(uint8_t *row, size_t n)
{
	uint8_t *a = row, *b = row + n;
	uint64_t left, right;

	for (; b - a >= 16; a += 8) {
		b -= 8;
		memcpy(&left, a, 8);
		memcpy(&right, b, 8);
		left = __builtin_bswap64(left);
		right = __builtin_bswap64(right);
		memcpy(a, &right, 8);
		memcpy(b, &left, 8);
	}
	while (b - a >= 2) {
		uint8_t t = *--b;

		*b = *a;
		*a++ = t;
	}
}

void
ss_image_mirror(struct ss_image *m)
{
	for (int c = 0; c < m->channels; c++) {
		uint8_t *row = m->data + (size_t)c * m->plane;

		for (int y = 0; y < m->height; y++, row += m->width)
			reverse(row, (size_t)m->width);
	}
}

void
ss_image_upend(struct ss_image *m)
{
	const size_t width = (size_t)m->width;

	for (int c = 0; c < m->channels; c++) {
		uint8_t *top = m->data + (size_t)c * m->plane;
		uint8_t *bottom = top + width * (size_t)(m->height - 1);

		for (; top < bottom; top += width, bottom -= width)
			swap_rows(top, bottom, width);
	}
}
