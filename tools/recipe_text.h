/*
 * recipe_text.h - what must not change when a run goes on, as text
 */
#ifndef SS_RECIPE_TEXT_H
#define SS_RECIPE_TEXT_H

#include "run.h"

/*
 * Fills m->recipe: the options of o that matter to the result, and what the stream gives. watched: digests of the images that
 * decide when the run ends or which weights it leaves, bank and queries or those of validation alone and 0.
 */
void recipe_text(struct model *m, const struct run_options *o, const struct batch *b, const uint32_t watched[2]);

#endif
