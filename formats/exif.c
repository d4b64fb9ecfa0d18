/*
 * exif.c - how a camera was held, from the Exif block of a picture, and what that does to its pixels
 *
 * The block is a TIFF file of tags. Only the first directory is looked into: that is
 * where the tag stands for the picture itself; what follows is its thumbnail's.
 */
#include <stdbool.h>
#include <string.h>

#include "exif.h"

enum { SIGNATURE = 6, ENTRY = 12, TAG_ORIENTATION = 0x112, TYPE_SHORT = 3, TYPE_LONG = 4 };

static uint32_t
number(const uint8_t *p, int bytes, bool big)
{
	uint32_t v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint32_t)p[i] << 8 * (big ? bytes - 1 - i : i);
	return v;
}

int
ss_exif_orientation(const uint8_t *block, size_t n)
{
	if (n < SIGNATURE + 8 || memcmp(block, "Exif\0\0", SIGNATURE) != 0)
		return SS_UPRIGHT;
	const uint8_t *tiff = block + SIGNATURE;
	const bool big = tiff[0] == 'M';

	n -= SIGNATURE;
	if (memcmp(tiff, big ? "MM" : "II", 2) != 0 || number(tiff + 2, 2, big) != 42)
		return SS_UPRIGHT;
	const size_t at = number(tiff + 4, 4, big);

	if (at > n - 2)
		return SS_UPRIGHT;
	const size_t room = (n - at - 2) / ENTRY, said = number(tiff + at, 2, big);

	for (size_t i = 0; i < said && i < room; i++) {
		const uint8_t *entry = tiff + at + 2 + i * ENTRY;
		const uint32_t type = number(entry + 2, 2, big);

		if (number(entry, 2, big) != TAG_ORIENTATION)
			continue;
		const uint32_t v = number(entry + 8, type == TYPE_LONG ? 4 : 2, big);

		return (type == TYPE_SHORT || type == TYPE_LONG) && v >= 1 && v <= SS_ORIENTATIONS ? (int)v : SS_UPRIGHT;
	}
	return SS_UPRIGHT;
}

void
ss_exif_upright(uint8_t *planes, const uint32_t size[2], const uint8_t *rgb, int orientation,
    const struct ss_pixels *px)
{
	const ptrdiff_t height = size[0], width = size[1], plane = height * width;
	const bool turned = ss_exif_turned(orientation);
	const bool right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
	const bool below = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
	ptrdiff_t across = turned ? 3 * height : 3, down = turned ? 3 : 3 * width;

	if (orientation == SS_UPRIGHT) {
		px->split(planes, planes + plane, planes + 2 * plane, rgb, (size_t)plane);
		return;
	}
	if (right) {		/* begin at the far end and go back */
		rgb += (width - 1) * across;
		across = -across;
	}
	if (below) {
		rgb += (height - 1) * down;
		down = -down;
	}
	for (ptrdiff_t y = 0; y < height; y++, rgb += down, planes += width) {
		const uint8_t *from = rgb;

		for (ptrdiff_t x = 0; x < width; x++, from += across) {
			planes[x] = from[0];
			planes[plane + x] = from[1];
			planes[2 * plane + x] = from[2];
		}
	}
}
