/*
 * tf.h - operations in TensorFlow's manner: on floats, of which 1 is white
 *
 * As tf.image and Keras document them: brightness is a difference, contrast is about the
 * mean of each channel, saturation and hue are those of HSV in full precision, gray is
 * 0.2989 R + 0.587 G + 0.114 B, images are resized by plain bilinear interpolation that
 * does not widen, and a blur has nothing but black around the image. Nothing is clamped
 * but by ss_tf_settle. Planes are as those of struct ss_image, in floats.
 */
#ifndef SS_TF_H
#define SS_TF_H

#include "image/draw.h"

struct ss_floats {
	float *data;
	int channels, height, width;
	size_t plane;		/* floats from one channel to the next */
};

/*
 * Crop, flips and translation, in this order: what of v concerns places, in one go.
 * out has its size, and room for its channels of ss_image_plane(height, width) each.
 */
int ss_tf_load(struct ss_floats *out, const struct ss_image *in, const struct ss_view *v,
    struct ss_image_work *w, struct ss_err *e) SS_MUST_USE;

void ss_tf_brightness(struct ss_floats *m, float more, const struct ss_pixels *px);
void ss_tf_contrast(struct ss_floats *m, float factor, const struct ss_pixels *px);
void ss_tf_saturation(struct ss_floats *m, float factor, const struct ss_pixels *px);
void ss_tf_hue(struct ss_floats *m, float turn, const struct ss_pixels *px);
void ss_tf_gray(struct ss_floats *m, const struct ss_pixels *px);
void ss_tf_solarize(struct ss_floats *m, int threshold, const struct ss_pixels *px);
int ss_tf_blur(struct ss_floats *m, float sigma, int kernel, struct ss_image_work *w,
    struct ss_err *e) SS_MUST_USE;

/* What a dialect does after each operation on colours, if anything. */
void ss_tf_settle(struct ss_floats *m, enum ss_dialect dialect, const struct ss_pixels *px);

/* One plane as height * width bytes: 255 times the float, rounded to even, clamped. */
void ss_tf_bytes(uint8_t *out, const struct ss_floats *m, int channel, const struct ss_pixels *px);

#endif
