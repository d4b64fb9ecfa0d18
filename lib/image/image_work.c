/*
 * image_work.c - scratch space of one thread, and the weights of resizing kept in it
 */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "image/image_work.h"

size_t
ss_image_plane(int height, int width)
{
	return ss_round64((size_t)height * (size_t)width + SS_PIXELS_SPARE);
}

struct ss_image_work *
ss_image_work_create(const struct ss_pixels *px)
{
	struct ss_image_work *w = calloc(1, sizeof *w);

	if (w != NULL)
		w->px = px;
	return w;
}

void
ss_image_work_free(struct ss_image_work *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < SS_WORK_BUFFERS; i++)
		free(w->buffer[i]);
	for (int i = 0; i < SS_TAPS_KEPT; i++)
		free(w->taps[i].first);
	free(w);
}

const struct ss_pixels *
ss_image_work_pixels(const struct ss_image_work *w)
{
	return w->px;
}

void *
ss_work_room(struct ss_image_work *w, int i, size_t n)
{
	size_t need;

	if (n <= w->room[i])
		return w->buffer[i];
	/* four bytes for each element past the end, since some of them are floats */
	if (!ss_add(n, 64 + 4 * SS_PIXELS_SPARE, &need))
		return NULL;
	free(w->buffer[i]);
	w->room[i] = 0;
	w->buffer[i] = ss_alloc(need, 1);
	if (w->buffer[i] != NULL)
		w->room[i] = n;
	return w->buffer[i];
}

const char *
ss_filter_name(enum ss_filter f)
{
	return f == SS_BICUBIC ? "bicubic" : "bilinear";
}

static double
filter_support(enum ss_filter f)
{
	return f == SS_BICUBIC ? 2 : 1;
}

static double
filter_value(enum ss_filter f, double x)
{
	const double a = -0.5;		/* Keys' cubic; torchvision's other path has -0.75 */

	x = fabs(x);
	if (f == SS_BILINEAR)
		return x < 1 ? 1 - x : 0;
	if (x < 1)
		return ((a + 2) * x - (a + 3)) * x * x + 1;
	return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/*
 * The filter at the pixel centres, divided by its sum, in fixed point: all in
 * double and in Pillow's order, since a weight that is rounded otherwise can move
 * a pixel.
 */
static void
compute_taps(struct ss_taps *t)
{
	const double scale = t->extent / t->out, stretch = scale < 1 ? 1 : scale;
	const double support = filter_support(t->filter) * stretch, inverse = 1 / stretch;

	for (int j = 0; j < t->out; j++) {
		double centre = (j + 0.5) * scale, sum = 0, value;
		int first = (int)(centre - support + 0.5), end = (int)(centre + support + 0.5);
		int32_t *coef = t->coef + (size_t)j * (size_t)t->most;

		first = first < 0 ? 0 : first;
		end = end > t->in ? t->in : end;
		t->first[j] = first;
		t->count[j] = end - first;
		for (int k = 0; k < t->count[j]; k++)
			sum += filter_value(t->filter, (k + first - centre + 0.5) * inverse);
		for (int k = 0; k < t->count[j]; k++) {
			value = filter_value(t->filter, (k + first - centre + 0.5) * inverse);
			value = value / sum * (1 << SS_TAP_BITS);
			coef[k] = (int32_t)(value < 0 ? value - 0.5 : value + 0.5);
		}
		/* a weight of nothing at the end costs as much as any other */
		while (t->count[j] > 1 && coef[t->count[j] - 1] == 0)
			t->count[j]--;
	}
}

const struct ss_taps *
ss_work_taps(struct ss_image_work *w, int in, double extent, int out, enum ss_filter f)
{
	const unsigned place = (unsigned)in + 61u * (unsigned)out + (unsigned)f;
	struct ss_taps *t = &w->taps[place % SS_TAPS_KEPT];
	double most = ceil(filter_support(f) * (in > out ? (double)in / out : 1)) * 2 + 1;
	size_t coefs, bytes;

	if (t->in == in && t->extent >= extent && t->extent <= extent && t->out == out && t->filter == f)
		return t;
	free(t->first);
	memset(t, 0, sizeof *t);
	if (!ss_mul((size_t)out, (size_t)most, &coefs) || !ss_add(coefs, 2 * (size_t)out, &coefs)
	    || !ss_mul(coefs, sizeof(int32_t), &bytes) || (t->first = malloc(bytes)) == NULL)
		return NULL;
	t->in = in;
	t->extent = extent;
	t->out = out;
	t->filter = f;
	t->most = (int)most;
	t->count = t->first + out;
	t->coef = (int32_t *)(t->count + out);
	compute_taps(t);
	return t;
}
