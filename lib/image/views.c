/*
 * views.c - views made from what was drawn, and many of them at once
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "image/image_work.h"
#include "image/views.h"

enum { PIECE = 8 };	/* images; enough to outweigh the handing out */

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

int
ss_view_make(uint8_t *out, int height, int width, const struct ss_image *in,
    const struct ss_recipe *r, const struct ss_view *v, struct ss_image_work *w,
    struct ss_err *e)
{
	struct ss_image m = { NULL, in->channels, height, width, ss_image_plane(height, width) };
	const size_t n = (size_t)height * (size_t)width;
	bool mirror = v->mirror;
	int code;

	m.data = ss_work_room(w, SS_WORK_BUFFERS - 1, (size_t)m.channels * m.plane);
	if (m.data == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a view of %d x %d", height, width);
	for (const enum ss_operation *op = r->order; *op != SS_END; op++) {
		switch (*op) {
		case SS_CROP:
			/* a mirror image costs nothing if it is made while scaling */
			code = ss_image_resize(&m, in, v->box, r->filter,
			    mirror && op[1] == SS_FLIP, w, e);
			if (code < 0)
				return code;
			mirror = mirror && op[1] != SS_FLIP;
			break;
		case SS_FLIP:
			if (mirror)
				ss_image_mirror(&m);
			if (v->upend)
				ss_image_upend(&m);
			break;
		case SS_JITTER:
			jitter(&m, v, w->px);
			break;
		case SS_GRAY:
			if (v->gray)
				ss_image_gray(&m, w->px);
			break;
		case SS_BLUR:
			if (v->sigma <= 0)
				break;
			code = ss_image_blur(&m, v->sigma, v->kernel, w, e);
			if (code < 0)
				return code;
			break;
		case SS_SOLARIZE:
			if (v->threshold < 256)
				ss_image_solarize(&m, v->threshold, w->px);
			break;
		default:
			SS_BUG_IF(true);
		}
	}
	for (int c = 0; c < m.channels; c++)
		memcpy(out + (size_t)c * n, m.data + (size_t)c * m.plane, n);
	return 0;
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
