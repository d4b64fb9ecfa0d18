/*
 * names.h - what the records of a stream are called, in memory
 *
 * By the tensor `name`, or else by the tensor `index`, or else by their place in the stream, from 0.
 * All functions end the tool if memory is short.
 */
#ifndef SS_NAMES_H
#define SS_NAMES_H

#include <stdio.h>

#include "sst.h"

struct names {
	int name, index;		/* tensors of the header, -1: none */
	size_t n, rooms;		/* records held */
	size_t *end;			/* (n): behind each in text */
	char *text;
	size_t room;
};

void names_open(struct names *a, const struct ss_header *h);

/* Appends a frame's records. */
void names_take(struct names *a, const struct ss_frame *f);

/* Forgets the first n. */
void names_drop(struct names *a, size_t n);

/* The bytes of a name, without a final zero. */
const char *names_get(const struct names *a, size_t i, size_t *bytes);

/* The same as one field of a table, malloc'd: escaped as in the header of a stream. */
char *names_text(const struct names *a, size_t i);

/* As one field of a table: escaped as in the header of a stream. */
void names_put(FILE *f, const struct names *a, size_t i);

void names_close(struct names *a);

#endif
