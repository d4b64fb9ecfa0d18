/*
 * checkpoint.c - the file in which a run can be taken up again
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "nn/optim.h"
#include "tool.h"

/* malloc'd */
static char *
with_suffix(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *name = malloc(size);

	if (name == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	snprintf(name, size, "%s%s", path, suffix);
	return name;
}

/* PATH for i = 0, else PATH.i; malloc'd. */
static char *
file_name(const char *path, int i)
{
	char suffix[16] = "";

	if (i > 0)
		snprintf(suffix, sizeof(suffix), ".%d", i);
	return with_suffix(path, suffix);
}

/* Keeps the last checkpoints as PATH.1, PATH.2 ...; PATH itself stays until the new one replaces it. */
static void
rotate(const char *path, int keep)
{
	for (int i = keep; i > 0; i--) {
		char *from = file_name(path, i - 1), *to = file_name(path, i);

		if (i > 1) {
			if (rename(from, to) < 0 && errno != ENOENT)
				tool_die(TOOL_FAILURE, "cannot rename '%s': %s", from, strerror(errno));
		} else if ((unlink(to) < 0 && errno != ENOENT) || (link(from, to) < 0 && errno != ENOENT)) {
			tool_die(TOOL_FAILURE, "cannot keep '%s' as '%s': %s", from, to, strerror(errno));
		}
		free(from);
		free(to);
	}
}

/* An update can overflow although its gradient was finite. */
static void
refuse_nonfinite(const struct checkpoint *c)
{
	const struct ss_list *p = &c->net->params, *b = &c->net->buffers;

	if (isfinite(ss_sum_squares(c->trainer->weights.params, p->floats, NULL)) &&
	    isfinite(ss_sum_squares(c->trainer->momentum, p->floats, NULL)) &&
	    (c->trainer->squares == NULL || isfinite(ss_sum_squares(c->trainer->squares, p->floats, NULL))) &&
	    isfinite(ss_sum_squares(c->trainer->state, c->trainer->state_floats, NULL)) &&
	    isfinite(ss_sum_squares(c->trainer->weights.buffers, b->floats, NULL)))
		return;
	tool_die(TOOL_NONFINITE, "the weights are not finite after step %" PRIu64 " (%" PRIu64 " records of "
	    "epoch %" PRIu32 " used): they are not kept, '%s' holds step %" PRIu64 "; try a lower --lr",
	    c->model->step, c->model->records, c->model->epoch, c->path, c->saved);
}

static struct model_state
state_of(struct ss_trainer *t)
{
	return (struct model_state){ t->momentum, t->squares, t->target.params == NULL ? NULL : &t->target, t->state,
		t->state_floats };
}

static void
save_as(const struct checkpoint *c, const char *path)
{
	struct ss_err e = SS_ERR_INIT;
	const struct model_state state = state_of(c->trainer);
	int r = model_save(path, c->model, c->net, &c->trainer->weights, &state, &e);

	if (r < 0)
		tool_fail(r, &e);
}

void
checkpoint_save(struct checkpoint *c)
{
	if (c->exists && c->saved == c->model->step)
		return;
	refuse_nonfinite(c);
	rotate(c->path, c->keep);
	save_as(c, c->path);
	c->saved = c->model->step;
	c->exists = true;
}

void
checkpoint_save_beside(const struct checkpoint *c, const char *suffix)
{
	char *path = with_suffix(c->path, suffix);

	refuse_nonfinite(c);
	save_as(c, path);
	free(path);
}

void
checkpoint_restore_best(struct checkpoint *c)
{
	const struct model_state state = state_of(c->trainer);
	char *path = with_suffix(c->path, ".best");
	struct model best;
	struct ss_st *file;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if ((r = model_open(&file, &best, path, &e)) < 0)
		tool_fail(r, &e);
	if (best.step != c->model->best_step || strcmp(best.recipe, c->model->recipe) != 0)
		tool_die(TOOL_FAILURE, "'%s' is not the best of this run, which was that of step %" PRIu64, path,
		    c->model->best_step);
	if ((r = model_weights(file, c->net, &c->trainer->weights, &state, &e)) < 0)
		tool_fail(r, &e);
	c->model->restored = best.step;
	rotate(c->path, c->keep);
	save_as(c, c->path);
	model_free(&best);
	ss_st_free(file);
	free(path);
}

/* Opens the newest sound one and sees to it that it is PATH; NULL if there is none at all. */
static struct ss_st *
open_newest(const struct checkpoint *c, struct model *m)
{
	struct ss_err first = SS_ERR_INIT, e = SS_ERR_INIT;
	struct ss_st *file = NULL;
	bool more = true;

	for (int i = 0; file == NULL && (more || i <= c->keep); i++) {
		char *name = file_name(c->path, i);
		bool there = access(name, F_OK) == 0 || errno != ENOENT;
		int r;

		more = there || i == 0;
		if (!there) {
			free(name);
			continue;
		}
		r = model_open(&file, m, name, &e);
		if (r < 0 && r != SS_EDATA)
			tool_fail(r, &e);
		if (r < 0 && first.text[0] == '\0')
			first = e;
		if (r == 0 && i > 0) {
			tool_warn("%s; goes on from '%s'", first.text[0] == '\0' ? "the newest is not there" :
			    first.text, name);
			if (rename(name, c->path) < 0)
				tool_die(TOOL_FAILURE, "cannot rename '%s': %s", name, strerror(errno));
		}
		free(name);
	}
	if (file == NULL && first.text[0] != '\0')
		tool_fail(SS_EDATA, &first);
	return file;
}

void
checkpoint_resume(struct checkpoint *c)
{
	const struct model_state state = state_of(c->trainer);
	struct model old, *m = c->model;
	struct ss_st *file = open_newest(c, &old);
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (file == NULL)
		return;
	if (strcmp(old.recipe, m->recipe) != 0)
		tool_die(TOOL_MISUSE, "'%s' was begun with other options: '%s', now '%s'", c->path, old.recipe,
		    m->recipe);
	if ((r = model_weights(file, c->net, &c->trainer->weights, &state, &e)) < 0)
		tool_fail(r, &e);
	m->step = old.step;
	m->epoch = old.epoch;
	m->records = old.records;
	if (strcmp(m->watch, old.watch) == 0) {	/* else the best is yet to come */
		m->best = old.best;
		m->best_step = old.best_step;
	}
	m->epoch_loss = old.epoch_loss;
	m->restored = old.restored;
	m->done = old.done;
	free(m->history);		/* the run's history is that of its beginning */
	m->history = old.history;
	c->saved = old.step;
	c->exists = true;
	ss_st_free(file);
}
