/*
 * model.c - models and checkpoints: networks as safetensors files
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_meta.h"

#define MOMENTUM "optimizer.momentum."
#define SQUARES "optimizer.squares."
#define TARGET "target."
#define STATE "method.state"

int
model_net(struct ss_net **out, const struct model *m, struct ss_err *e)
{
	const struct ss_arch *known = ss_arch_find(m->arch);
	struct ss_arch arch;
	int r;

	if (known == NULL)
		return ss_fail(e, SS_EDATA, "unknown architecture '%s'", m->arch);
	arch = *known;
	if (m->stages > 0)
		arch.stages = m->stages;
	r = ss_net_create(out, &arch, m->shape[0], m->shape[1], m->shape[2], m->mean, m->std,
	    &m->projector, &m->predictor, e);
	if (r < 0)
		return r;
	(*out)->norm_eps = m->norm_eps;
	(*out)->norm_momentum = m->norm_momentum;
	(*out)->init = m->init;
	(*out)->zero_gamma = m->zero_gamma;
	return 0;
}

/* Tensors of one list; names get a prefix. Returns 0, or SS_EIO out of memory. */
static int
append(struct ss_st_tensor *out, size_t *n, const struct ss_list *list, const float *values,
    const char *prefix)
{
	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		struct ss_st_tensor *t = &out[*n];
		size_t size = strlen(prefix) + strlen(p->name) + 1;
		char *name = malloc(size);

		if (name == NULL)
			return SS_EIO;
		snprintf(name, size, "%s%s", prefix, p->name);
		*t = (struct ss_st_tensor){ .name = name, .type = SS_F32, .rank = p->rank,
			.data = values + p->offset };
		for (int k = 0; k < p->rank; k++)
			t->shape[k] = p->shape[k];
		(*n)++;
	}
	return 0;
}

static int
append_state(struct ss_st_tensor *out, size_t *n, const struct ss_net *net, const struct model_state *s)
{
	if (append(out, n, &net->params, s->momentum, MOMENTUM) < 0 ||
	    (s->squares != NULL && append(out, n, &net->params, s->squares, SQUARES) < 0) ||
	    (s->target != NULL && (append(out, n, &net->params, s->target->params, TARGET) < 0 ||
	    append(out, n, &net->buffers, s->target->buffers, TARGET) < 0)))
		return SS_EIO;
	if (s->floats == 0)
		return 0;
	out[*n] = (struct ss_st_tensor){ .name = strdup(STATE), .type = SS_F32, .rank = 1, .data = s->method,
		.shape = { s->floats } };
	return out[(*n)++].name == NULL ? SS_EIO : 0;
}

int
model_save(const char *path, const struct model *m, const struct ss_net *net,
    const struct ss_weights *w, const struct model_state *state, struct ss_err *e)
{
	struct model_text text = { .n = 0 };
	size_t room = 4 * (size_t)net->params.n + 2 * (size_t)net->buffers.n + 1, n = 0;
	struct ss_st_tensor *t = calloc(room, sizeof(*t));
	int r;

	model_describe(&text, m);
	if (t == NULL || append(t, &n, &net->params, w->params, "") < 0 ||
	    append(t, &n, &net->buffers, w->buffers, "") < 0 ||
	    (state != NULL && append_state(t, &n, net, state) < 0))
		r = ss_fail(e, SS_EIO, "cannot write '%s': out of memory", path);
	else
		r = ss_st_write(path, t, n, text.pair, text.n, e);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)t[i].name);
	free(t);
	return r;
}

int
model_open(struct ss_st **file, struct model *m, const char *path, struct ss_err *e)
{
	int r = ss_st_open(file, path, e);

	memset(m, 0, sizeof(*m));
	if (r < 0)
		return r;
	r = model_understand(*file, m, e);
	if (r < 0) {
		ss_st_free(*file);
		*file = NULL;
	}
	return r;
}

static int
fetch(const struct ss_st *f, const struct ss_list *list, const char *prefix, float *out,
    struct ss_err *e)
{
	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		char name[128];
		size_t shape[4];
		const void *data;
		int r;

		snprintf(name, sizeof(name), "%s%s", prefix, p->name);
		for (int k = 0; k < p->rank; k++)
			shape[k] = p->shape[k];
		r = ss_st_expect(f, name, SS_F32, p->rank, shape, &data, e);
		if (r < 0)
			return r;
		memcpy(out + p->offset, data, p->count * sizeof(float));
	}
	return 0;
}

int
model_weights(const struct ss_st *file, const struct ss_net *net, struct ss_weights *w,
    const struct model_state *state, struct ss_err *e)
{
	const void *data;
	int r;

	if ((r = fetch(file, &net->params, "", w->params, e)) < 0 ||
	    (r = fetch(file, &net->buffers, "", w->buffers, e)) < 0)
		return r;
	if (state == NULL)
		return 0;
	if ((r = fetch(file, &net->params, MOMENTUM, state->momentum, e)) < 0 ||
	    (state->squares != NULL && (r = fetch(file, &net->params, SQUARES, state->squares, e)) < 0) ||
	    (state->target != NULL && ((r = fetch(file, &net->params, TARGET, state->target->params, e)) < 0 ||
	    (r = fetch(file, &net->buffers, TARGET, state->target->buffers, e)) < 0)))
		return r;
	if (state->floats == 0)
		return 0;
	if ((r = ss_st_expect(file, STATE, SS_F32, 1, &state->floats, &data, e)) < 0)
		return r;
	memcpy(state->method, data, state->floats * sizeof(float));
	return 0;
}

void
model_free(struct model *m)
{
	free(m->history);
	m->history = NULL;
}
