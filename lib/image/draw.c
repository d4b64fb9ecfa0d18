/*
 * draw.c - the random parameters of a view
 *
 * Distributions are torchvision's; its generator is not ours, so the numbers differ.
 */
#include <math.h>

#include "base/philox.h"
#include "image/draw.h"

enum {
	CROP_TRIES = 10,
	WHOLE_MAX = 1 << 28	/* pixels of an image that a view is a window on */
};
static const uint32_t TRANSLATION = UINT32_C(1) << 31;	/* added to the view's number */

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

/* One of n + 1 places at random, or the middle if n is negative: there is more view than image. */
static int
draw_place(struct ss_rng *g, int n)
{
	const uint32_t place = ss_rng_u32(g);

	return n < 0 ? -(-n / 2) : (int)((uint64_t)place * (uint64_t)(n + 1) >> 32);
}

/* Where the middle begins, as torchvision's CenterCrop has it. */
static int
middle(int n)
{
	return n < 0 ? -(-n / 2) : (int)rint(n / 2.0);
}

/* What SS_CENTRE scales an image to: cut off, as torchvision's Resize does with the longer side. */
static void
centre_size(const struct ss_recipe *r, int height, int width, int out_height, int out_width, int64_t size[2])
{
	int64_t shorter = r->shorter;

	if (shorter == 0)
		shorter = (out_height < out_width ? out_height : out_width) * 8 / 7;
	size[0] = height <= width ? shorter : shorter * height / width;
	size[1] = width <= height ? shorter : shorter * width / height;
}

int
ss_view_fits(const struct ss_recipe *r, int height, int width, int out_height, int out_width,
    struct ss_err *e)
{
	int64_t whole[2] = { height, width };

	if (height > SS_VIEW_SIDE_MAX || width > SS_VIEW_SIDE_MAX)
		return ss_fail(e, SS_EUSAGE, "an image of %d x %d: its sides may have %d pixels", height, width,
		    SS_VIEW_SIDE_MAX);
	if (r->crop == SS_CENTRE)
		centre_size(r, height, width, out_height, out_width, whole);
	if ((r->crop == SS_CENTRE || r->crop == SS_PADDED) && whole[0] > WHOLE_MAX / whole[1])
		return ss_fail(e, SS_EUSAGE, "an image of %d x %d is too large if scaled to %lld x %lld", height, width,
		    (long long)whole[0], (long long)whole[1]);
	return 0;
}

/* The part of the image, and where the view is in it. */
static void
draw_part(struct ss_rng *g, struct ss_view *v, const struct ss_recipe *r, enum ss_kind kind,
    int height, int width, int out_height, int out_width)
{
	const enum ss_crop crop = kind == SS_LOCAL ? SS_PART : r->crop;
	int64_t whole[2];

	v->box = (struct ss_box){ 0, 0, height, width };
	v->height = out_height;
	v->width = out_width;
	v->top = v->left = 0;
	switch (crop) {
	case SS_WHOLE:
		break;
	case SS_PART:
		v->box = draw_crop(g, r, kind == SS_LOCAL ? r->local_scale : r->scale, height,
		    width);
		break;
	case SS_PADDED:
		v->height = height;
		v->width = width;
		v->top = draw_place(g, height + 2 * r->border - out_height) - r->border;
		v->left = draw_place(g, width + 2 * r->border - out_width) - r->border;
		break;
	case SS_CENTRE:
		centre_size(r, height, width, out_height, out_width, whole);
		v->height = (int)whole[0];
		v->width = (int)whole[1];
		v->top = middle(v->height - out_height);
		v->left = middle(v->width - out_width);
		break;
	}
}

/* What a drawn number is when nothing is to change. */
static double
neutral(const struct ss_recipe *r, int i)
{
	return i == SS_HUE || (i == SS_BRIGHTNESS && r->dialect != SS_TORCHVISION) ? 0 : 1;
}

static bool
jittered(const struct ss_recipe *r, int i)
{
	return r->strength[i] > 0 || r->range[i][0] != 0 || r->range[i][1] != 0;
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
		double x = r->strength[i], centre = neutral(r, i);
		double lo = centre == 0 ? -x : fmax(0, 1 - x), hi = centre + x;
		double f;

		if (r->range[i][0] != 0 || r->range[i][1] != 0) {
			lo = r->range[i][0];
			hi = r->range[i][1];
		}
		f = ss_rng_range(g, lo, hi);
		if (i == SS_SATURATION && r->odds)
			f /= 1 - f;
		v->factor[i] = (float)(wanted && jittered(r, i) ? f : centre);
	}
	for (int i = 0; i < SS_JITTERS; i++) {
		if (r->dialect != SS_TORCHVISION)
			v->order[i] = i;
		if (!wanted || !jittered(r, v->order[i]))
			v->order[i] = -1;
	}
}

void
ss_view_draw(struct ss_view *v, const struct ss_recipe *r, uint64_t seed, uint32_t epoch,
    uint64_t index, uint32_t view, int height, int width, int out_height, int out_width)
{
	const enum ss_kind kind = ss_recipe_kind(r, view);
	struct ss_rng g;
	bool blur, solarize;
	double shift;

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
	draw_part(&g, v, r, kind, height, width, out_height, out_width);

	v->again = false;
	v->down = v->right = 0;
	if (r->translate[kind] > 0) {
		ss_rng_init(&g, seed, SS_RNG_AUGMENT, epoch, index, view | TRANSLATION);
		if (happens(&g, r->translate[kind])) {
			v->again = happens(&g, 0.5);
			shift = ss_rng_range(&g, r->shift[0], r->shift[1]);
			v->down = (int)rint(shift * out_height);
			v->right = (int)rint(shift * out_width);
		}
	}
}

void
ss_view_record(const struct ss_view *v, float out[SS_VIEW_NUMBERS])
{
	const float numbers[SS_VIEW_NUMBERS] = {
		(float)v->box.top, (float)v->box.left, (float)v->box.height, (float)v->box.width,
		v->mirror, v->upend,
		(float)v->order[0], (float)v->order[1], (float)v->order[2], (float)v->order[3],
		v->factor[0], v->factor[1], v->factor[2], v->factor[3],
		v->gray, v->sigma, (float)v->kernel, (float)v->threshold,
		(float)v->height, (float)v->width, (float)v->top, (float)v->left,
		v->again, (float)v->down, (float)v->right
	};

	for (int i = 0; i < SS_VIEW_NUMBERS; i++)
		out[i] = numbers[i];
}
