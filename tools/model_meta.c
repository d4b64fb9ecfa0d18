/*
 * model_meta.c - what the metadata of a model file say
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_meta.h"
#include "nn/head.h"
#include "tool.h"

void
model_defaults(struct model *m)
{
	const bool three = m->shape[0] == 3;

	static const float cifar_mean[3] = { 0.4914f, 0.4822f, 0.4465f };
	static const float cifar_std[3] = { 0.2023f, 0.1994f, 0.2010f };

	for (int c = 0; c < 4; c++) {
		m->mean[c] = three && c < 3 ? cifar_mean[c] : 0.5f;
		m->std[c] = three && c < 3 ? cifar_std[c] : 0.25f;
	}
	m->norm_eps = SS_NORM_EPS;
	m->norm_momentum = SS_NORM_MOMENTUM;
}

static void
say(struct model_text *t, const char *key, const char *fmt, ...) SS_PRINTF(3, 4);

static void
say(struct model_text *t, const char *key, const char *fmt, ...)
{
	va_list ap;

	SS_BUG_IF(t->n == MODEL_PAIRS);
	va_start(ap, fmt);
	vsnprintf(t->value[t->n], sizeof(t->value[0]), fmt, ap);
	va_end(ap);
	t->pair[t->n] = (struct ss_st_pair){ key, t->value[t->n] };
	t->n++;
}

static void
say_floats(struct model_text *t, const char *key, const float *v, int n)
{
	char buf[200];
	size_t at = 0;

	for (int i = 0; i < n; i++)
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%.9g", i == 0 ? "" : ",", (double)v[i]);
	say(t, key, "%s", buf);
}

void
model_describe(struct model_text *t, const struct model *m)
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
	say(t, "ss.norm", "%.15g,%.15g", m->norm_eps, m->norm_momentum);
	say(t, "ss.init", "%s%s", ss_init_names[m->init], m->zero_gamma ? " zero-gamma" : "");
	say(t, "ss.from", "%s", m->from[0] == '\0' ? "none" : m->from);
	say(t, "ss.step", "%" PRIu64, m->step);
	say(t, "ss.steps", "%" PRIu64, m->steps);
	say(t, "ss.epoch", "%" PRIu32, m->epoch);
	say(t, "ss.records", "%" PRIu64, m->records);
	say(t, "ss.seed", "%" PRIu64, m->seed);
	say(t, "ss.watch", "%s", m->watch);
	say(t, "ss.best", "%.17g", m->best);
	say(t, "ss.best-step", "%" PRIu64, m->best_step);
	say(t, "ss.epoch-loss", "%.17g", m->epoch_loss);
	say(t, "ss.restored", "%" PRIu64, m->restored);
	say(t, "ss.done", "%d", m->done);
	t->pair[t->n++] = (struct ss_st_pair){ "ss.recipe", m->recipe };
	t->pair[t->n++] = (struct ss_st_pair){ "ss.history", m->history == NULL ? "" : m->history };
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

/* What models of version 0.1.0 do not say. */
static int
understand_more(const struct ss_st *f, struct model *m, struct ss_err *e)
{
	const char *init = ss_st_meta(f, "ss.init"), *from = ss_st_meta(f, "ss.from");
	double norm[2] = { SS_NORM_EPS, SS_NORM_MOMENTUM };
	uint64_t done = 0;
	int r;

	if (ss_st_meta(f, "ss.norm") == NULL) {
		snprintf(m->watch, sizeof(m->watch), "%s", m->best < 0 ? "none" : "knn");
		m->best_step = m->best < 0 ? 0 : m->step;
		m->done = m->step == m->steps;
	} else if ((r = get_doubles(f, "ss.norm", 2, 0, 1, norm, e)) < 0 ||
	    (r = get_text(f, "ss.watch", m->watch, sizeof(m->watch), e)) < 0 ||
	    (r = get_u64(f, "ss.best-step", UINT64_MAX, &m->best_step, e)) < 0 ||
	    (r = get_doubles(f, "ss.epoch-loss", 1, -HUGE_VAL, HUGE_VAL, &m->epoch_loss, e)) < 0 ||
	    (r = get_u64(f, "ss.restored", UINT64_MAX, &m->restored, e)) < 0 ||
	    (r = get_u64(f, "ss.done", 1, &done, e)) < 0) {
		return r;
	} else {
		m->done = done == 1;
	}
	m->norm_eps = norm[0];
	m->norm_momentum = norm[1];
	for (int i = 0; init != NULL && ss_init_names[i] != NULL; i++)
		if (strncmp(init, ss_init_names[i], strcspn(init, " ")) == 0)
			m->init = (enum ss_init)i;
	m->zero_gamma = init != NULL && strstr(init, " zero-gamma") != NULL;
	if (from != NULL && strcmp(from, "none") != 0)
		return get_text(f, "ss.from", m->from, sizeof(m->from), e);
	return 0;
}

int
model_understand(const struct ss_st *f, struct model *m, struct ss_err *e)
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
	    (r = get_doubles(f, "ss.best", 1, -HUGE_VAL, HUGE_VAL, &m->best, e)) < 0 ||
	    (r = get(f, "ss.history", &history, e)) < 0 || (r = understand_more(f, m, e)) < 0)
		return r;
	for (int i = 0; i < m->shape[0]; i++) {
		m->mean[i] = (float)mean[i];
		m->std[i] = (float)std[i];
	}
	m->epoch = (uint32_t)epoch;
	m->history = strdup(history);
	return m->history == NULL ? ss_fail(e, SS_EIO, "out of memory") : 0;
}
