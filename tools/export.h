/*
 * export.h - ss-export: what its parts share; each writes one kind of file and ends the tool on failure
 */
#ifndef SS_EXPORT_H
#define SS_EXPORT_H

#include "tool.h"

/* The largest picture that TensorBoard takes as a sprite sheet, and how many points it shows. */
enum { EXPORT_SPRITE_MAX = 8192, EXPORT_POINTS_MAX = 100000 };
enum { EXPORT_SIDE = 64 };	/* of a picture in the sheet, if the pictures are not smaller */

struct export {
	const char *output;		/* -o, or NULL */
	const char *names;		/* --tensor, or NULL */
	uint64_t limit;			/* records, or SS_UNKNOWN */
	int side;			/* 0: not given */
	bool class_names;

	struct ss_reader *in;
	const struct ss_header *h;
	int tensor[SS_MAX_TENSORS];	/* those to export */
	int tensors;
	uint64_t done;			/* records */
};

/* How many records there will be, or SS_UNKNOWN. */
uint64_t export_expected(const struct export *x);

/* The next records, no more than the limit allows; false at the end, which is read and checked in any case. */
bool export_next(struct export *x, struct ss_frame *f);

/* Records so far, where there is a terminal. */
void export_progress(const struct export *x);

/*
 * The tensor of features: that of --tensor, or else the first one of floats, or else of u8, that has a
 * dimension, and none that varies.
 */
int export_features(const struct export *x);

/* The names of labels; NULL behind the last that the stream may name. */
struct export_classes {
	char **name;
	int n;
};
void export_classes_read(struct export_classes *c, const struct ss_header *h);
void export_classes_free(struct export_classes *c);

/* A value of a record: as it is, or, of a tensor `label`, its name in c (NULL: the number). A text if `tensor` is one. */
bool export_is_text(const struct ss_tensor *t);
void export_value(FILE *f, const struct ss_header *h, const struct ss_frame *one, int tensor, size_t i,
    const struct export_classes *c);

/* Like export_value for features, which must be finite. */
void export_finite(FILE *f, const struct export *x, const struct ss_frame *one, int tensor, size_t i);

void export_npy(struct export *x);
void export_npz(struct export *x);
void export_tsv(struct export *x);
void export_libsvm(struct export *x);
void export_projector(struct export *x);
void export_events(const struct export *x, const char *log);

#endif
