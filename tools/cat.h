/*
 * cat.h - ss-cat: what its parts share; each ends the tool if something is wrong
 */
#ifndef SS_CAT_H
#define SS_CAT_H

#include "sst_merge.h"
#include "tool.h"

struct cat_input {
	const char *name;
	struct ss_reader *in;		/* closed at the end of the stream */
	const struct ss_header *h;	/* while it is open */
	struct ss_frame f;		/* records behind it are read */
	uint32_t used;			/* records of f that are written */
	bool begun, ended;
};

struct cat {
	const char *output;
	struct cat_input *input;
	int n;
	uint64_t done;			/* records */
};

/* Makes the cursor stand at a record; false at the end of the stream. */
bool cat_settle(struct cat_input *u);

struct ss_named_header cat_header(const struct cat_input *u);

/* The header of the records of all streams: those of the first, with what the others add. */
void cat_merge(const struct cat *c, struct ss_header *h, bool same_tensors);

void cat_write(struct cat *c, struct ss_writer *out, const struct ss_frame *f);

/* Each returns the writer, to be finished. */
struct ss_writer *cat_rows(struct cat *c);		/* one stream after the other, epoch by epoch */
struct ss_writer *cat_interleave(struct cat *c);	/* one record of each in turn */
struct ss_writer *cat_columns(struct cat *c);		/* the tensors of all, record by record */

#endif
