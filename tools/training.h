/*
 * training.h - the training set of ss-linprobe: one stream of features, or several of the same images
 *
 * Streams, and the epochs of a stream, are views of the same records, augmented differently. They are
 * brought into one order by their index. All functions end the tool if something is wrong.
 */
#ifndef SS_TRAINING_H
#define SS_TRAINING_H

#include "eval/probe.h"
#include "labelled.h"
#include "probe_options.h"

struct training {
	struct labelled first;		/* of the first view, but for the features: all labels and numbers */
	bool numbered;			/* labelled_find works on it */
	bool *seen;			/* (records of a view): those that the view being read has had */
	struct ss_probe_set set;	/* what training_divide leaves of it; features are freed with this */
	int32_t *label;			/* of the set's members, owned */
	int32_t *held_label;
};

/* All views of all files. */
void training_read(struct training *t, const char *const *path, size_t paths, const char *tensor);

/* Holds some out, and draws those that have labels. */
void training_divide(struct training *t, const struct ss_probe_protocol *p, uint64_t seed);

void training_close(struct training *t);

#endif
