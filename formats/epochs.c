/*
 * epochs.c - in which order the records of a source leave, and in which frames
 *
 * In data set order a source is read as the frames are asked for; to be
 * shuffled it is taken into memory first, unless it can be read in any order.
 * Of a source that works on several threads a few frames are read at once, so that
 * there is something to do for all; where frames begin and end does not depend on that.
 */
#include <stdlib.h>
#include <string.h>

#include "base/shuffle.h"
#include "base/size.h"
#include "epochs.h"

enum {
	AHEAD_BYTES = 32 << 20,		/* of images, read at once for several threads */
	AHEAD_EACH = 4			/* and records for each of them, so that none waits long for the last one */
};

/* A frame that was read. */
struct cut {
	uint32_t records;
	size_t bytes;			/* of its images */
};

struct ss_epochs {
	struct ss_source *s;
	const struct ss_order *plan;
	uint64_t per_epoch, done;	/* records of an epoch (SS_UNKNOWN: that shows), and how many of it are read */
	bool ended;			/* there are no more in this one */
	uint32_t epoch;
	size_t frame, bytes;		/* at most so many records in one, and bytes of images where they vary */
	/* The frames that were read at once, and which is the next to give out, with its first record and byte. */
	struct cut *cut;
	size_t cuts, cut_room, at, record, byte;
	int failed;			/* what is told behind the frames that are sound */
	struct ss_err failure;
	unsigned char *image, *name;
	size_t image_room, name_room, room;
	int32_t *label;
	uint64_t *number;
	uint32_t *size, *length;	/* of each image: height, width; of each name. NULL: there are none */
	uint32_t *order;		/* NULL: data set order */
};

static uint64_t
records_of_shard(const struct ss_order *p, uint64_t records)
{
	if (records == SS_UNKNOWN)
		return records;
	return p->shard < records ? (records - p->shard + p->shards - 1) / p->shards : 0;
}

int
ss_order_header(const struct ss_order *plan, const struct ss_source *s, struct ss_header *h,
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

/* Makes *p hold n items; what it held stays. */
static int
stretch(void *p, size_t n, size_t size, struct ss_err *e)
{
	void *held, *more;
	size_t bytes;

	memcpy(&held, p, sizeof(held));		/* p points at a pointer of any kind */
	if (!ss_mul(n > 0 ? n : 1, size, &bytes) || (more = realloc(held, bytes)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	memcpy(p, &more, sizeof(more));
	return 0;
}

/* Room for n records, but for what varies. */
static int
make_room(struct ss_epochs *x, size_t n, struct ss_err *e)
{
	int r;

	if (n <= x->room)
		return 0;
	if ((r = stretch(&x->label, n, sizeof(*x->label), e)) < 0 ||
	    (r = stretch(&x->number, n, sizeof(*x->number), e)) < 0 ||
	    (ss_source_varies(x->s) && (r = stretch(&x->size, n, 2 * sizeof(*x->size), e)) < 0) ||
	    (x->s->ops->name != NULL && (r = stretch(&x->length, n, sizeof(*x->length), e)) < 0))
		return r;
	x->room = n;
	return 0;
}

int
ss_epochs_open(struct ss_epochs **out, struct ss_source *s, const struct ss_order *plan,
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
	r = size_frames(x, e);
	if (x->frame > x->per_epoch)
		x->frame = x->per_epoch > 0 ? (size_t)x->per_epoch : 1;
	if (r == 0 && s->ops->ensure != NULL && plan->shuffle)
		r = ss_fail(e, SS_EUSAGE, "%s is read from front to back: shuffle it with ss-sample --shuffle", s->dataset);
	if (r == 0 && s->ops->ensure != NULL && plan->again && plan->epochs - plan->first_epoch > 1)
		r = ss_fail(e, SS_EUSAGE, "what comes through a pipe comes once: one epoch at a time");
	if (r == 0 && plan->shuffle && s->records > UINT32_MAX)
		r = ss_fail(e, SS_EUSAGE, "at most %u records can be shuffled", UINT32_MAX);
	if (r == 0 && s->ops->ensure == NULL && (plan->shuffle || (plan->again && plan->epochs - plan->first_epoch > 1)))
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

/*
 * Makes *p, of *room bytes, hold at least `bytes`; what it held is lost. Pages that are not
 * written take no memory, so a file that lies about its size costs none.
 */
static int
widen(unsigned char **p, size_t *room, size_t bytes, struct ss_err *e)
{
	if (bytes <= *room)
		return 0;
	free(*p);
	*room = bytes + bytes / 4;
	if ((*p = malloc(*room)) == NULL) {
		*room = 0;
		return ss_fail(e, SS_EIO, "out of memory for %zu bytes", bytes);
	}
	return 0;
}

/* Whether there is a record of that number; SS_E... if that cannot be found out. */
static int
exists(struct ss_epochs *x, size_t have, uint64_t number, struct ss_err *e)
{
	if (x->s->ops->ensure == NULL)
		return 1;
	return x->s->ops->ensure(x->s, have > 0 ? x->number[0] : number, number, e);
}

/* Adds the numbers of a frame behind `have` others. */
static int
choose_frame(struct ss_epochs *x, size_t have, struct cut *c, struct ss_err *e)
{
	const struct ss_order *p = x->plan;
	int r;

	*c = (struct cut){ 0, 0 };
	for (; c->records < x->frame && x->done < x->per_epoch; x->done++) {
		const uint64_t place = p->shard + x->done * p->shards;
		const uint64_t number = p->shuffle ? x->order[place] : place;
		const size_t i = have + c->records;

		if (i == x->room && (r = make_room(x, i + i / 2 + 64, e)) < 0)
			return r;
		if ((r = exists(x, i, number, e)) < 0)
			return r;
		if (r == 0) {
			x->ended = true;
			break;
		}
		const size_t bytes = ss_source_image_bytes(x->s, number);

		if (x->size != NULL) {
			if (c->records > 0 && c->bytes + bytes > x->bytes)
				break;
			x->s->ops->size(x->s, number, x->size + 2 * i);
		}
		c->bytes += bytes;
		c->records++;
		x->number[i] = number;
	}
	x->ended = x->ended || x->done == x->per_epoch;
	return 0;
}

/* Whether the records that are chosen keep all threads busy. */
static bool
enough(const struct ss_epochs *x, size_t records, size_t bytes)
{
	const size_t threads = x->s->threads > 1 ? (size_t)x->s->threads : 1;

	if (threads == 1 || x->ended)
		return true;
	return records >= AHEAD_EACH * threads || (records >= threads && bytes >= AHEAD_BYTES);
}

/* The numbers of the next frames, all of one epoch; *records and *bytes in all. */
static int
choose_frames(struct ss_epochs *x, size_t *records, size_t *bytes, struct ss_err *e)
{
	int r;

	*records = *bytes = x->cuts = x->at = x->record = x->byte = 0;
	do {
		if (x->cuts == x->cut_room) {
			if ((r = stretch(&x->cut, 2 * x->cut_room + 1, sizeof(*x->cut), e)) < 0)
				return r;
			x->cut_room = 2 * x->cut_room + 1;
		}
		if ((r = choose_frame(x, *records, &x->cut[x->cuts], e)) < 0)
			return r;
		*records += x->cut[x->cuts].records;
		*bytes += x->cut[x->cuts++].bytes;
	} while (!enough(x, *records, *bytes));
	return 0;
}

/* Reads the next frames. If one of them fails, those before it are kept, and the failure for later. */
static void
read_ahead(struct ss_epochs *x)
{
	size_t records, bytes, sound = 0, keep = 0;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (x->plan->shuffle && x->done == 0)
		ss_shuffle(x->order, (uint32_t)x->s->records, x->plan->seed, x->epoch);
	x->failed = choose_frames(x, &records, &bytes, &x->failure);
	if ((r = widen(&x->image, &x->image_room, bytes, &e)) == 0 && records > 0)
		r = ss_source_read(x->s, x->number, records, x->image, x->label, &e);
	if (r == 0)
		return;
	x->failed = r;
	x->failure = e;
	while (keep < x->cuts && sound + x->cut[keep].records <= x->s->sound)
		sound += x->cut[keep++].records;
	x->cuts = keep;
}

static int
gather_names(struct ss_epochs *x, const struct ss_frame *f, struct ss_err *e)
{
	const uint64_t *number = x->number + x->record;
	uint32_t *length = x->length + x->record;
	size_t total = 0;
	int r;

	for (uint32_t i = 0; i < f->records; i++)
		total += length[i] = (uint32_t)strlen(x->s->ops->name(x->s, number[i]));
	if ((r = widen(&x->name, &x->name_room, total, e)) < 0)
		return r;
	total = 0;
	for (uint32_t i = 0; i < f->records; i++) {
		memcpy(x->name + total, x->s->ops->name(x->s, number[i]), length[i]);
		total += length[i];
	}
	return 0;
}

int
ss_epochs_next(struct ss_epochs *x, struct ss_frame *f, struct ss_err *e)
{
	int tensors = 0, r;

	memset(f, 0, sizeof(*f));
	if (x->at == x->cuts && x->failed == 0) {
		if (x->ended) {
			x->done = 0;
			x->epoch++;
			x->ended = false;
		}
		if (x->epoch >= x->plan->epochs || x->per_epoch == 0)
			return 0;
		read_ahead(x);
	}
	if (x->at == x->cuts) {
		ss_fail(e, x->failed, "%s", x->failure.text);
		return x->failed;
	}
	const struct cut *c = &x->cut[x->at++];

	f->records = c->records;
	f->epoch = x->epoch;
	if (x->length != NULL && (r = gather_names(x, f, e)) < 0)
		return r;
	f->dims[tensors] = x->size != NULL ? x->size + 2 * x->record : NULL;
	f->data[tensors++] = x->image + x->byte;
	if (x->plan->labels)
		f->data[tensors++] = x->label + x->record;
	f->data[tensors++] = x->number + x->record;
	f->dims[tensors] = x->length != NULL ? x->length + x->record : NULL;
	if (x->length != NULL)
		f->data[tensors++] = x->name;
	x->record += c->records;
	x->byte += c->bytes;
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
	free(x->cut);
	free(x);
}
