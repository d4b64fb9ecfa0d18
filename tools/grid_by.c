/*
 * grid_by.c - ss-grid --by: the pictures that a table names, each in its places
 */
#include <stdlib.h>

#include "grid_by.h"
#include "names.h"
#include "pictures.h"
#include "sst_slice.h"
#include "tool.h"

/* The pictures of a frame that the table names, each in all its places. */
static void
show_by(const struct ss_reader *in, const struct ss_frame *f, int tensor, struct ss_sheet *s, struct by_table *by,
    struct names *names, struct ss_image_work *w)
{
	const struct ss_header *h = ss_reader_header(in);
	struct ss_err e = SS_ERR_INIT;

	names_take(names, f);
	for (uint32_t i = 0; i < f->records; i++) {
		char *name = names_text(names, i);
		struct by_entry *entry;
		const size_t n = by_table_find(by, name, &entry);
		struct ss_frame one;
		struct ss_image m;

		if (n > 0 && entry->found)
			tool_die(TOOL_MISUSE, "%s: more than one record is called '%s'", ss_reader_name(in), name);
		free(name);
		if (n == 0)
			continue;
		ss_frame_slice(h, f, i, 1, &one);
		tool_pictures(in, &one, tensor, &m);
		for (size_t k = 0; k < n; k++) {
			const size_t place = entry[k].row * (size_t)s->columns + entry[k].column;
			const int r = ss_sheet_put(s, place, 0, &m, w, &e);

			if (r < 0)
				tool_fail(r, &e);
			entry[k].found = true;
		}
	}
	names_drop(names, f->records);
}

/* Says what there is no place for. */
static void
cut_table(struct by_table *by, const struct ss_sheet *s)
{
	const size_t cut = by_table_cut(by, (size_t)s->columns);

	if (by->more > 0)
		tool_warn("%zu of %zu rows are not shown: see --rows", by->more, by->rows + by->more);
	if (cut > 0)
		tool_warn("%zu rows have more pictures than the %d shown: see --columns", cut, s->columns);
}

void
grid_by(struct ss_reader *in, int tensor, struct ss_sheet *s, struct by_table *by, struct ss_image_work *w)
{
	const struct by_entry *missing;
	struct ss_frame frame;
	struct names names;

	cut_table(by, s);
	names_open(&names, ss_reader_header(in));
	while (tool_next(in, &frame))
		show_by(in, &frame, tensor, s, by, &names, w);
	names_close(&names);
	missing = by_table_missing(by);
	if (missing != NULL)
		tool_die(TOOL_MISUSE, "%s: line %zu: no record of %s is called '%s'", by->path, missing->line,
		    ss_reader_name(in), missing->name);
	by_table_free(by);
}
