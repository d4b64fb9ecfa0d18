/*
 * gz.c - reading a file that may be gzipped, through zlib
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "gz.h"

enum { BUFFER = 1 << 17 };

struct ss_gz {
	gzFile file;
	char *name;
	uint64_t offset, size;
};

int
ss_gz_open(struct ss_gz **out, const char *path, struct ss_err *e)
{
	struct ss_gz *g = calloc(1, sizeof(*g));
	struct stat st;
	int fd = -1, r;

	*out = NULL;
	if (g == NULL || (g->name = strdup(path)) == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto free_g;
	}
	fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
		goto close_fd;
	}
	if (S_ISDIR(st.st_mode)) {
		r = ss_fail(e, SS_EIO, "cannot read '%s': it is a folder", path);
		goto close_fd;
	}
	if ((g->file = gzdopen(fd, "rb")) == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto close_fd;
	}
	gzbuffer(g->file, BUFFER);
	g->size = UINT64_MAX;
	if (S_ISREG(st.st_mode) && gzdirect(g->file))
		g->size = (uint64_t)st.st_size;
	*out = g;
	return 0;

close_fd:
	if (fd >= 0)
		close(fd);
free_g:
	if (g != NULL)
		free(g->name);
	free(g);
	return r;
}

const char *
ss_gz_name(const struct ss_gz *g)
{
	return g->name;
}

uint64_t
ss_gz_offset(const struct ss_gz *g)
{
	return g->offset;
}

uint64_t
ss_gz_size(const struct ss_gz *g)
{
	return g->size;
}

/* What zlib says went wrong, or 0 if nothing did. */
static int
trouble(struct ss_gz *g, struct ss_err *e)
{
	int code;
	const char *why = gzerror(g->file, &code);

	if (code == Z_OK || code == Z_STREAM_END)
		return 0;
	if (code == Z_ERRNO)
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", g->name);
	if (code == Z_BUF_ERROR)
		return ss_fail(e, SS_EDATA, "'%s': truncated gzip data at unpacked offset %llu",
		    g->name, (unsigned long long)g->offset);
	if (code == Z_MEM_ERROR)
		return ss_fail(e, SS_EIO, "out of memory");
	/* zlib puts the name it knows, "<fd:3>", before its reason */
	if (strncmp(why, "<fd:", 4) == 0 && strchr(why, ' ') != NULL)
		why = strchr(why, ' ') + 1;
	return ss_fail(e, SS_EDATA, "'%s': damaged gzip data at unpacked offset %llu: %s", g->name,
	    (unsigned long long)g->offset, why);
}

int
ss_gz_some(struct ss_gz *g, void *buf, size_t n, size_t *got, struct ss_err *e)
{
	unsigned char *p = buf;

	*got = 0;
	while (*got < n) {
		size_t want = n - *got < (1u << 30) ? n - *got : 1u << 30;
		int k = gzread(g->file, p + *got, (unsigned)want);

		if (k > 0) {
			*got += (size_t)k;
			g->offset += (uint64_t)k;
		}
		if (k < 0 || (size_t)k < want)
			return trouble(g, e);
	}
	return 0;
}

int
ss_gz_read(struct ss_gz *g, void *buf, size_t n, struct ss_err *e)
{
	size_t got;
	int r = ss_gz_some(g, buf, n, &got, e);

	if (r == 0 && got < n)
		return ss_fail(e, SS_EDATA, "'%s': truncated at offset %llu, %zu bytes short", g->name,
		    (unsigned long long)g->offset, n - got);
	return r;
}

int
ss_gz_seek(struct ss_gz *g, uint64_t offset, struct ss_err *e)
{
	if (offset == g->offset)
		return 0;
	/* Large steps: z_off_t may have 32 bits, and a seek is only carried out by the next read. */
	if (offset > LONG_MAX || gzseek(g->file, (z_off_t)offset, SEEK_SET) < 0)
		return ss_fail(e, SS_EIO, "cannot go %s in '%s' to offset %llu",
		    offset < g->offset ? "back" : "on", g->name, (unsigned long long)offset);
	g->offset = offset;
	return 0;
}

int
ss_gz_end(struct ss_gz *g, struct ss_err *e)
{
	uint64_t at = g->offset;
	unsigned char byte;
	size_t got;
	int r = ss_gz_some(g, &byte, 1, &got, e);

	if (r == 0 && got > 0)
		return ss_fail(e, SS_EDATA, "'%s': more bytes than its header says, from offset %llu",
		    g->name, (unsigned long long)at);
	return r;
}

int
ss_gz_drain(struct ss_gz *g, struct ss_err *e)
{
	unsigned char buf[4096];
	size_t got;
	int r;

	do {
		r = ss_gz_some(g, buf, sizeof(buf), &got, e);
	} while (r == 0 && got > 0);
	return r;
}

void
ss_gz_close(struct ss_gz *g)
{
	if (g == NULL)
		return;
	gzclose_r(g->file);
	free(g->name);
	free(g);
}
