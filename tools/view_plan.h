/*
 * view_plan.h - from which tensors of the input views are made, and where they go
 */
#ifndef SS_VIEW_PLAN_H
#define SS_VIEW_PLAN_H

#include "image/views.h"
#include "sst.h"

struct view_request {
	const char *tensor;			/* that holds the images */
	long long size[2], local_size[2];	/* rows, columns; 0: the image's, or what suits it */
	bool keep, record;			/* the images, what was drawn */
};

/* Where in the streams the tensors are. */
struct view_plan {
	int image, index;		/* in the input */
	int from[SS_MAX_TENSORS];	/* of each tensor of the output: that of the input, or -1 */
	int view[SS_VIEWS_MAX];		/* in the output */
	int record[SS_VIEWS_MAX];
};

/* Checks that the input has what is needed, and settles the size of the views; ends the tool if not. */
void view_plan_input(struct view_plan *p, struct ss_views *what, const struct view_request *q,
    const struct ss_reader *in);

/* Ends the tool if views cannot be made of one of a frame's images. */
void view_plan_check(const struct ss_views *what, const struct ss_reader *in, const struct ss_frame *f,
    const struct ss_image *image);

/* The views stand where the image stood; all else stays as it was. */
void view_plan_output(struct view_plan *p, struct ss_header *out, const struct ss_views *what,
    const struct view_request *q, const struct ss_header *in);

#endif
