/*
 * sst_read.c - reads a tensor stream and believes nothing in it before it was checked
 *
 * Memory grows with the bytes that have arrived, never with a length that was
 * only claimed. A frame is handed out after its checksum was found right.
 */
#define _GNU_SOURCE		/* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/size.h"
#include "sst_wire.h"

#define GROW_FIRST	((size_t)1 << 20)	/* the buffer's first size; then it doubles */

struct ss_reader {
	int fd;
	char *name;
	struct ss_header header;
	size_t cap;
	const volatile sig_atomic_t *stop;	/* or NULL */

	uint64_t offset;	/* bytes read so far */
	uint64_t seq;		/* number of the frame that comes next */
	unsigned char *buf;
	size_t room;

	struct wire_content content;
	struct wire_count count;
	struct ss_totals totals;

	int state;		/* 1 while there is more, else what ss_reader_next repeats */
	struct ss_err err;
};

static int SS_PRINTF(3, 4)
damaged(struct ss_reader *r, struct ss_err *e, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ss_fail(e, SS_EDATA, "%s: frame %llu, byte %llu: %s", r->name,
	    (unsigned long long)r->seq, (unsigned long long)r->offset, text);
}

/* Reads n bytes, or fewer at the end of the input; how many, or a negative code. */
static ssize_t
fill(struct ss_reader *r, unsigned char *p, size_t n, struct ss_err *e)
{
	size_t have = 0;

	while (have < n) {
		ssize_t k;

		if (r->stop != NULL && *r->stop)
			return ss_fail(e, SS_EIO, "%s: interrupted at byte %llu", r->name,
			    (unsigned long long)r->offset);
		k = read(r->fd, p + have, n - have);
		if (k == 0)
			break;
		if (k > 0) {
			have += (size_t)k;
			r->offset += (uint64_t)k;
		} else if (errno == EAGAIN) {	/* somebody left the pipe non-blocking */
			poll(&(struct pollfd){ .fd = r->fd, .events = POLLIN }, 1, -1);
		} else if (errno != EINTR) {
			return ss_fail_errno(e, SS_EIO, "%s: cannot read at byte %llu", r->name,
			    (unsigned long long)r->offset);
		}
	}
	return (ssize_t)have;
}

static int
grow(struct ss_reader *r, size_t keep, size_t want, struct ss_err *e)
{
	size_t room = r->room * 2 > GROW_FIRST ? r->room * 2 : GROW_FIRST;
	unsigned char *p;

	if (room > want)
		room = want < WIRE_UNIT ? WIRE_UNIT : want;
	p = aligned_alloc(WIRE_UNIT, ss_round64(room));
	if (p == NULL)
		return ss_fail(e, SS_EIO, "%s: out of memory for a frame", r->name);
	if (keep > 0)
		memcpy(p, r->buf, keep);
	free(r->buf);
	r->buf = p;
	r->room = ss_round64(room);
	return 0;
}

/* The n bytes of a payload into r->buf. */
static int
read_payload(struct ss_reader *r, size_t n, struct ss_err *e)
{
	size_t have = 0, piece;
	ssize_t k;
	int c;

	if (r->room == 0 && (c = grow(r, 0, n, e)) < 0)
		return c;
	while (have < n) {
		if (have == r->room && (c = grow(r, have, n, e)) < 0)
			return c;
		piece = (n < r->room ? n : r->room) - have;
		k = fill(r, r->buf + have, piece, e);
		if (k < 0)
			return (int)k;
		have += (size_t)k;
		if ((size_t)k < piece)
			return damaged(r, e, "input ends after %zu of %zu bytes of a payload", have, n);
	}
	return 0;
}

/* Reads and forgets a payload of any size. */
static int
skip_payload(struct ss_reader *r, const struct wire_frame *f, struct ss_err *e)
{
	unsigned char piece[16384];
	uint32_t crc = 0;

	for (uint64_t left = f->payload; left > 0;) {
		size_t n = left < sizeof(piece) ? (size_t)left : sizeof(piece);
		ssize_t k = fill(r, piece, n, e);

		if (k < 0)
			return (int)k;
		if ((size_t)k < n)
			return damaged(r, e, "input ends within a payload");
		crc = wire_crc(crc, piece, n);
		left -= n;
	}
	return crc == f->crc ? 0 : damaged(r, e, "checksum of the payload is wrong");
}

static int
read_header(struct ss_reader *r, struct ss_err *e)
{
	struct wire_preamble p;
	struct ss_err inner = SS_ERR_INIT;
	const char *wrong;
	unsigned char b[WIRE_UNIT];
	ssize_t k = fill(r, b, sizeof(b), e);
	int c;

	if (k < 0)
		return (int)k;
	if (k == 0)
		return ss_fail(e, SS_EDATA, "%s: empty input", r->name);
	if ((size_t)k < sizeof(b)) {
		if (memcmp(b, wire_magic, k < 4 ? (size_t)k : 4) != 0)
			return ss_fail(e, SS_EDATA, "%s: not a tensor stream (SST)", r->name);
		return ss_fail(e, SS_EDATA, "%s: input ends after %zd of %d bytes of the preamble", r->name, k,
		    WIRE_UNIT);
	}
	wrong = wire_get_preamble(b, &p);
	if (wrong != NULL)
		return ss_fail(e, SS_EDATA, "%s: %s", r->name, wrong);
	c = read_payload(r, p.text_bytes, &inner);
	if (c == SS_EDATA)
		return ss_fail(e, c, "%s: input ends at byte %llu, within the text header", r->name,
		    (unsigned long long)r->offset);
	if (c < 0)
		return ss_fail(e, c, "%s", inner.text);
	if (wire_crc(0, r->buf, p.text_bytes) != p.text_crc)
		return ss_fail(e, SS_EDATA, "%s: checksum of the text header is wrong", r->name);
	c = wire_text_parse(&r->header, (const char *)r->buf, p.text_bytes, p.major, p.minor, &inner);
	return c < 0 ? ss_fail(e, c, "%s: %s", r->name, inner.text) : 0;
}

/* The next frame header; tells what is wrong with it if it is not the one that must come now. */
static int
read_frame_header(struct ss_reader *r, struct wire_frame *f, struct ss_err *e)
{
	unsigned char b[WIRE_UNIT];
	ssize_t k = fill(r, b, sizeof(b), e);
	const char *wrong;

	if (k < 0)
		return (int)k;
	if (k == 0)
		return damaged(r, e, "end frame missing: the input ends here");
	if ((size_t)k < sizeof(b))
		return damaged(r, e, "input ends after %zd of %d bytes of a frame header", k, WIRE_UNIT);
	wrong = wire_get_frame(b, f);
	if (wrong != NULL)
		return damaged(r, e, "%s", wrong);
	if (f->seq != r->seq)
		return damaged(r, e, "sequence number is %llu, expected %llu: a frame is lost, repeated or moved",
		    (unsigned long long)f->seq, (unsigned long long)r->seq);
	if (f->type >= WIRE_SKIPPABLE)
		return 0;
	if (f->type < WIRE_DATA || f->type > WIRE_NOTE)
		return damaged(r, e, "frame type %u is unknown", f->type);
	if (f->first != r->totals.records)
		return damaged(r, e, "first record is %llu, expected %llu", (unsigned long long)f->first,
		    (unsigned long long)r->totals.records);
	if (f->type != WIRE_DATA && (f->records != 0 || f->epoch != 0))
		return damaged(r, e, "frame of type %u claims records", f->type);
	return 0;
}

/*
 * Cuts the payload in r->buf into tensors. Returns what is wrong, or NULL; *crc
 * is the payload's checksum, made from those of the parts.
 */
static const char *
cut_payload(struct ss_reader *r, const struct wire_frame *w, struct ss_frame *f, uint32_t *crc)
{
	const struct ss_header *h = &r->header;
	size_t at = 0, n = (size_t)w->payload, bytes, pad;

	*crc = 0;
	for (int i = 0; i < h->tensors; i++) {
		const struct ss_tensor *t = &h->tensor[i];
		size_t varying = (size_t)ss_tensor_varying(t);

		f->dims[i] = NULL;
		for (int part = varying > 0 ? 0 : 1; part < 2; part++) {
			if (part == 0) {
				if (!ss_mul(varying * sizeof(uint32_t), w->records, &bytes))
					return "table of dimensions is too large";
			} else if (!wire_items_bytes(t, w->records, f->dims[i], &bytes)) {
				return "dimensions are too large";
			}
			if (bytes > n - at || ss_round64(bytes) > n - at)
				return "payload is shorter than its shapes need";
			pad = ss_round64(bytes) - bytes;
			wire_crc_both(crc, part == 0 ? &r->content.rows[i] : &r->content.items[i],
			    r->buf + at, bytes);
			*crc = wire_crc(*crc, r->buf + at + bytes, pad);
			if (!wire_is_zero(r->buf + at + bytes, pad))
				return "padding is not zero";
			if (part == 0) {
				f->dims[i] = (const uint32_t *)(const void *)(r->buf + at);
			} else {
				f->data[i] = r->buf + at;
				f->bytes[i] = bytes;
			}
			at += bytes + pad;
		}
	}
	return at == n ? NULL : "payload is longer than its shapes need";
}

/* Checks before anything is read that the payload can be what the shapes give. */
static int
check_size(struct ss_reader *r, const struct wire_frame *w, struct ss_err *e)
{
	const struct ss_header *h = &r->header;
	size_t least = 0, bytes;
	bool exact = true;

	if (w->records == 0)
		return damaged(r, e, "frame of data without records");
	for (int i = 0; i < h->tensors; i++) {
		const struct ss_tensor *t = &h->tensor[i];
		size_t varying = (size_t)ss_tensor_varying(t);
		bool fits;

		if (varying > 0) {
			exact = false;
			fits = ss_mul(varying * sizeof(uint32_t), w->records, &bytes);
		} else {
			fits = wire_items_bytes(t, w->records, NULL, &bytes);
		}
		if (!fits || bytes > SS_MAX_PAYLOAD || !ss_add(least, ss_round64(bytes), &least))
			return damaged(r, e, "%lu records of tensor '%s' are larger than a frame may be",
			    (unsigned long)w->records, t->name);
	}
	if (w->payload < least || (exact && w->payload != least))
		return damaged(r, e, "payload of %llu bytes, expected %s%zu for %lu records",
		    (unsigned long long)w->payload, exact ? "" : "at least ", least, (unsigned long)w->records);
	if (w->payload > r->cap)
		return damaged(r, e, "payload of %llu bytes is over this reader's limit of %zu",
		    (unsigned long long)w->payload, r->cap);
	return 0;
}

static int
read_data(struct ss_reader *r, const struct wire_frame *w, struct ss_frame *f, struct ss_err *e)
{
	const char *wrong;
	uint32_t crc;
	int c = check_size(r, w, e);

	if (c < 0)
		return c;
	wrong = wire_count_frame(&r->count, &r->header, w->epoch, w->records);
	if (wrong != NULL)
		return damaged(r, e, "%s (epoch %lu)", wrong, (unsigned long)w->epoch);
	c = read_payload(r, (size_t)w->payload, e);
	if (c < 0)
		return c;
	wrong = cut_payload(r, w, f, &crc);
	if (wrong != NULL)		/* a flipped bit rather than a wrong writer? */
		crc = wire_crc(0, r->buf, (size_t)w->payload);
	if (crc != w->crc)
		return damaged(r, e, "checksum of the payload is %08lx, expected %08lx", (unsigned long)crc,
		    (unsigned long)w->crc);
	if (wrong != NULL)
		return damaged(r, e, "%s", wrong);
	f->first = w->first;
	f->records = w->records;
	f->epoch = w->epoch;
	r->totals.frames++;
	r->totals.records += w->records;
	r->totals.digest = wire_digest(&r->content, r->header.tensors, r->totals.records);
	return 1;
}

static int
read_end(struct ss_reader *r, const struct wire_frame *w, struct ss_err *e)
{
	struct ss_totals t;
	const char *wrong;
	unsigned char b[WIRE_UNIT];
	ssize_t k;

	if (w->payload != WIRE_UNIT)
		return damaged(r, e, "end frame of %llu bytes, expected %d", (unsigned long long)w->payload,
		    WIRE_UNIT);
	k = fill(r, b, sizeof(b), e);
	if (k < 0)
		return (int)k;
	if ((size_t)k < sizeof(b))
		return damaged(r, e, "input ends within the end frame");
	if (wire_crc(0, b, sizeof(b)) != w->crc)
		return damaged(r, e, "checksum of the end frame is wrong");
	wrong = wire_get_totals(b, &t);
	if (wrong == NULL)
		wrong = wire_count_end(&r->count, &r->header);
	if (wrong != NULL)
		return damaged(r, e, "%s", wrong);
	r->totals.digest = wire_digest(&r->content, r->header.tensors, r->totals.records);
	if (t.frames != r->totals.frames || t.records != r->totals.records)
		return damaged(r, e, "end frame counts %llu frames and %llu records, but there were %llu and %llu",
		    (unsigned long long)t.frames, (unsigned long long)t.records,
		    (unsigned long long)r->totals.frames, (unsigned long long)r->totals.records);
	if (t.digest != r->totals.digest)
		return damaged(r, e, "content digest is %08lx, expected %08lx", (unsigned long)r->totals.digest,
		    (unsigned long)t.digest);
	k = fill(r, b, 1, e);
	if (k < 0)
		return (int)k;
	return k == 0 ? 0 : damaged(r, e, "there are bytes behind the end frame");
}

static int
read_error(struct ss_reader *r, const struct wire_frame *w, struct ss_err *e)
{
	char text[WIRE_ERROR_MAX + 1];
	size_t n = (size_t)w->payload;
	ssize_t k;

	if (n > WIRE_ERROR_MAX)
		return damaged(r, e, "error frame of %zu bytes, at most %d expected", n, WIRE_ERROR_MAX);
	k = fill(r, (unsigned char *)text, n, e);
	if (k < 0)
		return (int)k;
	if ((size_t)k < n || wire_crc(0, text, n) != w->crc)
		return damaged(r, e, "the program upstream failed, and its message is cut or damaged");
	text[n] = '\0';
	n = strlen(text);
	for (size_t i = 0, len; i < n; i += len) {	/* it goes to a terminal */
		len = wire_utf8(text + i, n - i);
		if (len == 0) {
			text[i] = '?';
			len = 1;
		}
	}
	return ss_fail(e, SS_EUPSTREAM, "%s", n > 0 ? text : "the program upstream failed without a message");
}

int
ss_reader_next(struct ss_reader *r, struct ss_frame *f, struct ss_err *e)
{
	struct wire_frame w = { 0 };
	int c;

	while (r->state == 1) {
		c = read_frame_header(r, &w, &r->err);
		if (c == 0 && w.type == WIRE_DATA)
			c = read_data(r, &w, f, &r->err);
		else if (c == 0 && w.type == WIRE_ERROR)
			c = read_error(r, &w, &r->err);
		else if (c == 0 && w.type == WIRE_END)
			c = read_end(r, &w, &r->err);
		else if (c == 0 && (c = skip_payload(r, &w, &r->err)) == 0) {
			r->seq++;
			continue;
		}
		if (c == 1) {
			r->seq++;
			return 1;
		}
		r->state = c;
	}
	if (r->state < 0)
		ss_fail(e, r->state, "%s", r->err.text);
	return r->state;
}

int
ss_reader_fdopen(struct ss_reader **out, int fd, const char *name, struct ss_err *e)
{
	struct ss_reader *r = calloc(1, sizeof(*r));
	int c;

	*out = NULL;
	if (r != NULL)
		r->name = strdup(name);
	if (r == NULL || r->name == NULL) {
		free(r);
		close(fd);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	r->fd = fd;
	r->cap = SS_DEFAULT_CAP;
	r->state = 1;
	r->header = (struct ss_header)SS_HEADER_INIT;
#ifdef F_SETPIPE_SZ
	(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20);		/* fewer wake-ups; not granted to all */
#endif
	c = read_header(r, e);
	if (c == 0 && r->header.tensors == 0) {
		/*
		 * A header without tensors is what a program writes that failed before
		 * it knew them: there must be its message.
		 */
		c = ss_reader_next(r, &(struct ss_frame){ 0 }, e);
		if (c >= 0)
			c = ss_fail(e, SS_EDATA, "%s: the header declares no tensors", r->name);
	}
	if (c < 0) {
		ss_reader_free(r);
		return c;
	}
	*out = r;
	return 0;
}

int
ss_reader_open(struct ss_reader **out, const char *path, struct ss_err *e)
{
	int fd;

	*out = NULL;
	if (path == NULL || strcmp(path, "-") == 0)
		return ss_reader_fdopen(out, STDIN_FILENO, "standard input", e);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return ss_reader_fdopen(out, fd, path, e);
}

void
ss_reader_set_cap(struct ss_reader *r, size_t bytes)
{
	r->cap = bytes < SS_MAX_PAYLOAD ? bytes : SS_MAX_PAYLOAD;
}

void
ss_reader_stop(struct ss_reader *r, const volatile sig_atomic_t *flag)
{
	r->stop = flag;
}

const struct ss_header *
ss_reader_header(const struct ss_reader *r)
{
	return &r->header;
}

const char *
ss_reader_name(const struct ss_reader *r)
{
	return r->name;
}

const struct ss_totals *
ss_reader_totals(const struct ss_reader *r)
{
	return &r->totals;
}

void
ss_reader_free(struct ss_reader *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	ss_header_free(&r->header);
	free(r->name);
	free(r->buf);
	free(r);
}
