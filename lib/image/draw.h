/*
 * draw.h - the random parameters of a view
 *
 * A function of (seed, epoch, index, view) and the recipe's ranges. Each parameter
 * has a draw of its own whether it is used or not, so changing one probability
 * leaves all the others as they were. The order of the draws, part of the promise
 * "same seed, same bytes":
 *
 *	mirror, upend, jitter?, three for the permutation, brightness, contrast,
 *	saturation, hue, gray, blur?, sigma, solarize; and last the crop, which takes
 *	four for each of its up to 10 tries, or two if it only looks for a place.
 *
 * A translation has a sequence of its own, as if for a view of 2^31 more: shifted?,
 * mirrored?, by how much.
 */
#ifndef SS_DRAW_H
#define SS_DRAW_H

#include "image/recipe.h"

struct ss_view {
	struct ss_box box;		/* of the image */
	int height, width;		/* that the box is scaled to */
	int top, left;			/* of the view in that; what is outside is black */
	bool mirror, upend, gray;
	int order[SS_JITTERS];		/* of the jitter; -1: nothing */
	float factor[SS_JITTERS];	/* brightness, contrast, saturation, turn of the hue */
	float sigma;			/* 0: no blur */
	int kernel;			/* of the blur; 0: Pillow's */
	int threshold;			/* of the solarization; 256: none */
	bool again;			/* mirrored once more, before the translation */
	int down, right;		/* translated by, in pixels */
};

/* Of an image's sides: a float holds them, and no product of them overflows 64 bits. */
enum { SS_VIEW_SIDE_MAX = 1 << 24 };

/* SS_EUSAGE: an image of this size is too large for global views of that size. */
int ss_view_fits(const struct ss_recipe *r, int height, int width, int out_height, int out_width,
    struct ss_err *e) SS_MUST_USE;

/* view counts from 0; height and width are those of the image that the view is made from, which fits. */
void ss_view_draw(struct ss_view *v, const struct ss_recipe *r, uint64_t seed, uint32_t epoch,
    uint64_t index, uint32_t view, int height, int width, int out_height, int out_width);

/*
 * A view as numbers: top, left, height, width of the crop; mirrored, upended;
 * four of the jitter's order (0 brightness, 1 contrast, 2 saturation, 3 hue, -1
 * nothing); its four factors; gray; sigma and kernel of the blur; threshold; height
 * and width that the crop is scaled to, top and left of the view in that; mirrored
 * again, translated down, right. All are exact.
 */
enum { SS_VIEW_NUMBERS = 25 };
void ss_view_record(const struct ss_view *v, float out[SS_VIEW_NUMBERS]);

#endif
