/*
 * sst_wire.h - what reader and writer of the stream share, not for others
 *
 * Byte layout, checksums and the content digest. sst.md says what they mean.
 */
#ifndef SS_SST_WIRE_H
#define SS_SST_WIRE_H

#include "sst.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "items are handed out as they lie in the stream, which is little-endian"
#endif

enum {
	WIRE_UNIT = 64,			/* every part is a multiple of this */
	WIRE_ERROR_MAX = 4096,		/* bytes of the message in an ERROR frame */

	WIRE_DATA = 1,
	WIRE_END = 2,
	WIRE_ERROR = 3,
	WIRE_NOTE = 4,
	WIRE_SKIPPABLE = 0x8000		/* types from here on may be skipped if unknown */
};

struct wire_preamble {
	uint16_t major, minor;
	uint32_t text_bytes;
	uint32_t flags;
	uint32_t text_crc;
};

struct wire_frame {
	uint16_t type;
	uint64_t seq;
	uint64_t first;
	uint32_t records;
	uint32_t epoch;
	uint64_t payload;
	uint32_t crc;
};

/* What was wrong with 64 bytes, or NULL. */
void wire_put_preamble(unsigned char b[WIRE_UNIT], const struct wire_preamble *p);
const char *wire_get_preamble(const unsigned char b[WIRE_UNIT], struct wire_preamble *p);
void wire_put_frame(unsigned char b[WIRE_UNIT], const struct wire_frame *f);
const char *wire_get_frame(const unsigned char b[WIRE_UNIT], struct wire_frame *f);
void wire_put_totals(unsigned char b[WIRE_UNIT], const struct ss_totals *t);
const char *wire_get_totals(const unsigned char b[WIRE_UNIT], struct ss_totals *t);

extern const unsigned char wire_magic[8];
extern const unsigned char wire_zeros[WIRE_UNIT];
bool wire_is_zero(const unsigned char *b, size_t n);

/*
 * Bytes of n items of a tensor, dims being its n rows of varying dimensions.
 * false if a dimension or the sum is beyond what the format allows.
 */
bool wire_items_bytes(const struct ss_tensor *t, uint32_t n, const uint32_t *dims, size_t *bytes);

/*
 * Running checksums of the content: of each tensor's items, and of its rows of
 * varying dimensions, as if the whole stream were one frame.
 */
struct wire_content {
	uint32_t items[SS_MAX_TENSORS];
	uint32_t rows[SS_MAX_TENSORS];
};
uint32_t wire_digest(const struct wire_content *c, int tensors, uint64_t records);

/* Appends n bytes to two running checksums while reading them once. */
void wire_crc_both(uint32_t *a, uint32_t *b, const void *p, size_t n);
uint32_t wire_crc(uint32_t crc, const void *p, size_t n);

/*
 * The rule for epochs and for numbers of records, kept by the writer and
 * checked by the reader: epochs do not go back, lie in the declared range, and
 * have the declared number of records.
 */
struct wire_count {
	uint64_t in_epoch;	/* records of the current epoch */
	uint32_t epoch;
	bool begun;
};
const char *wire_count_frame(struct wire_count *c, const struct ss_header *h, uint32_t epoch,
    uint32_t records);
const char *wire_count_end(const struct wire_count *c, const struct ss_header *h);

/* sst_header.c: the text header as bytes, padded to a multiple of 64 (malloc'd), and back into an empty *h. */
int wire_text_format(const struct ss_header *h, char **text, size_t *bytes, struct ss_err *e) SS_MUST_USE;
int wire_text_parse(struct ss_header *h, const char *text, size_t bytes, int major, int minor,
    struct ss_err *e) SS_MUST_USE;

/* sst_text.c: text that grows; once memory was short it stays `failed`, and the caller looks at the end. */
struct wire_text {
	char *p;		/* NULL while empty */
	size_t n, room;
	bool failed;
};
void wire_text_add(struct wire_text *t, const char *fmt, ...) SS_PRINTF(2, 3);

/* sst_text.c: bytes of the well-formed, printable UTF-8 character at s of n bytes (n > 0), or 0. */
size_t wire_utf8(const char *s, size_t n);

#endif
