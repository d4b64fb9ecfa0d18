/*
 * gather.c - frames that are put together record by record
 */
#include <stdlib.h>
#include <string.h>

#include "gather.h"

/* Bytes that grow. */
struct pile {
	uint8_t *data;
	size_t n, room;
};

struct ss_gather {
	const struct ss_header *h;
	struct pile items[SS_MAX_TENSORS], dims[SS_MAX_TENSORS];
	size_t bytes;
	uint32_t records;
	bool taken;
};

int
ss_gather_create(struct ss_gather **out, const struct ss_header *h, struct ss_err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	(*out)->h = h;
	return 0;
}

void
ss_gather_free(struct ss_gather *g)
{
	for (int i = 0; g != NULL && i < SS_MAX_TENSORS; i++) {
		free(g->items[i].data);
		free(g->dims[i].data);
	}
	free(g);
}

static int
add_bytes(struct pile *p, const void *data, size_t n, struct ss_err *e)
{
	if (p->data == NULL || n > p->room - p->n) {	/* never NULL: zlib takes that for the beginning of a sum */
		const size_t room = p->n + n + (p->n + n) / 2 + 64;
		uint8_t *more = realloc(p->data, room);

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory for a frame of %zu bytes", p->n + n);
		p->data = more;
		p->room = room;
	}
	if (n > 0)
		memcpy(p->data + p->n, data, n);
	p->n += n;
	return 0;
}

static void
clear(struct ss_gather *g)
{
	for (int i = 0; i < g->h->tensors; i++)
		g->items[i].n = g->dims[i].n = 0;
	g->bytes = 0;
	g->records = 0;
	g->taken = false;
}

int
ss_gather_add(struct ss_gather *g, const struct ss_frame *one, struct ss_err *e)
{
	int r;

	if (g->taken)
		clear(g);
	for (int i = 0; i < g->h->tensors; i++) {
		const size_t dims = (size_t)ss_tensor_varying(&g->h->tensor[i]) * sizeof(uint32_t);

		if ((r = add_bytes(&g->items[i], one->data[i], one->bytes[i], e)) < 0 ||
		    (r = add_bytes(&g->dims[i], one->dims[i], dims, e)) < 0)
			return r;
		g->bytes += one->bytes[i] + dims;
	}
	g->records++;
	return 0;
}

size_t
ss_gather_bytes(const struct ss_gather *g)
{
	return g->taken ? 0 : g->bytes;
}

uint32_t
ss_gather_records(const struct ss_gather *g)
{
	return g->taken ? 0 : g->records;
}

void
ss_gather_take(struct ss_gather *g, uint32_t epoch, struct ss_frame *out)
{
	*out = (struct ss_frame){ .records = ss_gather_records(g), .epoch = epoch };
	for (int i = 0; i < g->h->tensors; i++) {
		out->data[i] = g->items[i].data;
		out->bytes[i] = g->items[i].n;
		if (ss_tensor_varying(&g->h->tensor[i]) > 0)
			out->dims[i] = (const uint32_t *)(const void *)g->dims[i].data;
	}
	g->taken = true;
}
