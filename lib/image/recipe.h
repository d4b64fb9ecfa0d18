/*
 * recipe.h - what is done to an image, with what probability and strength
 *
 * A recipe is a table: the order of the operations and the ranges that their
 * parameters are drawn from. Probabilities come in pairs, for the views of odd
 * and of even number, since some methods treat their two views differently.
 */
#ifndef SS_RECIPE_H
#define SS_RECIPE_H

#include <stdbool.h>

#include "image/image.h"

enum ss_operation {
	SS_END,			/* of an order */
	SS_CROP,		/* and scale; always the first */
	SS_FLIP,		/* either way */
	SS_JITTER,		/* brightness, contrast, saturation, hue, in drawn order */
	SS_GRAY,
	SS_BLUR,
	SS_SOLARIZE,
	SS_OPERATIONS
};

enum { SS_BRIGHTNESS, SS_CONTRAST, SS_SATURATION, SS_HUE, SS_JITTERS };

enum {
	SS_KERNEL_PILLOW = 0,	/* no kernel: Pillow's box filters */
	SS_KERNEL_TENTH = -1	/* a tenth of the image's side, made odd */
};

struct ss_recipe {
	const char *name, *what;
	enum ss_operation order[SS_OPERATIONS];
	bool crop;		/* a random part of the image; else all of it */
	double scale[2];	/* of the crop: share of the area */
	double ratio[2];	/* width to height */
	enum ss_filter filter;
	double mirror[2], upend[2];
	double jitter[2];
	double strength[SS_JITTERS];	/* a factor in 1 - x .. 1 + x; a hue in -x .. x */
	double gray[2];
	double blur[2];
	double sigma[2];	/* range, in pixels */
	int kernel;
	double solarize[2];
	int threshold;
};

#define SS_RECIPE_DEFAULT "cifar"

/* Number i, or NULL past the last. */
const struct ss_recipe *ss_recipe_number(int i);

/* By name, or NULL. */
const struct ss_recipe *ss_recipe_find(const char *name);

/* The kernel of the recipe's blur for an image of this size: 0 or odd. */
int ss_recipe_kernel(const struct ss_recipe *r, int height, int width);

#endif
