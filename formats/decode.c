/*
 * decode.c - many pictures at once, over threads
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "decode.h"

struct ss_decoder {
	struct ss_imagefile_how how;
	struct ss_pool *pool;
	int threads;
	struct ss_imagefile_work **work;	/* of each thread */
	uint8_t **tried;			/* where pixels go that nobody wants */
	size_t *room;
};

struct job {
	struct ss_decoder *d;
	enum ss_decoding what;
	struct ss_coded *coded;
	bool all;
	atomic_size_t failed;	/* the first that did; n: none */
};

void
ss_decoder_free(struct ss_decoder *d)
{
	if (d == NULL)
		return;
	for (int i = 0; i < d->threads; i++) {
		if (d->work != NULL)
			ss_imagefile_work_free(d->work[i]);
		if (d->tried != NULL)
			free(d->tried[i]);
	}
	ss_pool_free(d->pool);
	free(d->work);
	free(d->tried);
	free(d->room);
	free(d);
}

int
ss_decoder_create(struct ss_decoder **out, const struct ss_imagefile_how *how, struct ss_pool *pool,
    struct ss_err *e)
{
	struct ss_decoder *d = calloc(1, sizeof(*d));
	bool whole = d != NULL;

	*out = NULL;
	if (d == NULL) {
		ss_pool_free(pool);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	d->how = *how;
	d->pool = pool;
	d->threads = ss_pool_threads(pool);
	d->work = calloc((size_t)d->threads, sizeof(*d->work));
	d->tried = calloc((size_t)d->threads, sizeof(*d->tried));
	d->room = calloc((size_t)d->threads, sizeof(*d->room));
	whole = d->work != NULL && d->tried != NULL && d->room != NULL;
	for (int i = 0; whole && i < d->threads; i++)
		whole = (d->work[i] = ss_imagefile_work_create()) != NULL;
	if (!whole) {
		ss_decoder_free(d);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	*out = d;
	return 0;
}

int
ss_decoder_threads(const struct ss_decoder *d)
{
	return d->threads;
}

/* Room for the pixels of a picture that is only tried. */
static uint8_t *
spare(struct ss_decoder *d, int worker, const struct ss_coded *c, struct ss_err *e)
{
	const size_t n = (size_t)3 * c->size[0] * c->size[1];

	if (n > d->room[worker]) {
		free(d->tried[worker]);
		d->tried[worker] = malloc(n);
		d->room[worker] = d->tried[worker] != NULL ? n : 0;
		if (d->tried[worker] == NULL)
			ss_fail(e, SS_EIO, "out of memory for '%s'", c->name);
	}
	return d->tried[worker];
}

static int
open_coded(const struct ss_coded *c, FILE **f, struct ss_err *e)
{
	if (c->bytes == NULL)
		return ss_imagefile_open(f, c->name, e);
	if (c->length == 0)
		return ss_fail(e, SS_EDATA, "'%s': no image: the file is empty", c->name);
	/* opened for reading alone, so nothing is written to them */
	*f = fmemopen((void *)(uintptr_t)c->bytes, c->length, "rb");
	return *f != NULL ? 0 : ss_fail(e, SS_EIO, "out of memory for '%s'", c->name);
}

static int
handle(struct ss_decoder *d, enum ss_decoding what, struct ss_coded *c, int worker, struct ss_err *e)
{
	uint8_t *to = c->pixels;
	FILE *f;
	int r = open_coded(c, &f, e);

	if (r < 0)
		return r;
	if (what != SS_DECODE && (r = ss_imagefile_size(f, c->name, &d->how, c->size, e)) == 0) {
		rewind(f);
		if (what == SS_TRY && (to = spare(d, worker, c, e)) == NULL)
			r = SS_EIO;
	}
	if (r == 0 && what != SS_LOOK)
		r = ss_imagefile_read(f, c->name, &d->how, c->size, d->work[worker], to, e);
	fclose(f);
	return r;
}

static void
do_piece(void *arg, size_t piece, int worker)
{
	struct job *j = arg;
	struct ss_coded *c = &j->coded[piece];
	struct ss_err e = SS_ERR_INIT;
	size_t first = atomic_load(&j->failed);

	if (!j->all && first < piece)
		return;
	c->code = handle(j->d, j->what, c, worker, &e);
	if (c->code == 0)
		return;
	c->why = strdup(e.text);
	while (piece < first && !atomic_compare_exchange_weak(&j->failed, &first, piece))
		;
}

size_t
ss_decoder_run(struct ss_decoder *d, enum ss_decoding what, struct ss_coded *coded, size_t n, bool all)
{
	struct job j = { d, what, coded, all, n };

	for (size_t i = 0; i < n; i++) {
		coded[i].code = 0;
		coded[i].why = NULL;
	}
	ss_pool_run(d->pool, n, do_piece, &j);
	const size_t first = atomic_load(&j.failed);

	for (size_t i = first + 1; !all && i < n; i++) {	/* whether these were tried is chance */
		free(coded[i].why);
		coded[i].why = NULL;
	}
	return first;
}

int
ss_coded_failure(struct ss_coded *c, struct ss_err *e)
{
	const int code = c->why != NULL ? c->code : SS_EIO;

	ss_fail(e, code, "%s", c->why != NULL ? c->why : "out of memory");
	free(c->why);
	c->why = NULL;
	return code;
}
