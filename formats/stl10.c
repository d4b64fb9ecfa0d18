/*
 * stl10.c - STL-10 in its official binary version
 *
 * An image is 3 x 96 x 96 bytes, red, green and blue planes that are stored column
 * by column; they leave row by row. Labels are bytes 1..10 in a file of their own and
 * leave as 0..9. Any order costs the same, so nothing is held in memory: a record of a
 * folder is one read and a transposition, which take less than making a view of it.
 */
#include <stdlib.h>
#include <string.h>

#include "official.h"
#include "stl10.h"

enum {
	SIDE = 96,
	PLANE = SIDE * SIDE,
	IMAGE = 3 * PLANE,
	CLASSES = 10,
	TILE = 16,		/* columns at once: their cache lines are used up before they are left */
	BLOCK = 16		/* images read at once: 432 KiB stay in the cache until they are turned */
};

static const char *const names[] = {
	"airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"
};

static const struct ss_official_kind kind = {
	"STL-10", "stl10_binary", "stl10_binary.tar.gz", "http://ai.stanford.edu/~acoates/stl10/",
	{ "train_X.bin", "test_X.bin", "unlabeled_X.bin" }, "class_names.txt", names, CLASSES
};

struct stl10 {
	struct ss_official o;
	unsigned char *block;
};

/* in (3,column,row) to out (3,row,column) */
static void
turn(const unsigned char *in, unsigned char *out)
{
	for (int plane = 0; plane < 3; plane++, in += PLANE, out += PLANE)
		for (int left = 0; left < SIDE; left += TILE)
			for (int row = 0; row < SIDE; row++)
				for (int col = left; col < left + TILE; col++)
					out[row * SIDE + col] = in[col * SIDE + row];
}

static int
read_labels(const struct ss_rows *file, uint64_t at, size_t n, int32_t *to, struct ss_err *e)
{
	unsigned char buffer[BLOCK];
	const unsigned char *raw;
	int r;

	for (size_t i = 0; file->file == NULL && i < n; i++)
		to[i] = -1;
	if (file->file == NULL)
		return 0;
	if ((r = ss_rows_read(file, at, n, buffer, &raw, e)) < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (raw[i] < 1 || raw[i] > CLASSES)
			return ss_fail(e, SS_EDATA, "'%s': label %u at offset %llu is not in 1..%d",
			    file->name, raw[i], (unsigned long long)(at + i), CLASSES);
		to[i] = raw[i] - 1;
	}
	return 0;
}

static int
read_stl10(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct stl10 *x = (struct stl10 *)s;
	const unsigned char *raw;
	unsigned char *to = images;
	int r;

	for (size_t k; n > 0; first += k, n -= k, to += k * IMAGE, labels += k) {
		k = n < BLOCK ? n : BLOCK;
		const struct ss_part *p = ss_official_part(&x->o, first, &k);
		const uint64_t at = first - p->first;

		if ((r = ss_rows_read(&p->data, at, k, x->block, &raw, e)) < 0 ||
		    (r = read_labels(&p->labels, at, k, labels, e)) < 0)
			return r;
		for (size_t i = 0; i < k; i++)
			turn(raw + i * IMAGE, to + i * IMAGE);
	}
	return 0;
}

static void
free_stl10(struct ss_source *s)
{
	struct stl10 *x = (struct stl10 *)s;

	ss_official_close(&x->o);
	free(x->block);
	free(x);
}

static const struct ss_source_ops stl10_ops = { .read = read_stl10, .free = free_stl10 };

static void
add_part(struct stl10 *x, const char *images, const char *labels)
{
	struct ss_part *p = &x->o.part[x->o.parts++];

	p->data = (struct ss_rows){ .file = images, .size = IMAGE };
	p->labels = (struct ss_rows){ .file = labels, .size = 1 };
}

int
ss_stl10_open(struct ss_source **out, const char *path, enum ss_split split, uint64_t limit,
    struct ss_err *e)
{
	struct stl10 *x = calloc(1, sizeof(*x));
	int r;

	*out = NULL;
	if (x == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->o.s.ops = &stl10_ops;
	x->o.s.type = SS_U8;
	x->o.s.channels = 3, x->o.s.height = SIDE, x->o.s.width = SIDE;
	x->o.s.labelled = split != SS_SPLIT_UNLABELED;
	x->o.kind = &kind;
	if (split != SS_SPLIT_TEST && split != SS_SPLIT_UNLABELED)
		add_part(x, "train_X.bin", "train_y.bin");
	if (split == SS_SPLIT_TEST || split == SS_SPLIT_ALL)
		add_part(x, "test_X.bin", "test_y.bin");
	if (split == SS_SPLIT_UNLABELED || split == SS_SPLIT_TRAIN_UNLABELED)
		add_part(x, "unlabeled_X.bin", NULL);
	ss_source_dataset(&x->o.s, "stl10-%s", ss_split_name[split]);
	r = ss_official_open(&x->o, path, limit, e);
	x->o.s.random = true;
	if (r == 0 && (x->block = malloc(BLOCK * IMAGE)) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	if (r < 0)
		ss_source_free(&x->o.s);
	else
		*out = &x->o.s;
	return r;
}
