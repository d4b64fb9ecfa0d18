/*
 * tfevents.c - event files of TensorBoard: scalars only
 *
 * The numbers of the fields are those of event.proto and summary.proto of TensorFlow:
 *
 *	Event	1 wall_time: double   2 step: int64   3 file_version: string   5 summary: Summary
 *	Summary	1 value: Value, repeated
 *	Value	1 tag: string   2 simple_value: float
 */
#include <string.h>

#include "base/err.h"
#include "tfevents.h"

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };	/* wire types */

/* An Event of the largest tag, with keys and lengths, has 306 bytes. */
enum { EVENT_MAX = SS_TAG_MAX + 64 };

struct message {
	unsigned char b[EVENT_MAX];
	size_t n;
};

uint32_t
ss_crc32c(const void *p, size_t n)
{
	const unsigned char *b = p;
	uint32_t crc = ~(uint32_t)0;

	for (size_t i = 0; i < n; i++) {	/* bit by bit: logs are small */
		crc ^= b[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
	}
	return ~crc;
}

static void
put(struct message *m, const void *p, size_t n)
{
	SS_BUG_IF(n > sizeof(m->b) - m->n);
	memcpy(m->b + m->n, p, n);
	m->n += n;
}

static void
put_little(struct message *m, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++, v >>= 8)
		put(m, &(unsigned char){ (unsigned char)v }, 1);
}

static void
put_varint(struct message *m, uint64_t v)
{
	for (; v > 127; v >>= 7)
		put_little(m, (v & 127) | 128, 1);
	put_little(m, v, 1);
}

static void
put_bytes(struct message *m, int field, const void *p, size_t n)
{
	put_varint(m, (uint64_t)field << 3 | BYTES);
	put_varint(m, n);
	put(m, p, n);
}

static void
put_time(struct message *m, double wall_time)
{
	uint64_t bits;

	memcpy(&bits, &wall_time, sizeof(bits));
	put_varint(m, 1 << 3 | FIXED64);
	put_little(m, bits, 8);
}

static uint32_t
masked(uint32_t crc)
{
	return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void
write_record(FILE *f, const struct message *m)
{
	struct message head = { .n = 0 }, tail = { .n = 0 };

	put_little(&head, m->n, 8);
	put_little(&head, masked(ss_crc32c(head.b, 8)), 4);
	put_little(&tail, masked(ss_crc32c(m->b, m->n)), 4);
	fwrite(head.b, 1, head.n, f);
	fwrite(m->b, 1, m->n, f);
	fwrite(tail.b, 1, tail.n, f);
}

void
ss_tfevents_begin(FILE *f, double wall_time)
{
	static const char version[] = "brain.Event:2";
	struct message event = { .n = 0 };

	put_time(&event, wall_time);
	put_bytes(&event, 3, version, strlen(version));
	write_record(f, &event);
}

void
ss_tfevents_scalar(FILE *f, double wall_time, int64_t step, const char *tag, float value)
{
	struct message event = { .n = 0 }, summary = { .n = 0 }, v = { .n = 0 };
	uint32_t bits;

	SS_BUG_IF(step < 0 || strlen(tag) > SS_TAG_MAX);
	memcpy(&bits, &value, sizeof(bits));
	put_bytes(&v, 1, tag, strlen(tag));
	put_varint(&v, 2 << 3 | FIXED32);
	put_little(&v, bits, 4);
	put_bytes(&summary, 1, v.b, v.n);

	put_time(&event, wall_time);
	put_varint(&event, 2 << 3 | VARINT);
	put_varint(&event, (uint64_t)step);
	put_bytes(&event, 5, summary.b, summary.n);
	write_record(f, &event);
}
