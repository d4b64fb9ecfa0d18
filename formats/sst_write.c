/*
 * sst_write.c - writes a tensor stream, each frame by one call where the system takes it
 *
 * The items are not copied: a frame goes out as a list of pieces. Their checksums
 * give that of the payload, so every byte is summed once.
 */
#define _GNU_SOURCE		/* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/size.h"
#include "outfile.h"
#include "sst_wire.h"

enum { PIECES = 1 + 4 * SS_MAX_TENSORS };	/* header; table, padding, items, padding of each tensor */

struct ss_writer {
	int fd;
	struct ss_outfile *file;	/* NULL for a descriptor of somebody else */
	char *name;
	struct ss_header header;
	uint64_t seq;
	struct wire_content content;
	struct wire_count count;
	struct ss_totals totals;
	bool broken;			/* a frame is half written: nothing may follow it */
};

static int
write_all(struct ss_writer *w, struct iovec *v, int n, struct ss_err *e)
{
	while (n > 0) {
		ssize_t k = writev(w->fd, v, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN) {		/* somebody left the pipe non-blocking */
			poll(&(struct pollfd){ .fd = w->fd, .events = POLLOUT }, 1, -1);
			continue;
		}
		if (k < 0) {
			w->broken = true;
			return ss_fail_errno(e, SS_EIO, "%s: cannot write", w->name);
		}
		for (; n > 0 && (size_t)k >= v->iov_len; v++, n--)
			k -= (ssize_t)v->iov_len;
		if (n > 0) {
			v->iov_base = (char *)v->iov_base + k;
			v->iov_len -= (size_t)k;
		}
	}
	return 0;
}

/* iovec is for reading too, so it has no const; writev leaves the bytes alone. */
static struct iovec
piece(const void *p, size_t n)
{
	union { const void *in; void *out; } u = { .in = p };

	return (struct iovec){ u.out, n };
}

static int
write_header(struct ss_writer *w, struct ss_err *e)
{
	struct wire_preamble p = { .major = SS_SST_MAJOR, .minor = SS_SST_MINOR };
	unsigned char b[WIRE_UNIT];
	struct ss_err inner = SS_ERR_INIT;
	char *text;
	size_t bytes;
	int r = wire_text_format(&w->header, &text, &bytes, &inner);

	if (r < 0)
		return ss_fail(e, r, "%s: %s", w->name, inner.text);
	p.text_bytes = (uint32_t)bytes;
	p.text_crc = wire_crc(0, text, bytes);
	wire_put_preamble(b, &p);
	r = write_all(w, (struct iovec[]){ piece(b, sizeof(b)), piece(text, bytes) }, 2, e);
	free(text);
	return r;
}

static void
release(struct ss_writer *w)
{
	ss_outfile_discard(w->file);
	if (w->file == NULL && w->fd >= 0)
		close(w->fd);
	ss_header_free(&w->header);
	free(w->name);
	free(w);
}

static int
open_writer(struct ss_writer **out, int fd, struct ss_outfile *file, const char *name,
    const struct ss_header *h, struct ss_err *e)
{
	struct ss_writer *w = calloc(1, sizeof(*w));
	int r;

	if (w == NULL) {
		ss_outfile_discard(file);
		if (file == NULL)
			close(fd);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	w->fd = fd;
	w->file = file;
	w->name = strdup(name);
	r = w->name == NULL ? ss_fail(e, SS_EIO, "out of memory") : ss_header_copy(&w->header, h, e);
#ifdef F_SETPIPE_SZ
	(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);		/* fewer wake-ups; not granted to all */
#endif
	if (r == 0 && h->tensors == 0)
		r = ss_fail(e, SS_EUSAGE, "%s: a stream needs at least one tensor", name);
	if (r == 0)
		r = write_header(w, e);
	if (r < 0) {
		release(w);
		return r;
	}
	*out = w;
	return 0;
}

int
ss_writer_fdopen(struct ss_writer **out, int fd, const char *name, const struct ss_header *h,
    struct ss_err *e)
{
	*out = NULL;
	return open_writer(out, fd, NULL, name, h, e);
}

int
ss_writer_open(struct ss_writer **out, const char *path, const struct ss_header *h,
    struct ss_err *e)
{
	struct ss_outfile *file;
	int r;

	*out = NULL;
	if (path == NULL || strcmp(path, "-") == 0)
		return open_writer(out, STDOUT_FILENO, NULL, "standard output", h, e);
	r = ss_outfile_open(&file, path, e);
	return r < 0 ? r : open_writer(out, ss_outfile_fd(file), file, path, h, e);
}

/* Adds n bytes and their padding to the pieces and to the checksums. */
static void
add(struct iovec *v, int *n, const void *p, size_t bytes, uint32_t *payload_crc, uint32_t *content_crc)
{
	size_t pad = ss_round64(bytes) - bytes;

	wire_crc_both(payload_crc, content_crc, p, bytes);
	*payload_crc = wire_crc(*payload_crc, wire_zeros, pad);
	if (bytes > 0)
		v[(*n)++] = piece(p, bytes);
	if (pad > 0)
		v[(*n)++] = piece(wire_zeros, pad);
}

int
ss_writer_frame(struct ss_writer *w, const struct ss_frame *f, struct ss_err *e)
{
	const struct ss_header *h = &w->header;
	struct wire_frame out = { .type = WIRE_DATA, .seq = w->seq, .first = w->totals.records,
	    .records = f->records, .epoch = f->epoch };
	struct iovec v[PIECES];
	unsigned char b[WIRE_UNIT];
	size_t total = 0, rows[SS_MAX_TENSORS] = { 0 }, items[SS_MAX_TENSORS];
	const char *wrong;
	int n = 1;

	if (f->records == 0)
		return 0;
	for (int i = 0; i < h->tensors; i++) {		/* all sizes before the first change of state */
		int varying = ss_tensor_varying(&h->tensor[i]);

		if (!ss_mul((size_t)varying * sizeof(uint32_t), f->records, &rows[i]) ||
		    !wire_items_bytes(&h->tensor[i], f->records, f->dims[i], &items[i]) ||
		    (total += ss_round64(rows[i]) + ss_round64(items[i])) > SS_DEFAULT_CAP)
			return ss_fail(e, SS_EUSAGE, "%s: %lu records are more than a frame holds; use smaller frames",
			    w->name, (unsigned long)f->records);
	}
	wrong = wire_count_frame(&w->count, h, f->epoch, f->records);
	if (wrong != NULL)
		return ss_fail(e, SS_EUSAGE, "%s: %s (epoch %lu)", w->name, wrong, (unsigned long)f->epoch);
	for (int i = 0; i < h->tensors; i++) {
		if (rows[i] > 0)
			add(v, &n, f->dims[i], rows[i], &out.crc, &w->content.rows[i]);
		add(v, &n, f->data[i], items[i], &out.crc, &w->content.items[i]);
	}
	out.payload = total;
	wire_put_frame(b, &out);
	v[0] = piece(b, sizeof(b));
	w->seq++;
	w->totals.frames++;
	w->totals.records += f->records;
	w->totals.digest = wire_digest(&w->content, h->tensors, w->totals.records);
	return write_all(w, v, n, e);
}

/* A frame without records. */
static int
write_short_frame(struct ss_writer *w, uint16_t type, const void *payload, size_t bytes, struct ss_err *e)
{
	struct wire_frame f = { .type = type, .seq = w->seq, .first = w->totals.records, .payload = bytes,
	    .crc = wire_crc(0, payload, bytes) };
	unsigned char b[WIRE_UNIT];

	wire_put_frame(b, &f);
	return write_all(w, (struct iovec[]){ piece(b, sizeof(b)), piece(payload, bytes) }, 2, e);
}

int
ss_writer_end(struct ss_writer *w, struct ss_err *e)
{
	unsigned char b[WIRE_UNIT];
	struct ss_outfile *file = w->file;
	const char *wrong = wire_count_end(&w->count, &w->header);
	int r, fd;

	if (wrong != NULL)
		r = ss_fail(e, SS_EUSAGE, "%s: %s", w->name, wrong);
	else if (w->broken)
		r = ss_fail(e, SS_EIO, "%s: cannot write", w->name);
	else {
		w->totals.digest = wire_digest(&w->content, w->header.tensors, w->totals.records);
		wire_put_totals(b, &w->totals);
		r = write_short_frame(w, WIRE_END, b, sizeof(b), e);
	}
	if (r == 0 && file != NULL) {
		w->file = NULL;
		w->fd = -1;
		r = ss_outfile_commit(file, e);
	} else if (r == 0) {
		fd = w->fd;
		w->fd = -1;
		if (close(fd) < 0)		/* where some file systems tell of a full disk */
			r = ss_fail_errno(e, SS_EIO, "%s: cannot write", w->name);
	}
	release(w);
	return r;
}

void
ss_writer_abort(struct ss_writer *w, const char *message)
{
	char text[WIRE_ERROR_MAX] = "";

	if (w == NULL)
		return;
	if (w->file == NULL && !w->broken) {
		snprintf(text, sizeof(text), "%s", message);
		(void)write_short_frame(w, WIRE_ERROR, text, ss_round64(strlen(text)), NULL);
	}
	release(w);
}

const struct ss_totals *
ss_writer_totals(const struct ss_writer *w)
{
	return &w->totals;
}

void
ss_write_failure(int fd, const char *message)
{
	struct ss_writer w = { .fd = fd, .name = "", .header = SS_HEADER_INIT };
	char text[WIRE_ERROR_MAX] = "";

	w.header.records = 0;
	snprintf(text, sizeof(text), "%s", message);
	if (write_header(&w, NULL) == 0)
		(void)write_short_frame(&w, WIRE_ERROR, text, ss_round64(strlen(text)), NULL);
}
