/*
 * idx.c - images and labels in the IDX format of MNIST and Fashion-MNIST
 *
 * A file is 00 00, a type, the number of dimensions, the dimensions as
 * big-endian u32, then the elements. Images are u8 of three dimensions
 * (records, rows, columns) and become one channel, or of four (records,
 * channels, rows, columns). Labels are of one dimension and of type u8 or i32.
 * Both are read in step, plain or gzipped, and never wholly into memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/size.h"
#include "gz.h"
#include "idx.h"

enum {
	TYPE_U8 = 0x08,
	TYPE_I32 = 0x0c,
	LABELS_AT_ONCE = 4096
};

struct file {
	struct ss_gz *gz;
	int type, rank;
	uint32_t dim[4];
	uint64_t data;		/* offset of the first element */
	size_t item;		/* bytes of a record */
};

struct part {
	struct file images, labels;	/* labels.gz NULL: none */
	uint64_t first, records;
	bool whole;			/* no limit cuts it, so its end must be sound */
};

struct idx {
	struct ss_source s;
	int parts;
	struct part part[2];
};

static uint32_t
be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Opens a file and reads its header; rank_lo..rank_hi and either type or type2 are accepted. */
static int
open_file(struct file *f, const char *path, int rank_lo, int rank_hi, int type2, struct ss_err *e)
{
	unsigned char head[4 + 4 * 4];
	size_t total;
	int r;

	if ((r = ss_gz_open(&f->gz, path, e)) < 0 || (r = ss_gz_read(f->gz, head, 4, e)) < 0)
		return r;
	f->type = head[2];
	f->rank = head[3];
	if (head[0] != 0 || head[1] != 0)
		return ss_fail(e, SS_EDATA, "'%s': not an IDX file: it begins with %02x %02x at offset 0",
		    path, head[0], head[1]);
	if (f->type != TYPE_U8 && f->type != type2)
		return ss_fail(e, SS_EDATA, "'%s': element type 0x%02x at offset 2, wanted 0x08%s", path,
		    f->type, type2 == TYPE_I32 ? " or 0x0c" : "");
	if (f->rank < rank_lo || f->rank > rank_hi)
		return ss_fail(e, SS_EDATA, "'%s': %d dimensions at offset 3, wanted %d%s", path, f->rank,
		    rank_lo, rank_hi > rank_lo ? " or 4" : "");
	if ((r = ss_gz_read(f->gz, head, 4 * (size_t)f->rank, e)) < 0)
		return r;
	f->data = ss_gz_offset(f->gz);
	f->item = f->type == TYPE_I32 ? 4 : 1;
	for (int i = 0; i < f->rank; i++) {
		f->dim[i] = be32(head + 4 * i);
		if (f->dim[i] == 0 || f->dim[i] > INT32_MAX ||
		    (i > 0 && (!ss_mul(f->item, f->dim[i], &f->item) || f->item > SS_MAX_PAYLOAD)))
			return ss_fail(e, SS_EDATA, "'%s': impossible dimension %u at offset %d", path,
			    f->dim[i], 4 + 4 * i);
	}
	uint64_t size = ss_gz_size(f->gz);

	if (!ss_mul(f->item, f->dim[0], &total) || !ss_add(total, (size_t)f->data, &total))
		return ss_fail(e, SS_EDATA, "'%s': impossible dimension %u at offset 4", path, f->dim[0]);
	if (size != UINT64_MAX && size != total)
		return ss_fail(e, SS_EDATA, "'%s': %s at offset %llu: its header says %zu bytes", path,
		    size < total ? "truncated" : "more bytes than its header says, it ends",
		    (unsigned long long)size, total);
	return 0;
}

static int
read_labels(struct idx *x, struct part *p, uint64_t at, size_t n, int32_t *to, struct ss_err *e)
{
	const struct file *f = &p->labels;
	unsigned char buf[LABELS_AT_ONCE * 4];
	int r = ss_gz_seek(f->gz, f->data + at * f->item, e);

	for (size_t k; r == 0 && n > 0; at += k, to += k, n -= k) {
		k = n < LABELS_AT_ONCE ? n : LABELS_AT_ONCE;
		if ((r = ss_gz_read(f->gz, buf, k * f->item, e)) < 0)
			break;
		for (size_t i = 0; i < k; i++) {
			to[i] = f->type == TYPE_I32 ? (int32_t)be32(buf + 4 * i) : buf[i];
			if (to[i] < 0 || (x->s.classes > 0 && (uint32_t)to[i] >= x->s.classes))
				return ss_fail(e, SS_EDATA, "'%s': label %d at offset %llu (record %llu) "
				    "has no class name", ss_gz_name(f->gz), to[i],
				    (unsigned long long)(f->data + (at + i) * f->item),
				    (unsigned long long)(at + i));
		}
	}
	if (r == 0 && p->whole && at == p->records)
		r = ss_gz_end(f->gz, e);
	return r;
}

static int
read_idx(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct idx *x = (struct idx *)s;
	unsigned char *to = images;
	int r = 0;

	while (n > 0 && r == 0) {
		struct part *p = first < x->part[0].records ? &x->part[0] : &x->part[1];
		const struct file *f = &p->images;
		uint64_t at = first - p->first;
		size_t k = n < p->records - at ? n : (size_t)(p->records - at);

		if ((r = ss_gz_seek(f->gz, f->data + at * f->item, e)) == 0)
			r = ss_gz_read(f->gz, to, k * f->item, e);
		if (r == 0 && p->whole && at + k == p->records)
			r = ss_gz_end(f->gz, e);
		if (r == 0 && p->labels.gz != NULL)
			r = read_labels(x, p, at, k, labels, e);
		else
			memset(labels, 0, k * sizeof(*labels));
		first += k;
		n -= k;
		to += k * f->item;
		labels += k;
	}
	return r;
}

static void
free_idx(struct ss_source *s)
{
	struct idx *x = (struct idx *)s;

	for (int i = 0; i < x->parts; i++) {
		ss_gz_close(x->part[i].images.gz);
		ss_gz_close(x->part[i].labels.gz);
	}
	free(x);
}

static const struct ss_source_ops idx_ops = { .read = read_idx, .free = free_idx };

/* Opens images and labels (NULL: none) as the next part. */
static int
add_part(struct idx *x, const char *images, const char *labels, uint64_t limit, struct ss_err *e)
{
	struct part *p = &x->part[x->parts++];
	const uint32_t *d = p->images.dim;
	uint32_t channels, height, width;
	int r;

	if ((r = open_file(&p->images, images, 3, 4, 0, e)) < 0)
		return r;
	channels = p->images.rank == 4 ? d[1] : 1;
	height = d[p->images.rank - 2];
	width = d[p->images.rank - 1];
	if (x->parts > 1 &&
	    (channels != x->s.channels || height != x->s.height || width != x->s.width))
		return ss_fail(e, SS_EDATA, "'%s': images of %u,%u,%u at offset 8, others have %u,%u,%u",
		    images, channels, height, width, x->s.channels, x->s.height, x->s.width);
	x->s.channels = channels, x->s.height = height, x->s.width = width;
	if (labels != NULL) {
		if ((r = open_file(&p->labels, labels, 1, 1, TYPE_I32, e)) < 0)
			return r;
		if (p->labels.dim[0] != d[0])
			return ss_fail(e, SS_EDATA, "'%s': %u labels at offset 4, but '%s' has %u images",
			    labels, p->labels.dim[0], images, d[0]);
	}
	p->first = x->s.records;
	p->records = d[0] < limit - p->first ? d[0] : limit - p->first;
	p->whole = p->records == d[0];
	x->s.records += p->records;
	return 0;
}

/* The path of a file in a folder, plain or .gz; "" if it is neither. */
static void
find_file(char *path, size_t size, const char *folder, const char *set, const char *what)
{
	static const char *const suffix[] = { "", ".gz" };

	for (int i = 0; i < 2; i++) {
		int n = snprintf(path, size, "%s/%s-%s%s", folder, set, what, suffix[i]);

		if (n > 0 && (size_t)n < size && access(path, F_OK) == 0)
			return;
	}
	path[0] = '\0';
}

static int
add_folder(struct idx *x, const char *folder, const char *set, bool want_labels, uint64_t limit,
    struct ss_err *e)
{
	char images[4096], labels[4096];

	find_file(images, sizeof(images), folder, set, "images-idx3-ubyte");
	find_file(labels, sizeof(labels), folder, set, "labels-idx1-ubyte");
	if (images[0] == '\0')
		return ss_fail(e, SS_EIO, "no IDX images in '%s' (wanted %s-images-idx3-ubyte or the same "
		    "with .gz): name their folder or set SS_DATA; Debian's package "
		    "dataset-fashion-mnist puts some in /usr/share/datasets/fashion-mnist", folder, set);
	if (labels[0] == '\0' && want_labels)
		return ss_fail(e, SS_EIO, "no labels in '%s' (wanted %s-labels-idx1-ubyte or the same "
		    "with .gz): say --labels none to do without", folder, set);
	return add_part(x, images, want_labels ? labels : NULL, limit, e);
}

int
ss_idx_open(struct ss_source **out, const char *path, const char *labels, bool want_labels,
    enum ss_source_split split, uint64_t limit, struct ss_err *e)
{
	struct idx *x = calloc(1, sizeof(*x));
	struct stat st;
	int r;

	*out = NULL;
	if (x == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->s.ops = &idx_ops;
	x->s.type = SS_U8;
	bool file = stat(path, &st) == 0 && !S_ISDIR(st.st_mode);

	r = ss_source_dataset_path(&x->s, path, file ? NULL : ss_split_name[split], "idx", e);
	if (r == 0 && file && split != SS_SPLIT_TRAIN)
		r = ss_fail(e, SS_EUSAGE, "'%s' is one file: it has no split '%s'", path,
		    ss_split_name[split]);
	else if (r == 0 && file)
		r = add_part(x, path, labels, limit, e);
	if (r == 0 && !file && split != SS_SPLIT_TEST)
		r = add_folder(x, path, "train", want_labels, limit, e);
	if (r == 0 && !file && split != SS_SPLIT_TRAIN && x->s.records < limit)
		r = add_folder(x, path, "t10k", want_labels, limit, e);
	if (r < 0) {
		ss_source_free(&x->s);
		return r;
	}
	x->s.labelled = x->part[0].labels.gz != NULL;
	*out = &x->s;
	return 0;
}
