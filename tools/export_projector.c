/*
 * export_projector.c - ss-export for the embedding projector of TensorBoard
 *
 * A folder with the vectors, a table of what is known of each, a sheet of their pictures,
 * and the file that names these three, which appears last: until then the projector sees
 * nothing.
 */
#include <math.h>
#include <string.h>

#include "export.h"
#include "image/sheet.h"
#include "outputs.h"
#include "pictures.h"
#include "pngfile.h"
#include "sst_slice.h"

struct projector {
	struct export *x;
	FILE *vectors, *table;
	struct ss_outfile *sheet_file;
	int features, picture;			/* tensors; picture may be -1 */
	int column[SS_MAX_TENSORS], columns;	/* of the table */
	struct export_classes classes;
	struct ss_sheet sheet;
	struct ss_image_work *work;
};

/* `image`, or the first other picture, if it is not the features themselves. */
static int
choose_picture(const struct ss_header *h, int features)
{
	int i = ss_header_find(h, "image");

	if (i >= 0 && i != features && tool_is_picture(&h->tensor[i]))
		return i;
	for (i = 0; i < h->tensors; i++)
		if (i != features && tool_is_picture(&h->tensor[i]))
			return i;
	return -1;
}

/* Room for as many pictures as there will be, or else as many as there can be. */
static void
plan_sheet(struct projector *p)
{
	const struct ss_tensor *t = &p->x->h->tensor[p->picture];
	const uint64_t expected = export_expected(p->x);
	struct ss_err e = SS_ERR_INIT;
	const uint32_t longest = t->shape[1] > t->shape[2] ? t->shape[1] : t->shape[2];
	int side = p->x->side, columns = 0, r;

	if (side == 0)		/* what varies is SS_VARIES, the longest of all */
		side = longest < EXPORT_SIDE ? (int)longest : EXPORT_SIDE;
	if (expected <= EXPORT_POINTS_MAX) {
		columns = expected == 0 ? 1 : (int)ceil(sqrt((double)expected));
		if (p->x->side == 0 && side > EXPORT_SPRITE_MAX / columns)
			side = EXPORT_SPRITE_MAX / columns;
	}
	if (columns == 0 || columns > EXPORT_SPRITE_MAX / side)
		columns = EXPORT_SPRITE_MAX / side;
	p->sheet = (struct ss_sheet){ .tight = true, .columns = columns, .rows = EXPORT_SPRITE_MAX / side,
	    .pictures = 1, .height = { side }, .width = { side } };
	r = ss_sheet_create(&p->sheet, &e);
	if (r < 0)
		tool_fail(r, &e);
	p->work = ss_image_work_create(ss_pixels());
	if (p->work == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
}

static void
put_picture(struct projector *p, const struct ss_frame *one)
{
	const size_t room = (size_t)p->sheet.columns * (size_t)p->sheet.rows;
	struct ss_err e = SS_ERR_INIT;
	struct ss_image m;
	int r;

	if (one->first >= room)
		tool_die(TOOL_MISUSE, "a sheet of %d x %d pixels holds %zu pictures of side %d: choose fewer "
		    "records with --limit, or a smaller --side", EXPORT_SPRITE_MAX, EXPORT_SPRITE_MAX, room,
		    p->sheet.height[0]);
	tool_pictures(p->x->in, one, p->picture, &m);
	r = ss_sheet_put(&p->sheet, one->first, 0, &m, p->work, &e);
	if (r < 0)
		tool_fail(r, &e);
}

static void
open_files(struct projector *p)
{
	const struct export *x = p->x;

	for (int i = 0; i < x->h->tensors; i++)
		if (i != p->features && (x->h->tensor[i].rank == 0 || export_is_text(&x->h->tensor[i])))
			p->column[p->columns++] = i;
	outputs_folder(x->output);
	p->vectors = outputs_stream(x->output, "tensors.tsv", NULL);
	if (p->columns > 0)
		p->table = outputs_stream(x->output, "metadata.tsv", NULL);
	if (p->picture >= 0)
		p->sheet_file = outputs_open(x->output, "sprite.png", "a picture");
}

/* The projector takes the first line for names if there are two columns or more, and only then. */
static void
print_names(const struct projector *p)
{
	for (int k = 0; k < p->columns && p->columns > 1; k++)
		fprintf(p->table, "%s%c", p->x->h->tensor[p->column[k]].name,
		    k < p->columns - 1 ? '\t' : '\n');
}

static void
take_record(struct projector *p, const struct ss_frame *one)
{
	const size_t n = ss_tensor_elements(&p->x->h->tensor[p->features]);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putc('\t', p->vectors);
		export_finite(p->vectors, p->x, one, p->features, i);
	}
	putc('\n', p->vectors);
	for (int k = 0; k < p->columns; k++) {
		export_value(p->table, p->x->h, one, p->column[k], 0, &p->classes);
		putc(k < p->columns - 1 ? '\t' : '\n', p->table);
	}
	if (p->picture >= 0)
		put_picture(p, one);
}

static void
write_sheet(struct projector *p)
{
	struct ss_err e = SS_ERR_INIT;

	ss_sheet_trim(&p->sheet, p->x->done);
	if (ss_png_write_to(p->sheet_file, p->sheet.rgb, (uint32_t)p->sheet.total_width,
	    (uint32_t)p->sheet.total_height, 3, &e) < 0)
		tool_fail(SS_EIO, &e);
}

static void
write_config(const struct projector *p)
{
	FILE *f = outputs_stream(p->x->output, "projector_config.pbtxt", NULL);

	fprintf(f, "embeddings {\n  tensor_name: \"%s\"\n  tensor_path: \"tensors.tsv\"\n",
	    p->x->h->tensor[p->features].name);
	if (p->columns > 0)
		fprintf(f, "  metadata_path: \"metadata.tsv\"\n");
	if (p->picture >= 0)
		fprintf(f, "  sprite {\n    image_path: \"sprite.png\"\n    single_image_dim: %d\n"
		    "    single_image_dim: %d\n  }\n", p->sheet.width[0], p->sheet.height[0]);
	fprintf(f, "}\n");
}

static void
check_points(const struct export *x, uint64_t points)
{
	if (points > EXPORT_POINTS_MAX)
		tool_die(TOOL_MISUSE, "%s has more than the %d records that the projector shows: choose "
		    "some with --limit", ss_reader_name(x->in), EXPORT_POINTS_MAX);
}

void
export_projector(struct export *x)
{
	struct projector p = { .x = x, .features = export_features(x) };
	struct ss_frame frame, one;

	if (export_expected(x) != SS_UNKNOWN)
		check_points(x, export_expected(x));
	p.picture = choose_picture(x->h, p.features);
	if (p.picture < 0 && x->side != 0)
		tool_die(TOOL_MISUSE, "--side: %s has no pictures", ss_reader_name(x->in));
	if (p.picture >= 0)
		plan_sheet(&p);
	open_files(&p);
	export_classes_read(&p.classes, x->h);
	print_names(&p);
	while (export_next(x, &frame)) {
		check_points(x, x->done);
		for (uint32_t r = 0; r < frame.records; r++) {
			ss_frame_slice(x->h, &frame, r, 1, &one);
			take_record(&p, &one);
		}
		export_progress(x);
	}
	if (x->done == 0)
		tool_die(TOOL_FAILURE, "%s: there are no records to show", ss_reader_name(x->in));
	if (p.picture >= 0)
		write_sheet(&p);
	write_config(&p);
	export_classes_free(&p.classes);
	ss_image_work_free(p.work);
	ss_sheet_free(&p.sheet);
}
