/*
 * views.c - views made from what was drawn, and many of them at once
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "image/image_work.h"
#include "image/tf.h"
#include "image/views.h"

enum { PIECE = 8 };		/* images; enough to outweigh the handing out */

struct ss_viewer {
	struct ss_pool *pool;
	int threads;
	struct ss_image_work **work;	/* one per thread */
};

/* What the threads share while a frame is worked on. */
struct job {
	struct ss_viewer *viewer;
	const struct ss_views *what;
	uint32_t epoch;
	size_t n;
	const struct ss_image *in;
	const uint64_t *index;
	atomic_int failed;		/* the first to set it owns error */
	int code;
	struct ss_err error;
};

static void
jitter(struct ss_image *m, const struct ss_view *v, const struct ss_pixels *px)
{
	for (int i = 0; i < SS_JITTERS; i++) {
		switch (v->order[i]) {
		case SS_BRIGHTNESS:
			ss_image_brightness(m, v->factor[SS_BRIGHTNESS], px);
			break;
		case SS_CONTRAST:
			ss_image_contrast(m, v->factor[SS_CONTRAST], px);
			break;
		case SS_SATURATION:
			ss_image_saturation(m, v->factor[SS_SATURATION], px);
			break;
		case SS_HUE:
			ss_image_hue(m, v->factor[SS_HUE], px);
			break;
		}
	}
}

/* The view's part of the image, scaled; mirrored too if told so. */
static int
crop(struct ss_image *m, const struct ss_image *in, const struct ss_recipe *r,
    const struct ss_view *v, bool mirror, struct ss_image_work *w, struct ss_err *e)
{
	struct ss_image whole = { NULL, in->channels, v->height, v->width, 0 };
	int code;

	if (v->height == m->height && v->width == m->width && v->top == 0 && v->left == 0)
		return ss_image_resize(m, in, v->box, r->filter, mirror, w, e);
	whole.plane = ss_image_plane(v->height, v->width);
	whole.data = ss_work_room(w, SS_WORK_WHOLE, (size_t)whole.channels * whole.plane);
	if (whole.data == NULL)
		return ss_fail(e, SS_EIO, "out of memory for an image of %d x %d", v->height,
		    v->width);
	code = ss_image_resize(&whole, in, v->box, r->filter, false, w, e);
	if (code < 0)
		return code;
	ss_image_window(m, &whole, v->top, v->left);
	if (mirror)
		ss_image_mirror(m);
	return 0;
}

static int
translate(struct ss_image *m, const struct ss_view *v, struct ss_image_work *w, struct ss_err *e)
{
	struct ss_image whole = *m;

	if (v->again)
		ss_image_mirror(m);
	if (v->down == 0 && v->right == 0)
		return 0;
	whole.data = ss_work_room(w, SS_WORK_WHOLE, (size_t)m->channels * m->plane);
	if (whole.data == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a view of %d x %d", m->height, m->width);
	memcpy(whole.data, m->data, (size_t)m->channels * m->plane);
	ss_image_window(m, &whole, -v->down, -v->right);
	return 0;
}

/* torchvision's dialect, on bytes. */
static int
make_of_bytes(struct ss_image *m, const struct ss_image *in, const struct ss_recipe *r,
    const struct ss_view *v, struct ss_image_work *w, struct ss_err *e)
{
	bool mirror = v->mirror;
	int code = 0;

	for (const enum ss_operation *op = r->order; *op != SS_END && code == 0; op++) {
		switch (*op) {
		case SS_CROP:
			/* a mirror image costs nothing if it is made while scaling */
			code = crop(m, in, r, v, mirror && op[1] == SS_FLIP, w, e);
			mirror = mirror && op[1] != SS_FLIP;
			break;
		case SS_FLIP:
			if (mirror)
				ss_image_mirror(m);
			if (v->upend)
				ss_image_upend(m);
			break;
		case SS_TRANSLATE:
			code = translate(m, v, w, e);
			break;
		case SS_JITTER:
			jitter(m, v, w->px);
			break;
		case SS_GRAY:
			if (v->gray)
				ss_image_gray(m, w->px);
			break;
		case SS_BLUR:
			if (v->sigma > 0)
				code = ss_image_blur(m, v->sigma, v->kernel, w, e);
			break;
		case SS_SOLARIZE:
			if (v->threshold < 256)
				ss_image_solarize(m, v->threshold, w->px);
			break;
		default:
			SS_BUG_IF(true);
		}
	}
	return code;
}

static void
jitter_floats(struct ss_floats *m, const struct ss_view *v, enum ss_dialect dialect,
    const struct ss_pixels *px)
{
	static void (*const change[SS_JITTERS])(struct ss_floats *, float,
	    const struct ss_pixels *) = {
		ss_tf_brightness, ss_tf_contrast, ss_tf_saturation, ss_tf_hue
	};

	bool changed = false;

	for (int i = 0; i < SS_JITTERS; i++) {
		if (v->order[i] < 0)
			continue;
		change[v->order[i]](m, v->factor[v->order[i]], px);
		ss_tf_settle(m, dialect, px);
		changed = true;
	}
	/* a jitter ends in a clamp, unless the dialect has seen to it */
	if (changed && dialect == SS_TF)
		ss_tf_settle(m, SS_TF_CLAMP, px);
}

/* The tf dialects, on floats: first all that concerns places. */
static int
make_of_floats(struct ss_floats *m, const struct ss_image *in, const struct ss_recipe *r,
    const struct ss_view *v, struct ss_image_work *w, struct ss_err *e)
{
	int code = ss_tf_load(m, in, v, w, e);

	for (const enum ss_operation *op = r->order; *op != SS_END && code == 0; op++) {
		switch (*op) {
		case SS_JITTER:
			jitter_floats(m, v, r->dialect, w->px);
			continue;
		case SS_GRAY:
			if (!v->gray)
				continue;
			ss_tf_gray(m, w->px);
			break;
		case SS_BLUR:
			if (v->sigma <= 0)
				continue;
			code = ss_tf_blur(m, v->sigma, v->kernel, w, e);
			break;
		case SS_SOLARIZE:
			if (v->threshold >= 256)
				continue;
			ss_tf_solarize(m, v->threshold, w->px);
			break;
		default:
			continue;
		}
		ss_tf_settle(m, r->dialect, w->px);
	}
	return code;
}

int
ss_view_make(uint8_t *out, int height, int width, const struct ss_image *in,
    const struct ss_recipe *r, const struct ss_view *v, struct ss_image_work *w,
    struct ss_err *e)
{
	const bool bytes = r->dialect == SS_TORCHVISION;
	const size_t n = (size_t)height * (size_t)width, plane = ss_image_plane(height, width);
	const size_t channels = (size_t)in->channels;
	void *room = ss_work_room(w, SS_WORK_VIEW, channels * plane * (bytes ? 1 : sizeof(float)));
	struct ss_image m = { room, in->channels, height, width, plane };
	struct ss_floats f = { room, in->channels, height, width, plane };
	int code;

	if (room == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a view of %d x %d", height, width);
	code = bytes ? make_of_bytes(&m, in, r, v, w, e) : make_of_floats(&f, in, r, v, w, e);
	for (size_t c = 0; code == 0 && c < channels; c++) {
		if (!bytes)		/* in place: bytes are written behind the floats read */
			ss_tf_bytes(m.data + c * plane, &f, (int)c, w->px);
		memcpy(out + c * n, m.data + c * plane, n);
	}
	return code;
}

int
ss_views_count(const struct ss_views *what)
{
	return what->recipe.views + what->recipe.locals;
}

void
ss_views_size(const struct ss_views *what, int k, int *height, int *width)
{
	const int local = ss_recipe_kind(&what->recipe, (uint32_t)k) == SS_LOCAL;

	*height = what->size[local].height;
	*width = what->size[local].width;
}

size_t
ss_views_bytes(const struct ss_views *what, int k)
{
	int height, width;

	ss_views_size(what, k, &height, &width);
	return (size_t)what->channels * (size_t)height * (size_t)width;
}

int
ss_viewer_create(struct ss_viewer **out, struct ss_pool *pool, struct ss_err *e)
{
	struct ss_viewer *v = calloc(1, sizeof *v);

	*out = NULL;
	if (v == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	v->pool = pool;
	v->threads = ss_pool_threads(pool);
	v->work = calloc((size_t)v->threads, sizeof *v->work);
	for (int i = 0; v->work != NULL && i < v->threads; i++) {
		v->work[i] = ss_image_work_create(ss_pixels());
		if (v->work[i] == NULL)
			goto no_memory;
	}
	if (v->work == NULL)
		goto no_memory;
	*out = v;
	return 0;
no_memory:
	ss_viewer_free(v);
	return ss_fail(e, SS_EIO, "out of memory");
}

void
ss_viewer_free(struct ss_viewer *v)
{
	if (v == NULL)
		return;
	for (int i = 0; v->work != NULL && i < v->threads; i++)
		ss_image_work_free(v->work[i]);
	free(v->work);
	free(v);
}

static void
make_piece(void *arg, size_t piece, int worker)
{
	struct job *j = arg;
	const struct ss_views *what = j->what;
	const int views = ss_views_count(what);
	const size_t end = piece * PIECE + PIECE < j->n ? piece * PIECE + PIECE : j->n;
	struct ss_err e = SS_ERR_INIT;
	struct ss_view v;
	int code, height, width;

	for (size_t i = piece * PIECE; i < end && !atomic_load(&j->failed); i++) {
		for (int k = 0; k < views; k++) {
			ss_views_size(what, k, &height, &width);
			ss_view_draw(&v, &what->recipe, what->seed, j->epoch, j->index[i],
			    (uint32_t)k, j->in[i].height, j->in[i].width, height, width);
			if (what->record[k] != NULL)
				ss_view_record(&v, what->record[k] + i * SS_VIEW_NUMBERS);
			code = ss_view_make(what->out[k] + i * ss_views_bytes(what, k), height,
			    width, &j->in[i], &what->recipe, &v, j->viewer->work[worker], &e);
			if (code < 0 && !atomic_exchange(&j->failed, 1)) {
				j->code = code;
				j->error = e;
			}
			if (code < 0)
				return;
		}
	}
}

int
ss_viewer_run(struct ss_viewer *v, const struct ss_views *what, uint32_t epoch, size_t n,
    const struct ss_image *in, const uint64_t *index, struct ss_err *e)
{
	struct job j = { .viewer = v, .what = what, .epoch = epoch, .n = n, .in = in,
	    .index = index };

	ss_pool_run(v->pool, (n + PIECE - 1) / PIECE, make_piece, &j);
	if (!atomic_load(&j.failed))
		return 0;
	if (e != NULL)
		*e = j.error;
	return j.code;
}
