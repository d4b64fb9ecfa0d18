/*
 * pngfile.h - pictures as PNG files, through libpng (whose header is called png.h)
 */
#ifndef SS_PNGFILE_H
#define SS_PNGFILE_H

#include <stdint.h>

#include "base/err.h"

/*
 * Writes a picture of 8 bits a channel: 1 channel is gray, 3 are red, green, blue,
 * pixel by pixel; the rows are packed. path NULL or "-": standard output. A named
 * file appears complete or not at all.
 */
int ss_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels, struct ss_err *e) SS_MUST_USE;

#endif
