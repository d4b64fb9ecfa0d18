/*
 * sst_slice.c - a run of records of a frame, as a frame of its own
 *
 * The reader has checked all products, so they are not checked again.
 */
#include "sst_slice.h"

size_t
ss_frame_elements(const struct ss_header *h, const struct ss_frame *f, int i, uint32_t r)
{
	const struct ss_tensor *t = &h->tensor[i];
	const uint32_t *dims = f->dims[i];
	size_t n = 1;

	if (dims != NULL)
		dims += (size_t)r * (size_t)ss_tensor_varying(t);
	for (int d = 0; d < t->rank; d++)
		n *= t->shape[d] == SS_VARIES ? *dims++ : t->shape[d];
	return n;
}

static size_t
bytes_of(const struct ss_header *h, const struct ss_frame *f, int i, uint32_t from, uint32_t n)
{
	const size_t size = ss_type_size(h->tensor[i].type);
	size_t bytes = 0;

	if (f->dims[i] == NULL)
		return ss_tensor_elements(&h->tensor[i]) * size * n;
	for (uint32_t r = from; r < from + n; r++)
		bytes += ss_frame_elements(h, f, i, r) * size;
	return bytes;
}

void
ss_frame_slice(const struct ss_header *h, const struct ss_frame *f, uint32_t from, uint32_t n,
    struct ss_frame *out)
{
	*out = (struct ss_frame){ .first = f->first + from, .records = n, .epoch = f->epoch };
	for (int i = 0; i < h->tensors; i++) {
		out->data[i] = (const uint8_t *)f->data[i] + bytes_of(h, f, i, 0, from);
		out->bytes[i] = bytes_of(h, f, i, from, n);
		if (f->dims[i] != NULL)
			out->dims[i] = f->dims[i]
			    + (size_t)from * (size_t)ss_tensor_varying(&h->tensor[i]);
	}
}
