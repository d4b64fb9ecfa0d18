/*
 * draw.c - the random parameters of a view
 *
 * Distributions are torchvision's; its generator is not ours, so the numbers differ.
 */
#include <math.h>

#include "base/philox.h"
#include "image/draw.h"

enum { CROP_TRIES = 10 };

static bool
happens(struct ss_rng *g, double p)
{
	return ss_rng_uniform(g) < p;
}

/* RandomResizedCrop; what is called scale there is a share of the area. */
static struct ss_box
draw_crop(struct ss_rng *g, const struct ss_recipe *r, const double scale[2], int height,
    int width)
{
	const double area = (double)height * width, shape = (double)width / height;
	const double lo = log(r->ratio[0]), hi = log(r->ratio[1]);
	struct ss_box box = { 0, 0, height, width };

	for (int try = 0; try < CROP_TRIES; try++) {
		double part = area * ss_rng_range(g, scale[0], scale[1]);
		double ratio = exp(ss_rng_range(g, lo, hi));
		uint32_t top = ss_rng_u32(g), left = ss_rng_u32(g);
		/* halves to even, as Python rounds */
		double w = rint(sqrt(part * ratio)), h = rint(sqrt(part / ratio));

		if (w < 1 || w > width || h < 1 || h > height)
			continue;
		box.width = (int)w;
		box.height = (int)h;
		/* a 32-bit fraction of the places: biased by less than 2^-32 times their number */
		box.top = (int)((uint64_t)top * (uint64_t)(height - box.height + 1) >> 32);
		box.left = (int)((uint64_t)left * (uint64_t)(width - box.width + 1) >> 32);
		return box;
	}
	/* the largest part in the middle that has a ratio in the range */
	if (shape < r->ratio[0])
		box.height = (int)rint(width / r->ratio[0]);
	else if (shape > r->ratio[1])
		box.width = (int)rint(height * r->ratio[1]);
	box.height = box.height < 1 ? 1 : box.height > height ? height : box.height;
	box.width = box.width < 1 ? 1 : box.width > width ? width : box.width;
	box.top = (height - box.height) / 2;
	box.left = (width - box.width) / 2;
	return box;
}

static void
draw_jitter(struct ss_rng *g, struct ss_view *v, const struct ss_recipe *r, double p)
{
	const bool wanted = happens(g, p);

	for (int i = 0; i < SS_JITTERS; i++)
		v->order[i] = i;
	for (int i = 0; i < SS_JITTERS - 1; i++) {
		int j = i + (int)ss_rng_below(g, (uint32_t)(SS_JITTERS - i)), t = v->order[i];

		v->order[i] = v->order[j];
		v->order[j] = t;
	}
	for (int i = 0; i < SS_JITTERS; i++) {
		double x = r->strength[i], centre = i == SS_HUE ? 0 : 1;
		double lo = i == SS_HUE ? -x : fmax(0, 1 - x), hi = centre + x;
		double f = ss_rng_range(g, lo, hi);

		v->factor[i] = (float)(wanted && x > 0 ? f : centre);
	}
	for (int i = 0; i < SS_JITTERS; i++)
		if (!wanted || r->strength[v->order[i]] <= 0)
			v->order[i] = -1;
}

void
ss_view_draw(struct ss_view *v, const struct ss_recipe *r, uint64_t seed, uint32_t epoch,
    uint64_t index, uint32_t view, int height, int width, int out_height, int out_width)
{
	const enum ss_kind kind = ss_recipe_kind(r, view);
	struct ss_rng g;
	bool blur, solarize;

	ss_rng_init(&g, seed, SS_RNG_AUGMENT, epoch, index, view);
	v->mirror = happens(&g, r->mirror[kind]);
	v->upend = happens(&g, r->upend[kind]);
	draw_jitter(&g, v, r, r->jitter[kind]);
	v->gray = happens(&g, r->gray[kind]);
	blur = happens(&g, r->blur[kind]);
	v->sigma = (float)ss_rng_range(&g, r->sigma[0], r->sigma[1]);
	v->kernel = ss_recipe_kernel(r, out_height, out_width);
	if (!blur) {
		v->sigma = 0;
		v->kernel = 0;
	}
	solarize = happens(&g, r->solarize[kind]);
	v->threshold = solarize ? r->threshold : 256;
	if (r->crop || kind == SS_LOCAL)
		v->box = draw_crop(&g, r, kind == SS_LOCAL ? r->local_scale : r->scale, height,
		    width);
	else
		v->box = (struct ss_box){ 0, 0, height, width };
}

void
ss_view_record(const struct ss_view *v, float out[SS_VIEW_NUMBERS])
{
	const float numbers[SS_VIEW_NUMBERS] = {
		(float)v->box.top, (float)v->box.left, (float)v->box.height, (float)v->box.width,
		v->mirror, v->upend,
		(float)v->order[0], (float)v->order[1], (float)v->order[2], (float)v->order[3],
		v->factor[0], v->factor[1], v->factor[2], v->factor[3],
		v->gray, v->sigma, (float)v->kernel, (float)v->threshold
	};

	for (int i = 0; i < SS_VIEW_NUMBERS; i++)
		out[i] = numbers[i];
}
