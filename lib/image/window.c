/*
 * window.c - a part of an image that may reach beyond it
 */
#include <string.h>

#include "image/image.h"

void
ss_image_window(struct ss_image *out, const struct ss_image *in, int top, int left)
{
	const int skip = left < 0 ? -left : 0;			/* black columns on the left */
	const int right = out->width < in->width - left ? out->width : in->width - left;

	for (int c = 0; c < out->channels; c++) {
		uint8_t *to = out->data + (size_t)c * out->plane;
		const uint8_t *from = in->data + (size_t)c * in->plane;

		for (int y = 0; y < out->height; y++, to += out->width) {
			const int row = top + y;

			if (skip > 0 || right < out->width)
				memset(to, 0, (size_t)out->width);
			if (row < 0 || row >= in->height)
				memset(to, 0, (size_t)out->width);
			else if (skip < right)
				memcpy(to + skip, from + (ptrdiff_t)row * in->width + left + skip,
				    (size_t)(right - skip));
		}
	}
}
