/*
 * embeddings.h - features of a stream, with or without labels, as floats in memory
 *
 * Features are tensors of floats (embeddings), or of u8: raw pixels, divided by 255 and
 * otherwise as they come. Functions that meet something wrong end the tool.
 */
#ifndef SS_EMBEDDINGS_H
#define SS_EMBEDDINGS_H

#include "tool.h"

enum { EMBEDDINGS_VIEWS = 16 };

struct embeddings {
	struct ss_reader *in;
	int views, tensor[EMBEDDINGS_VIEWS];	/* of the header; all of one shape */
	int index;				/* -1: none */
	size_t n, d, room;			/* records held, features of each */
	float *x[EMBEDDINGS_VIEWS];		/* (n,d) */
	uint64_t *number;			/* (n): its number in the data set, if there is an index */
};

/* Can the tensor be taken as features of that type: f32 or u8? */
bool embeddings_usable(const struct ss_tensor *t, enum ss_type type);

/* All records of a frame as floats, which must be finite; else the tool ends with `bad`. */
void embeddings_take(const struct ss_reader *in, const struct ss_frame *f, int tensor, enum tool_status bad, float *out);

/*
 * Reads the first `limit` records of one epoch. tensor is a name; or NULL: the first tensor of f32 with a fixed shape and all others of
 * that shape, or else the same of u8. Ends the tool with status 5 if a number is not finite.
 */
void embeddings_read(struct embeddings *f, const char *path, const char *tensor, size_t limit);

void embeddings_close(struct embeddings *f);

#endif
