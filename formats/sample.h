/*
 * sample.h - the samples of a tar archive in WebDataset's manner
 *
 * A sample is the members, one after the other, whose paths agree up to the first dot
 * of the file's own name: its key. What follows the dot says what a member is:
 * .jpg, .jpeg and .png an image, .cls its label, a whole number; others are left out.
 */
#ifndef SS_SAMPLE_H
#define SS_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	SS_SAMPLE_IMAGE_MAX = 256 << 20,	/* bytes of a file of an image */
	SS_SAMPLE_MEMBERS = 4096
};

struct ss_sample {
	char *key, *name;	/* name: of the image, with the archive, for messages */
	unsigned char *bytes;	/* of the image's file; NULL: there is none */
	size_t length;
	int32_t label;		/* -1: it has none */
	int code;		/* not 0: it is of no use, but the next one may be; why, malloc'd */
	char *why;
};

void ss_sample_free(struct ss_sample *s);

struct ss_samples;

int ss_samples_open(struct ss_samples **out, const char *path, struct ss_err *e) SS_MUST_USE;	/* "-": standard input */
void ss_samples_close(struct ss_samples *t);

/*
 * 1: the next sample, the caller's to free. 0: the sound end. SS_EDATA if the archive is
 * damaged, or a key comes again that is not the last one's; SS_EIO.
 */
int ss_samples_next(struct ss_samples *t, struct ss_sample *s, struct ss_err *e) SS_MUST_USE;

/* Members so far that are no regular files, and that belong to no sample: without key, or named __...__. */
uint64_t ss_samples_special(const struct ss_samples *t);
uint64_t ss_samples_strange(const struct ss_samples *t);

#endif
