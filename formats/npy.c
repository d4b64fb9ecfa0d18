/*
 * npy.c - images and labels in NumPy's .npy format
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "element.h"
#include "gz.h"
#include "npy.h"
#include "npy_header.h"

enum { LABELS_AT_ONCE = 1024 };

struct file {
	struct ss_gz *gz;
	struct ss_npy_head head;
	uint64_t data;		/* offset of the first element */
	size_t item;		/* bytes of a record, that is of all dimensions but the first */
};

struct npy {
	struct ss_source s;
	struct file images, labels;	/* labels.gz NULL: none */
	bool whole;			/* no limit cuts it, so its end must be sound */
	unsigned char *record;		/* one image as it lies in the file, for SS_HWC */
};

static int
open_file(struct file *f, const char *path, struct ss_err *e)
{
	unsigned char head[SS_NPY_BEFORE];
	size_t more, length, total;
	char *text;
	int r;

	if ((r = ss_gz_open(&f->gz, path, e)) < 0 || (r = ss_gz_read(f->gz, head, SS_NPY_START, e)) < 0 ||
	    (r = ss_npy_start(head, path, &more, e)) < 0 ||
	    (r = ss_gz_read(f->gz, head + SS_NPY_START, more, e)) < 0 ||
	    (r = ss_npy_text_length(head + SS_NPY_START, more, path, &length, e)) < 0)
		return r;
	if ((text = calloc(1, length + 1)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	f->data = ss_gz_offset(f->gz) + length;
	if ((r = ss_gz_read(f->gz, text, length, e)) == 0)
		r = ss_npy_parse(&f->head, text, path, f->data - length, e);
	free(text);
	if (r < 0)
		return r == SS_EUSAGE ? SS_EDATA : r;

	f->item = ss_type_size(f->head.type);
	for (int i = 0; i < f->head.rank; i++)
		if (f->head.dim[i] == 0 || f->head.dim[i] > INT32_MAX ||
		    (i > 0 && (!ss_mul(f->item, (size_t)f->head.dim[i], &f->item) || f->item > SS_MAX_PAYLOAD)))
			return ss_fail(e, SS_EDATA, "'%s': dimension %d of its shape, %llu, is impossible",
			    path, i, (unsigned long long)f->head.dim[i]);
	if (!ss_mul(f->item, f->head.rank > 0 ? (size_t)f->head.dim[0] : 1, &total) ||
	    !ss_add(total, (size_t)f->data, &total))
		return ss_fail(e, SS_EDATA, "'%s': its shape is impossible", path);
	uint64_t size = ss_gz_size(f->gz);

	if (size != UINT64_MAX && size != total)
		return ss_fail(e, SS_EDATA, "'%s': %s at offset %llu: its header says %zu bytes", path,
		    size < total ? "truncated" : "more bytes than its header says, it ends",
		    (unsigned long long)size, total);
	return 0;
}

/* Element i of packed little-endian integers; false if it is no label. */
static bool
label_at(const unsigned char *buf, enum ss_type type, size_t i, int32_t *label)
{
	size_t size = ss_type_size(type);
	uint64_t v = 0;

	SS_BUG_IF(size == 0);
	for (size_t b = 0; b < size; b++)
		v |= (uint64_t)buf[i * size + b] << (8 * b);
	bool negative = (type == SS_I8 || type == SS_I16 || type == SS_I32 || type == SS_I64) &&
	    v >> (8 * size - 1) != 0;

	*label = (int32_t)(v & INT32_MAX);
	return !negative && v <= INT32_MAX;
}

static int
read_labels(struct npy *x, uint64_t at, size_t n, int32_t *to, struct ss_err *e)
{
	const struct file *f = &x->labels;
	unsigned char buf[LABELS_AT_ONCE * 8];
	int r = ss_gz_seek(f->gz, f->data + at * f->item, e);

	for (size_t k; r == 0 && n > 0; at += k, to += k, n -= k) {
		k = n < LABELS_AT_ONCE ? n : LABELS_AT_ONCE;
		if ((r = ss_gz_read(f->gz, buf, k * f->item, e)) < 0)
			break;
		for (size_t i = 0; i < k; i++)
			if (!label_at(buf, f->head.type, i, &to[i]) ||
			    (x->s.classes > 0 && (uint32_t)to[i] >= x->s.classes))
				return ss_fail(e, SS_EDATA, "'%s': label at offset %llu (record %llu) is "
				    "negative, too large, or has no class name", ss_gz_name(f->gz),
				    (unsigned long long)(f->data + (at + i) * f->item),
				    (unsigned long long)(at + i));
	}
	if (r == 0 && x->whole && at == x->s.records)
		r = ss_gz_end(f->gz, e);
	return r;
}

/* (H, W, C) to (C, H, W), elements of `size` bytes */
static void
to_planes(unsigned char *to, const unsigned char *from, size_t pixels, size_t channels, size_t size)
{
	for (size_t c = 0; c < channels; c++)
		for (size_t i = 0; i < pixels; i++, to += size)
			memcpy(to, from + (i * channels + c) * size, size);
}

static int
read_npy(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct npy *x = (struct npy *)s;
	const struct file *f = &x->images;
	unsigned char *to = images;
	int r = ss_gz_seek(f->gz, f->data + first * f->item, e);

	if (r == 0 && x->record == NULL)
		r = ss_gz_read(f->gz, to, n * f->item, e);
	for (size_t i = 0; x->record != NULL && i < n && r == 0; i++)
		if ((r = ss_gz_read(f->gz, x->record, f->item, e)) == 0)
			to_planes(to + i * f->item, x->record, (size_t)s->height * s->width, s->channels,
			    ss_type_size(s->type));
	if (r == 0 && x->whole && first + n == s->records)
		r = ss_gz_end(f->gz, e);
	if (r == 0 && x->labels.gz != NULL)
		r = read_labels(x, first, n, labels, e);
	else
		memset(labels, 0, n * sizeof(*labels));
	return r;
}

static void
free_npy(struct ss_source *s)
{
	struct npy *x = (struct npy *)s;

	ss_gz_close(x->images.gz);
	ss_gz_close(x->labels.gz);
	free(x->record);
	free(x);
}

static const struct ss_source_ops npy_ops = { .read = read_npy, .free = free_npy };

static int
open_both(struct npy *x, const char *path, const char *labels, enum ss_layout layout,
    uint64_t limit, struct ss_err *e)
{
	struct file *f = &x->images, *l = &x->labels;
	int r;

	if ((r = open_file(f, path, e)) < 0)
		return r;
	if (f->head.type != SS_U8 && f->head.type != SS_F32)
		return ss_fail(e, SS_EDATA, "'%s': images of %s, wanted u8 or f32", path,
		    ss_type_name(f->head.type));
	if (f->head.rank != 3 && f->head.rank != 4)
		return ss_fail(e, SS_EDATA, "'%s': %d dimensions, wanted 3 or 4", path, f->head.rank);
	bool hwc = f->head.rank == 4 && layout == SS_HWC;

	x->s.type = f->head.type;
	x->s.channels = f->head.rank == 3 ? 1 : (uint32_t)f->head.dim[hwc ? 3 : 1];
	x->s.height = (uint32_t)f->head.dim[f->head.rank == 4 && !hwc ? 2 : 1];
	x->s.width = (uint32_t)f->head.dim[f->head.rank == 4 && !hwc ? 3 : 2];
	if (hwc && (x->record = malloc(f->item)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->s.records = f->head.dim[0] < limit ? f->head.dim[0] : limit;
	x->whole = x->s.records == f->head.dim[0];
	x->s.labelled = labels != NULL;
	if (labels == NULL)
		return 0;
	if ((r = open_file(l, labels, e)) < 0)
		return r;
	if (l->head.rank != 1 || ss_type_is_float(l->head.type))
		return ss_fail(e, SS_EDATA, "'%s': labels are integers in one dimension, not %s in %d",
		    labels, ss_type_name(l->head.type), l->head.rank);
	if (l->head.dim[0] != f->head.dim[0])
		return ss_fail(e, SS_EDATA, "'%s': %llu labels, but '%s' has %llu images", labels,
		    (unsigned long long)l->head.dim[0], path, (unsigned long long)f->head.dim[0]);
	return 0;
}

int
ss_npy_open(struct ss_source **out, const char *path, const char *labels, enum ss_layout layout,
    uint64_t limit, struct ss_err *e)
{
	struct npy *x = calloc(1, sizeof(*x));
	char *copy = strdup(path);
	int r;

	*out = NULL;
	if (x == NULL || copy == NULL) {
		free(x);
		free(copy);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	x->s.ops = &npy_ops;
	char *base = basename(copy), *dot = strchr(base[0] != '\0' ? base + 1 : base, '.');

	if (dot != NULL)
		*dot = '\0';
	ss_source_dataset(&x->s, "%s", strcmp(path, "-") == 0 ? "npy" : base);
	free(copy);
	if ((r = open_both(x, path, labels, layout, limit, e)) < 0)
		ss_source_free(&x->s);
	else
		*out = &x->s;
	return r;
}
