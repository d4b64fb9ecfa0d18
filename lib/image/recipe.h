/*
 * recipe.h - what is done to an image, with what probability and strength
 *
 * A recipe is a table: the order of the operations and the ranges that their
 * parameters are drawn from. There are three kinds of views: global ones of odd
 * and of even number, since some methods treat their two views differently, and
 * local ones, which are smaller and show a smaller part (multi-crop). Each kind
 * has probabilities of its own.
 */
#ifndef SS_RECIPE_H
#define SS_RECIPE_H

#include <stdbool.h>
#include <stdint.h>

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

/* Of views. The global ones come first: view 0 is odd, as it is called view1. */
enum ss_kind { SS_ODD, SS_EVEN, SS_LOCAL, SS_KINDS };

enum {
	SS_KERNEL_PILLOW = 0,	/* no kernel: Pillow's box filters */
	SS_KERNEL_TENTH = -1	/* a tenth of the image's side, made odd */
};

struct ss_recipe {
	const char *name, *what;
	int views, locals;	/* how many are made if nothing else is asked for */
	enum ss_operation order[SS_OPERATIONS];
	bool crop;		/* a random part of the image; else a global view has all of it */
	double scale[2];	/* of the crop: share of the area */
	double local_scale[2];
	double ratio[2];	/* width to height */
	enum ss_filter filter;
	double mirror[SS_KINDS], upend[SS_KINDS];
	double jitter[SS_KINDS];
	double strength[SS_JITTERS];	/* a factor in 1 - x .. 1 + x; a hue in -x .. x */
	double gray[SS_KINDS];
	double blur[SS_KINDS];
	double sigma[2];	/* range, in pixels */
	int kernel;
	double solarize[SS_KINDS];
	int threshold;
};

#define SS_RECIPE_DEFAULT "cifar"

/* Number i, or NULL past the last. */
const struct ss_recipe *ss_recipe_number(int i);

/* By name, or NULL. */
const struct ss_recipe *ss_recipe_find(const char *name);

/* The kind of a view, which counts from 0. */
enum ss_kind ss_recipe_kind(const struct ss_recipe *r, uint32_t view);

/* One side of a local view where the global ones have n: 96 to 224 in steps of 8, at least 8. */
int ss_recipe_local_side(int n);

/* The kernel of the recipe's blur for an image of this size: 0 or odd. */
int ss_recipe_kernel(const struct ss_recipe *r, int height, int width);

#endif
