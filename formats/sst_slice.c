/*
 * sst_slice.c - some records of a frame, as a frame of their own
 *
 * The reader has checked all products, so they are not checked again.
 */
#include <stdlib.h>
#include <string.h>

#include "sst_slice.h"

size_t
ss_frame_elements(const struct ss_header *h, const struct ss_frame *f, int i, uint32_t r)
{
	const struct ss_tensor *t = &h->tensor[i];
	const uint32_t *dims = f->dims[i];
	size_t n = 1;

	if (dims != NULL)
		dims += (size_t)r * (size_t)ss_tensor_varying(t);
	for (int d = 0; d < t->rank; d++) {
		SS_BUG_IF(t->shape[d] == SS_VARIES && dims == NULL);
		n *= t->shape[d] == SS_VARIES ? *dims++ : t->shape[d];
	}
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

bool
ss_frame_each(const struct ss_header *h, const struct ss_frame *f, struct ss_frame *one)
{
	if (one->records == 0) {
		if (f->records > 0)
			ss_frame_slice(h, f, 0, 1, one);
		return f->records > 0;
	}
	if (++one->first == f->first + f->records)
		return false;
	for (int i = 0; i < h->tensors; i++) {
		one->data[i] = (const uint8_t *)one->data[i] + one->bytes[i];
		if (one->dims[i] != NULL)
			one->dims[i] += ss_tensor_varying(&h->tensor[i]);
		one->bytes[i] = bytes_of(h, one, i, 0, 1);
	}
	return true;
}

/* Dimensions of all tensors first, so that they are aligned, then the items. */
int
ss_record_pack(const struct ss_header *h, const struct ss_frame *f, void **out, size_t *bytes,
    struct ss_err *e)
{
	struct ss_frame one;
	size_t dims = 0, total;
	uint8_t *to;

	ss_frame_slice(h, f, 0, 1, &one);
	for (int i = 0; i < h->tensors; i++)
		dims += (size_t)ss_tensor_varying(&h->tensor[i]) * sizeof(uint32_t);
	total = dims;
	for (int i = 0; i < h->tensors; i++)
		total += one.bytes[i];		/* of a frame that is in memory: no overflow */
	if ((*out = to = malloc(total + 1)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a record of %zu bytes", total);
	for (int i = 0; i < h->tensors; i++) {
		const size_t n = (size_t)ss_tensor_varying(&h->tensor[i]) * sizeof(uint32_t);

		if (one.dims[i] != NULL)
			memcpy(to, one.dims[i], n);
		to += n;
	}
	for (int i = 0; i < h->tensors; i++) {
		if (one.bytes[i] > 0)
			memcpy(to, one.data[i], one.bytes[i]);
		to += one.bytes[i];
	}
	*bytes = total;
	return 0;
}

void
ss_record_unpack(const struct ss_header *h, const void *packed, struct ss_frame *out)
{
	const uint32_t *dims = packed;

	*out = (struct ss_frame){ .records = 1 };
	for (int i = 0; i < h->tensors; i++) {
		const int n = ss_tensor_varying(&h->tensor[i]);

		out->dims[i] = n > 0 ? dims : NULL;
		dims += n;
	}
	const uint8_t *from = (const uint8_t *)dims;

	for (int i = 0; i < h->tensors; i++) {
		out->data[i] = from;
		out->bytes[i] = bytes_of(h, out, i, 0, 1);
		from += out->bytes[i];
	}
}
