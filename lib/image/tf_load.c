/*
 * tf_load.c - crop, scale, flip and shift an image of bytes into one of floats
 *
 * Each output row comes from two rows of the image, each column from two columns, or
 * from none. All that a view does to places is in the two tables of these.
 */
#include <string.h>

#include "base/size.h"
#include "image/image_work.h"
#include "image/tf.h"

/* in[a] + (in[b] - in[a]) * t; black where a is negative */
struct from {
	int a, b;
	float t;
};

/*
 * One side. The view's place i, shifted back and mirrored, is place j from `begin` on of
 * the `whole` that `size` pixels of the image from `first` on are scaled to. Centres of
 * pixels lie on centres (tf.image.resize's half_pixel_centers). In double: in float, the
 * place among thousands of pixels is off by as much as shows in the byte.
 */
static void
find(struct from *f, int n, int shift, bool mirror, int begin, int whole, int first, int size)
{
	const double scale = (double)size / whole;

	for (int i = 0; i < n; i++) {
		const int k = i - shift, j = begin + (mirror ? n - 1 - k : k);
		double x;
		int low;

		f[i] = (struct from){ -1, -1, 0 };
		if (k < 0 || k >= n || j < 0 || j >= whole)
			continue;
		x = (j + 0.5) * scale - 0.5;
		x = x < 0 ? 0 : x;
		low = (int)x;
		f[i].a = first + (low < size - 1 ? low : size - 1);
		f[i].b = first + (low + 1 < size - 1 ? low + 1 : size - 1);
		f[i].t = (float)(x - low);
	}
}

/* A row of bytes, or what lies between two of them. */
static void
load_row(float *out, const struct from *column, int n, const uint8_t *one, const uint8_t *two,
    float t)
{
	for (int x = 0; x < n; x++) {
		const struct from f = column[x];
		float above, below;

		out[x] = 0;
		if (f.a < 0)
			continue;
		above = (float)one[f.a] + (float)(one[f.b] - one[f.a]) * f.t;
		below = (float)two[f.a] + (float)(two[f.b] - two[f.a]) * f.t;
		out[x] = (above + (below - above) * t) * (1 / 255.0f);
	}
}

static void
copy_row(float *out, const struct from *column, int n, const uint8_t *in)
{
	for (int x = 0; x < n; x++)
		out[x] = column[x].a < 0 ? 0 : (float)in[column[x].a] * (1 / 255.0f);
}

int
ss_tf_load(struct ss_floats *out, const struct ss_image *in, const struct ss_view *v,
    struct ss_image_work *w, struct ss_err *e)
{
	const bool scaled = v->box.height != v->height || v->box.width != v->width;
	struct from *row = ss_work_room(w, 0, (size_t)out->height * sizeof *row);
	struct from *column = ss_work_room(w, 1, (size_t)out->width * sizeof *column);

	if (row == NULL || column == NULL)
		return ss_fail(e, SS_EIO, "out of memory for a view of %d x %d", out->height,
		    out->width);
	SS_BUG_IF(v->box.top < 0 || v->box.left < 0 || v->box.height < 1 || v->box.width < 1
	    || v->box.top > in->height - v->box.height || v->box.left > in->width - v->box.width);
	find(row, out->height, v->down, v->upend, v->top, v->height, v->box.top, v->box.height);
	find(column, out->width, v->right, v->mirror != v->again, v->left, v->width, v->box.left,
	    v->box.width);
	for (int c = 0; c < out->channels; c++) {
		const uint8_t *plane = in->data + (size_t)c * in->plane;
		float *to = out->data + (size_t)c * out->plane;

		for (int y = 0; y < out->height; y++, to += out->width) {
			const struct from f = row[y];

			if (f.a < 0)
				memset(to, 0, (size_t)out->width * sizeof *to);
			else if (scaled)
				load_row(to, column, out->width, plane + (ptrdiff_t)f.a * in->width,
				    plane + (ptrdiff_t)f.b * in->width, f.t);
			else
				copy_row(to, column, out->width, plane + (ptrdiff_t)f.a * in->width);
		}
	}
	return 0;
}
