/*
 * sst_merge.h - one header of several, for programs that join streams
 *
 * What cannot be joined is SS_EUSAGE; its message begins with the name of the second
 * stream and says in what it differs from the first.
 */
#ifndef SS_SST_MERGE_H
#define SS_SST_MERGE_H

#include "sst.h"

/* A header and the name of its stream. */
struct ss_named_header {
	const struct ss_header *h;
	const char *name;
};

/* Both must have the same tensors, of the same types and shapes, in the same order. */
int ss_merge_check_tensors(struct ss_named_header a, struct ss_named_header b,
    struct ss_err *e) SS_MUST_USE;

/* Both must say the same of what made their embeddings: the same @EM lines, but for keys that other programs add. */
int ss_merge_check_model(struct ss_named_header a, struct ss_named_header b,
    struct ss_err *e) SS_MUST_USE;

/*
 * Appends to `to`, which is being made and so far is that of the stream a, the lines of b that
 * it lacks. A label must not have two names. A @PG line whose ID is taken gets another one, and
 * so does the PP of those that follow it; one that is there already, with all before it, is not
 * repeated. @EM lines are not taken. The name of the data set goes if b has another.
 */
int ss_merge_lines(struct ss_header *to, const char *a, struct ss_named_header b,
    struct ss_err *e) SS_MUST_USE;

/*
 * Epochs, first epoch and records for all records of n streams, epoch by epoch: records stay
 * known if each epoch gets the same number of them.
 */
void ss_merge_epochs(struct ss_header *to, const struct ss_header *const *from, int n);

/* The line with the value of KEY set, or put behind the others; malloc'd, NULL out of memory. */
char *ss_line_set(const char *line, const char *key, const char *value);

#endif
