/*
 * unzip.c - members of a zip archive that may come from anybody
 *
 * After PKWARE's APPNOTE.TXT: 4.3.7 local headers, 4.3.12 the directory, 4.3.14 to 4.3.16 its ends, 4.5.3 the 64-bit sizes.
 * The file is held in memory; stored members are pieces of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/size.h"
#include "unzip.h"

enum {
	LOCAL = 30, CENTRAL = 46, END = 22,		/* bytes of the headers, without what varies */
	LOCATOR64 = 20, END64 = 56,
	COMMENT_MAX = 65535,
	STORED = 0, DEFLATED = 8,
	ENCRYPTED = 1					/* flag */
};
#define MAGIC_LOCAL	0x04034b50u
#define MAGIC_CENTRAL	0x02014b50u
#define MAGIC_END	0x06054b50u
#define MAGIC_LOCATOR64	0x07064b50u
#define MAGIC_END64	0x06064b50u
#define SMALL		((size_t)1 << 20)	/* bytes that any archive may unpack to */

struct ss_unzip {
	char *path;
	unsigned char *file;
	size_t size;
	struct ss_unzip_member *member;
	unsigned char **unpacked;		/* of each member, or NULL */
	size_t members;
};

/* Where the directory is. */
struct directory {
	uint64_t offset, bytes, members;
	uint64_t end;				/* offset of the record behind it */
};

static uint64_t
get(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = bytes - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static int
damaged(const struct ss_unzip *z, const char *what, uint64_t offset, struct ss_err *e)
{
	return ss_fail(e, SS_EDATA, "'%s': %s at offset %llu of the archive", z->path, what, (unsigned long long)offset);
}

static int
read_file(struct ss_unzip *z, struct ss_err *e)
{
	const int fd = open(z->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);	/* never waits for a FIFO */
	struct stat st;
	size_t at = 0;
	int r = 0;

	if (fd < 0)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", z->path);
	if (fstat(fd, &st) < 0)
		r = ss_fail_errno(e, SS_EIO, "cannot read '%s'", z->path);
	else if (!S_ISREG(st.st_mode))
		r = ss_fail(e, SS_EIO, "cannot read '%s': not a regular file", z->path);
	else if ((z->file = malloc((size_t)st.st_size + 1)) == NULL)
		r = ss_fail(e, SS_EIO, "cannot read '%s': out of memory for %lld bytes", z->path, (long long)st.st_size);
	while (r == 0 && at < (size_t)st.st_size) {
		const ssize_t n = read(fd, z->file + at, ss_least((size_t)st.st_size - at, (size_t)1 << 30));

		if (n > 0)
			at += (size_t)n;
		else if (n == 0)
			r = ss_fail(e, SS_EDATA, "'%s' is truncated: it became shorter while it was read", z->path);
		else if (errno != EINTR)
			r = ss_fail_errno(e, SS_EIO, "cannot read '%s'", z->path);
	}
	z->size = at;
	close(fd);
	return r;
}

/* The record at the end, whose comment must reach just to the end of the file. */
static int
find_end(const struct ss_unzip *z, size_t *end, struct ss_err *e)
{
	if (z->size >= END)
		for (size_t back = 0; back <= COMMENT_MAX && back <= z->size - END; back++) {
			*end = z->size - END - back;
			if (get(z->file + *end, 4) == MAGIC_END && get(z->file + *end + 20, 2) == back)
				return 0;
		}
	return ss_fail(e, SS_EDATA, "'%s': no directory at the end of the archive: it is truncated, or no zip archive", z->path);
}

static int
find_directory(const struct ss_unzip *z, struct directory *d, struct ss_err *e)
{
	const unsigned char *p;
	size_t end = 0;
	int r = find_end(z, &end, e);

	if (r < 0)
		return r;
	p = z->file + end;
	*d = (struct directory){ get(p + 16, 4), get(p + 12, 4), get(p + 10, 2), end };
	if (get(p + 4, 2) % UINT16_MAX != 0 || get(p + 6, 2) % UINT16_MAX != 0)		/* all ones: see the 64-bit end */
		return damaged(z, "an archive of several disks", end, e);
	if (end >= LOCATOR64 && get(p - LOCATOR64, 4) == MAGIC_LOCATOR64) {
		const uint64_t at = get(p - LOCATOR64 + 8, 8);

		if (end < LOCATOR64 + END64 || at != end - LOCATOR64 - END64 || get(z->file + at, 4) != MAGIC_END64)
			return damaged(z, "a bad 64-bit end of the directory", end - LOCATOR64, e);
		p = z->file + at;
		*d = (struct directory){ get(p + 48, 8), get(p + 40, 8), get(p + 32, 8), at };
	}
	if (d->offset > d->end || d->bytes != d->end - d->offset || d->members > d->bytes / CENTRAL)
		return damaged(z, "a directory that does not lie before its end", d->end, e);
	return 0;
}

/* The sizes that did not fit into 32 bits, from the extra field of n bytes. */
static bool
take_extra(struct ss_unzip_member *m, const unsigned char *p, size_t n)
{
	uint64_t *const wide[] = { &m->bytes, &m->packed, &m->offset };

	while (n >= 4) {
		const size_t id = get(p, 2), bytes = get(p + 2, 2);
		size_t at = 4;

		if (bytes > n - 4)
			return false;
		for (int i = 0; id == 1 && i < 3; i++) {
			if (*wide[i] != UINT32_MAX)
				continue;
			if (at + 8 > 4 + bytes)
				return false;
			*wide[i] = get(p + at, 8);
			at += 8;
		}
		p += 4 + bytes;
		n -= 4 + bytes;
	}
	return n == 0;
}

/* One entry of the directory at *at, which moves behind it. */
static int
take_entry(struct ss_unzip *z, const struct directory *d, uint64_t *at, struct ss_unzip_member *m, struct ss_err *e)
{
	const unsigned char *p = z->file + *at;
	size_t name, extra, comment;

	if (d->end - *at < CENTRAL || get(p, 4) != MAGIC_CENTRAL)
		return damaged(z, "a damaged entry of the directory", *at, e);
	name = get(p + 28, 2);
	extra = get(p + 30, 2);
	comment = get(p + 32, 2);
	if (d->end - *at - CENTRAL < name + extra + comment)
		return damaged(z, "a damaged entry of the directory", *at, e);
	*m = (struct ss_unzip_member){ .packed = get(p + 20, 4), .bytes = get(p + 24, 4), .offset = get(p + 42, 4),
		.crc = (uint32_t)get(p + 16, 4), .method = (int)get(p + 10, 2) };
	for (size_t i = 0; i < name; i++)
		if (p[CENTRAL + i] < ' ' || p[CENTRAL + i] == 0x7f)
			return damaged(z, "a name with control characters", *at + CENTRAL + i, e);
	if (!take_extra(m, p + CENTRAL + name, extra))
		return damaged(z, "a damaged extra field", *at + CENTRAL + name, e);
	if ((get(p + 8, 2) & ENCRYPTED) != 0 || (m->method != STORED && m->method != DEFLATED))
		return damaged(z, "a member that is encrypted, or packed by another method than deflate,", *at, e);
	if (m->method == STORED && m->packed != m->bytes)
		return damaged(z, "a stored member of two sizes", *at, e);
	m->name = strndup((const char *)p + CENTRAL, name);
	*at += CENTRAL + name + extra + comment;
	return m->name == NULL ? ss_fail(e, SS_EIO, "cannot read '%s': out of memory", z->path) : 0;
}

static int
read_directory(struct ss_unzip *z, struct ss_err *e)
{
	struct directory d;
	uint64_t at, packed = 0, bytes = 0;
	int r = find_directory(z, &d, e);

	if (r < 0)
		return r;
	z->member = calloc((size_t)d.members + 1, sizeof(*z->member));
	z->unpacked = calloc((size_t)d.members + 1, sizeof(*z->unpacked));
	if (z->member == NULL || z->unpacked == NULL)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", z->path);
	at = d.offset;
	while (z->members < d.members) {
		struct ss_unzip_member *m = &z->member[z->members];
		const uint64_t entry = at;

		if ((r = take_entry(z, &d, &at, m, e)) < 0)
			return r;
		z->members++;
		if (m->offset > d.offset || m->packed > d.offset - m->offset ||
		    m->packed > d.offset - packed)		/* they lie side by side */
			return damaged(z, "a member that reaches into others or the directory", entry, e);
		packed += m->packed;
		if (m->bytes > SS_UNZIP_RATIO * (uint64_t)z->size + SMALL - bytes)
			return ss_fail(e, SS_EDATA, "'%s': '%s' (at offset %llu of the archive) and those before it unpack to more than "
			    "%d times the archive", z->path, m->name, (unsigned long long)entry, SS_UNZIP_RATIO);
		bytes += m->bytes;
	}
	return at == d.end ? 0 : damaged(z, "something behind the last entry of the directory", at, e);
}

int
ss_unzip_open(struct ss_unzip **out, const char *path, struct ss_err *e)
{
	struct ss_unzip *z = calloc(1, sizeof(*z));
	int r;

	*out = NULL;
	if (z == NULL || (z->path = strdup(path)) == NULL)
		r = ss_fail(e, SS_EIO, "cannot read '%s': out of memory", path);
	else if ((r = read_file(z, e)) == 0)
		r = read_directory(z, e);
	if (r < 0)
		ss_unzip_free(z);
	else
		*out = z;
	return r;
}

void
ss_unzip_free(struct ss_unzip *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; z->unpacked != NULL && i < z->members; i++)
		free(z->unpacked[i]);
	for (size_t i = 0; z->member != NULL && i < z->members; i++)
		free(z->member[i].name);
	free(z->unpacked);
	free(z->member);
	free(z->file);
	free(z->path);
	free(z);
}

size_t
ss_unzip_count(const struct ss_unzip *z)
{
	return z->members;
}

const struct ss_unzip_member *
ss_unzip_at(const struct ss_unzip *z, size_t i)
{
	SS_BUG_IF(i >= z->members);
	return &z->member[i];
}

/* Raw deflate, all at once: just as many bytes on both sides as the directory says. */
static int
inflate_member(const struct ss_unzip *z, const struct ss_unzip_member *m, const unsigned char *from, unsigned char *to,
    struct ss_err *e)
{
	z_stream s = { .next_in = (unsigned char *)(uintptr_t)from, .next_out = to };
	size_t in = (size_t)m->packed, out = (size_t)m->bytes;
	int r = inflateInit2(&s, -MAX_WBITS);

	if (r != Z_OK)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", z->path);
	while (r == Z_OK) {
		const uInt some = (uInt)ss_least(in, 1 << 30), room = (uInt)ss_least(out, 1 << 30);

		s.avail_in = some;
		s.avail_out = room;
		r = inflate(&s, Z_NO_FLUSH);
		in -= some - s.avail_in;
		out -= room - s.avail_out;
	}
	inflateEnd(&s);
	if (r == Z_MEM_ERROR)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", z->path);
	if (r != Z_STREAM_END || in != 0 || out != 0)
		return ss_fail(e, SS_EDATA, "'%s': '%s' is damaged: its packed data (offset %llu) do not unpack to %llu bytes",
		    z->path, m->name, (unsigned long long)m->offset, (unsigned long long)m->bytes);
	return 0;
}

int
ss_unzip_data(struct ss_unzip *z, size_t i, const unsigned char **data, struct ss_err *e)
{
	const struct ss_unzip_member *m = ss_unzip_at(z, i);
	const unsigned char *p = z->file + m->offset;
	const size_t left = z->size - (size_t)m->offset;
	size_t head;
	uint32_t crc;
	int r;

	if (left < LOCAL || get(p, 4) != MAGIC_LOCAL)
		return damaged(z, "no member, which the directory says there is,", m->offset, e);
	head = LOCAL + get(p + 26, 2) + get(p + 28, 2);
	if (left < head || m->packed > left - head)
		return damaged(z, "a member longer than the archive", m->offset, e);
	if (get(p + 26, 2) != strlen(m->name) || memcmp(p + LOCAL, m->name, strlen(m->name)) != 0)
		return damaged(z, "a member that the directory calls by another name", m->offset, e);
	*data = p + head;
	if (m->method == DEFLATED) {
		unsigned char *to = z->unpacked[i];

		if (to == NULL && (to = malloc((size_t)m->bytes + 1)) == NULL)
			return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", z->path);
		z->unpacked[i] = to;
		if ((r = inflate_member(z, m, *data, to, e)) < 0)
			return r;
		*data = to;
	}
	crc = (uint32_t)crc32_z(0, *data, (size_t)m->bytes);
	if (crc != m->crc)
		return ss_fail(e, SS_EDATA, "'%s': '%s' (offset %llu) is damaged: CRC-32 %08x, found %08x", z->path, m->name,
		    (unsigned long long)m->offset, (unsigned)m->crc, (unsigned)crc);
	return 0;
}
