/*
 * pngfile.h - pictures as PNG files, through libpng (whose header is called png.h)
 */
#ifndef SS_PNGFILE_H
#define SS_PNGFILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "outfile.h"

/*
 * Writes a picture of 8 bits a channel: 1 channel is gray, 3 are red, green, blue,
 * pixel by pixel; the rows are packed. path NULL or "-": standard output. A named
 * file appears complete or not at all.
 */
int ss_png_write(const char *path, const uint8_t *pixels, uint32_t width, uint32_t height,
    int channels, struct ss_err *e) SS_MUST_USE;

/* The same into a file that the caller has opened, and commits. */
int ss_png_write_to(struct ss_outfile *file, const uint8_t *pixels, uint32_t width,
    uint32_t height, int channels, struct ss_err *e) SS_MUST_USE;

/* size[] gets height and width; f, called name in messages, stands at its beginning. */
int ss_png_size(FILE *f, const char *name, uint32_t size[2], struct ss_err *e) SS_MUST_USE;

/*
 * pixels (height,width,3), of a picture that has this size. Gray is copied to three
 * channels, palettes are looked up, of 16 bits the upper 8 are taken, and what the
 * file says of gamma and colour profiles is not applied: as Pillow does for mode RGB
 * (which, however, clips gray of 16 bits). What is transparent is laid over background,
 * 0xRRGGBB; with -1 alpha is left out, as Pillow does. The file is read and
 * checked to its end. SS_EDATA: damaged; SS_EIO.
 */
int ss_png_read(FILE *f, const char *name, const uint32_t size[2], int32_t background,
    uint8_t *pixels, struct ss_err *e) SS_MUST_USE;

#endif
