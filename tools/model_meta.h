/*
 * model_meta.h - what the metadata of a model file say
 */
#ifndef SS_MODEL_META_H
#define SS_MODEL_META_H

#include "model.h"

enum { MODEL_PAIRS = 32 };

/* Pairs as text that lives as long as this and the model do. */
struct model_text {
	struct ss_st_pair pair[MODEL_PAIRS];
	char value[MODEL_PAIRS][256];
	size_t n;
};

void model_describe(struct model_text *t, const struct model *m);

/* SS_EDATA if a file is no model of ours, or says what makes no sense. m is all 0; its history is the caller's. */
int model_understand(const struct ss_st *f, struct model *m, struct ss_err *e) SS_MUST_USE;

#endif
