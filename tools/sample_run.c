/*
 * sample_run.c - the streams of ss-sample
 *
 * What passes by place, label or number is written as it comes. A choice among all
 * records of an epoch takes a first pass over a file, and of a pipe it holds the records
 * that may still be chosen; a shuffle holds those that go out.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "epochs.h"
#include "sample.h"
#include "sst_slice.h"

/* What a first pass found: places in the stream, ascending, and how often each goes out. */
struct survey {
	struct { uint64_t place; uint32_t copies; } *at;
	size_t n, room;
	uint64_t records;	/* of each epoch; SS_UNKNOWN if they differ */
	uint32_t epochs;
};

struct run {
	struct ss_reader *in;
	struct sample_filter *filter;
	struct ss_header header;	/* of the output */
	struct ss_writer *out;
	struct ss_gather *gather;
	struct sample_pool pool;
	struct survey survey;
	size_t done;			/* of the survey */
};

static void
open_output(struct run *r, uint64_t records)
{
	struct ss_err e = SS_ERR_INIT;
	int code;

	r->header.records = records;
	r->out = tool_output(sample.output, &r->header);
	if ((code = ss_gather_create(&r->gather, &r->header, &e)) < 0)
		tool_fail(code, &e);
}

static void
flush(struct run *r, uint32_t epoch)
{
	struct ss_frame f;

	if (ss_gather_records(r->gather) == 0)
		return;
	ss_gather_take(r->gather, epoch, &f);
	tool_write(r->out, &f);
}

static void
put(struct run *r, const struct ss_frame *one, uint32_t epoch)
{
	struct ss_err e = SS_ERR_INIT;
	int code = ss_gather_add(r->gather, one, &e);

	if (code < 0)
		tool_fail(code, &e);
	if (ss_gather_bytes(r->gather) >= SS_FRAME_BYTES || ss_gather_records(r->gather) >= SS_FRAME_MAX)
		flush(r, epoch);
}

/* Calls each for every record of the stream, and ended behind the last of each epoch that has any. */
static void
walk(struct run *r, struct ss_reader *in, void (*each)(struct run *, const struct ss_frame *one),
    void (*ended)(struct run *, uint32_t epoch))
{
	struct ss_frame f, one = { 0 };

	for (uint32_t epoch = 0, any = 0; tool_next(in, &f); epoch = f.epoch, any = 1) {
		if (any && f.epoch != epoch)
			ended(r, epoch);
		for (one = (struct ss_frame){ 0 }; ss_frame_each(&r->header, &f, &one); )
			each(r, &one);
	}
	if (one.records > 0)
		ended(r, one.epoch);
}

static void
pass(struct run *r, const struct ss_frame *one)
{
	if (sample_filter_passes(r->filter, one))
		put(r, one, one->epoch);
}

static void
collect(struct run *r, const struct ss_frame *one)
{
	if (sample_filter_passes(r->filter, one))
		sample_pool_add(&r->pool, r->filter, one);
}

/* Whether each epoch is sure to give as many records as this one. */
static bool
all_alike(const struct run *r)
{
	return r->header.epochs == 1 || (sample_filter_count(r->filter, r->header.records) != SS_UNKNOWN &&
	    !sample.balanced);
}

/* The choice of an epoch that was held goes out. */
static void
put_held(struct run *r, uint32_t epoch)
{
	struct ss_frame one;
	uint64_t total;
	size_t n;
	struct sample_pick *pick = sample_pool_choose(&r->pool, epoch, &n, &total);

	if (r->out == NULL)
		open_output(r, all_alike(r) ? total : SS_UNKNOWN);
	for (size_t i = 0; i < n; i++) {
		ss_record_unpack(&r->header, r->pool.record[pick[i].record].packed, &one);
		for (uint32_t c = 0; c < pick[i].copies; c++)
			put(r, &one, epoch);
	}
	flush(r, epoch);
	free(pick);
	sample_pool_empty(&r->pool);
}

static void
survey_epoch(struct run *r, uint32_t epoch)
{
	struct survey *s = &r->survey;
	uint64_t total;
	size_t n;
	struct sample_pick *pick = sample_pool_choose(&r->pool, epoch, &n, &total);

	if (n > s->room - s->n) {
		s->room = s->n + n + s->n / 2;
		if ((s->at = realloc(s->at, s->room * sizeof(*s->at))) == NULL)
			tool_die(TOOL_FAILURE, "out of memory for %zu records", s->room);
	}
	for (size_t i = 0; i < n; i++) {
		s->at[s->n].place = r->pool.record[pick[i].record].place;
		s->at[s->n++].copies = pick[i].copies;
	}
	s->records = s->epochs == 0 || s->records == total ? total : SS_UNKNOWN;
	s->epochs++;
	free(pick);
	sample_pool_empty(&r->pool);
}

static void
put_surveyed(struct run *r, const struct ss_frame *one)
{
	const struct survey *s = &r->survey;

	if (r->done == s->n || one->first != s->at[r->done].place)
		return;
	for (uint32_t c = 0; c < s->at[r->done].copies; c++)
		put(r, one, one->epoch);
	r->done++;
}

static bool
same_tensors(const struct ss_header *a, const struct ss_header *b)
{
	bool same = a->tensors == b->tensors;

	for (int i = 0; same && i < a->tensors; i++) {
		const struct ss_tensor *x = &a->tensor[i], *y = &b->tensor[i];

		same = strcmp(x->name, y->name) == 0 && x->type == y->type && x->rank == y->rank &&
		    memcmp(x->shape, y->shape, (size_t)x->rank * sizeof(*x->shape)) == 0;
	}
	return same;
}

/* A file is read twice, so that nothing of it is held. */
static void
read_twice(struct run *r)
{
	sample_pool_open(&r->pool, ss_reader_header(r->in), false);
	walk(r, r->in, collect, survey_epoch);
	if (r->survey.epochs == 0)
		survey_epoch(r, r->header.first_epoch);
	else if (r->survey.epochs != r->header.epochs)
		r->survey.records = SS_UNKNOWN;

	struct ss_reader *again = tool_input(sample.input);
	const bool same = same_tensors(ss_reader_header(again), &r->header);

	if (same) {
		open_output(r, r->survey.records);
		walk(r, again, put_surveyed, flush);
	}
	if (!same || ss_reader_totals(again)->digest != ss_reader_totals(r->in)->digest)
		tool_die(TOOL_DAMAGED, "'%s' has changed while it was read", sample.input);
	ss_reader_free(again);
	free(r->survey.at);
}

static bool
is_file(const char *path)
{
	struct stat st;

	return path != NULL && strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

struct ss_writer *
sample_run(struct ss_reader *in, struct sample_filter *filter)
{
	struct run r = { .in = in, .filter = filter };
	struct ss_err e = SS_ERR_INIT;
	int code = ss_header_copy(&r.header, ss_reader_header(in), &e);

	if (code < 0)
		tool_fail(code, &e);
	tool_check_output(sample.output, "a stream");
	if (sample.shuffle || (sample_chooses() && !is_file(sample.input))) {
		sample_pool_open(&r.pool, ss_reader_header(in), true);
		walk(&r, in, collect, put_held);
		if (r.out == NULL)
			put_held(&r, r.header.first_epoch);
	} else if (is_file(sample.input) && (sample_chooses() || sample.classes != NULL || sample.indices != NULL)) {
		read_twice(&r);
	} else {
		open_output(&r, sample_filter_count(filter, r.header.records));
		walk(&r, in, pass, flush);
	}
	ss_gather_free(r.gather);
	ss_header_free(&r.header);
	return r.out;
}
