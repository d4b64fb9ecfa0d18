/*
 * imagefile.h - a picture in a file of its own, as red, green and blue of 8 bits
 *
 * What the file is shows in its first bytes; its name does not matter. A format is
 * one line of a table in imagefile.c. Pictures come upright, whichever way the camera
 * was held, and scaled if that is asked for.
 */
#ifndef SS_IMAGEFILE_H
#define SS_IMAGEFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sst.h"

/* More would not fit a frame. */
#define SS_IMAGEFILE_PIXELS	((SS_DEFAULT_CAP - ((size_t)1 << 20)) / 3)

/* How pictures are wanted. */
struct ss_imagefile_how {
	uint64_t pixels;	/* a file that claims more is refused */
	int32_t background;	/* 0xRRGGBB, behind what is transparent; -1: transparency is left out */
	uint32_t side;		/* the shorter side is scaled to this; 0: sizes stay */
	bool crop;		/* of the scaled picture, the square in the middle */
};
#define SS_IMAGEFILE_HOW_INIT { .pixels = SS_IMAGEFILE_PIXELS, .background = -1 }

/* Opens a file of a picture; SS_EDATA: a link that leads nowhere. */
int ss_imagefile_open(FILE **f, const char *path, struct ss_err *e) SS_MUST_USE;

/*
 * size[] gets height and width that the picture will have, from the file's first bytes
 * alone; f, called name in messages, stands at its beginning. SS_EDATA: no
 * picture, or damaged, or too large; SS_EIO: it cannot be read.
 */
int ss_imagefile_size(FILE *f, const char *name, const struct ss_imagefile_how *how,
    uint32_t size[2], struct ss_err *e) SS_MUST_USE;

/* Scratch space of one thread; grows as needed. NULL: out of memory. */
struct ss_imagefile_work;
struct ss_imagefile_work *ss_imagefile_work_create(void);
void ss_imagefile_work_free(struct ss_imagefile_work *w);

/*
 * pixels (3,height,width), of a file whose size was found to be that; reads it to its end.
 * The scaled picture is Pillow's with its bilinear filter, which widens as it shrinks
 * (torchvision's antialias); a JPEG of at least four times the side is decoded to half of
 * its size, and so on, so that there is still a factor of 2 or more for that filter.
 * Errors as above.
 */
int ss_imagefile_read(FILE *f, const char *name, const struct ss_imagefile_how *how,
    const uint32_t size[2], struct ss_imagefile_work *w, uint8_t *pixels, struct ss_err *e) SS_MUST_USE;

#endif
