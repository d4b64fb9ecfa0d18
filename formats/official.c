/*
 * official.c - data sets of fixed-size records, as their authors publish them
 *
 * Files in a folder are read as the records are asked for. In the archive they do
 * not come in their order, so its members are taken into memory, as far as a limit
 * leaves them. The size of every file is checked before a record is read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "official.h"
#include "tarfile.h"

enum { NAMES_MAX = 1 << 16 };	/* bytes of a file of class names */

int
ss_rows_read(const struct ss_rows *r, uint64_t at, size_t n, unsigned char *buffer,
    const unsigned char **out, struct ss_err *e)
{
	size_t want = n * r->size, got = 0;

	*out = r->fd < 0 ? r->bytes + at * r->size : buffer;
	while (r->fd >= 0 && got < want) {
		ssize_t k = pread(r->fd, buffer + got, want - got, (off_t)(at * r->size + got));

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return ss_fail_errno(e, SS_EIO, "cannot read '%s' at offset %llu", r->name,
			    (unsigned long long)(at * r->size + got));
		if (k == 0)
			return ss_fail(e, SS_EDATA, "'%s': ends at offset %llu, was longer when opened",
			    r->name, (unsigned long long)(at * r->size + got));
		got += (size_t)k;
	}
	return 0;
}

/* The part that has record first; lowers *n to what it has from there on. */
static const struct ss_official_part *
find_part(const struct ss_official *o, uint64_t first, size_t *n)
{
	const struct ss_official_part *p = o->part;

	while (first >= p->first + p->records)
		p++;
	if (*n > p->first + p->records - first)
		*n = (size_t)(p->first + p->records - first);
	return p;
}

static int
read_official(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	const struct ss_official *o = (struct ss_official *)s;
	const size_t image = ss_source_image_bytes(s, first);
	const unsigned char *raw;
	unsigned char *to = images;
	int r;

	for (size_t k; n > 0; first += k, n -= k, to += k * image, labels += k) {
		k = n < o->block ? n : o->block;
		const struct ss_official_part *p = find_part(o, first, &k);

		if ((r = ss_rows_read(&p->data, first - p->first, k, o->buffer, &raw, e)) < 0 ||
		    (r = o->unpack(o->kind, p, first - p->first, raw, k, to, labels, e)) < 0)
			return r;
	}
	return 0;
}

static void
close_rows(struct ss_rows *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->bytes);
	free(r->name);
}

static void
free_official(struct ss_source *s)
{
	struct ss_official *o = (struct ss_official *)s;

	for (int i = 0; i < o->parts; i++) {
		close_rows(&o->part[i].data);
		close_rows(&o->part[i].labels);
	}
	free(o->buffer);
	free(o);
}

static const struct ss_source_ops official_ops = { .read = read_official, .free = free_official };

struct ss_official *
ss_official_create(const struct ss_official_kind *kind, uint32_t side, ss_unpack *unpack, size_t block)
{
	struct ss_official *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->s.ops = &official_ops;
	o->s.type = SS_U8;
	o->s.channels = 3, o->s.height = side, o->s.width = side;
	o->kind = kind;
	o->unpack = unpack;
	o->block = block;
	return o;
}

void
ss_official_add(struct ss_official *o, const char *data, size_t size, const char *labels)
{
	struct ss_official_part *p = &o->part[o->parts++];

	p->data = (struct ss_rows){ .file = data, .size = size, .fd = -1 };
	p->labels = (struct ss_rows){ .file = labels, .size = 1, .fd = -1 };
}

static char *
join(const char *a, const char *between, const char *b)
{
	size_t n = strlen(a) + strlen(between) + strlen(b) + 1;
	char *s = malloc(n);

	if (s != NULL)
		snprintf(s, n, "%s%s%s", a, between, b);
	return s;
}

/* Rows of a file of that size, or an error that says where the last one is cut. */
static int
count_rows(struct ss_rows *r, uint64_t size, struct ss_err *e)
{
	r->rows = size / r->size;
	if (size % r->size != 0)
		return ss_fail(e, SS_EDATA,
		    "'%s': size %llu is not a multiple of %zu: the record at offset %llu is cut", r->name,
		    (unsigned long long)size, r->size, (unsigned long long)(r->rows * r->size));
	if (size == 0)
		return ss_fail(e, SS_EDATA, "'%s': empty at offset 0", r->name);
	return 0;
}

/* Numbers the records of the parts and drops what lies beyond the limit. */
static void
number_parts(struct ss_official *o, uint64_t limit)
{
	for (int i = 0; i < o->parts; i++) {
		struct ss_official_part *p = &o->part[i];

		p->first = o->s.records;
		p->records = p->data.rows < limit - p->first ? p->data.rows : limit - p->first;
		o->s.records += p->records;
	}
}

static int
match_labels(const struct ss_official *o, struct ss_err *e)
{
	for (int i = 0; i < o->parts; i++) {
		const struct ss_rows *x = &o->part[i].data, *y = &o->part[i].labels;

		if (o->part[i].records > 0 && y->file != NULL && y->rows != x->rows)
			return ss_fail(e, SS_EDATA, "'%s': %llu labels, but '%s' has %llu images", y->name,
			    (unsigned long long)y->rows, x->name, (unsigned long long)x->rows);
	}
	return 0;
}

static int
open_rows(struct ss_rows *r, const char *folder, struct ss_err *e)
{
	struct stat st;

	if (r->file == NULL)
		return 0;
	if ((r->name = join(folder, "/", r->file)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	r->fd = open(r->name, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", r->name);
	if (!S_ISREG(st.st_mode))
		return ss_fail(e, SS_EIO, "cannot read '%s': not a regular file", r->name);
	return count_rows(r, (uint64_t)st.st_size, e);
}

static int
open_folder(struct ss_official *o, const char *folder, uint64_t limit, struct ss_err *e)
{
	uint64_t sum = 0;
	int r;

	for (int i = 0; i < o->parts && sum < limit; i++) {
		struct ss_official_part *p = &o->part[i];

		if ((r = open_rows(&p->data, folder, e)) < 0 ||
		    (r = open_rows(&p->labels, folder, e)) < 0)
			return r;
		sum += p->data.rows;
	}
	number_parts(o, limit);
	if ((r = match_labels(o, e)) < 0)
		return r;

	char *names = join(folder, "/", o->kind->names_file);

	if (names == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if (access(names, F_OK) == 0)
		r = ss_source_names_file(&o->s, names, o->kind->classes, e);
	free(names);
	return r;
}

/* Whether the parts at hand, from the first one on without a gap, reach the limit. */
static bool
complete(const struct ss_official *o, uint64_t limit)
{
	uint64_t sum = 0;

	for (int i = 0; i < o->parts; i++) {
		const struct ss_official_part *p = &o->part[i];

		if (p->data.bytes == NULL || (p->labels.file != NULL && p->labels.bytes == NULL))
			break;
		if ((sum += p->data.rows) >= limit)
			return true;
	}
	return false;
}

/* The file of that name among those wanted, or NULL. */
static struct ss_rows *
find_rows(struct ss_official *o, const char *file)
{
	for (int i = 0; i < o->parts; i++) {
		struct ss_official_part *p = &o->part[i];

		if (strcmp(file, p->data.file) == 0)
			return &p->data;
		if (p->labels.file != NULL && strcmp(file, p->labels.file) == 0)
			return &p->labels;
	}
	return NULL;
}

static int
take_member(struct ss_official *o, struct ss_tar *t, const struct ss_member *m, uint64_t limit, struct ss_err *e)
{
	const char *base = strrchr(m->path, '/') != NULL ? strrchr(m->path, '/') + 1 : m->path;
	struct ss_rows *rows;
	int r;

	if ((rows = find_rows(o, base)) != NULL) {
		if (rows->bytes != NULL)
			return ss_fail(e, SS_EDATA, "'%s': a second '%s' at unpacked offset %llu",
			    ss_tar_name(t), m->path, (unsigned long long)ss_tar_offset(t));
		if ((rows->name = join(ss_tar_name(t), ": ", m->path)) == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		if ((r = count_rows(rows, m->size, e)) < 0)
			return r;
		return ss_tar_take(t, m, rows->name, (rows->rows < limit ? rows->rows : limit) * rows->size, &rows->bytes, e);
	}
	if (strcmp(base, o->kind->names_file) == 0) {
		const uint64_t length = m->size < NAMES_MAX ? m->size : NAMES_MAX;
		unsigned char *text;

		if ((r = ss_tar_take(t, m, m->path, length, &text, e)) == 0)
			r = ss_source_names_text(&o->s, (char *)text, (size_t)length, o->kind->classes, m->path, e);
		free(text);
		return r;
	}
	return 0;
}

/* What the first `limit` records need must have come. */
static int
check_members(const struct ss_official *o, const struct ss_tar *t, uint64_t limit, struct ss_err *e)
{
	for (int i = 0; i < o->parts && o->part[i].first < limit; i++) {
		const struct ss_official_part *p = &o->part[i];
		const struct ss_rows *lacks = p->data.bytes == NULL ? &p->data :
		    p->labels.file != NULL && p->labels.bytes == NULL ? &p->labels : NULL;

		if (lacks != NULL)
			return ss_fail(e, SS_EDATA, "'%s': no member '%s' up to its end at unpacked offset %llu",
			    ss_tar_name(t), lacks->file, (unsigned long long)ss_tar_offset(t));
	}
	return 0;
}

static int
open_archive(struct ss_official *o, const char *path, uint64_t limit, struct ss_err *e)
{
	struct ss_member m;
	struct ss_tar *t;
	int r = ss_tar_open(&t, path, e);

	if (r < 0)
		return r;
	while (!(complete(o, limit) && o->s.classes > 0) && (r = ss_tar_next(t, &m, e)) > 0)
		if ((r = take_member(o, t, &m, limit, e)) < 0)
			break;
	if (r >= 0) {
		number_parts(o, limit);
		if ((r = check_members(o, t, limit, e)) == 0)
			r = match_labels(o, e);
	}
	o->s.random = true;
	ss_tar_close(t);
	return r;
}

static bool
exists(const char *folder, const char *name)
{
	char *path = join(folder, "/", name);
	bool yes = path != NULL && access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* Opens what is at path: the files, the official folder or archive in it, or the archive itself. */
static int
open_path(struct ss_official *o, const char *path, uint64_t limit, struct ss_err *e)
{
	const struct ss_official_kind *k = o->kind;
	struct stat st;
	int found = stat(path, &st), r;
	char *below = NULL;

	if (found < 0 && errno != ENOENT)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	if (found == 0 && !S_ISDIR(st.st_mode))
		return open_archive(o, path, limit, e);
	for (int i = 0; found == 0 && i < SS_OFFICIAL_PROBES && k->probe[i] != NULL; i++)
		if (exists(path, k->probe[i]))
			return open_folder(o, path, limit, e);
	if (found == 0 && exists(path, k->folder)) {
		below = join(path, "/", k->folder);
		r = below != NULL ? open_folder(o, below, limit, e) : SS_EIO;
	} else if (found == 0 && exists(path, k->archive)) {
		below = join(path, "/", k->archive);
		r = below != NULL ? open_archive(o, below, limit, e) : SS_EIO;
	} else {
		return ss_fail(e, SS_EIO, "no %s in '%s' (%s%s, %s/ or %s): name its folder, set SS_DATA, "
		    "or put there %s%s", k->title, path, found < 0 ? "no such folder; wanted " : "wanted ",
		    k->probe[0], k->folder, k->archive, k->site, k->archive);
	}
	if (below == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	free(below);
	return r;
}

int
ss_official_open(struct ss_official *o, struct ss_source **out, const char *path, uint64_t limit,
    struct ss_err *e)
{
	int r;

	*out = NULL;
	if ((o->buffer = malloc(o->block * o->part[0].data.size)) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	else
		r = open_path(o, path, limit, e);
	if (r == 0 && o->s.classes == 0)
		r = ss_source_names(&o->s, o->kind->names, o->kind->classes, e);
	if (r < 0)
		ss_source_free(&o->s);
	else
		*out = &o->s;
	return r;
}
