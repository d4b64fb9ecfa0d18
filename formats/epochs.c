/*
 * epochs.c - in which order the records of a source leave, and in which frames
 *
 * In data set order a source is read as the frames are asked for; to be
 * shuffled it is taken into memory first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/shuffle.h"
#include "base/size.h"
#include "epochs.h"

struct ss_epochs {
	struct ss_source *s;
	const struct ss_plan *plan;
	uint64_t per_epoch, done;	/* records of an epoch, and how many of it are out */
	uint32_t epoch;
	size_t frame;
	unsigned char *image;
	int32_t *label;
	uint64_t *number;
	uint32_t *order;		/* NULL: data set order */
};

static uint64_t
records_of_shard(const struct ss_plan *p, uint64_t records)
{
	return p->shard < records ? (records - p->shard + p->shards - 1) / p->shards : 0;
}

int
ss_plan_header(const struct ss_plan *plan, const struct ss_source *s, struct ss_header *h,
    struct ss_err *e)
{
	const uint32_t shape[3] = { s->channels, s->height, s->width };
	int r;

	h->records = records_of_shard(plan, s->records);
	h->first_epoch = plan->first_epoch;
	h->epochs = plan->epochs - plan->first_epoch;
	memcpy(h->dataset, s->dataset, sizeof(h->dataset));
	if ((r = ss_header_add(h, "image", s->type, 3, shape, e)) < 0 ||
	    (plan->labels && (r = ss_header_add(h, "label", SS_I32, 0, NULL, e)) < 0) ||
	    (r = ss_header_add(h, "index", SS_U64, 0, NULL, e)) < 0)
		return r;
	for (uint32_t i = 0; plan->labels && i < s->classes; i++)
		if ((r = ss_header_label(h, i, s->class_name[i], e)) < 0)
			return r;
	return 0;
}

int
ss_epochs_open(struct ss_epochs **out, struct ss_source *s, const struct ss_plan *plan,
    struct ss_err *e)
{
	struct ss_epochs *x = calloc(1, sizeof(*x));
	size_t bytes = ss_source_image_bytes(s), most;
	int r = 0;

	*out = NULL;
	if (x == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->s = s;
	x->plan = plan;
	x->per_epoch = records_of_shard(plan, s->records);
	x->epoch = plan->first_epoch;
	x->frame = plan->frame;
	if (plan->frame == 0)
		for (x->frame = SS_FRAME_MAX; x->frame > 1 && x->frame * bytes > SS_FRAME_BYTES; )
			x->frame /= 2;
	if (!ss_mul(x->frame, bytes + sizeof(*x->label) + sizeof(*x->number), &most) ||
	    most > SS_DEFAULT_CAP - 3 * 64) {
		free(x);
		return ss_fail(e, SS_EUSAGE, "frames of %u records of %zu bytes are larger than %zu bytes",
		    plan->frame != 0 ? plan->frame : 1, bytes, SS_DEFAULT_CAP);
	}
	if (x->frame > x->per_epoch)
		x->frame = x->per_epoch > 0 ? (size_t)x->per_epoch : 1;
	x->image = ss_alloc(x->frame, bytes);
	x->label = ss_alloc(x->frame, sizeof(*x->label));
	x->number = ss_alloc(x->frame, sizeof(*x->number));
	if (x->image == NULL || x->label == NULL || x->number == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	else if (plan->shuffle && s->records > UINT32_MAX)
		r = ss_fail(e, SS_EUSAGE, "at most %u records can be shuffled", UINT32_MAX);
	else if (plan->shuffle || (plan->again && plan->epochs - plan->first_epoch > 1))
		r = ss_source_hold(s, e);
	/* only now that the records have shown themselves: their number was but a claim */
	if (r == 0 && plan->shuffle &&
	    (x->order = ss_alloc((size_t)s->records, sizeof(*x->order))) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	if (r < 0)
		ss_epochs_free(x);
	else
		*out = x;
	return r;
}

int
ss_epochs_next(struct ss_epochs *x, struct ss_frame *f, struct ss_err *e)
{
	const struct ss_plan *p = x->plan;
	int tensors = 0, r;

	memset(f, 0, sizeof(*f));
	if (x->done == x->per_epoch) {
		x->done = 0;
		x->epoch++;
	}
	if (x->epoch >= p->epochs || x->per_epoch == 0)
		return 0;
	if (p->shuffle && x->done == 0)
		ss_shuffle(x->order, (uint32_t)x->s->records, p->seed, x->epoch);
	for (; f->records < x->frame && x->done < x->per_epoch; x->done++) {
		uint64_t place = p->shard + x->done * p->shards;

		x->number[f->records++] = p->shuffle ? x->order[place] : place;
	}
	if ((r = ss_source_read(x->s, x->number, f->records, x->image, x->label, e)) < 0)
		return r;
	f->epoch = x->epoch;
	f->data[tensors++] = x->image;
	if (p->labels)
		f->data[tensors++] = x->label;
	f->data[tensors++] = x->number;
	return 1;
}

void
ss_epochs_free(struct ss_epochs *x)
{
	if (x == NULL)
		return;
	free(x->image);
	free(x->label);
	free(x->number);
	free(x->order);
	free(x);
}
