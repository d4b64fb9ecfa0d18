/*
 * neighbours.h - ss-knn --neighbours: which records of the bank are nearest to each query, without labels
 */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include <stdbool.h>

#include "base/work.h"

enum { NEIGHBOURS_DEFAULT = 5 };

struct neighbours_request {
	const char *bank, *query, *tensor;
	size_t k;		/* 0: NEIGHBOURS_DEFAULT, or as many as there are */
	bool center, leave_one_out, json;
	struct ss_pool *pool;
};

/* Prints a table or, with json, an object; the bank is in memory, and some queries at a time. */
void neighbours_print(const struct neighbours_request *q);

#endif
