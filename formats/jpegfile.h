/*
 * jpegfile.h - pictures from JPEG files, through libjpeg-turbo
 */
#ifndef SS_JPEGFILE_H
#define SS_JPEGFILE_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* What the file's first segments say. */
struct ss_jpeg_head {
	uint32_t size[2];	/* height, width as stored */
	int orientation;	/* exif.h */
};

/* f, called name in messages, stands at its beginning. SS_EDATA: damaged; SS_EIO. */
int ss_jpeg_head(FILE *f, const char *name, struct ss_jpeg_head *h, struct ss_err *e) SS_MUST_USE;

/* Height or width of a picture that is decoded to eighths of its size. */
static inline uint32_t
ss_jpeg_part(uint32_t side, int eighths)
{
	return (uint32_t)(((uint64_t)side * (unsigned)eighths + 7) / 8);
}

/*
 * pixels (height,width,3), as stored, of a picture that has this size, decoded to so many
 * eighths of it (1, 2, 4 or 8). Baseline, extended and progressive files of 8 bits,
 * Huffman or arithmetic, of gray, YCbCr, RGB, CMYK and YCCK; the last two are taken as Adobe writes
 * them (0 is full ink) and without a profile, as browsers and Pillow do. Profiles are not applied.
 * What libjpeg would only warn of is an error here, and so are more than
 * SS_JPEG_SCANS scans. The file is read to the end of its image; what stands behind that is not.
 */
enum { SS_JPEG_SCANS = 100 };
int ss_jpeg_read(FILE *f, const char *name, const uint32_t size[2], int eighths, uint8_t *pixels,
    struct ss_err *e) SS_MUST_USE;

#endif
