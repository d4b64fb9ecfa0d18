/*
 * webdataset.c - images and labels from a tar archive in WebDataset's manner, front to back
 *
 * sample.c takes the archive apart. Some samples are held in memory, still coded: as many as
 * keep the decoder's threads busy, and those that the caller still asks for. A file is
 * read once before, so that the number of records and their sizes are known.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "sample.h"
#include "webdataset.h"

enum {
	EACH = 4,		/* samples for each thread */
	BYTES = 64 << 20	/* and not many more bytes of them */
};

struct record {
	struct ss_sample sample;
	char *name;		/* the key, as text in a header is */
	uint32_t size[2];
};

struct webdataset {
	struct ss_source s;
	struct ss_webdataset_plan plan;
	char *path;
	struct ss_samples *samples;	/* NULL: to be opened */
	struct ss_decoder *decoder;
	struct record *held;		/* from number first on */
	uint64_t first;
	size_t holds, room;
	struct ss_coded *coded;
	size_t coded_room;
	bool ended, again;		/* again: it was read to its end before, and all has been told */
	uint64_t *bad;			/* numbers of the samples that were left out then */
	size_t bads, bad_room, bad_at;
	int failed;			/* behind what is held */
	struct ss_err failure;
};

static void
free_record(struct record *r)
{
	ss_sample_free(&r->sample);
	free(r->name);
	r->name = NULL;
}

static void
close_archive(struct webdataset *w)
{
	for (size_t i = 0; i < w->holds; i++)
		free_record(&w->held[i]);
	w->holds = 0;
	ss_samples_close(w->samples);
	w->samples = NULL;
}

static void
free_webdataset(struct ss_source *s)
{
	struct webdataset *w = (struct webdataset *)s;

	close_archive(w);
	ss_decoder_free(w->decoder);
	free(w->held);
	free(w->coded);
	free(w->bad);
	free(w->path);
	free(w);
}

static int
rewind_archive(struct webdataset *w, struct ss_err *e)
{
	close_archive(w);
	w->first = 0;
	w->ended = false;
	w->again = true;
	w->bad_at = 0;
	*w->plan.report = (struct ss_webdataset_report){ 0 };
	return ss_samples_open(&w->samples, w->path, e);
}

/* Forgets the records before a number. */
static void
forget(struct webdataset *w, uint64_t keep)
{
	size_t n = 0;

	while (n < w->holds && w->first + n < keep)
		free_record(&w->held[n++]);
	if (n == 0)
		return;
	w->holds -= n;
	w->first += n;
	memmove(w->held, w->held + n, w->holds * sizeof(*w->held));
}

static int
make_room(struct webdataset *w, size_t records, size_t coded, struct ss_err *e)
{
	if (records > w->room) {
		struct record *more = realloc(w->held, (records + records / 2) * sizeof(*more));

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		w->held = more;
		w->room = records + records / 2;
	}
	if (coded > w->coded_room) {
		struct ss_coded *more = realloc(w->coded, coded * sizeof(*more));

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		w->coded = more;
		w->coded_room = coded;
	}
	return 0;
}

/* Reads up to n samples behind those that are held; returns how many, and remembers what stands behind them. */
static size_t
read_samples(struct webdataset *w, size_t n)
{
	struct ss_webdataset_report *report = w->plan.report;
	size_t got = 0, bytes = 0;
	int r = 1;

	for (; got < n && bytes < BYTES && r > 0; got += r > 0) {
		struct record *to = &w->held[w->holds + got];

		*to = (struct record){ .name = NULL };
		if ((r = ss_samples_next(w->samples, &to->sample, &w->failure)) <= 0)
			break;
		bytes += to->sample.length;
		if ((to->name = ss_escape(to->sample.key)) == NULL) {
			r = ss_fail(&w->failure, SS_EIO, "out of memory");
			free_record(to);
		}
	}
	w->ended = r == 0;
	w->failed = r < 0 ? r : 0;
	report->samples += got;
	report->special = ss_samples_special(w->samples);
	report->strange = ss_samples_strange(w->samples);
	return got;
}

/* What is wrong with a sample, decoder's word or its own. */
static int
judge(struct webdataset *w, struct record *r, struct ss_coded *c, struct ss_err *e)
{
	if (c != NULL && c->code < 0)
		return ss_coded_failure(c, e);
	if (r->sample.code < 0)
		return ss_fail(e, r->sample.code, "%s", r->sample.why != NULL ? r->sample.why : "out of memory");
	if (w->s.classes > 0 && r->sample.label >= (int32_t)w->s.classes)
		return ss_fail(e, SS_EDATA, "'%s': label %d, but there are %u names", r->sample.name, r->sample.label, w->s.classes);
	return 0;
}

/* Whether sample number n was left out before. They are asked for in their order. */
static bool
known_bad(struct webdataset *w, uint64_t n)
{
	if (!w->again || w->bad_at == w->bads || w->bad[w->bad_at] != n)
		return false;
	w->bad_at++;
	return true;
}

/* Leaves sample number n out: tells of it, and remembers. */
static int
leave_out(struct webdataset *w, uint64_t n, struct ss_err *e)
{
	if (w->bads == w->bad_room) {
		const size_t room = w->bad_room + w->bad_room / 2 + 64;
		uint64_t *more = realloc(w->bad, room * sizeof(*more));

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		w->bad = more;
		w->bad_room = room;
	}
	w->bad[w->bads++] = n;
	w->plan.bad(w->plan.arg, e->text);
	return 0;
}

/* Of got new samples keeps those that become records, in their order. */
static void
keep_samples(struct webdataset *w, size_t got)
{
	struct ss_webdataset_report *report = w->plan.report;
	const size_t begin = w->holds;
	const uint64_t number = report->samples - got;
	struct ss_coded *c = w->coded;

	for (size_t i = 0; i < got; i++) {
		struct record *r = &w->held[begin + i];
		struct ss_coded *mine = r->sample.code == 0 ? c++ : NULL;
		struct ss_err e = SS_ERR_INIT;
		const bool known = known_bad(w, number + i);
		int code = judge(w, r, mine, &e);

		if (known || (code == SS_EDATA && w->plan.bad != NULL && !w->again)) {
			code = known ? 0 : leave_out(w, number + i, &e);
			report->bad++;
			free_record(r);
			if (code == 0)
				continue;
		}
		if (code < 0) {
			w->failed = code;
			w->failure = e;
			for (; i < got; i++)
				free_record(&w->held[begin + i]);
			break;
		}
		SS_BUG_IF(mine == NULL);	/* one that is no picture was judged so */
		memcpy(r->size, mine->size, sizeof(r->size));
		report->unlabelled += r->sample.label < 0;
		if (&w->held[w->holds] != r)
			w->held[w->holds] = *r;
		w->holds++;
	}
}

/* Some more records, if there are any. */
static int
read_on(struct webdataset *w, struct ss_err *e)
{
	const bool try = w->plan.bad != NULL && !w->again, all = w->plan.bad != NULL;
	const int threads = ss_decoder_threads(w->decoder);
	const uint64_t have = w->first + w->holds;
	size_t n = threads > 1 ? EACH * (size_t)threads : 1, images = 0;
	int r;

	if (n > w->plan.limit - have)
		n = (size_t)(w->plan.limit - have);
	if ((r = make_room(w, w->holds + n, n, e)) < 0)
		return r;
	const size_t got = read_samples(w, n);

	for (size_t i = 0; i < got; i++) {
		const struct ss_sample *s = &w->held[w->holds + i].sample;

		if (s->code == 0)
			w->coded[images++] = (struct ss_coded){ .name = s->name, .bytes = s->bytes, .length = s->length };
	}
	ss_decoder_run(w->decoder, try ? SS_TRY : SS_LOOK, w->coded, images, all);
	keep_samples(w, got);
	for (size_t i = 0; i < images; i++)
		free(w->coded[i].why);		/* of those that nobody asked for */
	return 0;
}

static int
ensure(struct ss_source *s, uint64_t keep, uint64_t number, struct ss_err *e)
{
	struct webdataset *w = (struct webdataset *)s;
	int r;

	if (number >= w->plan.limit)
		return 0;
	if ((number < w->first || w->samples == NULL) && (r = rewind_archive(w, e)) < 0)
		return r;
	while (number >= w->first + w->holds) {
		if (w->failed < 0) {
			ss_fail(e, w->failed, "%s", w->failure.text);
			return w->failed;
		}
		if (w->ended && w->first + w->holds == 0)
			return ss_fail(e, SS_EIO, "no images in '%s'", w->path);
		if (w->ended)
			return 0;
		forget(w, keep);
		if ((r = read_on(w, e)) < 0)
			return r;
	}
	return 1;
}

static int
pick(struct ss_source *s, const uint64_t *number, size_t n, void *images, int32_t *labels, struct ss_err *e)
{
	struct webdataset *w = (struct webdataset *)s;
	uint8_t *to = images;
	int r = make_room(w, w->holds, n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct record *from = &w->held[number[i] - w->first];

		w->coded[i] = (struct ss_coded){ .name = from->sample.name, .bytes = from->sample.bytes,
		    .length = from->sample.length, .size = { from->size[0], from->size[1] }, .pixels = to };
		labels[i] = from->sample.label;
		to += 3 * (size_t)from->size[0] * from->size[1];
	}
	if (r == 0 && (s->sound = ss_decoder_run(w->decoder, SS_DECODE, w->coded, n, false)) < n)
		r = ss_coded_failure(&w->coded[s->sound], e);
	return r;
}

static void
size_of(const struct ss_source *s, uint64_t number, uint32_t size[2])
{
	const struct webdataset *w = (const struct webdataset *)s;

	memcpy(size, w->held[number - w->first].size, sizeof(w->held->size));
}

static const char *
name_of(const struct ss_source *s, uint64_t number)
{
	const struct webdataset *w = (const struct webdataset *)s;

	return w->held[number - w->first].name;
}

static const struct ss_source_ops webdataset_ops = {
	.pick = pick, .ensure = ensure, .size = size_of, .name = name_of, .free = free_webdataset
};

/* Reads a file through, for what the header of the stream says of all its records. */
static int
survey(struct webdataset *w, struct ss_err *e)
{
	uint32_t size[2], *height = &w->s.height, *width = &w->s.width;
	uint64_t n = 0;
	int r;

	for (; (r = ensure(&w->s, n, n, e)) > 0; n++) {
		size_of(&w->s, n, size);
		if (n == 0)
			*height = size[0], *width = size[1];
		else if (*height != size[0] || *width != size[1])
			*height = *width = SS_VARIES;
	}
	if (r < 0)
		return r;
	w->s.records = n;
	return rewind_archive(w, e);
}

int
ss_webdataset_open(struct ss_source **out, const char *path, const struct ss_webdataset_plan *plan,
    const struct ss_imagefile_how *how, struct ss_decoder *decoder, struct ss_err *e)
{
	struct webdataset *w = calloc(1, sizeof(*w));
	struct stat st;
	int r;

	*out = NULL;
	*plan->report = (struct ss_webdataset_report){ 0 };
	if (w == NULL || (w->path = strdup(path)) == NULL) {
		free(w);
		ss_decoder_free(decoder);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	w->s.ops = &webdataset_ops;
	w->s.type = SS_U8;
	w->s.records = SS_UNKNOWN;
	w->s.channels = 3;
	w->s.height = w->s.width = how->crop ? how->side : SS_VARIES;
	w->s.labelled = true;
	w->s.threads = ss_decoder_threads(decoder);
	w->plan = *plan;
	w->decoder = decoder;
	if ((r = ss_source_dataset_path(&w->s, strcmp(path, "-") == 0 ? "" : path, NULL, "tar", e)) == 0)
		r = ss_samples_open(&w->samples, path, e);
	if (r == 0 && strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
		r = survey(w, e);
	if (r < 0)
		ss_source_free(&w->s);
	else
		*out = &w->s;
	return r;
}
