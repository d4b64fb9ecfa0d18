/*
 * views.h - views of many images at once, over threads
 *
 * Every view depends on its own image, index and number alone, so neither the
 * threads nor the grouping of images show in the bytes.
 */
#ifndef SS_VIEWS_H
#define SS_VIEWS_H

#include "base/work.h"
#include "image/draw.h"

enum { SS_VIEWS_MAX = 30 };		/* a stream has 64 tensors, and a view may take two */

struct ss_views {
	struct ss_recipe recipe;
	uint64_t seed;
	int channels;
	struct { int height, width; } size[2];	/* of global views, of local ones */
	float *record[SS_VIEWS_MAX];	/* of each view: where to put its numbers, or NULL */
	uint8_t *out[SS_VIEWS_MAX];	/* of each view: where to put its pixels, packed */
};

/* All views, the size of number k, which counts from 0, and its bytes. */
int ss_views_count(const struct ss_views *what);
void ss_views_size(const struct ss_views *what, int k, int *height, int *width);
size_t ss_views_bytes(const struct ss_views *what, int k);

struct ss_viewer;

/* Scratch space for the pool's threads. pool may be NULL and must outlive the viewer. */
int ss_viewer_create(struct ss_viewer **out, struct ss_pool *pool, struct ss_err *e) SS_MUST_USE;
void ss_viewer_free(struct ss_viewer *v);

/* One view of one image: applies what was drawn, in the recipe's order. out is packed. */
int ss_view_make(uint8_t *out, int height, int width, const struct ss_image *in,
    const struct ss_recipe *r, const struct ss_view *v, struct ss_image_work *w,
    struct ss_err *e) SS_MUST_USE;

/* All views of n images of one epoch; index[i] is the number of image i in its data set. */
int ss_viewer_run(struct ss_viewer *v, const struct ss_views *what, uint32_t epoch, size_t n,
    const struct ss_image *in, const uint64_t *index, struct ss_err *e) SS_MUST_USE;

#endif
