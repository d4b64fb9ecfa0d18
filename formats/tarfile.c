/*
 * tarfile.c - the members of a tar archive, one after the other, from a file or a pipe
 *
 * Three layers: gz.c takes gzip off, as it verifies its checksum, which libarchive does
 * not; a first reader of libarchive takes off other packing; a second one, of tar alone, sees
 * the unpacked bytes, so that here can be seen how they end.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gz.h"
#include "tarfile.h"

enum { END = 1024 };	/* zeros that end an archive */

struct ss_tar {
	struct ss_gz *gz;
	struct archive *packed, *tar;
	struct archive_entry *entry;
	struct ss_err err;		/* of gz or of unpacking */
	int failed;
	size_t zeros;			/* at the end of what came so far, up to END */
	bool ended;
	uint64_t special;
	unsigned char buf[1 << 16];
};

static la_ssize_t
feed_packed(struct archive *a, void *arg, const void **buf)
{
	struct ss_tar *t = arg;
	size_t got;

	*buf = t->buf;
	t->failed = ss_gz_some(t->gz, t->buf, sizeof(t->buf), &got, &t->err);
	if (t->failed == 0)
		return (la_ssize_t)got;
	archive_set_error(a, EIO, "%s", t->err.text);
	return ARCHIVE_FATAL;
}

/* What went wrong in a layer; what a deeper one has said comes first. */
static int
trouble(struct ss_tar *t, struct archive *a, struct ss_err *e)
{
	const char *why = a != NULL ? archive_error_string(a) : NULL;

	if (t->failed < 0)
		return ss_fail(e, t->failed, "%s", t->err.text);
	if (why == NULL || archive_errno(a) == ENOMEM)	/* it has a reason for all else */
		return ss_fail(e, SS_EIO, "out of memory");
	return ss_fail(e, SS_EDATA, "'%s': not a sound archive at %soffset %llu: %s", ss_gz_name(t->gz),
	    archive_filter_code(t->packed, 0) == ARCHIVE_FILTER_NONE ? "unpacked " : "",
	    (unsigned long long)ss_gz_offset(t->gz), why);
}

static void
count_zeros(struct ss_tar *t, const unsigned char *p, size_t n)
{
	size_t zeros = 0;

	while (zeros < n && zeros < END && p[n - 1 - zeros] == 0)
		zeros++;
	t->zeros = zeros == n ? t->zeros + zeros : zeros;
	if (t->zeros > END)
		t->zeros = END;
}

static la_ssize_t
feed_tar(struct archive *a, void *arg, const void **buf)
{
	struct ss_tar *t = arg;
	la_int64_t offset;
	size_t n;
	int r;

	do {
		r = archive_read_data_block(t->packed, buf, &n, &offset);
	} while (r == ARCHIVE_OK && n == 0);
	if (r == ARCHIVE_OK) {
		count_zeros(t, *buf, n);
		return (la_ssize_t)n;
	}
	if (r == ARCHIVE_EOF)
		return 0;
	if (t->failed == 0)
		t->failed = trouble(t, t->packed, &t->err);
	archive_set_error(a, EIO, "%s", t->err.text);
	return ARCHIVE_FATAL;
}

/* archive_read_open does the same, but goes on without memory. */
static bool
open_layer(struct ss_tar *t, struct archive *a, archive_read_callback *feed)
{
	return archive_read_set_read_callback(a, feed) == ARCHIVE_OK && archive_read_set_callback_data(a, t) == ARCHIVE_OK &&
	    archive_read_open1(a) == ARCHIVE_OK;
}

static int
open_layers(struct ss_tar *t, struct ss_err *e)
{
	/* filters that run other programs are left out */
	if (archive_read_support_filter_zstd(t->packed) < ARCHIVE_WARN ||
	    archive_read_support_filter_xz(t->packed) < ARCHIVE_WARN ||
	    archive_read_support_filter_bzip2(t->packed) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(t->packed) != ARCHIVE_OK ||
	    archive_read_support_format_empty(t->packed) != ARCHIVE_OK ||
	    !open_layer(t, t->packed, feed_packed))
		return trouble(t, t->packed, e);
	const int r = archive_read_next_header2(t->packed, t->entry);

	if (r == ARCHIVE_EOF)
		return ss_fail(e, SS_EDATA, "'%s': empty at offset 0", ss_gz_name(t->gz));
	if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
		return trouble(t, t->packed, e);
	if (archive_read_support_format_tar(t->tar) != ARCHIVE_OK ||
	    archive_read_set_format_option(t->tar, "tar", "read_concatenated_archives", "1") != ARCHIVE_OK ||
	    !open_layer(t, t->tar, feed_tar))
		return trouble(t, t->tar, e);
	return 0;
}

int
ss_tar_open(struct ss_tar **out, const char *path, struct ss_err *e)
{
	struct ss_tar *t = calloc(1, sizeof(*t));
	int r;

	*out = NULL;
	if (t == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if ((r = ss_gz_open(&t->gz, path, e)) == 0) {
		t->packed = archive_read_new();
		t->tar = archive_read_new();
		t->entry = archive_entry_new();
		if (t->packed == NULL || t->tar == NULL || t->entry == NULL)
			r = ss_fail(e, SS_EIO, "out of memory");
		else
			r = open_layers(t, e);
	}
	if (r < 0)
		ss_tar_close(t);
	else
		*out = t;
	return r;
}

void
ss_tar_close(struct ss_tar *t)
{
	if (t == NULL)
		return;
	archive_entry_free(t->entry);
	archive_read_free(t->tar);
	archive_read_free(t->packed);
	ss_gz_close(t->gz);
	free(t);
}

/* What can be seen only when all has been read. */
static int
check_end(struct ss_tar *t, struct ss_err *e)
{
	int r = ss_gz_drain(t->gz, e);	/* so that gzip's checksum is seen and verified */

	if (r < 0)
		return r;
	if (t->zeros < END)
		return ss_fail(e, SS_EDATA, "'%s': ends at %soffset %llu without the zeros that end an archive: is it cut?",
		    ss_gz_name(t->gz), archive_filter_code(t->packed, 0) == ARCHIVE_FILTER_NONE ? "unpacked " : "",
		    (unsigned long long)ss_gz_offset(t->gz));
	t->ended = true;
	return 0;
}

/* A warning that a name of file, user or group cannot be written in the locale; other warnings are of damage. */
static bool
harmless(struct ss_tar *t, int r)
{
	const char *why = archive_error_string(t->tar);

	return r == ARCHIVE_WARN && why != NULL && strstr(why, "can't be converted") != NULL;
}

int
ss_tar_next(struct ss_tar *t, struct ss_member *m, struct ss_err *e)
{
	while (!t->ended) {
		const int r = archive_read_next_header2(t->tar, t->entry);

		if (r == ARCHIVE_EOF)
			return check_end(t, e);
		if (r != ARCHIVE_OK && !harmless(t, r))
			return trouble(t, t->tar, e);
		if (archive_entry_filetype(t->entry) == AE_IFDIR)
			continue;
		if (archive_entry_filetype(t->entry) != AE_IFREG || archive_entry_hardlink(t->entry) != NULL) {
			t->special++;
			continue;
		}
		if ((m->path = archive_entry_pathname(t->entry)) == NULL)
			m->path = archive_entry_pathname_utf8(t->entry);
		if (m->path == NULL)
			return ss_fail(e, SS_EDATA, "'%s': a member without a name at offset %llu", ss_gz_name(t->gz),
			    (unsigned long long)ss_gz_offset(t->gz));
		m->size = archive_entry_size(t->entry) > 0 ? (uint64_t)archive_entry_size(t->entry) : 0;
		m->sparse = archive_entry_sparse_count(t->entry) > 0;
		return 1;
	}
	return 0;
}

int
ss_tar_take(struct ss_tar *t, const struct ss_member *m, const char *name, uint64_t max,
    unsigned char **out, struct ss_err *e)
{
	const size_t want = (size_t)(m->size < max ? m->size : max);
	size_t room = 0, got = 0;

	*out = NULL;
	while (got < want) {
		if (got == room) {
			room = room == 0 ? 1 << 16 : room * 2;
			if (room > want)
				room = want;
			unsigned char *more = realloc(*out, room);

			if (more == NULL)
				return ss_fail(e, SS_EIO, "out of memory for '%s'", name);
			*out = more;
		}
		const la_ssize_t r = archive_read_data(t->tar, *out + got, room - got);

		if (r < 0)
			return trouble(t, t->tar, e);
		if (r == 0)
			return ss_fail(e, SS_EDATA, "'%s': truncated at offset %zu of %llu", name, got,
			    (unsigned long long)m->size);
		got += (size_t)r;
	}
	return 0;
}

const char *
ss_tar_name(const struct ss_tar *t)
{
	return ss_gz_name(t->gz);
}

uint64_t
ss_tar_offset(const struct ss_tar *t)
{
	return ss_gz_offset(t->gz);
}

uint64_t
ss_tar_special(const struct ss_tar *t)
{
	return t->special;
}
