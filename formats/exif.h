/*
 * exif.h - how a camera was held, from the Exif block of a picture, and what that does to its pixels
 */
#ifndef SS_EXIF_H
#define SS_EXIF_H

#include <stddef.h>
#include <stdint.h>

#include "image/pixels.h"

/*
 * Which of the eight ways of Exif's tag Orientation turns the stored picture upright.
 * The first row of the stored picture is, and its first column:
 *   1 top, left     2 top, right     3 bottom, right   4 bottom, left
 *   5 left, top     6 right, top     7 right, bottom   8 left, bottom
 */
enum { SS_UPRIGHT = 1, SS_ORIENTATIONS = 8 };

/* From the n bytes of an Exif block, "Exif\0\0" first; SS_UPRIGHT if they do not say, or make no sense. */
int ss_exif_orientation(const uint8_t *block, size_t n);

/* Whether the stored picture's rows are columns of the upright one. */
static inline int
ss_exif_turned(int orientation)
{
	return orientation > 4;
}

/* rgb (h,w,3) as stored to planes (3,size[0],size[1]), upright. */
void ss_exif_upright(uint8_t *planes, const uint32_t size[2], const uint8_t *rgb, int orientation,
    const struct ss_pixels *px);

#endif
