/*
 * npz.c - zip archives of stored members, as numpy.savez writes them
 *
 * After PKWARE's APPNOTE.TXT: 4.3.7 local headers, 4.3.12 the directory, 4.3.14 to
 * 4.3.16 its ends, 4.5.3 the 64-bit sizes. These are written always, as numpy does.
 */
#include <stdlib.h>
#include <string.h>

#include "npz.h"

enum {
	NAME_MAX_BYTES = 255,
	VERSION = 45,			/* of the format: 64-bit sizes */
	DATE = 1 << 5 | 1,		/* 1 January 1980, the first there is */
	LOCAL = 30 + 20, CENTRAL = 46 + 28	/* bytes of the headers without the name */
};

struct member {
	char name[NAME_MAX_BYTES + 1];
	uint64_t bytes, offset;
	uint32_t crc;
};

struct ss_zip {
	FILE *f;
	uint64_t at;		/* bytes written, members counted as told */
	struct member *member;
	size_t members;
};

static void
put(struct ss_zip *z, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		putc((int)(v & 255), z->f);
}

int
ss_zip_create(struct ss_zip **out, FILE *f, struct ss_err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	(*out)->f = f;
	return 0;
}

/* What local headers and the directory have in common: version needed, flags ... length of the extra field. */
static void
put_common(struct ss_zip *z, const struct member *m, int extra)
{
	put(z, VERSION, 2);
	put(z, 0, 2 + 2 + 2);		/* flags, method: stored, time */
	put(z, DATE, 2);
	put(z, m->crc, 4);
	put(z, UINT32_MAX, 4);		/* both sizes are in the extra field */
	put(z, UINT32_MAX, 4);
	put(z, strlen(m->name), 2);
	put(z, (uint64_t)extra, 2);
}

static void
put_extra(struct ss_zip *z, const struct member *m, int bytes)
{
	put(z, 1, 2);
	put(z, (uint64_t)bytes, 2);
	put(z, m->bytes, 8);		/* unpacked, packed */
	put(z, m->bytes, 8);
}

int
ss_zip_member(struct ss_zip *z, const char *name, uint64_t bytes, uint32_t crc, struct ss_err *e)
{
	struct member *p = realloc(z->member, (z->members + 1) * sizeof(*p));

	if (p == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	z->member = p;
	p += z->members++;
	*p = (struct member){ .bytes = bytes, .offset = z->at, .crc = crc };
	SS_BUG_IF(strlen(name) > NAME_MAX_BYTES);
	strcpy(p->name, name);
	put(z, 0x04034b50, 4);
	put_common(z, p, 20);
	fputs(p->name, z->f);
	put_extra(z, p, 16);
	z->at += LOCAL + strlen(name) + bytes;
	return 0;
}

void
ss_zip_end(struct ss_zip *z)
{
	uint64_t size = 0;

	for (size_t i = 0; i < z->members; i++) {
		const struct member *m = &z->member[i];

		put(z, 0x02014b50, 4);
		put(z, VERSION, 2);		/* made by */
		put_common(z, m, 28);
		put(z, 0, 2 + 2 + 2 + 4);	/* comment, disk, attributes */
		put(z, UINT32_MAX, 4);
		fputs(m->name, z->f);
		put_extra(z, m, 24);
		put(z, m->offset, 8);
		size += CENTRAL + strlen(m->name);
	}
	put(z, 0x06064b50, 4);		/* the end, in 64 bits */
	put(z, 44, 8);
	put(z, VERSION, 2);
	put(z, VERSION, 2);
	put(z, 0, 4 + 4);
	put(z, z->members, 8);
	put(z, z->members, 8);
	put(z, size, 8);
	put(z, z->at, 8);
	put(z, 0x07064b50, 4);		/* where that is */
	put(z, 0, 4);
	put(z, z->at + size, 8);
	put(z, 1, 4);
	put(z, 0x06054b50, 4);		/* the end as it was: see above */
	put(z, 0, 2 + 2);
	put(z, UINT16_MAX, 2);
	put(z, UINT16_MAX, 2);
	put(z, UINT32_MAX, 4);
	put(z, UINT32_MAX, 4);
	put(z, 0, 2);
	ss_zip_free(z);
}

void
ss_zip_free(struct ss_zip *z)
{
	if (z == NULL)
		return;
	free(z->member);
	free(z);
}
