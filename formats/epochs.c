/*
 * epochs.c - in which order the records of a source leave, and in which frames
 *
 * In data set order a source is read as the frames are asked for; to be
 * shuffled it is taken into memory first, unless it can be read in any order.
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
	size_t frame, bytes;		/* at most so many records in one, and bytes of images where they vary */
	unsigned char *image, *name;
	size_t image_room, name_room;
	int32_t *label;
	uint64_t *number;
	uint32_t *size, *length;	/* of each image: height, width; of each name. NULL: there are none */
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
	const uint32_t shape[3] = { s->channels, s->height, s->width }, any = SS_VARIES;
	int r;

	h->records = records_of_shard(plan, s->records);
	h->first_epoch = plan->first_epoch;
	h->epochs = plan->epochs - plan->first_epoch;
	memcpy(h->dataset, s->dataset, sizeof(h->dataset));
	if ((r = ss_header_add(h, "image", s->type, 3, shape, e)) < 0 ||
	    (plan->labels && (r = ss_header_add(h, "label", SS_I32, 0, NULL, e)) < 0) ||
	    (r = ss_header_add(h, "index", SS_U64, 0, NULL, e)) < 0 ||
	    (s->ops->name != NULL && (r = ss_header_add(h, "name", SS_U8, 1, &any, e)) < 0))
		return r;
	for (uint32_t i = 0; plan->labels && i < s->classes; i++)
		if ((r = ss_header_label(h, i, s->class_name[i], e)) < 0)
			return r;
	return 0;
}

/* How many records a frame has: as asked for, or the power of two that fits, or what fits where sizes vary. */
static int
size_frames(struct ss_epochs *x, struct ss_err *e)
{
	const uint32_t asked = x->plan->frame;
	const size_t rest = sizeof(*x->label) + sizeof(*x->number);
	size_t most, bytes;

	x->frame = asked != 0 ? asked : SS_FRAME_MAX;
	x->bytes = asked != 0 ? SS_DEFAULT_CAP / 2 : SS_FRAME_BYTES;
	if (ss_source_varies(x->s))
		return 0;
	bytes = ss_source_image_bytes(x->s, 0);
	while (asked == 0 && x->frame > 1 && x->frame * bytes > SS_FRAME_BYTES)
		x->frame /= 2;
	if (!ss_mul(x->frame, bytes + rest, &most) || most > SS_DEFAULT_CAP - 3 * 64)
		return ss_fail(e, SS_EUSAGE, "frames of %u records of %zu bytes are larger than %zu bytes",
		    asked != 0 ? asked : 1, bytes, SS_DEFAULT_CAP);
	return 0;
}

/* Room for the records of a frame, but for what varies. */
static int
make_room(struct ss_epochs *x, struct ss_err *e)
{
	const struct ss_source *s = x->s;
	const bool varies = ss_source_varies(s);

	if (x->frame > x->per_epoch)
		x->frame = x->per_epoch > 0 ? (size_t)x->per_epoch : 1;
	x->image_room = varies ? 0 : x->frame * ss_source_image_bytes(s, 0);
	x->image = ss_alloc(x->image_room, 1);
	x->label = ss_alloc(x->frame, sizeof(*x->label));
	x->number = ss_alloc(x->frame, sizeof(*x->number));
	x->size = varies ? ss_alloc(x->frame, 2 * sizeof(*x->size)) : NULL;
	x->length = s->ops->name != NULL ? ss_alloc(x->frame, sizeof(*x->length)) : NULL;
	if (x->image == NULL || x->label == NULL || x->number == NULL ||
	    (varies && x->size == NULL) || (s->ops->name != NULL && x->length == NULL))
		return ss_fail(e, SS_EIO, "out of memory");
	return 0;
}

int
ss_epochs_open(struct ss_epochs **out, struct ss_source *s, const struct ss_plan *plan,
    struct ss_err *e)
{
	struct ss_epochs *x = calloc(1, sizeof(*x));
	int r;

	*out = NULL;
	if (x == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->s = s;
	x->plan = plan;
	x->per_epoch = records_of_shard(plan, s->records);
	x->epoch = plan->first_epoch;
	if ((r = size_frames(x, e)) == 0)
		r = make_room(x, e);
	if (r == 0 && plan->shuffle && s->records > UINT32_MAX)
		r = ss_fail(e, SS_EUSAGE, "at most %u records can be shuffled", UINT32_MAX);
	if (r == 0 && (plan->shuffle || (plan->again && plan->epochs - plan->first_epoch > 1)))
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

/* Makes *p, of *room bytes, hold at least `bytes`; what it held is lost. */
static int
widen(unsigned char **p, size_t *room, size_t bytes, struct ss_err *e)
{
	if (bytes <= *room)
		return 0;
	free(*p);
	*room = bytes + bytes / 4;
	if ((*p = ss_alloc(*room, 1)) == NULL) {
		*room = 0;
		return ss_fail(e, SS_EIO, "out of memory for %zu bytes", bytes);
	}
	return 0;
}

/* Fills in the numbers of the next frame; returns the bytes of its images. */
static size_t
choose_records(struct ss_epochs *x, struct ss_frame *f)
{
	const struct ss_plan *p = x->plan;
	size_t total = 0;

	for (; f->records < x->frame && x->done < x->per_epoch; x->done++) {
		const uint64_t place = p->shard + x->done * p->shards;
		const uint64_t number = p->shuffle ? x->order[place] : place;
		const size_t bytes = ss_source_image_bytes(x->s, number);

		if (x->size != NULL) {
			if (f->records > 0 && total + bytes > x->bytes)
				break;
			x->s->ops->size(x->s, number, x->size + 2 * (size_t)f->records);
		}
		total += bytes;
		x->number[f->records++] = number;
	}
	return total;
}

static int
gather_names(struct ss_epochs *x, const struct ss_frame *f, struct ss_err *e)
{
	size_t total = 0;
	int r;

	for (uint32_t i = 0; i < f->records; i++)
		total += x->length[i] = (uint32_t)strlen(x->s->ops->name(x->s, x->number[i]));
	if ((r = widen(&x->name, &x->name_room, total, e)) < 0)
		return r;
	total = 0;
	for (uint32_t i = 0; i < f->records; i++) {
		memcpy(x->name + total, x->s->ops->name(x->s, x->number[i]), x->length[i]);
		total += x->length[i];
	}
	return 0;
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
	const size_t bytes = choose_records(x, f);

	if ((r = widen(&x->image, &x->image_room, bytes, e)) < 0 ||
	    (r = ss_source_read(x->s, x->number, f->records, x->image, x->label, e)) < 0 ||
	    (x->length != NULL && (r = gather_names(x, f, e)) < 0))
		return r;
	f->epoch = x->epoch;
	f->dims[tensors] = x->size;
	f->data[tensors++] = x->image;
	if (p->labels)
		f->data[tensors++] = x->label;
	f->data[tensors++] = x->number;
	f->dims[tensors] = x->length;
	if (x->length != NULL)
		f->data[tensors++] = x->name;
	return 1;
}

void
ss_epochs_free(struct ss_epochs *x)
{
	if (x == NULL)
		return;
	free(x->image);
	free(x->name);
	free(x->size);
	free(x->length);
	free(x->label);
	free(x->number);
	free(x->order);
	free(x);
}
