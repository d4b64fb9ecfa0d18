/*
 * labelled.h - the features and labels of a stream, as floats in memory
 *
 * Features are a tensor of floats (embeddings), or of u8: raw pixels, divided by 255 and
 * otherwise as they come. All functions end the tool if something is wrong.
 */
#ifndef SS_LABELLED_H
#define SS_LABELLED_H

#include "names.h"
#include "tool.h"

/* A label above that is taken for damage: counts per class would fill the memory. */
enum { LABELLED_MAX = (1 << 20) - 1 };

struct labelled {
	struct ss_reader *in;
	int tensor, label, index;	/* of the header; index may be -1 */
	size_t n, d, room;		/* records held, features of each */
	float *x;			/* (n,d) */
	int32_t *y;			/* (n): labels, >= 0; or -1, if they are optional */
	uint64_t *number;		/* (n): its number in the data set, if there is an index */
	uint64_t *sorted;		/* (2n): numbers and places, by number; see labelled_sort */

	bool pixels, optional, named;
	struct names names;		/* of the records held, if they were asked for */
	char *layer, *arch, *state, *model;	/* of the @EM line, NULL if it does not say */
};

/* tensor NULL: the first one of f32 with a fixed shape, or else of u8. */
void labelled_open(struct labelled *f, const char *path, const char *tensor);

/* Appends a frame's records; false at the sound end of the stream. */
bool labelled_more(struct labelled *f);

/* All of it; at least one record. */
void labelled_read(struct labelled *f, const char *path, const char *tensor);

/* The same of a stream that may have several epochs; returns how many, the same number of records each. */
size_t labelled_read_epochs(struct labelled *f, const char *path, const char *tensor);

/* The same of a stream of which some or all records may have no label. */
void labelled_read_features(struct labelled *f, const char *path, const char *tensor);

/* The same without a look at labels, but with names; any number of records. */
void labelled_open_named(struct labelled *f, const char *path, const char *tensor);
void labelled_read_named(struct labelled *f, const char *path, const char *tensor);

/* Forgets the first n records held. */
void labelled_drop(struct labelled *f, size_t n);

/*
 * Can records of both be compared by index? So it is if both have one and come from one data set, which has a name unless
 * unnamed is allowed. Prepares labelled_find for a.
 */
bool labelled_share_index(struct labelled *a, const struct labelled *b, bool unnamed);

/* Ends the tool unless both were made in the same way, as far as they say. */
void labelled_match(const struct labelled *a, const struct labelled *b);

/*
 * Prepares labelled_find, which gives the place of the record with that number, or SIZE_MAX.
 * False if the stream has no index, or one number twice.
 */
bool labelled_sort(struct labelled *f);
size_t labelled_find(const struct labelled *f, uint64_t number);

/* The names of labels 0..n-1, NULL where the stream gives none; freed with labelled_free_names. */
char **labelled_names(const struct labelled *f, int n);
char **labelled_header_names(const struct ss_header *h, int n);
void labelled_free_names(char **names, int n);

void labelled_close(struct labelled *f);

#endif
