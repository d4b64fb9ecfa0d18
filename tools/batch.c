/*
 * batch.c - batches of views from a stream of frames
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "batch.h"
#include "element.h"
#include "nn/head.h"
#include "lines.h"
#include "tool.h"

/* As numbers; false: too large for any network. */
static bool
take_shape(const struct ss_tensor *t, int out[3])
{
	for (int k = 0; k < 3; k++) {
		if (t->shape[k] > 65536)
			return false;
		out[k] = (int)t->shape[k];
	}
	return true;
}

/* The shape of view number b->views: that of the first, or, from some view on, another one. */
static void
add_view(struct batch *b, const struct ss_tensor *t)
{
	const char *from = ss_reader_name(b->in);
	int shape[3];

	if (t->type != SS_U8 || t->rank != 3 || ss_tensor_varying(t))
		tool_die(TOOL_MISUSE, "%s: tensor '%s' is not u8 of one fixed shape (channels, height, width)", from,
		    t->name);
	if (!take_shape(t, shape))
		tool_die(TOOL_MISUSE, "%s: images are too large", from);
	if (b->views == 0)
		memcpy(b->shape, shape, sizeof(shape));
	if (b->globals == b->views && memcmp(b->shape, shape, sizeof(shape)) == 0)
		b->globals++;
	else if (b->globals == b->views)
		memcpy(b->local, shape, sizeof(shape));
	else if (memcmp(b->local, shape, sizeof(shape)) != 0)
		tool_die(TOOL_MISUSE, "%s: '%s' is of a third shape: views are of one size, the last of them perhaps "
		    "of another", from, t->name);
	if (shape[0] != b->shape[0])
		tool_die(TOOL_MISUSE, "%s: '%s' and the views before it differ in channels", from, t->name);
	b->image[b->views] = ss_tensor_elements(t);
}

void
batch_start(struct batch *b, struct ss_reader *in, int min_views, int max_views)
{
	const struct ss_header *h = ss_reader_header(in);

	memset(b, 0, sizeof(*b));
	b->in = in;
	b->label_tensor = -1;
	while (b->views < SS_METHOD_VIEWS) {
		char name[16];
		int i;

		snprintf(name, sizeof(name), "view%d", b->views + 1);
		i = ss_header_find(h, name);
		if (i < 0 && b->views == 0 && min_views == 1)	/* a single view keeps its name */
			i = ss_header_find(h, "image");
		if (i < 0)
			break;
		add_view(b, &h->tensor[i]);
		b->tensor[b->views++] = i;
	}
	if (b->globals < min_views)
		tool_die(TOOL_MISUSE, "%s has %d views of each image%s, not %d: put 'ss-augment --views %d' before this",
		    ss_reader_name(in), b->globals, b->globals < b->views ? " of one size" : "", min_views, min_views);
	if (b->views > max_views)
		tool_die(TOOL_MISUSE, "%s has %d views of each image; this method takes %d",
		    ss_reader_name(in), b->views, max_views);
}

void
batch_labels(struct batch *b, int classes)
{
	const struct ss_header *h = ss_reader_header(b->in);
	size_t at = 0;
	char *line;

	b->label_tensor = ss_header_find(h, "label");
	if (b->label_tensor < 0)
		tool_die(TOOL_MISUSE, "%s has no labels", ss_reader_name(b->in));
	if (h->tensor[b->label_tensor].rank != 0 || ss_type_is_float(h->tensor[b->label_tensor].type))
		tool_die(TOOL_MISUSE, "%s: tensor 'label' is not one integer", ss_reader_name(b->in));
	b->classes = classes;
	while (classes == 0 && (line = line_next(h, "@LB", &at)) != NULL) {
		char *id = line_value(line, "ID"), *end;
		const unsigned long long k = id == NULL ? 0 : strtoull(id, &end, 10);

		if (id != NULL && end != id && *end == '\0' &&
		    k >= (unsigned long long)b->classes && k < SS_HEAD_WIDTH_MAX)
			b->classes = (int)k + 1;
		free(id);
		free(line);
	}
	if (b->classes == 0)
		tool_die(TOOL_MISUSE, "%s does not name its labels: give --classes", ss_reader_name(b->in));
}

void
batch_size(struct batch *b, int size)
{
	b->label = calloc((size_t)size, sizeof(*b->label));
	if (b->label == NULL)
		tool_die(TOOL_FAILURE, "out of memory for a batch of %d; use a smaller --batch", size);
	b->size = size;
	for (int v = 0; v < b->views; v++) {
		b->data[v] = ss_alloc((size_t)size, b->image[v]);
		if (b->data[v] == NULL)
			tool_die(TOOL_FAILURE, "out of memory for a batch of %d; use a smaller --batch", size);
	}
}

void
batch_free(struct batch *b)
{
	for (int v = 0; v < b->views; v++)
		free(b->data[v]);
	free(b->label);
	memset(b, 0, sizeof(*b));
}

/* Labels of `take` records of the frame at hand. */
static void
take_labels(struct batch *b, uint32_t take, int *out)
{
	const struct ss_header *h = ss_reader_header(b->in);

	for (uint32_t i = 0; i < take; i++) {
		double y;

		ss_elements(h->tensor[b->label_tensor].type, b->frame.data[b->label_tensor], b->at + i, 1, &y);
		if (!(y >= 0 && y < b->classes))
			tool_die(TOOL_MISUSE, "%s: epoch %" PRIu32 ", record %" PRIu64 " has label %.0f, outside 0..%d",
			    ss_reader_name(b->in), b->frame_epoch, b->seen + i, y, b->classes - 1);
		out[i] = (int)y;
	}
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
				memcpy(b->data[v] + (size_t)have * b->image[v],
				    (const uint8_t *)b->frame.data[b->tensor[v]] + (size_t)b->at * b->image[v],
				    (size_t)take * b->image[v]);
			if (b->label_tensor >= 0)
				take_labels(b, take, b->label + have);
			have += (int)take;
		}
		b->at += take;
		b->seen += take;
	}
	b->epoch = b->frame_epoch;
	b->used = b->seen;
	return 1;
}
