/*
 * validation.h - loss and accuracy of a classifier while it trains
 */
#ifndef SS_VALIDATION_H
#define SS_VALIDATION_H

#include "base/work.h"
#include "nn/plan.h"

struct validation;

/* Labelled images of the shape that the network takes; its projector's outputs are the classes. Ends the tool if that fails. */
struct validation *validation_open(const char *file, const struct ss_net *net, const struct ss_kernels *kern,
    struct ss_pool *pool);

/* Top-1 accuracy in 0..1 and mean cross-entropy, normalisations with their running statistics. */
double validation_score(struct validation *v, const struct ss_weights *w, double *loss, struct ss_pool *pool);
uint32_t validation_digest(const struct validation *v);	/* of the records */
void validation_free(struct validation *v);

#endif
