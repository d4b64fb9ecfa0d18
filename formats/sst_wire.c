/*
 * sst_wire.c - byte layout, checksums and content digest of the tensor stream
 */
#include <string.h>
#include <zlib.h>

#include "base/size.h"
#include "crc.h"
#include "sst_wire.h"

/* PNG's trick: no text file begins so, and newline or 7-bit mangling shows. */
const unsigned char wire_magic[8] = { 0x89, 'S', 'S', 'T', '\r', '\n', 0x1a, '\n' };
const unsigned char wire_zeros[WIRE_UNIT];
static const unsigned char frame_magic[4] = { 'S', 'S', 'T', 'F' };

/* The host is little-endian, see the header; memcpy because of alignment. */
#define PUT(b, at, type, v) do { type put_ = (type)(v); memcpy((b) + (at), &put_, sizeof(put_)); } while (0)
#define GET(b, at, v) memcpy(&(v), (b) + (at), sizeof(v))

uint32_t
wire_crc(uint32_t crc, const void *p, size_t n)
{
	return ss_crc32(crc, p, n);
}

void
wire_crc_both(uint32_t *a, uint32_t *b, const void *p, size_t n)
{
	uint32_t c;

	if (n < 8192) {		/* combining costs as much as summing about that many bytes */
		*a = wire_crc(*a, p, n);
		*b = wire_crc(*b, p, n);
		return;
	}
	c = wire_crc(0, p, n);
	*a = (uint32_t)crc32_combine(*a, c, (z_off_t)n);
	*b = (uint32_t)crc32_combine(*b, c, (z_off_t)n);
}

bool
wire_is_zero(const unsigned char *b, size_t n)
{
	SS_BUG_IF(n > WIRE_UNIT);
	return memcmp(b, wire_zeros, n) == 0;
}

static void
seal(unsigned char b[WIRE_UNIT])
{
	PUT(b, 60, uint32_t, wire_crc(0, b, 60));
}

static bool
sealed(const unsigned char b[WIRE_UNIT])
{
	uint32_t crc;

	GET(b, 60, crc);
	return crc == wire_crc(0, b, 60);
}

void
wire_put_preamble(unsigned char b[WIRE_UNIT], const struct wire_preamble *p)
{
	memset(b, 0, WIRE_UNIT);
	memcpy(b, wire_magic, sizeof(wire_magic));
	PUT(b, 8, uint16_t, p->major);
	PUT(b, 10, uint16_t, p->minor);
	PUT(b, 12, uint32_t, p->text_bytes);
	PUT(b, 16, uint32_t, p->flags);
	PUT(b, 20, uint32_t, p->text_crc);
	seal(b);
}

const char *
wire_get_preamble(const unsigned char b[WIRE_UNIT], struct wire_preamble *p)
{
	if (memcmp(b, wire_magic, 4) != 0)
		return "not a tensor stream (SST)";
	if (memcmp(b, wire_magic, 8) != 0)
		return "a tensor stream, but mangled: its line ends were translated";
	if (!sealed(b))
		return "checksum of the preamble is wrong";
	GET(b, 8, p->major);
	GET(b, 10, p->minor);
	GET(b, 12, p->text_bytes);
	GET(b, 16, p->flags);
	GET(b, 20, p->text_crc);
	if (p->major != SS_SST_MAJOR)
		return p->major > SS_SST_MAJOR ? "stream is of a newer version than this program reads" :
		    "stream has version 0, which never was";
	if (p->flags != 0)
		return "stream needs a feature that this program does not know";
	if (!wire_is_zero(b + 24, 36))
		return "reserved bytes of the preamble are not zero";
	if (p->text_bytes < WIRE_UNIT || p->text_bytes > SS_MAX_TEXT || p->text_bytes % WIRE_UNIT != 0)
		return "impossible length of the text header";
	return NULL;
}

void
wire_put_frame(unsigned char b[WIRE_UNIT], const struct wire_frame *f)
{
	memset(b, 0, WIRE_UNIT);
	memcpy(b, frame_magic, sizeof(frame_magic));
	PUT(b, 4, uint16_t, f->type);
	PUT(b, 8, uint64_t, f->seq);
	PUT(b, 16, uint64_t, f->first);
	PUT(b, 24, uint32_t, f->records);
	PUT(b, 28, uint32_t, f->epoch);
	PUT(b, 32, uint64_t, f->payload);
	PUT(b, 40, uint32_t, f->crc);
	seal(b);
}

const char *
wire_get_frame(const unsigned char b[WIRE_UNIT], struct wire_frame *f)
{
	if (memcmp(b, frame_magic, 4) != 0)
		return memcmp(b, wire_magic, 4) == 0 ? "a second stream begins before the end frame" :
		    "no frame begins here";
	if (!sealed(b))
		return "checksum of the frame header is wrong";
	GET(b, 4, f->type);
	GET(b, 8, f->seq);
	GET(b, 16, f->first);
	GET(b, 24, f->records);
	GET(b, 28, f->epoch);
	GET(b, 32, f->payload);
	GET(b, 40, f->crc);
	if (!wire_is_zero(b + 6, 2) || !wire_is_zero(b + 44, 16))
		return "reserved bytes of the frame header are not zero";
	if (f->payload > SS_MAX_PAYLOAD || f->payload % WIRE_UNIT != 0)
		return "impossible length of the payload";
	return NULL;
}

void
wire_put_totals(unsigned char b[WIRE_UNIT], const struct ss_totals *t)
{
	memset(b, 0, WIRE_UNIT);
	PUT(b, 0, uint64_t, t->frames);
	PUT(b, 8, uint64_t, t->records);
	PUT(b, 16, uint32_t, t->digest);
}

const char *
wire_get_totals(const unsigned char b[WIRE_UNIT], struct ss_totals *t)
{
	GET(b, 0, t->frames);
	GET(b, 8, t->records);
	GET(b, 16, t->digest);
	return wire_is_zero(b + 20, 44) ? NULL : "reserved bytes of the end frame are not zero";
}

/* Elements of one item; false if a dimension or the product is too large. */
static bool
item_elements(const struct ss_tensor *t, const uint32_t *row, size_t *out)
{
	size_t n = 1;
	bool empty = false, fits = true;

	for (int k = 0; k < t->rank; k++) {
		uint32_t d;

		SS_BUG_IF(t->shape[k] == SS_VARIES && row == NULL);
		d = t->shape[k] == SS_VARIES ? *row++ : t->shape[k];
		if (d > INT32_MAX)
			return false;
		if (d == 0)
			empty = true;
		else if (fits)
			fits = ss_mul(n, d, &n);
	}
	*out = empty ? 0 : n;
	return empty || fits;
}

bool
wire_items_bytes(const struct ss_tensor *t, uint32_t n, const uint32_t *dims, size_t *bytes)
{
	int varying = ss_tensor_varying(t);
	size_t one, sum = 0;

	if (varying == 0) {
		if (!item_elements(t, NULL, &one) || !ss_mul(one, n, &sum))
			return false;
	} else {
		for (uint32_t i = 0; i < n; i++, dims += varying)
			if (!item_elements(t, dims, &one) || !ss_add(sum, one, &sum))
				return false;
	}
	return ss_mul(sum, ss_type_size(t->type), bytes) && *bytes <= SS_MAX_PAYLOAD;
}

uint32_t
wire_digest(const struct wire_content *c, int tensors, uint64_t records)
{
	unsigned char b[8];
	uint32_t crc = 0;

	for (int i = 0; i < tensors; i++) {
		PUT(b, 0, uint32_t, c->items[i]);
		PUT(b, 4, uint32_t, c->rows[i]);
		crc = wire_crc(crc, b, 8);
	}
	PUT(b, 0, uint64_t, records);
	return wire_crc(crc, b, 8);
}

const char *
wire_count_frame(struct wire_count *c, const struct ss_header *h, uint32_t epoch, uint32_t records)
{
	bool known = h->records != SS_UNKNOWN;

	if (!c->begun) {
		c->epoch = h->first_epoch;
		c->begun = true;
	}
	if (epoch < c->epoch)
		return "epoch goes back";
	if ((uint64_t)epoch >= (uint64_t)h->first_epoch + h->epochs)
		return "epoch is beyond those that the header declares";
	if (epoch > c->epoch) {
		if (known && (c->in_epoch != h->records || (h->records != 0 && epoch != c->epoch + 1)))
			return "an epoch has fewer records than the header declares";
		c->epoch = epoch;
		c->in_epoch = 0;
	}
	c->in_epoch += records;
	if (known && c->in_epoch > h->records)
		return "an epoch has more records than the header declares";
	return NULL;
}

const char *
wire_count_end(const struct wire_count *c, const struct ss_header *h)
{
	if (h->records == SS_UNKNOWN || h->records == 0)
		return NULL;
	if (!c->begun || c->in_epoch != h->records ||
	    (uint64_t)c->epoch != (uint64_t)h->first_epoch + h->epochs - 1)
		return "stream has fewer records than the header declares";
	return NULL;
}
