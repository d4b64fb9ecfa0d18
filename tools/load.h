/*
 * load.h - what ss-load is asked for, and the sources that it reads
 */
#ifndef SS_LOAD_H
#define SS_LOAD_H

#include "source.h"
#include "tool.h"

#define LOAD_RECORDS_MAX	((long long)UINT32_MAX)

extern struct load_options {
	bool shuffle, skip_bad;
	long long epochs, first_epoch, shard, shards, limit, threads, records, size, frame;
	uint64_t seed;
	const char *split, *labels, *names, *layout, *output;	/* NULL: not given */
} load;

/* Opens the source of that name at path (NULL: where data are searched), or ends the tool. */
struct ss_source *load_source(const char *name, const char *path);

bool load_wants_labels(void);
void load_print_sources(FILE *f);

#endif
