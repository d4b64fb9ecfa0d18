/*
 * batch.h - batches of views from a stream of frames
 *
 * Frames may have any size; a batch never spans epochs: what is left over at the end
 * of an epoch, less than a batch, is dropped, as the published recipes do.
 */
#ifndef SS_BATCH_H
#define SS_BATCH_H

#include "sst.h"
#include "ssl/method.h"

struct batch {
	struct ss_reader *in;
	int views, globals, size;	/* globals: of the first one's shape */
	int tensor[SS_METHOD_VIEWS];	/* of view1, view2, ... in the stream */
	int shape[3];			/* c, h, w */
	int local[3];			/* of the views after the global ones */
	size_t image[SS_METHOD_VIEWS];	/* bytes of one */
	uint8_t *data[SS_METHOD_VIEWS];	/* size images each */
	int label_tensor;		/* -1: labels are not asked for */
	int classes;			/* labels are below this */
	int *label;			/* size of them */
	uint32_t epoch;			/* of the batch just read */
	uint64_t used;			/* records of that epoch consumed with it */
	/* the frame at hand */
	struct ss_frame frame;
	uint32_t at;			/* first record of it not used */
	uint32_t frame_epoch;
	uint64_t seen;			/* records of frame_epoch before `at` */
	bool any;
};

/*
 * Views are view1, view2 ...: global ones of one fixed shape, between min_views and max_views with those that follow,
 * local ones of another. Ends the tool if the stream has no such.
 */
void batch_start(struct batch *b, struct ss_reader *in, int min_views, int max_views);
void batch_size(struct batch *b, int size);

/* Labels are wanted too, below `classes`; 0: as many as the stream has names for. After batch_start, before batch_size. */
void batch_labels(struct batch *b, int classes);
void batch_free(struct batch *b);

/*
 * The next whole batch: 1; 0 at the sound end of the stream; a negative SS_E...
 * Records before (epoch, used) are passed over if skip is set.
 */
int batch_next(struct batch *b, bool skip, uint32_t epoch, uint64_t used, struct ss_err *e) SS_MUST_USE;

#endif
