/*
 * load.h - what ss-load is asked for, and the sources that it reads
 */
#ifndef SS_LOAD_H
#define SS_LOAD_H

#include "source.h"
#include "tool.h"

#define LOAD_RECORDS_MAX	((long long)UINT32_MAX)
enum { LOAD_SIZE_MAX = 16384, LOAD_PIXELS_MAX = 1000000000 };

extern struct load_options {
	bool shuffle, crop;
	long long epochs, first_epoch, shard, shards, limit, threads, records, size, max_pixels, frame;
	uint64_t seed;
	const char *split, *labels, *names, *layout, *background, *on_error, *output;	/* NULL: not given */
} load;

/* Opens the source of that name at path (NULL: where data are searched), or ends the tool. */
struct ss_source *load_source(const char *name, const char *path);

bool load_wants_labels(void);
void load_print_sources(FILE *f);

#endif
