/*
 * score_options.h - the options that ss-knn and ss-linprobe share: what is scored, and how it is printed
 */
#ifndef SS_SCORE_OPTIONS_H
#define SS_SCORE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "score.h"

enum { SCORE_OPTIONS = 9, SCORE_OPT_FIRST = 400 };

struct score_request {
	struct score_options out;		/* known_word is set by the tool, and names its option */
	const char *asked_option;		/* "query" or "test": set by the tool */
	size_t knowns_max;			/* streams that the known side may have: set by the tool */
	struct contest contest[1 + SCORE_BASELINES];	/* the first is what is asked for */
	size_t contests;
	const char *tensor;			/* NULL: labelled_open's choice */
	int threads;
};

/* Writes SCORE_OPTIONS lines of a getopt table for it; their letter is 't'. */
void score_options_table(const struct score_request *q, struct option *out);

/* Takes option c, if it is one of these, or ends the tool if its argument is no good. */
bool score_option(struct score_request *q, int c, char *argument);

/* Ends the tool unless there is something to score; first the operands, of which there should be none. */
void score_options_check(const struct score_request *q, int argc, char **argv, int operand);

void score_options_usage(const struct score_request *q, FILE *f);

#endif
