/*
 * simsiam.c - SimSiam: Chen and He 2020 (arXiv 2011.10566), equations 1 to 4
 *
 * The mean over all pairs of -cos(prediction of one view, projection of another, global one), which for two
 * views is 1/2 D(p_1, z_2) + 1/2 D(p_2, z_1), in [-1, 1]. Nothing flows to z from the loss, unless an ablation of
 * section 4 asks for it; others are a loss in one direction, of a pair of views of each image or of two ("2x") and more,
 * cross-entropy for the cosine, and targets that wait for some steps (section 5.2). FastSiam
 * (Pototzky, Sultan and Schmidt-Thieme 2022, "FastSiam: Resource-efficient self-supervised learning on a single GPU")
 * aims at the mean of the other views' projections, which is steadier.
 */
#include "ssl/siamese.h"

static struct ss_loss
simsiam(const struct ss_outputs *v, const struct ss_knobs *k, float *scratch, struct ss_pool *pool)
{
	const struct ss_siamese s = { .v = v, .target = k->alternate > 0 ? v->t : v->z,
		.dtarget = k->flow ? v->dz : NULL, .cross_entropy = k->cross_entropy, .one_way = !k->symmetric,
		.scale = 1 };

	return (struct ss_loss){ .loss = ss_siamese_loss(&s, scratch, pool) };
}

static struct ss_loss
fastsiam(const struct ss_outputs *v, const struct ss_knobs *k, float *scratch, struct ss_pool *pool)
{
	const struct ss_siamese s = { .v = v, .target = v->z, .mean = true, .scale = 1 };

	(void)k;
	return (struct ss_loss){ .loss = ss_siamese_loss(&s, scratch, pool) };
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	(void)k, (void)views;
	return ss_siamese_scratch(n, d);
}

/* Section 3 and appendix D: two layers for CIFAR, the last norm without affine; predictor d -> d/4 -> d. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	(void)features;
	*projector = (struct ss_head){ 2, {
		{ .width = 2048, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 2048, .bias = true, .norm = true } } };
	*predictor = (struct ss_head){ 2, {
		{ .width = 512, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 2048, .bias = true } } };
}

/*
 * The paper's rate of 0.06 (batches of 512; 256 were tried) learns next to nothing in the first epochs. Small batches and a predictor that
 * keeps up with what it predicts learn at once: pipelines/keras-example/RESULTS.
 */
const struct ss_method ss_simsiam = {
	.name = "simsiam", .summary = "negative cosine of prediction and stopped projection",
	.min_views = 2, .max_views = SS_METHOD_VIEWS, .p_grad = true,
	.batch = 32, .lr = 0.1, .predictor_lr = 1, .weight_decay = 5e-4, .knobs = { .symmetric = true },
	.heads = heads, .scratch = scratch, .loss = simsiam
};

const struct ss_method ss_fastsiam = {
	.name = "fastsiam", .summary = "SimSiam with more views: the target is the mean of the others",
	.min_views = 3, .max_views = SS_METHOD_VIEWS, .p_grad = true,
	.batch = 32, .lr = 0.1, .predictor_lr = 1, .weight_decay = 5e-4,
	.heads = heads, .scratch = scratch, .loss = fastsiam
};
