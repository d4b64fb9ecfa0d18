/*
 * stl10.c - STL-10 in its official binary version
 *
 * An image is 3 x 96 x 96 bytes, red, green and blue planes that are stored column
 * by column; they leave row by row. Labels are bytes 1..10 in a file of their own and
 * leave as 0..9. Any order costs the same, so nothing is held in memory: a record of a
 * folder is one read and a transposition, which take less than making a view of it.
 */
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
unpack(const struct ss_official_kind *official, const struct ss_official_part *p, uint64_t at,
    const unsigned char *raw, size_t n, unsigned char *images, int32_t *labels, struct ss_err *e)
{
	int r = read_labels(&p->labels, at, n, labels, e);

	(void)official;
	for (size_t i = 0; r == 0 && i < n; i++)
		turn(raw + i * IMAGE, images + i * IMAGE);
	return r;
}

int
ss_stl10_open(struct ss_source **out, const char *path, enum ss_source_split split, uint64_t limit,
    struct ss_err *e)
{
	struct ss_official *o = ss_official_create(&kind, SIDE, unpack, BLOCK);
	int r;

	*out = NULL;
	if (o == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	o->s.labelled = split != SS_SPLIT_UNLABELED;
	if (split != SS_SPLIT_TEST && split != SS_SPLIT_UNLABELED)
		ss_official_add(o, "train_X.bin", IMAGE, "train_y.bin");
	if (split == SS_SPLIT_TEST || split == SS_SPLIT_ALL)
		ss_official_add(o, "test_X.bin", IMAGE, "test_y.bin");
	if (split == SS_SPLIT_UNLABELED || split == SS_SPLIT_TRAIN_UNLABELED)
		ss_official_add(o, "unlabeled_X.bin", IMAGE, NULL);
	ss_source_dataset(&o->s, "stl10-%s", ss_split_name[split]);
	if ((r = ss_official_open(o, out, path, limit, e)) == 0)
		(*out)->random = true;
	return r;
}
