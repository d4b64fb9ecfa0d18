/*
 * recipe.c - the augmentations of the published methods, as tables
 *
 * Sizes do not matter to a recipe: it does the same to 32 x 32 and to 224 x 224.
 */
#include <string.h>

#include "image/recipe.h"

#define ARTICLE_ORDER	{ SS_CROP, SS_FLIP, SS_JITTER, SS_GRAY, SS_BLUR, SS_SOLARIZE, SS_END }
#define FAIR_ORDER	{ SS_CROP, SS_JITTER, SS_GRAY, SS_BLUR, SS_SOLARIZE, SS_FLIP, SS_END }

/* What the ranges are before an option asks for them, and what torchvision's defaults are. */
#define UNUSED_BLUR	.sigma = { 0.1, 2.0 }, .kernel = SS_KERNEL_PILLOW, .threshold = 128
#define RATIO		.ratio = { 3.0 / 4.0, 4.0 / 3.0 }

#define EACH(p)		{ p, p, p }	/* the same for all kinds of views */

/* One view, unless more are asked for; local ones would be as DINO's. */
#define NO_LOCALS	.views = 1, .local_scale = { 0.05, 0.4 }

static const struct ss_recipe recipes[] = {
	{
		.name = "cifar",
		.what = "SimSiam and SimCLR on CIFAR: crop, flip, jitter, gray; no blur",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = EACH(0.2),
		UNUSED_BLUR,
	},
	{
		.name = "simsiam",
		.what = "SimSiam on ImageNet: crop, jitter, gray, blur, flip",
		NO_LOCALS,
		.order = FAIR_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = EACH(0.2),
		.blur = EACH(0.5), UNUSED_BLUR,
	},
	{
		.name = "simclr",
		.what = "SimCLR on ImageNet: smaller crops, strong jitter, blur",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.8, 0.8, 0.8, 0.2 },
		.gray = EACH(0.2),
		.blur = EACH(0.5), .sigma = { 0.1, 2.0 }, .kernel = SS_KERNEL_TENTH,
		.threshold = 128,
	},
	{
		.name = "simclr-cifar",
		.what = "SimCLR on CIFAR (appendix B.9): jitter of half the strength, no blur",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = EACH(0.2),
		UNUSED_BLUR,
	},
	{
		.name = "moco-v2",
		.what = "MoCo v2 on ImageNet: as simsiam",
		NO_LOCALS,
		.order = FAIR_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = EACH(0.2),
		.blur = EACH(0.5), UNUSED_BLUR,
	},
	{
		.name = "byol",
		.what = "BYOL, Barlow Twins: odd views blurred, even ones solarized at times",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO, .filter = SS_BICUBIC,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.2, 0.1 },
		.gray = EACH(0.2),
		.blur = { 1.0, 0.1, 0.5 }, .sigma = { 0.1, 2.0 }, .kernel = SS_KERNEL_PILLOW,
		.solarize = { 0.0, 0.2, 0.0 }, .threshold = 128,
	},
	{
		.name = "swav",
		.what = "SwAV on ImageNet: two large crops and six small ones, strong jitter, blur",
		.views = 2, .locals = 6,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.14, 1.0 }, .local_scale = { 0.05, 0.14 }, RATIO,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.8, 0.8, 0.8, 0.2 },
		.gray = EACH(0.2),
		.blur = EACH(0.5), UNUSED_BLUR,
	},
	{
		.name = "dino",
		.what = "DINO on ImageNet: as byol, with two large crops and eight small ones",
		.views = 2, .locals = 8,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.4, 1.0 }, .local_scale = { 0.05, 0.4 }, RATIO,
		.filter = SS_BICUBIC,
		.mirror = EACH(0.5),
		.jitter = EACH(0.8), .strength = { 0.4, 0.4, 0.2, 0.1 },
		.gray = EACH(0.2),
		.blur = { 1.0, 0.1, 0.5 }, UNUSED_BLUR,
		.solarize = { 0.0, 0.2, 0.0 },
	},
	{
		.name = "crop-flip",
		.what = "for classifiers: crop and flip",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = EACH(0.5),
		UNUSED_BLUR,
	},
	{
		.name = "none",
		.what = "for evaluation: the whole image, scaled if --size asks for it",
		NO_LOCALS,
		.order = ARTICLE_ORDER,
		.scale = { 1.0, 1.0 }, RATIO,
		UNUSED_BLUR,
	},
};

const struct ss_recipe *
ss_recipe_number(int i)
{
	return i >= 0 && i < (int)(sizeof recipes / sizeof *recipes) ? &recipes[i] : NULL;
}

const struct ss_recipe *
ss_recipe_find(const char *name)
{
	const struct ss_recipe *r;

	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++)
		if (strcmp(r->name, name) == 0)
			break;
	return r;
}

enum ss_kind
ss_recipe_kind(const struct ss_recipe *r, uint32_t view)
{
	if (r->locals > 0 && view >= (uint32_t)r->views)
		return SS_LOCAL;
	return view % 2 == 0 ? SS_ODD : SS_EVEN;
}

int
ss_recipe_local_side(int n)
{
	const int eighths = (n * 96 + 4 * 224) / (8 * 224);

	return 8 * (eighths < 1 ? 1 : eighths);
}

int
ss_recipe_kernel(const struct ss_recipe *r, int height, int width)
{
	if (r->kernel != SS_KERNEL_TENTH)
		return r->kernel;
	return (height < width ? height : width) / 10 | 1;
}
