/*
 * source.h - a data set of images, wherever its bytes come from
 *
 * Each reader (cifar.h, idx.h, npy.h ...) opens a struct ss_source: what the
 * images are like, how many there are, and a way to read any of them. Nothing
 * here knows of epochs, orders or streams. A source is read by one thread.
 */
#ifndef SS_SOURCE_H
#define SS_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sst.h"

/* all: train, then test. The last two are STL-10's. */
enum ss_source_split {
	SS_SPLIT_TRAIN, SS_SPLIT_TEST, SS_SPLIT_ALL, SS_SPLIT_UNLABELED, SS_SPLIT_TRAIN_UNLABELED
};
extern const char *const ss_split_name[];
int ss_source_split_parse(const char *name);	/* enum ss_source_split, or -1 */

struct ss_source;
struct ss_source_ops {
	/*
	 * Reads records first..first+n-1, which exist, n > 0: images packed one after
	 * the other, labels (never NULL) likewise. Ascending calls are cheap.
	 */
	int (*read)(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
	    struct ss_err *e);
	/*
	 * In the place of read, where any order costs the same: the n records of those
	 * numbers. If it fails, s->sound says how many of them came before the one that failed.
	 */
	int (*pick)(struct ss_source *s, const uint64_t *number, size_t n, void *images,
	    int32_t *labels, struct ss_err *e);
	/*
	 * Of a source that is read front to back: finds out whether there is a record of that number (1 or 0), and
	 * if so keeps it at hand, and those from `keep` on, for pick, size and name. Numbers rise, but for a new epoch's first.
	 */
	int (*ensure)(struct ss_source *s, uint64_t keep, uint64_t number, struct ss_err *e);
	/* Height and width of a record, where they vary; NULL elsewhere. */
	void (*size)(const struct ss_source *s, uint64_t number, uint32_t size[2]);
	/* The name of a record, held by s, where records have names; NULL elsewhere. */
	const char *(*name)(const struct ss_source *s, uint64_t number);
	void (*free)(struct ss_source *s);	/* everything, s included */
};

/* The head of every reader's own structure; what it says may be read by all. */
struct ss_source {
	const struct ss_source_ops *ops;
	char dataset[SS_NAME_MAX + 1];	/* "cifar10-train" */
	uint64_t records;		/* or SS_UNKNOWN */
	enum ss_type type;		/* of the pixels: SS_U8 or SS_F32 */
	uint32_t channels, height, width;	/* height and width SS_VARIES: see ops->size */
	bool labelled;
	bool random;			/* any order costs the same */
	int threads;			/* pick uses so many: to be asked for as many records at least */
	size_t sound;			/* set by pick */
	uint32_t classes;		/* how many names are known, 0: none */
	char **class_name;
	void *held;			/* ss_source_hold */
	int32_t *held_labels;
};

bool ss_source_varies(const struct ss_source *s);
size_t ss_source_image_bytes(const struct ss_source *s, uint64_t number);	/* number: matters where they vary */

/*
 * Reads the n records of those numbers into images (packed) and labels (0 where
 * there are none). Runs of consecutive numbers are read at once. If it fails, at least the first
 * s->sound records are right.
 */
int ss_source_read(struct ss_source *s, const uint64_t *number, size_t n, void *images,
    int32_t *labels, struct ss_err *e) SS_MUST_USE;

/* Reads all of it into memory, unless any order costs the same anyway. */
int ss_source_hold(struct ss_source *s, struct ss_err *e) SS_MUST_USE;

/* Class names from a table, or from text with one name a line. want: how many there must be, 0: any number. */
int ss_source_names(struct ss_source *s, const char *const *name, uint32_t n,
    struct ss_err *e) SS_MUST_USE;
int ss_source_names_text(struct ss_source *s, const char *text, size_t len, uint32_t want,
    const char *file, struct ss_err *e) SS_MUST_USE;
int ss_source_names_file(struct ss_source *s, const char *path, uint32_t want,
    struct ss_err *e) SS_MUST_USE;

/* Sets the data set's name; what does not fit or does not print is left out. */
void ss_source_dataset(struct ss_source *s, const char *fmt, ...) SS_PRINTF(2, 3);
/*
 * The same from a path: of a folder its name and the split, of a file (split NULL)
 * its name up to the first dot; fallback for "." and the like.
 */
int ss_source_dataset_path(struct ss_source *s, const char *path, const char *split,
    const char *fallback, struct ss_err *e) SS_MUST_USE;

void ss_source_free(struct ss_source *s);

#endif
