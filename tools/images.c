/*
 * images.c - the images and labels of a whole stream in memory
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "images.h"
#include "tool.h"

int
images_tensor(const struct ss_reader *in, const char *name, int shape[3])
{
	const struct ss_header *h = ss_reader_header(in);
	int i = ss_header_find(h, name == NULL ? "image" : name);
	const struct ss_tensor *t;

	if (i < 0)
		tool_die(TOOL_MISUSE, "%s has no tensor '%s'%s", ss_reader_name(in),
		    name == NULL ? "image" : name,
		    ss_header_find(h, "view1") >= 0 ? "; it has views: name one with --tensor" : "");
	t = &h->tensor[i];
	if (t->type != SS_U8 || t->rank != 3 || ss_tensor_varying(t) > 0)
		tool_die(TOOL_MISUSE, "%s: tensor '%s' is not u8 of one fixed shape (channels, height, width)",
		    ss_reader_name(in), t->name);
	for (int k = 0; k < 3; k++) {
		if (t->shape[k] < 1 || t->shape[k] > 65536)
			tool_die(TOOL_MISUSE, "%s: images have a side of %u", ss_reader_name(in), t->shape[k]);
		shape[k] = (int)t->shape[k];
	}
	return i;
}

/* Room for n records; grows by halves, so that a wrong count in the header costs nothing. */
static void
make_room(struct images *im, size_t *room, size_t n, size_t image)
{
	size_t want = *room;
	uint8_t *data;
	int32_t *label;

	if (n <= *room)
		return;
	while (want < n)
		want += want / 2 + 1024;
	data = realloc(im->data, want * image);
	if (data != NULL)
		im->data = data;
	label = realloc(im->label, want * sizeof(*label));
	if (label != NULL)
		im->label = label;
	if (data == NULL || label == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu images", n);
	*room = want;
}

void
images_read(struct images *im, const char *path)
{
	struct ss_reader *in = tool_input(path);
	const struct ss_header *h = ss_reader_header(in);
	int label = ss_header_find(h, "label"), tensor;
	struct ss_frame f;
	size_t room = 0, image;

	memset(im, 0, sizeof(*im));
	tensor = images_tensor(in, NULL, im->shape);
	if (label < 0 || h->tensor[label].type != SS_I32 || h->tensor[label].rank != 0)
		tool_die(TOOL_MISUSE, "%s has no tensor 'label' of type i32", ss_reader_name(in));
	image = ss_tensor_elements(&h->tensor[tensor]);
	while (tool_next(in, &f)) {
		make_room(im, &room, im->n + f.records, image);
		memcpy(im->data + im->n * image, f.data[tensor], f.records * image);
		memcpy(im->label + im->n, f.data[label], f.records * sizeof(*im->label));
		im->n += f.records;
	}
	if (im->n == 0)
		tool_die(TOOL_MISUSE, "%s has no images", ss_reader_name(in));
	im->digest = ss_reader_totals(in)->digest;
	ss_reader_free(in);
}

void
images_expect(const struct images *im, const char *name, const struct ss_node *input)
{
	const int *s = im->shape;

	if (s[0] != input->c || s[1] != input->h || s[2] != input->w)
		tool_die(TOOL_MISUSE, "%s: images are %d x %d x %d, those to train on %d x %d x %d", name, s[0], s[1], s[2],
		    input->c, input->h, input->w);
}

void
images_free(struct images *im)
{
	free(im->data);
	free(im->label);
	memset(im, 0, sizeof(*im));
}
