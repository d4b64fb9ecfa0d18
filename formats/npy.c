/*
 * npy.c - images and labels in NumPy's .npy format, versions 1 to 3
 *
 * A file is 93 'NUMPY', version, length of the header, the header (a Python
 * dictionary with the keys descr, fortran_order and shape, and nothing else),
 * then the elements. Only such dictionaries are understood, not Python. Fortran
 * order, big-endian elements, records and objects are refused.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "element.h"
#include "gz.h"
#include "npy.h"
#include "npy_write.h"

enum {
	HEADER_MAX = 1 << 16,
	RANK_MAX = 4,
	LABELS_AT_ONCE = 1024
};

struct file {
	struct ss_gz *gz;
	enum ss_type type;
	int rank;
	uint64_t dim[RANK_MAX];
	uint64_t data;		/* offset of the first element */
	size_t item;		/* bytes of a record, that is of all dimensions but the first */
};

struct npy {
	struct ss_source s;
	struct file images, labels;	/* labels.gz NULL: none */
	bool whole;			/* no limit cuts it, so its end must be sound */
	unsigned char *record;		/* one image as it lies in the file, for SS_HWC */
};

static void
skip_space(const char **p)
{
	*p += strspn(*p, " \t\n");
}

static bool
take(const char **p, const char *token)
{
	skip_space(p);
	if (strncmp(*p, token, strlen(token)) != 0)
		return false;
	*p += strlen(token);
	return true;
}

/* 'text' or "text" */
static bool
take_string(const char **p, char *to, size_t size)
{
	skip_space(p);
	char quote = **p;

	if (quote != '\'' && quote != '"')
		return false;
	const char *end = strchr(*p + 1, quote);

	if (end == NULL || (size_t)(end - *p - 1) >= size)
		return false;
	memcpy(to, *p + 1, (size_t)(end - *p - 1));
	to[end - *p - 1] = '\0';
	*p = end + 1;
	return true;
}

/* (1, 2, 3) or (1,) or () */
static bool
take_shape(const char **p, struct file *f)
{
	if (!take(p, "("))
		return false;
	for (f->rank = 0; !take(p, ")"); ) {
		uint64_t n = 0;
		const char *digits;

		skip_space(p);
		for (digits = *p; **p >= '0' && **p <= '9'; ++*p)
			if (__builtin_mul_overflow(n, 10u, &n) ||
			    __builtin_add_overflow(n, (unsigned)(**p - '0'), &n))
				return false;
		if (*p == digits || f->rank == RANK_MAX)
			return false;
		f->dim[f->rank++] = n;
		if (!take(p, ",") && !(skip_space(p), **p == ')'))
			return false;
	}
	return true;
}

static int
parse_header(struct file *f, const char *text, uint64_t offset, struct ss_err *e)
{
	const char *p = text, *name = ss_gz_name(f->gz);
	char key[32], descr[64] = "", word[2] = "";
	bool shape = false;

	if (!take(&p, "{"))
		goto bad;
	while (!take(&p, "}")) {
		if (!take_string(&p, key, sizeof(key)) || !take(&p, ":"))
			goto bad;
		if (strcmp(key, "descr") == 0) {
			skip_space(&p);
			if (*p == '[')
				return ss_fail(e, SS_EDATA, "'%s': records with fields are not images", name);
			if (!take_string(&p, descr, sizeof(descr)))
				goto bad;
		} else if (strcmp(key, "fortran_order") == 0) {
			word[0] = take(&p, "False") ? 'C' : take(&p, "True") ? 'F' : '\0';
			if (word[0] == '\0')
				goto bad;
		} else if (strcmp(key, "shape") == 0) {
			if (!(shape = take_shape(&p, f)))
				goto bad;
		} else {
			goto bad;
		}
		if (!take(&p, ",") && !(skip_space(&p), *p == '}'))
			goto bad;
	}
	skip_space(&p);
	if (*p != '\0' || descr[0] == '\0' || word[0] == '\0' || !shape)
		goto bad;
	if (word[0] == 'F')
		return ss_fail(e, SS_EDATA, "'%s': in Fortran order; save numpy.ascontiguousarray of it",
		    name);
	for (enum ss_type t = 0; t < SS_TYPES; t++)
		if (ss_npy_descr(t) != NULL && strcmp(descr, ss_npy_descr(t)) == 0) {
			f->type = t;
			return 0;
		}
	return ss_fail(e, SS_EDATA, "'%s': elements of type '%.60s' are not supported", name, descr);
bad:
	return ss_fail(e, SS_EDATA, "'%s': damaged .npy header at offset %llu", name,
	    (unsigned long long)(offset + (uint64_t)(p - text)));
}

static int
open_file(struct file *f, const char *path, struct ss_err *e)
{
	static const unsigned char magic[6] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };
	unsigned char head[12];
	size_t length, total;
	char *text;
	int r;

	if ((r = ss_gz_open(&f->gz, path, e)) < 0 || (r = ss_gz_read(f->gz, head, 8, e)) < 0)
		return r;
	if (memcmp(head, magic, sizeof(magic)) != 0)
		return ss_fail(e, SS_EDATA, "'%s': not a .npy file: wrong magic at offset 0", path);
	if (head[6] < 1 || head[6] > 3)
		return ss_fail(e, SS_EDATA, "'%s': version %d of the .npy format is newer than this "
		    "program (at offset 6)", path, head[6]);
	if ((r = ss_gz_read(f->gz, head + 8, head[6] == 1 ? 2 : 4, e)) < 0)
		return r;
	length = head[8] | (size_t)head[9] << 8;
	if (head[6] > 1)
		length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
	if (length > HEADER_MAX)
		return ss_fail(e, SS_EDATA, "'%s': header of %zu bytes at offset 8, at most %d are read",
		    path, length, HEADER_MAX);
	if ((text = calloc(1, length + 1)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	f->data = ss_gz_offset(f->gz) + length;
	if ((r = ss_gz_read(f->gz, text, length, e)) == 0)
		r = parse_header(f, text, f->data - length, e);
	free(text);
	if (r < 0)
		return r;

	f->item = ss_type_size(f->type);
	for (int i = 0; i < f->rank; i++)
		if (f->dim[i] == 0 || f->dim[i] > INT32_MAX ||
		    (i > 0 && (!ss_mul(f->item, (size_t)f->dim[i], &f->item) || f->item > SS_MAX_PAYLOAD)))
			return ss_fail(e, SS_EDATA, "'%s': dimension %d of its shape, %llu, is impossible",
			    path, i, (unsigned long long)f->dim[i]);
	if (!ss_mul(f->item, f->rank > 0 ? (size_t)f->dim[0] : 1, &total) ||
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
			if (!label_at(buf, f->type, i, &to[i]) ||
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
	if (f->type != SS_U8 && f->type != SS_F32)
		return ss_fail(e, SS_EDATA, "'%s': images of %s, wanted u8 or f32", path,
		    ss_type_name(f->type));
	if (f->rank != 3 && f->rank != 4)
		return ss_fail(e, SS_EDATA, "'%s': %d dimensions, wanted 3 or 4", path, f->rank);
	bool hwc = f->rank == 4 && layout == SS_HWC;

	x->s.type = f->type;
	x->s.channels = f->rank == 3 ? 1 : (uint32_t)f->dim[hwc ? 3 : 1];
	x->s.height = (uint32_t)f->dim[f->rank == 4 && !hwc ? 2 : 1];
	x->s.width = (uint32_t)f->dim[f->rank == 4 && !hwc ? 3 : 2];
	if (hwc && (x->record = malloc(f->item)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	x->s.records = f->dim[0] < limit ? f->dim[0] : limit;
	x->whole = x->s.records == f->dim[0];
	x->s.labelled = labels != NULL;
	if (labels == NULL)
		return 0;
	if ((r = open_file(l, labels, e)) < 0)
		return r;
	if (l->rank != 1 || ss_type_is_float(l->type))
		return ss_fail(e, SS_EDATA, "'%s': labels are integers in one dimension, not %s in %d",
		    labels, ss_type_name(l->type), l->rank);
	if (l->dim[0] != f->dim[0])
		return ss_fail(e, SS_EDATA, "'%s': %llu labels, but '%s' has %llu images", labels,
		    (unsigned long long)l->dim[0], path, (unsigned long long)f->dim[0]);
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
