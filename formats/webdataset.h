/*
 * webdataset.h - images and labels from a tar archive in WebDataset's manner, front to back
 *
 * The archive is read as its records are asked for, from a pipe as well; then how many there
 * are shows only at its end, and the source's records are SS_UNKNOWN. It cannot be shuffled.
 */
#ifndef SS_WEBDATASET_H
#define SS_WEBDATASET_H

#include "decode.h"
#include "source.h"

/* What there was; complete when an epoch has been read to its end. */
struct ss_webdataset_report {
	uint64_t samples, bad, special, strange, unlabelled;
};

struct ss_webdataset_plan {
	uint64_t limit;		/* the first so many records */
	/* NULL: a sample without a sound image and label is an error; else it is left out, and this is told of it */
	void (*bad)(void *arg, const char *message);
	void *arg;
	struct ss_webdataset_report *report;	/* kept up to date */
};

/*
 * path "-": standard input. A regular file is read to its end here, so that records and sizes are known; bad
 * ones are told of then. The images are those of the decoder, which is taken over, and *how what it
 * was made with: from a pipe, images are squares of one size, or their sizes vary.
 */
int ss_webdataset_open(struct ss_source **out, const char *path, const struct ss_webdataset_plan *plan,
    const struct ss_imagefile_how *how, struct ss_decoder *decoder, struct ss_err *e) SS_MUST_USE;

#endif
