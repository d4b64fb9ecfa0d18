/*
 * byol.c - BYOL: Grill et al. 2020 (arXiv 2006.07733), equations 2 and 3
 *
 * |p^_a - t^_b|^2 = 2 - 2 cos(p_a, t_b), the mean over all pairs of different views, the second global; t is the
 * projection of the target network, whose weights follow those of the trained one. The paper sums over its two
 * pairs: twice this.
 */
#include "ssl/siamese.h"

static struct ss_loss
loss(const struct ss_outputs *v, const struct ss_knobs *k, float *scratch, struct ss_pool *pool)
{
	const struct ss_siamese s = { .v = v, .target = v->t, .scale = 2 };
	const double minus_cosine = ss_siamese_loss(&s, scratch, pool);

	(void)k;
	return (struct ss_loss){ 2 + minus_cosine, { { "target_cosine", -minus_cosine / 2 } } };
}

static size_t
scratch(const struct ss_knobs *k, int views, int n, int d)
{
	(void)k, (void)views;
	return ss_siamese_scratch(n, d);
}

/* Section 3.2's, at the widths that lightly's CIFAR-10 benchmark uses. */
static void
heads(int features, struct ss_head *projector, struct ss_head *predictor)
{
	(void)features;
	*projector = (struct ss_head){ 2, {
		{ .width = 1024, .bias = true, .norm = true, .affine = true, .relu = true },
		{ .width = 256, .bias = true } } };
	*predictor = *projector;
}

const struct ss_method ss_byol = {
	.name = "byol", .summary = "predict the projection of a target network that follows slowly",
	.min_views = 2, .max_views = SS_METHOD_VIEWS, .p_grad = true, .target = true,
	.lr = 0.06, .weight_decay = 5e-4, .target_momentum = 0.99,	/* lightly's 0.12 is for half this loss */
	.heads = heads, .scratch = scratch, .loss = loss
};
