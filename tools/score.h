/*
 * score.h - how ss-knn and ss-linprobe say what they found, and what they compare it with
 */
#ifndef SS_SCORE_H
#define SS_SCORE_H

#include <jansson.h>

#include "eval/tally.h"
#include "labelled.h"

enum { SCORE_BASELINES = 16 };

/* A pair of streams to score: the one asked for (name NULL), or a baseline. */
struct contest {
	const char *name;
	const char *known, *asked;	/* bank and query, or training and test set */
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
	json_t *json;			/* the same and more, for --json; owned */
};

struct score_options {
	const char *known_word;		/* "bank" or "train" */
	bool json, per_class, confusion;
	char **names;			/* (named): of labels, or NULL; see labelled_names */
	int named;
};

/* Parses NAME=KNOWN,ASKED of --baseline; text is kept. Ends the tool if it is not that. */
void score_parse_baseline(struct contest *c, char *text);

void score_init(struct score *s, const struct contest *c, const struct labelled *known,
    int classes, bool confusion);

/*
 * Prints all scores and the chance line, as text, or as one JSON object to which the members of
 * `about` are added.
 */
void score_print(const struct score_options *o, const struct score *s, size_t n,
    json_t *about);

void score_free(struct score *s, size_t n);

#endif
