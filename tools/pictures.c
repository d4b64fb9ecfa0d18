/*
 * pictures.c - the tensors of a stream that are pictures, as images
 */
#include "pictures.h"
#include "tool.h"

unsigned long long
tool_frame_number(const struct ss_reader *in)
{
	return (unsigned long long)ss_reader_totals(in)->frames - 1;
}

bool
tool_is_picture(const struct ss_tensor *t)
{
	return t->type == SS_U8 && t->rank == 3 && (t->shape[0] == 1 || t->shape[0] == 3)
	    && t->shape[1] != 0 && t->shape[2] != 0;
}

void
tool_pictures(const struct ss_reader *in, const struct ss_frame *f, int tensor,
    struct ss_image *image)
{
	const struct ss_tensor *t = &ss_reader_header(in)->tensor[tensor];
	const uint32_t *dims = f->dims[tensor];
	const uint8_t *at = f->data[tensor];

	for (uint32_t r = 0; r < f->records; r++) {
		uint32_t height = t->shape[1] == SS_VARIES ? *dims++ : t->shape[1];
		uint32_t width = t->shape[2] == SS_VARIES ? *dims++ : t->shape[2];

		if (height == 0 || width == 0 || height > INT32_MAX || width > INT32_MAX)
			tool_die(TOOL_DAMAGED, "%s: frame %llu, record %llu: a picture of %u x %u", ss_reader_name(in),
			    tool_frame_number(in), (unsigned long long)(f->first + r), (unsigned)height, (unsigned)width);
		/* images can be written to, these will not be */
		image[r].data = (uint8_t *)(uintptr_t)at;
		image[r].channels = (int)t->shape[0];
		image[r].height = (int)height;
		image[r].width = (int)width;
		image[r].plane = (size_t)height * width;
		at += (size_t)t->shape[0] * image[r].plane;
	}
}
