/*
 * image_work.h - what is inside a struct ss_image_work, for lib/image alone
 */
#ifndef SS_IMAGE_WORK_H
#define SS_IMAGE_WORK_H

#include "image/image.h"

/*
 * The weights that scale one side of an image:
 * out[j] = the sum of in[first[j] + k] * coef[j * most + k] over k < count[j]
 */
struct ss_taps {
	int in, out;
	double extent;		/* of the input that counts: the last pixel may do so in part */
	enum ss_filter filter;
	int most;		/* of count[] */
	int *first, *count;	/* one block of memory, first at its start */
	int32_t *coef;
};

enum {
	SS_TAPS_KEPT = 128,	/* a crop has many sizes, and they come back */
	/* three for the operations, then the view in the making, and what it is taken from */
	SS_WORK_VIEW = 3, SS_WORK_WHOLE, SS_WORK_BUFFERS
};

struct ss_image_work {
	const struct ss_pixels *px;
	uint8_t *buffer[SS_WORK_BUFFERS];
	size_t room[SS_WORK_BUFFERS];
	struct ss_taps taps[SS_TAPS_KEPT];
};

/* Buffer i with room for n bytes and what the loops write past them; NULL: out of memory. */
void *ss_work_room(struct ss_image_work *w, int i, size_t n);

/* A Gaussian sampled at whole numbers, kernel of them, its sum 1. */
void ss_gaussian(float *coef, int kernel, float sigma);

/* The weights for these sizes; NULL: out of memory. Valid until the next call. */
const struct ss_taps *ss_work_taps(struct ss_image_work *w, int in, double extent, int out, enum ss_filter f);

/*
 * Plans for ss_pixels.across that do what the weights say, in buffer 2; NULL: the CPU has no such loop, or too many
 * columns come into one, or memory is out. Without them it goes another way.
 */
const struct ss_across *ss_work_across(struct ss_image_work *w, const struct ss_taps *t, bool mirror, size_t *plans);

#endif
