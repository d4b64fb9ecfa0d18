/*
 * resize.c - crop, scale, mirror
 *
 * Two passes, columns first, rounded to bytes in between, as Pillow does. Both run
 * along memory: the crop is transposed, so that a pass is a weighted sum of
 * rows, all channels side by side. Where the CPU can pick any of many columns at once, and
 * the picture does not become much smaller, the first pass does without.
 */
#include <string.h>

#include "base/size.h"
#include "image/image_work.h"

enum { TILE = 8 };

typedef uint8_t v16 __attribute__((vector_size(16)));
typedef uint16_t v8x16 __attribute__((vector_size(16)));
typedef uint32_t v4x32 __attribute__((vector_size(16)));
typedef uint64_t v2x64 __attribute__((vector_size(16)));

static inline v16
load_row(const uint8_t *p)
{
	uint64_t eight;

	memcpy(&eight, p, sizeof eight);
	return (v16)(v2x64){ eight, 0 };
}

static inline v16
zip8(v16 a, v16 b)
{
	return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22,
	    7, 23);
}

static inline void
store_rows(uint8_t *p, size_t pitch, v4x32 v)
{
	v2x64 two = (v2x64)v;

	memcpy(p, &two, 8);
	memcpy(p + pitch, (char *)&two + 8, 8);
}

/* 8 by 8 bytes: pairs of rows are zipped, then pairs of pairs, then those. */
static void
transpose_tile(uint8_t *out, size_t out_pitch, const uint8_t *in, size_t in_pitch)
{
	v8x16 a = (v8x16)zip8(load_row(in), load_row(in + in_pitch));
	v8x16 b = (v8x16)zip8(load_row(in + 2 * in_pitch), load_row(in + 3 * in_pitch));
	v8x16 c = (v8x16)zip8(load_row(in + 4 * in_pitch), load_row(in + 5 * in_pitch));
	v8x16 d = (v8x16)zip8(load_row(in + 6 * in_pitch), load_row(in + 7 * in_pitch));
	v4x32 ab0 = (v4x32)__builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
	v4x32 ab1 = (v4x32)__builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
	v4x32 cd0 = (v4x32)__builtin_shufflevector(c, d, 0, 8, 1, 9, 2, 10, 3, 11);
	v4x32 cd1 = (v4x32)__builtin_shufflevector(c, d, 4, 12, 5, 13, 6, 14, 7, 15);

	store_rows(out, out_pitch, __builtin_shufflevector(ab0, cd0, 0, 4, 1, 5));
	store_rows(out + 2 * out_pitch, out_pitch, __builtin_shufflevector(ab0, cd0, 2, 6, 3, 7));
	store_rows(out + 4 * out_pitch, out_pitch, __builtin_shufflevector(ab1, cd1, 0, 4, 1, 5));
	store_rows(out + 6 * out_pitch, out_pitch, __builtin_shufflevector(ab1, cd1, 2, 6, 3, 7));
}

/* out[c][r] = in[r][c] */
static void
transpose(uint8_t *out, size_t out_pitch, const uint8_t *in, size_t in_pitch, size_t rows,
    size_t columns)
{
	if (rows < TILE || columns < TILE) {
		for (size_t r = 0; r < rows; r++)
			for (size_t c = 0; c < columns; c++)
				out[c * out_pitch + r] = in[r * in_pitch + c];
		return;
	}
	/* the last tile of a line overlaps the one before it */
	for (size_t r = 0; r < rows; r += TILE) {
		if (r > rows - TILE)
			r = rows - TILE;
		for (size_t c = 0; c < columns; c += TILE) {
			if (c > columns - TILE)
				c = columns - TILE;
			transpose_tile(out + c * out_pitch + r, out_pitch, in + r * in_pitch + c,
			    in_pitch);
		}
	}
}

static void
copy_box(struct ss_image *out, const struct ss_image *in, struct ss_box box)
{
	const size_t pitch = (size_t)in->width, w = (size_t)box.width;

	for (int c = 0; c < in->channels; c++) {
		const uint8_t *from = in->data + (size_t)c * in->plane + (size_t)box.top * pitch
		    + (size_t)box.left;
		uint8_t *to = out->data + (size_t)c * out->plane;

		for (int y = 0; y < box.height; y++, from += pitch, to += w)
			memcpy(to, from, w);
	}
}

/* The columns of the box to those of out: rows of a channel, channel after channel. */
static uint8_t *
scale_columns(const struct ss_image *out, const struct ss_image *in, struct ss_box box, double counted,
    enum ss_filter filter, bool mirror, struct ss_image_work *w)
{
	const size_t channels = (size_t)in->channels, height = (size_t)box.height,
	    width = (size_t)box.width, wide = (size_t)out->width, pitch = (size_t)in->width;
	const size_t column = ss_round64(channels * height);	/* a column of all channels */
	const size_t rows = channels * height * wide;
	const uint8_t *corner = in->data + (size_t)box.top * pitch + (size_t)box.left;
	const struct ss_taps *t = ss_work_taps(w, box.width, counted, out->width, filter);
	const struct ss_across *plan;
	uint8_t *first, *second;
	size_t plans;

	if (t == NULL)
		return NULL;
	plan = ss_work_across(w, t, mirror, &plans);
	first = ss_work_room(w, 0, plan == NULL && width * column > rows ? width * column : rows);
	second = plan == NULL ? ss_work_room(w, 1, wide * column) : first;
	if (first == NULL || second == NULL)
		return NULL;
	for (size_t c = 0; c < channels; c++) {
		if (plan != NULL)
			w->px->across(first + c * height * wide, wide, corner + c * in->plane, pitch, height, plan, plans);
		else
			transpose(first + c * height, column, corner + c * in->plane, pitch, height, width);
	}
	if (plan != NULL)
		return first;
	for (size_t x = 0; x < wide; x++)
		w->px->weigh(second + (mirror ? wide - 1 - x : x) * column,
		    first + (size_t)t->first[x] * column, channels * height, column,
		    t->coef + x * (size_t)t->most, t->count[x]);
	transpose(first, wide, second, column, wide, channels * height);
	return first;
}

/* Of the box, so many rows and columns count; its sizes, or less. */
static int
resize(struct ss_image *out, const struct ss_image *in, struct ss_box box, double rows_counted,
    double columns_counted, enum ss_filter filter, bool mirror, struct ss_image_work *w, struct ss_err *e)
{
	const size_t height = (size_t)box.height, wide = (size_t)out->width;
	const uint8_t *rows = scale_columns(out, in, box, columns_counted, filter, mirror, w);
	const struct ss_taps *t = ss_work_taps(w, box.height, rows_counted, out->height, filter);

	if (rows == NULL || t == NULL)
		return ss_fail(e, SS_EIO, "out of memory for an image of %d x %d", out->height, out->width);
	for (size_t c = 0; c < (size_t)in->channels; c++)
		for (size_t y = 0; y < (size_t)out->height; y++)
			w->px->weigh(out->data + c * out->plane + y * wide,
			    rows + (c * height + (size_t)t->first[y]) * wide, wide, wide,
			    t->coef + y * (size_t)t->most, t->count[y]);
	return 0;
}

int
ss_image_resize(struct ss_image *out, const struct ss_image *in, struct ss_box box,
    enum ss_filter filter, bool mirror, struct ss_image_work *w, struct ss_err *e)
{
	SS_BUG_IF(box.top < 0 || box.left < 0 || box.height < 1 || box.width < 1
	    || box.top > in->height - box.height || box.left > in->width - box.width);
	if (box.height == out->height && box.width == out->width) {
		copy_box(out, in, box);
		if (mirror)
			ss_image_mirror(out);
		return 0;
	}
	return resize(out, in, box, box.height, box.width, filter, mirror, w, e);
}

int
ss_image_scale(struct ss_image *out, const struct ss_image *in, double rows, double columns,
    enum ss_filter filter, struct ss_image_work *w, struct ss_err *e)
{
	const struct ss_box all = { 0, 0, in->height, in->width };

	SS_BUG_IF(!(rows > in->height - 1 && rows <= in->height && columns > in->width - 1 && columns <= in->width));
	if (rows >= in->height && columns >= in->width)
		return ss_image_resize(out, in, all, filter, false, w, e);
	return resize(out, in, all, rows, columns, filter, false, w, e);
}
