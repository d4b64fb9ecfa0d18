/*
 * model.c - models and checkpoints: networks as safetensors files
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "nn/head.h"
#include "tool.h"

#define MOMENTUM "optimizer.momentum."
#define SQUARES "optimizer.squares."
#define TARGET "target."
#define STATE "method.state"

void
model_default_norm(int channels, float mean[4], float std[4])
{
	static const float cifar_mean[3] = { 0.4914f, 0.4822f, 0.4465f };
	static const float cifar_std[3] = { 0.2023f, 0.1994f, 0.2010f };

	for (int c = 0; c < 4; c++) {
		mean[c] = channels == 3 && c < 3 ? cifar_mean[c] : 0.5f;
		std[c] = channels == 3 && c < 3 ? cifar_std[c] : 0.25f;
	}
}

int
model_net(struct ss_net **out, const struct model *m, struct ss_err *e)
{
	const struct ss_arch *arch = ss_arch_find(m->arch);

	if (arch == NULL)
		return ss_fail(e, SS_EDATA, "unknown architecture '%s'", m->arch);
	return ss_net_create(out, arch, m->shape[0], m->shape[1], m->shape[2], m->mean, m->std,
	    &m->projector, &m->predictor, e);
}

/* The metadata, as text that lives as long as this does. */
struct text {
	struct ss_st_pair pair[24];
	char value[24][256];
	size_t n;
};

static void
say(struct text *t, const char *key, const char *fmt, ...) SS_PRINTF(3, 4);

static void
say(struct text *t, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->value[t->n], sizeof(t->value[0]), fmt, ap);
	va_end(ap);
	t->pair[t->n] = (struct ss_st_pair){ key, t->value[t->n] };
	t->n++;
}

static void
say_floats(struct text *t, const char *key, const float *v, int n)
{
	char buf[200];
	size_t at = 0;

	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%.9g", i == 0 ? "" : ",", (double)v[i]);
	say(t, key, "%s", buf);
}

static void
describe(struct text *t, const struct model *m)
{
	char head[SS_HEAD_TEXT];

	say(t, "format", "pt");		/* what PyTorch's reader of safetensors asks for */
	say(t, "ss.version", "%s", SS_VERSION);
	say(t, "ss.arch", "%s", m->arch);
	say(t, "ss.method", "%s", m->method);
	say(t, "ss.image", "%d,%d,%d", m->shape[0], m->shape[1], m->shape[2]);
	say_floats(t, "ss.mean", m->mean, m->shape[0]);
	say_floats(t, "ss.std", m->std, m->shape[0]);
	ss_head_print(&m->projector, head);
	say(t, "ss.projector", "%s", head);
	ss_head_print(&m->predictor, head);
	say(t, "ss.predictor", "%s", head);
	say(t, "ss.step", "%" PRIu64, m->step);
	say(t, "ss.steps", "%" PRIu64, m->steps);
	say(t, "ss.epoch", "%" PRIu32, m->epoch);
	say(t, "ss.records", "%" PRIu64, m->records);
	say(t, "ss.seed", "%" PRIu64, m->seed);
	say(t, "ss.best", "%.17g", m->best);
	t->pair[t->n++] = (struct ss_st_pair){ "ss.recipe", m->recipe };
	t->pair[t->n++] = (struct ss_st_pair){ "ss.history", m->history == NULL ? "" : m->history };
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
	struct text text = { .n = 0 };
	size_t room = 4 * (size_t)net->params.n + 2 * (size_t)net->buffers.n + 1, n = 0;
	struct ss_st_tensor *t = calloc(room, sizeof(*t));
	int r;

	describe(&text, m);
	if (t == NULL || append(t, &n, &net->params, w->params, "") < 0 ||
	    append(t, &n, &net->buffers, w->buffers, "") < 0 || append_state(t, &n, net, state) < 0)
		r = ss_fail(e, SS_EIO, "cannot write '%s': out of memory", path);
	else
		r = ss_st_write(path, t, n, text.pair, text.n, e);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)t[i].name);
	free(t);
	return r;
}

static int
get(const struct ss_st *f, const char *key, const char **value, struct ss_err *e)
{
	*value = ss_st_meta(f, key);
	if (*value == NULL)
		return ss_fail(e, SS_EDATA, "'%s' has no '%s' in its metadata: it is not a model of ss-train",
		    ss_st_path(f), key);
	return 0;
}

static int
bad(const struct ss_st *f, const char *key, const char *value, struct ss_err *e)
{
	return ss_fail(e, SS_EDATA, "'%s': metadata '%s' is '%s', which makes no sense", ss_st_path(f),
	    key, value);
}

static int
get_text(const struct ss_st *f, const char *key, char *out, size_t size, struct ss_err *e)
{
	const char *v;
	int r = get(f, key, &v, e);

	if (r < 0)
		return r;
	if (strlen(v) >= size)
		return bad(f, key, v, e);
	memcpy(out, v, strlen(v) + 1);
	return 0;
}

static int
get_u64(const struct ss_st *f, const char *key, uint64_t max, uint64_t *out, struct ss_err *e)
{
	const char *v;
	char *end;
	int r = get(f, key, &v, e);

	if (r < 0)
		return r;
	errno = 0;
	*out = strtoull(v, &end, 10);
	if (*v < '0' || *v > '9' || *end != '\0' || errno != 0 || *out > max)
		return bad(f, key, v, e);
	return 0;
}

static int
get_doubles(const struct ss_st *f, const char *key, int n, double lo, double hi, double *out,
    struct ss_err *e)
{
	const char *v;
	int r = get(f, key, &v, e);
	const char *p = v;

	for (int i = 0; r == 0 && i < n; i++) {
		char *end;

		out[i] = strtod(p, &end);
		if (end == p || *end != (i == n - 1 ? '\0' : ',') || !(out[i] >= lo && out[i] <= hi))
			return bad(f, key, v, e);
		p = end + 1;
	}
	return r;
}

static int
get_head(const struct ss_st *f, const char *key, struct ss_head *head, struct ss_err *e)
{
	const char *v;
	int r = get(f, key, &v, e);

	if (r == 0 && ss_head_parse(head, v, NULL) < 0)
		r = bad(f, key, v, e);
	return r;
}

static int
understand(const struct ss_st *f, struct model *m, struct ss_err *e)
{
	double shape[3], mean[4], std[4];
	uint64_t epoch;
	const char *history;
	int r;

	if ((r = get_text(f, "ss.arch", m->arch, sizeof(m->arch), e)) < 0 ||
	    (r = get_text(f, "ss.method", m->method, sizeof(m->method), e)) < 0 ||
	    (r = get_text(f, "ss.recipe", m->recipe, sizeof(m->recipe), e)) < 0 ||
	    (r = get_doubles(f, "ss.image", 3, 1, 65536, shape, e)) < 0)
		return r;
	for (int i = 0; i < 3; i++)
		m->shape[i] = (int)shape[i];
	if (m->shape[0] > 4)
		return bad(f, "ss.image", ss_st_meta(f, "ss.image"), e);
	if ((r = get_doubles(f, "ss.mean", m->shape[0], -1e6, 1e6, mean, e)) < 0 ||
	    (r = get_doubles(f, "ss.std", m->shape[0], 1e-6, 1e6, std, e)) < 0 ||
	    (r = get_head(f, "ss.projector", &m->projector, e)) < 0 ||
	    (r = get_head(f, "ss.predictor", &m->predictor, e)) < 0 ||
	    (r = get_u64(f, "ss.step", UINT64_MAX, &m->step, e)) < 0 ||
	    (r = get_u64(f, "ss.steps", UINT64_MAX, &m->steps, e)) < 0 ||
	    (r = get_u64(f, "ss.epoch", UINT32_MAX, &epoch, e)) < 0 ||
	    (r = get_u64(f, "ss.records", UINT64_MAX, &m->records, e)) < 0 ||
	    (r = get_u64(f, "ss.seed", UINT64_MAX, &m->seed, e)) < 0 ||
	    (r = get_doubles(f, "ss.best", 1, -1, 1e9, &m->best, e)) < 0 ||
	    (r = get(f, "ss.history", &history, e)) < 0)
		return r;
	for (int i = 0; i < m->shape[0]; i++) {
		m->mean[i] = (float)mean[i];
		m->std[i] = (float)std[i];
	}
	m->epoch = (uint32_t)epoch;
	m->history = strdup(history);
	return m->history == NULL ? ss_fail(e, SS_EIO, "out of memory") : 0;
}

int
model_open(struct ss_st **file, struct model *m, const char *path, struct ss_err *e)
{
	int r = ss_st_open(file, path, e);

	memset(m, 0, sizeof(*m));
	if (r < 0)
		return r;
	r = understand(*file, m, e);
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
