/*
 * cmp.h - what ss-cmp has found so far; filled by its two halves, streams and models
 */
#ifndef SS_CMP_H
#define SS_CMP_H

#include "element.h"
#include "tool.h"

struct cmp {
	const char *name[2];		/* of the inputs */
	const char *only;		/* compare this tensor alone, or NULL */
	double rtol, atol;

	uint64_t elements;		/* that differ */
	char first[512];		/* where the first one is, and what it is */
	char largest[256];		/* where the largest is */
	double amount;
	char other[512];		/* a difference that is not between two elements, or "" */
};

/*
 * Compares n elements of tensor t, of which item_elements make an item (an item of
 * the first record if not 0). where: "record 5, " or "".
 */
void cmp_elements(struct cmp *c, const char *where, const char *name, enum ss_type type,
    const void *a, const void *b, size_t n);

void cmp_streams(struct cmp *c, const char *path[2]);
void cmp_models(struct cmp *c, const char *path[2]);

#endif
