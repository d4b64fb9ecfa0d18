/*
 * score.h - how ss-knn and ss-linprobe say what they found, and what they compare it with
 */
#ifndef SS_SCORE_H
#define SS_SCORE_H

#include <jansson.h>

#include "eval/tally.h"
#include "labelled.h"

enum { SCORE_BASELINES = 16, SCORE_KNOWN = 256 };

/* Streams to score: those asked for (name NULL), or a baseline's. */
struct contest {
	const char *name;
	const char *known[SCORE_KNOWN];	/* (knowns): the bank, or the training set: several views of it */
	size_t knowns;
	const char *asked;		/* query, or test set */
};

/* What was scored; copied, so that the streams can be closed. */
struct score {
	const char *name;		/* of the baseline, or NULL */
	char layer[128];		/* "backbone", or "pixels" */
	char arch[64];			/* "" if the stream does not say */
	char trained;			/* 'y', 'n' or '?' */
	size_t known, d;		/* records of the bank or training set, features */
	size_t shared;			/* asked records that are known too */
	int classes;
	struct ss_tally tally;
	char detail[256];		/* "k 200  t 0.1" */
	char protocol[64];		/* "wu", or "wu (changed)"; "" if it is not of one score */
	json_t *json;			/* the same and more, for --json; owned */
};

struct score_options {
	const char *known_word;		/* "bank" or "train" */
	bool json, per_class, confusion, table;
	char **names;			/* (named): of labels, or NULL; see labelled_names */
	int named;
};

void score_init(struct score *s, const struct contest *c, const struct labelled *known,
    int classes, bool confusion);

/*
 * Prints all scores and the chance line, as text, or as one JSON object to which the members of
 * `about` are added.
 */
void score_print(const struct score_options *o, const struct score *s, size_t n,
    json_t *about);

/* Of the scores, and the names of the labels. */
void score_free(struct score_options *o, struct score *s, size_t n);

#endif
