/*
 * gather.h - frames that are put together record by record
 */
#ifndef SS_GATHER_H
#define SS_GATHER_H

#include "sst.h"

struct ss_gather;

/* Records of h's tensors; h stays in use. */
int ss_gather_create(struct ss_gather **out, const struct ss_header *h, struct ss_err *e) SS_MUST_USE;
void ss_gather_free(struct ss_gather *g);

/* Copies a frame of one record behind those that are there. */
int ss_gather_add(struct ss_gather *g, const struct ss_frame *one, struct ss_err *e) SS_MUST_USE;
size_t ss_gather_bytes(const struct ss_gather *g);	/* of all items */
uint32_t ss_gather_records(const struct ss_gather *g);

/* All of them as a frame of that epoch, valid until the next ss_gather_add, which begins anew. */
void ss_gather_take(struct ss_gather *g, uint32_t epoch, struct ss_frame *out);

#endif
