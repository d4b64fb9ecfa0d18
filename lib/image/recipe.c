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

static const struct ss_recipe recipes[] = {
	{
		.name = "cifar",
		.what = "SimSiam and SimCLR on CIFAR: crop, flip, jitter, gray; no blur",
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = { 0.2, 0.2 },
		UNUSED_BLUR,
	},
	{
		.name = "simsiam",
		.what = "SimSiam on ImageNet: crop, jitter, gray, blur, flip",
		.order = FAIR_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = { 0.2, 0.2 },
		.blur = { 0.5, 0.5 }, UNUSED_BLUR,
	},
	{
		.name = "simclr",
		.what = "SimCLR on ImageNet: smaller crops, strong jitter, blur",
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.8, 0.8, 0.8, 0.2 },
		.gray = { 0.2, 0.2 },
		.blur = { 0.5, 0.5 }, .sigma = { 0.1, 2.0 }, .kernel = SS_KERNEL_TENTH,
		.threshold = 128,
	},
	{
		.name = "simclr-cifar",
		.what = "SimCLR on CIFAR (appendix B.9): jitter of half the strength, no blur",
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = { 0.2, 0.2 },
		UNUSED_BLUR,
	},
	{
		.name = "moco-v2",
		.what = "MoCo v2 on ImageNet: as simsiam",
		.order = FAIR_ORDER,
		.crop = true, .scale = { 0.2, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.4, 0.4, 0.4, 0.1 },
		.gray = { 0.2, 0.2 },
		.blur = { 0.5, 0.5 }, UNUSED_BLUR,
	},
	{
		.name = "byol",
		.what = "BYOL, Barlow Twins: odd views blurred, even ones solarized at times",
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO, .filter = SS_BICUBIC,
		.mirror = { 0.5, 0.5 },
		.jitter = { 0.8, 0.8 }, .strength = { 0.4, 0.4, 0.2, 0.1 },
		.gray = { 0.2, 0.2 },
		.blur = { 1.0, 0.1 }, .sigma = { 0.1, 2.0 }, .kernel = SS_KERNEL_PILLOW,
		.solarize = { 0.0, 0.2 }, .threshold = 128,
	},
	{
		.name = "crop-flip",
		.what = "for classifiers: crop and flip",
		.order = ARTICLE_ORDER,
		.crop = true, .scale = { 0.08, 1.0 }, RATIO,
		.mirror = { 0.5, 0.5 },
		UNUSED_BLUR,
	},
	{
		.name = "none",
		.what = "for evaluation: the whole image, scaled if --size asks for it",
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

int
ss_recipe_kernel(const struct ss_recipe *r, int height, int width)
{
	if (r->kernel != SS_KERNEL_TENTH)
		return r->kernel;
	return (height < width ? height : width) / 10 | 1;
}
