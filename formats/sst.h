/*
 * sst.h - reader and writer of the tensor stream; sst.md is the authority
 *
 * A stream is a header and then frames of records. A record is one item of each
 * tensor that the header declares. Nothing here prints, and no length read from
 * a stream is believed before it was checked.
 */
#ifndef SS_SST_H
#define SS_SST_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	SS_SST_MAJOR = 1,
	SS_SST_MINOR = 0,
	SS_MAX_TENSORS = 64,
	SS_MAX_RANK = 8,
	SS_NAME_MAX = 64
};
#define SS_MAX_TEXT	((size_t)1 << 20)	/* bytes of the text header */
#define SS_MAX_PAYLOAD	((size_t)1 << 30)	/* bytes of a frame, by the format */
#define SS_DEFAULT_CAP	((size_t)256 << 20)	/* bytes of a frame, by the reader unless raised */

/* Numbers are never reused; the stream carries the names. */
enum ss_type {
	SS_U8, SS_I8, SS_U16, SS_I16, SS_U32, SS_I32, SS_U64, SS_I64, SS_F16, SS_BF16, SS_F32, SS_F64,
	SS_TYPES
};
size_t ss_type_size(enum ss_type t);		/* bytes of an element */
const char *ss_type_name(enum ss_type t);	/* "u8" */
int ss_type_parse(const char *name);		/* enum ss_type, or -1 */

#define SS_VARIES UINT32_MAX	/* a dimension that varies from record to record, '?' */

/* One @TN line: a tensor of every record. */
struct ss_tensor {
	char name[SS_NAME_MAX + 1];
	enum ss_type type;
	int rank;				/* 0: a scalar */
	uint32_t shape[SS_MAX_RANK];		/* SS_VARIES where it varies */
};
int ss_tensor_varying(const struct ss_tensor *t);	/* number of varying dimensions */
size_t ss_tensor_elements(const struct ss_tensor *t);	/* of one item, fixed shape; 1 for a scalar; 0 if it varies */

#define SS_UNKNOWN UINT64_MAX

/*
 * The text header. Lines that are neither @HD nor @TN (@LB, @PG, @CO and
 * whatever later versions add) are kept verbatim, each ended by a newline.
 */
struct ss_header {
	uint64_t records;		/* in one epoch, or SS_UNKNOWN */
	uint32_t epochs;
	uint32_t first_epoch;
	char dataset[SS_NAME_MAX + 1];	/* "" if unknown */
	int tensors;
	struct ss_tensor tensor[SS_MAX_TENSORS];
	char *lines;			/* malloc'd, "" or NULL if there are none */
};
#define SS_HEADER_INIT { .records = SS_UNKNOWN, .epochs = 1 }

void ss_header_free(struct ss_header *h);
int ss_header_copy(struct ss_header *to, const struct ss_header *from, struct ss_err *e) SS_MUST_USE;

/* Index of the tensor of that name, or -1. */
int ss_header_find(const struct ss_header *h, const char *name);

/* Adds a tensor; shape may be NULL for rank 0. A duplicate or bad name is SS_EUSAGE. */
int ss_header_add(struct ss_header *h, const char *name, enum ss_type type, int rank,
    const uint32_t *shape, struct ss_err *e) SS_MUST_USE;

/* Appends one line "@XX\tKEY:value..." given without its newline; values must be escaped already. */
int ss_header_line(struct ss_header *h, const char *line, struct ss_err *e) SS_MUST_USE;

/* Appends to the header the label names, "@LB ID:n NM:name". */
int ss_header_label(struct ss_header *h, uint64_t id, const char *name, struct ss_err *e) SS_MUST_USE;

/*
 * Appends this program to the chain of @PG lines: ID is unique, PP is the last
 * one before it. argv becomes CL, escaped. No time, host or user, so that bytes repeat.
 */
int ss_header_program(struct ss_header *h, const char *name, const char *version, int argc,
    char *const *argv, struct ss_err *e) SS_MUST_USE;

/*
 * Walks over the lines: the next line at or after *at whose tag is "@LB" etc.
 * (tag NULL: any line) is copied, with newline removed, into a malloc'd string: 1.
 * At the end 0 and NULL; SS_EIO and NULL out of memory. Start with *at = 0.
 */
int ss_header_next(const struct ss_header *h, const char *tag, size_t *at, char **line) SS_MUST_USE;

/* 1: the unescaped value of KEY in a line, malloc'd; 0 and NULL if it is not there; SS_EIO and NULL out of memory. */
int ss_line_get(const char *line, const char *key, char **value) SS_MUST_USE;

/* Escapes tab, newline, backslash and control bytes; malloc'd, NULL out of memory. */
char *ss_escape(const char *s);

/* The n bytes at s with such escapes undone; what is no escape stays. malloc'd, with a final zero; NULL out of memory. */
char *ss_unescape(const char *s, size_t n);

/*
 * A DATA frame. data[i] points at the items of tensor i, packed one after the
 * other; dims[i] at its table of records x varying u32, or NULL if the shape is
 * fixed. The reader owns both until the next call.
 */
struct ss_frame {
	uint64_t first;		/* number of the first record in the stream */
	uint32_t records;
	uint32_t epoch;
	const void *data[SS_MAX_TENSORS];
	const uint32_t *dims[SS_MAX_TENSORS];
	size_t bytes[SS_MAX_TENSORS];	/* of data[i] */
};

struct ss_reader;
struct ss_writer;

/* What END says. */
struct ss_totals {
	uint64_t frames;
	uint64_t records;
	uint32_t digest;	/* content digest: of the records alone */
};

/*
 * Opens a stream and reads its header. path NULL or "-": standard input.
 * The messages of all errors begin with the name of the input and give frame
 * and byte offset where there is one. fdopen takes fd over: it is closed by
 * ss_reader_free, or at once if this fails. SS_EUPSTREAM if the stream is
 * nothing but the message of a program that failed at its start.
 */
int ss_reader_open(struct ss_reader **out, const char *path, struct ss_err *e) SS_MUST_USE;
int ss_reader_fdopen(struct ss_reader **out, int fd, const char *name, struct ss_err *e) SS_MUST_USE;
void ss_reader_set_cap(struct ss_reader *r, size_t bytes);

/* From when a signal handler has set *flag, reads fail (SS_EIO) and do not wait for the writer. */
void ss_reader_stop(struct ss_reader *r, const volatile sig_atomic_t *flag);
const struct ss_header *ss_reader_header(const struct ss_reader *r);
const char *ss_reader_name(const struct ss_reader *r);

/*
 * 1: a frame of data. 0: the sound end of the stream (END seen, totals right,
 * nothing behind it, as many records as the header declares). SS_EUPSTREAM: an
 * ERROR frame, e is its "tool: message" and nothing else. SS_EDATA: damaged or
 * truncated. After anything but 1, every call repeats it.
 */
int ss_reader_next(struct ss_reader *r, struct ss_frame *f, struct ss_err *e) SS_MUST_USE;
const struct ss_totals *ss_reader_totals(const struct ss_reader *r);	/* so far; complete after 0 */
void ss_reader_free(struct ss_reader *r);

/*
 * Opens an output. path NULL or "-": standard output. A named file is written
 * to a temporary beside it and appears under its name in ss_writer_end, complete,
 * or never. The header is written at once. fdopen takes fd over.
 */
int ss_writer_open(struct ss_writer **out, const char *path, const struct ss_header *h,
    struct ss_err *e) SS_MUST_USE;
int ss_writer_fdopen(struct ss_writer **out, int fd, const char *name, const struct ss_header *h,
    struct ss_err *e) SS_MUST_USE;

/*
 * Writes one frame: f->data, f->dims, f->records, f->epoch are read; first and
 * bytes are computed (for varying tensors from dims). A frame of 0 records is
 * allowed and writes nothing. Payload over SS_DEFAULT_CAP is SS_EUSAGE, and so
 * are epochs or numbers of records (here or in ss_writer_end) that differ from
 * what the header declares: a program that drops records sets SS_UNKNOWN.
 */
int ss_writer_frame(struct ss_writer *w, const struct ss_frame *f, struct ss_err *e) SS_MUST_USE;

/* END, flush, fsync and rename for files, close. Frees w in any case. */
int ss_writer_end(struct ss_writer *w, struct ss_err *e) SS_MUST_USE;

/* In place of END: an ERROR frame "message" on a pipe, removal of the temporary file. Best effort; frees w. */
void ss_writer_abort(struct ss_writer *w, const char *message);
const struct ss_totals *ss_writer_totals(const struct ss_writer *w);

/*
 * For a program that fails before it knows what its stream will hold: a header
 * without tensors and an ERROR frame, so that the next program hears whose fault
 * it was. Best effort; fd stays open.
 */
void ss_write_failure(int fd, const char *message);

#endif
