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
	SS_TRANSLATE,		/* and fill with black */
	SS_JITTER,		/* brightness, contrast, saturation, hue, in drawn order */
	SS_GRAY,
	SS_BLUR,
	SS_SOLARIZE,
	SS_OPERATIONS
};

enum { SS_BRIGHTNESS, SS_CONTRAST, SS_SATURATION, SS_HUE, SS_JITTERS };

/* Whose arithmetic it is; tf.h says what the last three have in common. */
enum ss_dialect {
	SS_TORCHVISION,		/* on Pillow's images of bytes, rounded after each operation */
	SS_TF,			/* TensorFlow's on floats, clamped after a jitter, rounded in the end */
	SS_TF_CLAMP,		/* as Keras's layers: clamped after each operation on colours */
	SS_TF_BYTES,		/* as tf.image on bytes: cut off to bytes after each of these */
	SS_DIALECTS
};
extern const char *const ss_dialect_names[SS_DIALECTS];
extern const char *const ss_operation_names[SS_OPERATIONS];

/* Which part of the image a global view has; a local one has a random part always. */
enum ss_crop {
	SS_WHOLE,		/* all of it, scaled */
	SS_PART,		/* a random part, scaled */
	SS_PADDED,		/* with a black border, a part of the view's size at a random place */
	SS_CENTRE		/* scaled to a given shorter side, the middle */
};

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
	enum ss_dialect dialect;
	enum ss_crop crop;
	int border;		/* of SS_PADDED, in pixels */
	int shorter;		/* side of SS_CENTRE, in pixels; 0: 8/7 of the view's */
	double scale[2];	/* of the crop: share of the area */
	double local_scale[2];
	double ratio[2];	/* width to height */
	enum ss_filter filter;
	double mirror[SS_KINDS], upend[SS_KINDS];
	double jitter[SS_KINDS];
	/*
	 * A factor in 1 - x .. 1 + x, a turn of the hue in -x .. x; the brightness of the tf
	 * dialects is no factor but a difference in -x .. x of the whole range.
	 */
	double strength[SS_JITTERS];
	double range[SS_JITTERS][2];	/* where it is not 0,0, of the draw in place of these */
	bool odds;		/* the factor of saturation is x / (1 - x) of the x drawn */
	double gray[SS_KINDS];
	double blur[SS_KINDS];
	double sigma[2];	/* range, in pixels */
	int kernel;
	double solarize[SS_KINDS];
	int threshold;
	double translate[SS_KINDS];
	double shift[2];	/* of height and width alike */
	int batch;		/* records that share all draws; 0: each has its own */
};

#define SS_RECIPE_DEFAULT "cifar"

/* Number i, or NULL past the last. */
const struct ss_recipe *ss_recipe_number(int i);

/* By name, or NULL. */
const struct ss_recipe *ss_recipe_find(const char *name);

/* Whether any kind of views has a chance. */
static inline bool
ss_ever(const double chance[SS_KINDS])
{
	return chance[SS_ODD] > 0 || chance[SS_EVEN] > 0 || chance[SS_LOCAL] > 0;
}

/* The kind of a view, which counts from 0. */
enum ss_kind ss_recipe_kind(const struct ss_recipe *r, uint32_t view);

/* One side of a local view where the global ones have n: 96 to 224 in steps of 8, at least 8. */
int ss_recipe_local_side(int n);

/* The kernel of the recipe's blur for an image of this size: 0 or odd. */
int ss_recipe_kernel(const struct ss_recipe *r, int height, int width);

#endif
