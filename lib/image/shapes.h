/*
 * shapes.h - drawn images: ten classes of shapes, as data that need no download
 */
#ifndef SS_SHAPES_H
#define SS_SHAPES_H

#include <stdint.h>

enum {
	SS_SHAPES_CLASSES = 10,
	SS_SHAPES_SIZE_MIN = 16,
	SS_SHAPES_SIZE_MAX = 512
};

extern const char *const ss_shapes_name[SS_SHAPES_CLASSES];

/* The class of a picture. Every ten consecutive numbers from a multiple of ten have all ten. */
int ss_shapes_label(uint64_t seed, uint32_t split, uint64_t index);

/*
 * Draws picture number `index` into rgb (3,size,size). A pure function of the
 * arguments: no picture depends on another. Pictures of different splits are
 * different pictures whatever their number.
 */
void ss_shapes_draw(uint8_t *rgb, int size, uint64_t seed, uint32_t split, uint64_t index);

#endif
