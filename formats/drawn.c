/*
 * drawn.c - the drawn shapes of lib/image as a data set
 *
 * Nothing is read here: it stands among the readers so that drawn images come
 * by the same interface as stored ones.
 */
#include <stdlib.h>

#include "drawn.h"
#include "image/shapes.h"

enum { PIECE = 16 };		/* pictures that a thread takes at once */

struct drawn {
	struct ss_source s;
	uint64_t seed;
	uint64_t train;		/* records from this number on are of the test split */
	struct ss_pool *pool;
};

struct job {
	const struct drawn *d;
	uint64_t first;
	size_t n;
	uint8_t *images;
	int32_t *labels;
};

static void
draw_piece(void *arg, size_t piece, int worker)
{
	const struct job *j = arg;
	const struct drawn *d = j->d;
	size_t bytes = ss_source_image_bytes(&d->s, j->first);

	(void)worker;
	for (size_t i = piece * PIECE; i < j->n && i < (piece + 1) * PIECE; i++) {
		bool test = j->first + i >= d->train;
		uint64_t index = j->first + i - (test ? d->train : 0);

		ss_shapes_draw(j->images + i * bytes, (int)d->s.width, d->seed, test, index);
		j->labels[i] = ss_shapes_label(d->seed, test, index);
	}
}

static int
read_drawn(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct drawn *d = (struct drawn *)s;
	struct job j = { d, first, n, images, labels };

	(void)e;
	ss_pool_run(d->pool, (n + PIECE - 1) / PIECE, draw_piece, &j);
	return 0;
}

static void
free_drawn(struct ss_source *s)
{
	ss_pool_free(((struct drawn *)s)->pool);
	free(s);
}

static const struct ss_source_ops drawn_ops = { .read = read_drawn, .free = free_drawn };

int
ss_drawn_open(struct ss_source **out, uint64_t seed, enum ss_source_split split, uint64_t records,
    uint32_t size, uint64_t limit, struct ss_pool *pool, struct ss_err *e)
{
	struct drawn *d = calloc(1, sizeof(*d));
	uint64_t train = records != 0 ? records : SS_DRAWN_RECORDS, test = train;
	int r;

	*out = NULL;
	SS_BUG_IF(size < SS_SHAPES_SIZE_MIN || size > SS_SHAPES_SIZE_MAX);
	if (d == NULL) {
		ss_pool_free(pool);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	if (split == SS_SPLIT_ALL || records == 0)
		test = (train + SS_DRAWN_TEST_PART - 1) / SS_DRAWN_TEST_PART;
	d->seed = seed;
	d->train = split == SS_SPLIT_TEST ? 0 : train;
	d->pool = pool;
	d->s.ops = &drawn_ops;
	d->s.records = d->train + (split == SS_SPLIT_TRAIN ? 0 : test);
	if (d->s.records > limit)
		d->s.records = limit;
	d->s.type = SS_U8;
	d->s.channels = 3;
	d->s.height = d->s.width = size;
	d->s.labelled = d->s.random = true;
	ss_source_dataset(&d->s, "shapes-%s", ss_split_name[split]);
	if ((r = ss_source_names(&d->s, ss_shapes_name, SS_SHAPES_CLASSES, e)) < 0)
		ss_source_free(&d->s);
	else
		*out = &d->s;
	return r;
}
