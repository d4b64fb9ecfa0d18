/*
 * batch.c - batches of views from a stream of frames
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "batch.h"
#include "tool.h"

void
batch_start(struct batch *b, struct ss_reader *in, int min_views, int max_views)
{
	const struct ss_header *h = ss_reader_header(in);
	const struct ss_tensor *first = NULL;

	memset(b, 0, sizeof(*b));
	b->in = in;
	while (b->views < SS_METHOD_VIEWS) {
		char name[16];
		int i;

		snprintf(name, sizeof(name), "view%d", b->views + 1);
		i = ss_header_find(h, name);
		if (i < 0)
			break;
		if (h->tensor[i].type != SS_U8 || h->tensor[i].rank != 3 || ss_tensor_varying(&h->tensor[i]))
			tool_die(TOOL_MISUSE, "%s: tensor '%s' is not u8 of one fixed shape (channels, height, "
			    "width)", ss_reader_name(in), name);
		if (first == NULL)
			first = &h->tensor[i];
		else if (memcmp(first->shape, h->tensor[i].shape, 3 * sizeof(first->shape[0])) != 0)
			tool_die(TOOL_MISUSE, "%s: '%s' and '%s' differ in shape", ss_reader_name(in),
			    first->name, name);
		b->tensor[b->views++] = i;
	}
	if (b->views < min_views)
		tool_die(TOOL_MISUSE, "%s has %d views of each image, not %d: put 'ss-augment --two-views' "
		    "before this", ss_reader_name(in), b->views, min_views);
	if (b->views > max_views)
		tool_die(TOOL_MISUSE, "%s has %d views of each image; this method takes %d",
		    ss_reader_name(in), b->views, max_views);
	for (int k = 0; k < 3; k++) {
		if (first->shape[k] > 65536)
			tool_die(TOOL_MISUSE, "%s: images are too large", ss_reader_name(in));
		b->shape[k] = (int)first->shape[k];
	}
	b->image = ss_tensor_elements(first);
}

void
batch_size(struct batch *b, int size)
{
	b->size = size;
	for (int v = 0; v < b->views; v++) {
		b->data[v] = ss_alloc((size_t)size, b->image);
		if (b->data[v] == NULL)
			tool_die(TOOL_FAILURE, "out of memory for a batch of %d; use a smaller --batch", size);
	}
}

void
batch_free(struct batch *b)
{
	for (int v = 0; v < b->views; v++)
		free(b->data[v]);
	memset(b, 0, sizeof(*b));
}

int
batch_next(struct batch *b, bool skip, uint32_t epoch, uint64_t used, struct ss_err *e)
{
	int have = 0;

	while (have < b->size) {
		uint32_t take;

		if (b->at == b->frame.records) {
			int r = ss_reader_next(b->in, &b->frame, e);

			b->at = 0;
			if (r != 1) {
				b->frame.records = 0;
				return r;
			}
			if (!b->any || b->frame.epoch != b->frame_epoch) {
				b->any = true;
				b->frame_epoch = b->frame.epoch;
				b->seen = 0;
				have = 0;	/* the rest of the last epoch is less than a batch */
			}
			continue;
		}
		take = b->frame.records - b->at;
		if (skip && (b->frame_epoch < epoch || (b->frame_epoch == epoch && b->seen < used))) {
			if (b->frame_epoch == epoch && used - b->seen < take)
				take = (uint32_t)(used - b->seen);
		} else {
			if (take > (uint32_t)(b->size - have))
				take = (uint32_t)(b->size - have);
			for (int v = 0; v < b->views; v++)
				memcpy(b->data[v] + (size_t)have * b->image,
				    (const uint8_t *)b->frame.data[b->tensor[v]] + (size_t)b->at * b->image,
				    (size_t)take * b->image);
			have += (int)take;
		}
		b->at += take;
		b->seen += take;
	}
	b->epoch = b->frame_epoch;
	b->used = b->seen;
	return 1;
}
