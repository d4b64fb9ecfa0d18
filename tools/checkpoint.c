/*
 * checkpoint.c - the file in which a run can be taken up again
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint.h"
#include "tool.h"

/* Keeps the last checkpoints as NAME.1, NAME.2 ...; NAME itself stays until the new one replaces it. */
static void
rotate(const char *path, int keep)
{
	size_t size = strlen(path) + 16;
	char *from = malloc(size), *to = malloc(size);

	if (from == NULL || to == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	for (int i = keep; i > 0; i--) {
		snprintf(to, size, "%s.%d", path, i);
		if (i > 1) {
			snprintf(from, size, "%s.%d", path, i - 1);
			if (rename(from, to) < 0 && errno != ENOENT)
				tool_die(TOOL_FAILURE, "cannot rename '%s': %s", from, strerror(errno));
		} else if ((unlink(to) < 0 && errno != ENOENT) || (link(path, to) < 0 && errno != ENOENT)) {
			tool_die(TOOL_FAILURE, "cannot keep '%s' as '%s': %s", path, to, strerror(errno));
		}
	}
	free(from);
	free(to);
}

static void
save_as(const struct checkpoint *c, const char *path)
{
	struct ss_err e = SS_ERR_INIT;
	int r = model_save(path, c->model, c->net, &c->trainer->weights, c->trainer->momentum, &e);

	if (r < 0)
		tool_fail(r, &e);
}

void
checkpoint_save(struct checkpoint *c)
{
	if (c->exists && c->saved == c->model->step)
		return;
	rotate(c->path, c->keep);
	save_as(c, c->path);
	c->saved = c->model->step;
	c->exists = true;
}

void
checkpoint_save_best(const struct checkpoint *c)
{
	size_t size = strlen(c->path) + sizeof(".best");
	char *path = malloc(size);

	if (path == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	snprintf(path, size, "%s.best", c->path);
	save_as(c, path);
	free(path);
}

void
checkpoint_resume(struct checkpoint *c)
{
	struct ss_st *file;
	struct model old, *m = c->model;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (access(c->path, F_OK) < 0 && errno == ENOENT)
		return;
	if ((r = model_open(&file, &old, c->path, &e)) < 0)
		tool_fail(r, &e);
	if (strcmp(old.recipe, m->recipe) != 0)
		tool_die(TOOL_MISUSE, "'%s' was begun with other options: '%s', now '%s'", c->path, old.recipe,
		    m->recipe);
	if ((r = model_weights(file, c->net, &c->trainer->weights, c->trainer->momentum, &e)) < 0)
		tool_fail(r, &e);
	m->step = old.step;
	m->epoch = old.epoch;
	m->records = old.records;
	m->best = old.best;
	free(m->history);		/* the run's history is that of its beginning */
	m->history = old.history;
	c->saved = old.step;
	c->exists = true;
	ss_st_free(file);
}
