/*
 * epochs.h - in which order the records of a source leave, and in which frames
 */
#ifndef SS_EPOCHS_H
#define SS_EPOCHS_H

#include "source.h"

struct ss_order {
	uint32_t first_epoch, epochs;	/* epochs first_epoch..epochs-1 of a run that has `epochs` */
	bool shuffle;			/* each epoch's order is ss_shuffle(seed, epoch) */
	bool again;			/* the source cannot go back: hold it if there is a second epoch */
	bool labels;
	uint64_t seed;
	uint32_t shard, shards;		/* of each order the places shard, shard + shards ... */
	uint32_t frame;			/* records in a frame; 0: by size */
};

enum { SS_FRAME_BYTES = 1 << 20, SS_FRAME_MAX = 65536 };	/* by size: the power of two that fits */

/* What the stream is to say of the source and the plan; h is SS_HEADER_INIT. */
int ss_order_header(const struct ss_order *plan, const struct ss_source *s, struct ss_header *h,
    struct ss_err *e) SS_MUST_USE;

/* Both arguments stay in use, and the caller's, until ss_epochs_free. */
struct ss_epochs;
int ss_epochs_open(struct ss_epochs **out, struct ss_source *s, const struct ss_order *plan,
    struct ss_err *e) SS_MUST_USE;
/* 1: the next frame, valid until the next call. 0: no more. */
int ss_epochs_next(struct ss_epochs *x, struct ss_frame *f, struct ss_err *e) SS_MUST_USE;
void ss_epochs_free(struct ss_epochs *x);

#endif
