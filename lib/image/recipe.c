/*
 * recipe.c - the augmentations of the published methods, as tables
 *
 * Sizes do not matter to a recipe: it does the same to 32 x 32 and to 224 x 224. Each
 * says whose it is; where a paper and its authors' code differ, it is the code.
 */
#include <string.h>

#include "image/recipe.h"

const char *const ss_dialect_names[SS_DIALECTS] = { "torchvision", "tf", "tf-clamp", "tf-bytes" };
const char *const ss_operation_names[SS_OPERATIONS] = {
	[SS_CROP] = "crop", [SS_FLIP] = "flip", [SS_TRANSLATE] = "translate",
	[SS_JITTER] = "jitter", [SS_GRAY] = "gray", [SS_BLUR] = "blur",
	[SS_SOLARIZE] = "solarize"
};

#define FLIP_FIRST	.order = { SS_CROP, SS_FLIP, SS_TRANSLATE, SS_JITTER, SS_GRAY, SS_BLUR, \
    SS_SOLARIZE, SS_END }
#define FLIP_LAST	.order = { SS_CROP, SS_JITTER, SS_GRAY, SS_BLUR, SS_SOLARIZE, SS_FLIP, \
    SS_TRANSLATE, SS_END }
#define BLUR_FIRST	.order = { SS_CROP, SS_FLIP, SS_TRANSLATE, SS_BLUR, SS_JITTER, SS_GRAY, \
    SS_SOLARIZE, SS_END }

#define EACH(p)		{ p, p, p }	/* the same for all kinds of views */

/* What an option alone would give, and what torchvision's defaults are; part of every recipe. */
#define USUAL		.ratio = { 3.0 / 4.0, 4.0 / 3.0 }, .sigma = { 0.1, 2.0 }, .threshold = 128, \
    .shift = { 0.0, 0.125 }
/* One view, unless more are asked for; local ones would be as DINO's. */
#define NO_LOCALS	.views = 1, .local_scale = { 0.05, 0.4 }

#define PART(a, b)	.crop = SS_PART, .scale = { a, b }
#define WHOLE		.crop = SS_WHOLE, .scale = { 1.0, 1.0 }
#define JITTER(b, c, s, h)	.jitter = EACH(0.8), .strength = { b, c, s, h }, .gray = EACH(0.2)

/* SimSiam's code, which took it from MoCo's. */
#define SIMSIAM		NO_LOCALS, FLIP_LAST, USUAL, PART(0.2, 1.0), .mirror = EACH(0.5), \
    JITTER(0.4, 0.4, 0.4, 0.1), .blur = EACH(0.5)
#define SIMSIAM_CIFAR	NO_LOCALS, FLIP_FIRST, USUAL, PART(0.2, 1.0), .mirror = EACH(0.5), \
    JITTER(0.4, 0.4, 0.4, 0.1)
/* BYOL, appendix B; the code of Barlow Twins and that of VICReg have the same. */
#define BYOL		NO_LOCALS, FLIP_FIRST, USUAL, PART(0.08, 1.0), .filter = SS_BICUBIC, \
    .mirror = EACH(0.5), JITTER(0.4, 0.4, 0.2, 0.1), .blur = { 1.0, 0.1, 0.5 }, \
    .solarize = { 0.0, 0.2, 0.0 }
/* solo-learn's asymmetric.yaml for CIFAR. */
#define BYOL_CIFAR	NO_LOCALS, FLIP_LAST, USUAL, PART(0.08, 1.0), .filter = SS_BICUBIC, \
    .mirror = EACH(0.5), JITTER(0.4, 0.4, 0.2, 0.1), .solarize = { 0.0, 0.2, 0.0 }

static const struct ss_recipe recipes[] = {
	{
		.name = "cifar",
		.what = "SimSiam on CIFAR: crop, flip, jitter, gray; no blur",
		SIMSIAM_CIFAR,
	},
	{
		.name = "learnopencv",
		.what = "SimSiam on CIFAR as in the LearnOpenCV article: as cifar",
		SIMSIAM_CIFAR,
	},
	{
		.name = "simsiam",
		.what = "SimSiam on ImageNet: crop, jitter, gray, blur, flip",
		SIMSIAM,
	},
	{
		.name = "moco2",
		.what = "MoCo v2 on ImageNet: as simsiam",
		SIMSIAM,
	},
	{
		.name = "simclr",
		.what = "SimCLR on ImageNet: smaller crops, strong jitter, blur",
		NO_LOCALS, FLIP_FIRST, USUAL, PART(0.08, 1.0), .mirror = EACH(0.5),
		JITTER(0.8, 0.8, 0.8, 0.2), .blur = EACH(0.5), .kernel = SS_KERNEL_TENTH,
	},
	{
		.name = "simclr-cifar",
		.what = "SimCLR on CIFAR (appendix B.9): jitter of half the strength, no blur",
		NO_LOCALS, FLIP_FIRST, USUAL, PART(0.08, 1.0), .mirror = EACH(0.5),
		JITTER(0.4, 0.4, 0.4, 0.1),
	},
	{
		.name = "byol",
		.what = "BYOL on ImageNet: odd views blurred, even ones solarized at times",
		BYOL,
	},
	{
		.name = "barlow",
		.what = "Barlow Twins on ImageNet: as byol",
		BYOL,
	},
	{
		.name = "vicreg",
		.what = "VICReg on ImageNet: as byol",
		BYOL,
	},
	{
		.name = "byol-cifar",
		.what = "BYOL on CIFAR in solo-learn: no blur, even views solarized at times",
		BYOL_CIFAR,
	},
	{
		.name = "barlow-cifar",
		.what = "Barlow Twins on CIFAR in solo-learn: as byol-cifar",
		BYOL_CIFAR,
	},
	{
		.name = "dino-cifar",
		.what = "DINO on CIFAR in solo-learn: as byol-cifar, no small crops",
		BYOL_CIFAR,
	},
	{
		.name = "vicreg-cifar",
		.what = "VICReg on CIFAR in solo-learn: larger crops, all views solarized at times",
		NO_LOCALS, FLIP_LAST, USUAL, PART(0.2, 1.0), .filter = SS_BICUBIC,
		.mirror = EACH(0.5), JITTER(0.4, 0.4, 0.2, 0.1), .solarize = EACH(0.1),
	},
	{
		.name = "swav",
		.what = "SwAV on ImageNet: two large crops and six small ones, strong jitter, blur",
		.views = 2, .locals = 6, .local_scale = { 0.05, 0.14 },
		FLIP_FIRST, USUAL, PART(0.14, 1.0), .mirror = EACH(0.5),
		JITTER(0.8, 0.8, 0.8, 0.2), .blur = EACH(0.5),
	},
	{
		.name = "dino",
		.what = "DINO on ImageNet: as byol, with two large crops and eight small ones",
		.views = 2, .locals = 8, .local_scale = { 0.05, 0.4 },
		FLIP_FIRST, USUAL, PART(0.4, 1.0), .filter = SS_BICUBIC, .mirror = EACH(0.5),
		JITTER(0.4, 0.4, 0.2, 0.1), .blur = { 1.0, 0.1, 0.5 },
		.solarize = { 0.0, 0.2, 0.0 },
	},
	{
		.name = "keras-2021",
		.what = "Keras's SimSiam example as of 2021: no crop; colours in TensorFlow's bytes",
		NO_LOCALS, FLIP_FIRST, USUAL, WHOLE, .dialect = SS_TF_BYTES, .mirror = EACH(0.5),
		JITTER(0.32, 0.32, 0.32, 0.02), .kernel = SS_KERNEL_TENTH,
	},
	{
		/* contrast (0.68, 1.32) is 1 - 0.68 .. 1 + 1.32 to Keras; keras_cv halves a hue of 0.02 */
		.name = "keras-3",
		.what = "Keras's SimSiam example for Keras 3: flips both ways, more contrast, less hue",
		NO_LOCALS, FLIP_FIRST, USUAL, WHOLE, .dialect = SS_TF_CLAMP, .mirror = EACH(0.5),
		.upend = EACH(0.5), JITTER(0.32, 0.0, 0.0, 0.01),
		.range = { [SS_CONTRAST] = { 0.32, 2.32 }, [SS_SATURATION] = { 0.18, 0.82 } },
		.odds = true, .kernel = SS_KERNEL_TENTH,
	},
	{
		.name = "simsiam-tf",
		.what = "SimSiam-TF on flowers: no crop but a shift, blur, jitter in TensorFlow's floats",
		NO_LOCALS, BLUR_FIRST, USUAL, WHOLE, .dialect = SS_TF, .mirror = EACH(0.5),
		.translate = EACH(0.5), .blur = EACH(0.5), .kernel = 23,
		JITTER(0.4, 0.4, 0.4, 0.1),
	},
	{
		.name = "simclr-report",
		.what = "SimCLR in the W&B report: no crop, no blur; one draw for a batch of 64",
		NO_LOCALS, FLIP_FIRST, USUAL, WHOLE, .dialect = SS_TF, .mirror = EACH(0.5),
		JITTER(0.8, 0.8, 0.8, 0.2), .kernel = SS_KERNEL_TENTH, .batch = 64,
	},
	{
		.name = "fair-linear",
		.what = "linear classifiers on CIFAR: bicubic crop of most of the image, flip",
		NO_LOCALS, FLIP_FIRST, USUAL, PART(0.8, 1.0), .filter = SS_BICUBIC,
		.mirror = EACH(0.5),
	},
	{
		.name = "fair-test",
		.what = "their tests: the middle of the image scaled to 8/7 (36 for 32, 256 for 224)",
		NO_LOCALS, FLIP_FIRST, USUAL, .crop = SS_CENTRE, .scale = { 1.0, 1.0 },
		.filter = SS_BICUBIC,
	},
	{
		.name = "crop-flip",
		.what = "for classifiers: crop and flip",
		NO_LOCALS, FLIP_FIRST, USUAL, PART(0.08, 1.0), .mirror = EACH(0.5),
	},
	{
		.name = "pad-flip",
		.what = "for classifiers on CIFAR: crop after a border of 4 black pixels, flip",
		NO_LOCALS, FLIP_FIRST, USUAL, .crop = SS_PADDED, .border = 4,
		.scale = { 1.0, 1.0 }, .mirror = EACH(0.5),
	},
	{
		.name = "none",
		.what = "for evaluation: the whole image, scaled if --size asks for it",
		NO_LOCALS, FLIP_FIRST, USUAL, WHOLE,
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
