/*
 * image.h - operations on images of bytes: pure functions of pixels and parameters
 *
 * The dialect is that of torchvision on PIL images: each operation gives the very
 * bytes that torchvision 0.14 with Pillow 9.4 gives for the same parameters, the
 * Gaussian blur of a given kernel alone excepted, whose sums PyTorch takes in an
 * order of its own (at most 1 level apart). Nothing here draws a random number.
 *
 * Images have one channel (gray) or three (red, green, blue).
 */
#ifndef SS_IMAGE_H
#define SS_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/pixels.h"

/* Channel after channel, each row by row. */
struct ss_image {
	uint8_t *data;
	int channels, height, width;
	size_t plane;		/* bytes from one channel to the next */
};

/*
 * The plane of an image that is worked on. The operations below need it (but for
 * the input of a resize, which may be packed): they write past the last pixel.
 */
size_t ss_image_plane(int height, int width);

/* Scratch space of one thread; grows as needed. NULL: out of memory. */
struct ss_image_work;
struct ss_image_work *ss_image_work_create(const struct ss_pixels *px);
void ss_image_work_free(struct ss_image_work *w);
const struct ss_pixels *ss_image_work_pixels(const struct ss_image_work *w);

struct ss_box {
	int top, left, height, width;
};

enum ss_filter { SS_BILINEAR, SS_BICUBIC };
const char *ss_filter_name(enum ss_filter f);

/*
 * The part of `in` inside the box, scaled to out's height and width, and mirrored
 * left to right if told so. The filter widens when it shrinks an image (it is not
 * the interpolation of the same name that skips pixels).
 */
int ss_image_resize(struct ss_image *out, const struct ss_image *in, struct ss_box box,
    enum ss_filter filter, bool mirror, struct ss_image_work *w, struct ss_err *e) SS_MUST_USE;

/*
 * All of `in` scaled to out's height and width; of its last row and column only so much
 * counts as rows and columns, which may end within a pixel, say. So a picture that was decoded to
 * a part of its size lies where the whole one would.
 */
int ss_image_scale(struct ss_image *out, const struct ss_image *in, double rows, double columns,
    enum ss_filter filter, struct ss_image_work *w, struct ss_err *e) SS_MUST_USE;

/* The part of `in` that begins at top, left and has out's size; what is outside is black. */
void ss_image_window(struct ss_image *out, const struct ss_image *in, int top, int left);

void ss_image_mirror(struct ss_image *m);	/* left to right */
void ss_image_upend(struct ss_image *m);	/* top to bottom */

/* 0 is black, gray or colourless, 1 leaves the image as it is. */
void ss_image_brightness(struct ss_image *m, float factor, const struct ss_pixels *px);
void ss_image_contrast(struct ss_image *m, float factor, const struct ss_pixels *px);
void ss_image_saturation(struct ss_image *m, float factor, const struct ss_pixels *px);

/*
 * turn is a fraction of the circle, -0.5..0.5. Even 0 changes an image a little, as
 * hue and saturation have 8 bits on the way.
 */
void ss_image_hue(struct ss_image *m, float turn, const struct ss_pixels *px);

void ss_image_gray(struct ss_image *m, const struct ss_pixels *px);	/* in all channels */
void ss_image_solarize(struct ss_image *m, int threshold, const struct ss_pixels *px);

/*
 * kernel 0: as Pillow's ImageFilter.GaussianBlur(sigma), three box filters in each
 * direction. kernel odd: as torchvision's GaussianBlur, a sampled Gaussian of that
 * many pixels, borders reflected; kernel / 2 must be less than height and width.
 */
int ss_image_blur(struct ss_image *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e) SS_MUST_USE;

#endif
