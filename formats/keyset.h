/*
 * keyset.h - the keys that have been seen, to find one that comes again
 */
#ifndef SS_KEYSET_H
#define SS_KEYSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ss_keyset {
	char *text;		/* all keys, one after the other, each ended by a zero */
	size_t used, room;
	uint64_t *slot;		/* 1 + where in text a key begins; 0: free */
	size_t slots, keys;
};
#define SS_KEYSET_INIT { 0 }

/* 1: added; 0: it was there. SS_EIO out of memory. */
int ss_keyset_add(struct ss_keyset *k, const char *key, struct ss_err *e) SS_MUST_USE;
void ss_keyset_clear(struct ss_keyset *k);
void ss_keyset_free(struct ss_keyset *k);

#endif
