/*
 * imagefile.h - a picture in a file of its own, as red, green and blue of 8 bits
 *
 * What the file is shows in its first bytes; its name does not matter. A format is
 * one line of a table in imagefile.c.
 */
#ifndef SS_IMAGEFILE_H
#define SS_IMAGEFILE_H

#include <stdint.h>

#include "sst.h"

/* More would not fit a frame. */
#define SS_IMAGEFILE_PIXELS	((SS_DEFAULT_CAP - ((size_t)1 << 20)) / 3)

/*
 * size[] gets height and width, from the file's first bytes alone. SS_EDATA: no
 * picture, or damaged, or of more than SS_IMAGEFILE_PIXELS; SS_EIO: it cannot be read.
 */
int ss_imagefile_size(const char *path, uint32_t size[2], struct ss_err *e) SS_MUST_USE;

/* pixels (3,height,width), of a file whose size is that; reads it to its end. Errors as above. */
int ss_imagefile_read(const char *path, const uint32_t size[2], uint8_t *pixels,
    struct ss_err *e) SS_MUST_USE;

#endif
