/*
 * sample.h - what ss-sample is asked for, and which records that is
 */
#ifndef SS_TOOL_SAMPLE_H
#define SS_TOOL_SAMPLE_H

#include "eval/choose.h"
#include "gather.h"
#include "tool.h"

#define SAMPLE_RECORDS_MAX	((long long)UINT32_MAX)

extern struct sample_options {
	const char *input, *output, *classes, *indices;		/* NULL: not given */
	long long skip, every, limit, memory;
	long long count;		/* -1: not given */
	double fraction;		/* -1: not given */
	bool balanced, replace, rest, shuffle;
	uint64_t seed;
} sample;

/* --classes, --indices, --skip, --every, --limit: what passes, record by record, epoch by epoch. */
struct sample_filter {
	const struct ss_header *h;
	int label, index;		/* tensors; -1: there is none, nor is it needed */
	int32_t *class;
	uint64_t *number;		/* sorted */
	size_t classes, numbers;
	uint32_t epoch;
	uint64_t seen, kept;		/* in this epoch */
};

void sample_filter_open(struct sample_filter *f, const struct ss_reader *in);
bool sample_filter_passes(struct sample_filter *f, const struct ss_frame *one);
void sample_filter_close(struct sample_filter *f);

/* Of a frame of one record. */
int32_t sample_label(const struct sample_filter *f, const struct ss_frame *one);
uint64_t sample_index(const struct sample_filter *f, const struct ss_frame *one);

/* How many of n records of an epoch pass; SS_UNKNOWN if that depends on what they hold. */
uint64_t sample_filter_count(const struct sample_filter *f, uint64_t n);

/* Is there a choice to make, among all records of an epoch? */
bool sample_chooses(void);

/* The records of an epoch that passed, until it is known which of them are chosen. */
struct sample_record {
	uint64_t place;			/* in the stream */
	uint64_t index;
	void *packed;			/* NULL: not held */
	size_t bytes;
};
struct sample_pool {
	const struct ss_header *h;
	bool hold;			/* keep the records and not their places alone */
	struct sample_record *record;
	size_t n, room, bytes;
	struct ss_chooser *chooser;
	size_t offered;			/* the record that is on offer; SIZE_MAX once it was dropped */
};

void sample_pool_open(struct sample_pool *p, const struct ss_header *h, bool hold);
void sample_pool_add(struct sample_pool *p, const struct sample_filter *f, const struct ss_frame *one);

/* A record that goes out, so many times; record counts in the pool. */
struct sample_pick {
	uint64_t key, index;		/* of the shuffle */
	size_t record;
	uint32_t copies;
};

/* The choice of an epoch in the order in which it goes out, malloc'd; how many records that are into *total. */
struct sample_pick *sample_pool_choose(struct sample_pool *p, uint32_t epoch, size_t *picks,
    uint64_t *total);
void sample_pool_empty(struct sample_pool *p);		/* for the next epoch, or to be done with it */

/* Reads the stream to its end and writes what goes out, but for the END of the writer that it returns. */
struct ss_writer *sample_run(struct ss_reader *in, struct sample_filter *filter);

#endif
