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

/* Two of them, in load_photos.c: files of pictures in a folder, and in a tar archive. */
int load_folder(struct ss_source **out, const char *path, struct ss_err *e) SS_MUST_USE;
int load_tar(struct ss_source **out, const char *path, struct ss_err *e) SS_MUST_USE;

enum ss_source_split load_split(void);	/* --split, or its default */

/* Says what was left out, where that shows only when all has been read. */
void load_report(const char *path);

bool load_wants_labels(void);
void load_print_sources(FILE *f);

#endif
