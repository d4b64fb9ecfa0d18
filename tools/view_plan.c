/*
 * view_plan.c - from which tensors of the input views are made, and where they go
 */
#include <string.h>

#include "pictures.h"
#include "tool.h"
#include "view_plan.h"

/* The size of the views, those of the images being the last resort. */
static void
settle_sizes(struct ss_views *what, const struct view_request *q, const struct ss_tensor *t)
{
	const bool sized = q->size[0] != 0;
	int kernel;

	what->channels = (int)t->shape[0];
	what->size[0].height = sized ? (int)q->size[0] : (int)t->shape[1];
	what->size[0].width = sized ? (int)q->size[1] : (int)t->shape[2];
	what->size[1].height = (int)q->local_size[0];
	what->size[1].width = (int)q->local_size[1];
	if (q->local_size[0] == 0) {
		what->size[1].height = ss_recipe_local_side(what->size[0].height);
		what->size[1].width = ss_recipe_local_side(what->size[0].width);
	} else if (what->recipe.locals == 0) {
		tool_die(TOOL_MISUSE, "--local-size has no effect: there are no --local-views");
	}
	for (int local = 0; local < (what->recipe.locals > 0 ? 2 : 1); local++) {
		const int height = what->size[local].height, width = what->size[local].width;

		kernel = ss_recipe_kernel(&what->recipe, height, width);
		/* reflected borders are no wider than the image; black ones may be */
		if (what->recipe.dialect == SS_TORCHVISION
		    && (kernel / 2 >= height || kernel / 2 >= width))
			tool_die(TOOL_MISUSE, "a blur kernel of %d is too large for views of %d x %d",
			    kernel, height, width);
	}
}

void
view_plan_input(struct view_plan *p, struct ss_views *what, const struct view_request *q,
    const struct ss_reader *in)
{
	const struct ss_header *h = ss_reader_header(in);
	const char *name = ss_reader_name(in);
	const struct ss_tensor *t;

	p->image = ss_header_find(h, q->tensor);
	if (p->image < 0)
		tool_die(TOOL_MISUSE, "%s: there is no tensor '%s' to make views of", name,
		    q->tensor);
	p->index = ss_header_find(h, "index");
	if (p->index < 0 || h->tensor[p->index].type != SS_U64 || h->tensor[p->index].rank != 0)
		tool_die(TOOL_MISUSE,
		    "%s: there is no tensor 'index' (u64), the key of all randomness", name);
	t = &h->tensor[p->image];
	if (t->rank == 3 && t->shape[0] == SS_VARIES)
		tool_die(TOOL_MISUSE, "%s: tensor '%s' varies in its number of channels, which must be 1 or 3 of all",
		    name, q->tensor);
	if (!tool_is_picture(t))
		tool_die(TOOL_MISUSE,
		    "%s: tensor '%s' must be u8 of 1 or 3 channels, rows, columns", name,
		    q->tensor);
	if (q->size[0] == 0 && ss_tensor_varying(t) > 0)
		tool_die(TOOL_MISUSE,
		    "%s: the images vary in size: --size must say that of the views", name);
	settle_sizes(what, q, t);
}

void
view_plan_check(const struct ss_views *what, const struct ss_reader *in, const struct ss_frame *f,
    const struct ss_image *image)
{
	struct ss_err e = SS_ERR_INIT;

	for (uint32_t i = 0; i < f->records; i++)
		if (ss_view_fits(&what->recipe, image[i].height, image[i].width, what->size[0].height,
		    what->size[0].width, &e) < 0)
			tool_die(TOOL_MISUSE, "%s: frame %llu, record %llu: %s", ss_reader_name(in), tool_frame_number(in),
			    (unsigned long long)(f->first + i), e.text);
}

void
view_plan_output(struct view_plan *p, struct ss_header *out, const struct ss_views *what,
    const struct view_request *q, const struct ss_header *in)
{
	const uint32_t numbers = SS_VIEW_NUMBERS;
	const int views = ss_views_count(what);
	const bool alone = views == 1 && !q->keep;
	char name[SS_NAME_MAX + 32];
	struct ss_err e = SS_ERR_INIT;
	int r = ss_header_copy(out, in, &e);

	out->tensors = 0;
	for (int i = 0; r == 0 && i < in->tensors; i++) {
		const struct ss_tensor *t = &in->tensor[i];

		for (int k = 0; i == p->image && r == 0 && k < views; k++) {
			int height, width;

			ss_views_size(what, k, &height, &width);
			snprintf(name, sizeof name, "view%d", k + 1);
			p->from[out->tensors] = -1;
			p->view[k] = out->tensors;
			r = ss_header_add(out, alone ? t->name : name, SS_U8, 3,
			    (uint32_t[]){ (uint32_t)what->channels, (uint32_t)height, (uint32_t)width },
			    &e);
			if (r < 0 || !q->record)
				continue;
			strcat(alone ? strcpy(name, t->name) : name, ".params");
			p->from[out->tensors] = -1;
			p->record[k] = out->tensors;
			r = ss_header_add(out, name, SS_F32, 1, &numbers, &e);
		}
		if (r == 0 && (i != p->image || q->keep)) {
			p->from[out->tensors] = i;
			r = ss_header_add(out, t->name, t->type, t->rank, t->shape, &e);
		}
	}
	if (r < 0)
		tool_fail(r, &e);
}
