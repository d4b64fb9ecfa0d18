/*
 * run_log.c - what a run says of its steps: lines of the log, and a collapse in words
 */
#include <inttypes.h>
#include <math.h>

#include "run_state.h"
#include "tool.h"
#include "trainlog.h"

/* Steps between two full measurements, which take a tenth of a step of resnet20 with heads of 2048. */
enum { MEASURE_EVERY = 50 };

bool
run_measures(const struct run *r)
{
	const uint64_t step = r->model.step + 1, every = (uint64_t)r->o->log_every;
	const uint64_t lines = (MEASURE_EVERY + every - 1) / every;

	return step == r->model.steps || (step % every == 0 && (step == every || step / every % lines == 0));
}

/* ,"key":value for the log; a value that the step does not have is left out. */
struct text {
	char at[1024];
	size_t n;
};

static void
add(struct text *t, const char *key, double value)
{
	char number[32];

	t->n += (size_t)snprintf(t->at + t->n, sizeof(t->at) - t->n, ",\"%s\":%s", key,
	    trainlog_number(number, value));
}

/* The outputs of the projector, and the method's own notes: one may be of the same name. */
static void
add_health(struct text *t, const struct ss_step *s, bool views, bool all)
{
	const struct ss_health *h = &s->health;

	add(t, "mean_cosine", h->cosine);
	add(t, "mean_norm", h->norm);
	add(t, "dead", (double)h->dead);
	if (views)
		add(t, "alignment", h->alignment);
	for (const struct ss_note *k = s->loss.note; k->name != NULL; k++)
		add(t, k->name, k->value);
	if (!all)
		return;
	add(t, "rankme", h->rank);
	add(t, "uniformity", h->uniformity);
	if (views && isnan(ss_loss_note(&s->loss, "contrast_accuracy")))
		add(t, "contrast_accuracy", h->contrast);
}

void
run_log_step(struct run *r, const struct ss_step *s, double lr)
{
	struct text t = { .n = 0 };
	char loss[32], grad[32], std[32];

	if (r->log == NULL || (r->model.step % (uint64_t)r->o->log_every != 0 &&
	    r->model.step != r->model.steps && isfinite(s->loss.loss)))
		return;
	add_health(&t, s, r->batch.views > 1, !isnan(s->health.rank));
	trainlog_line(r->log, "{\"step\":%" PRIu64 ",\"epoch\":%" PRIu32 ",\"loss\":%s,\"lr\":%.8g,"
	    "\"images_per_second\":%.1f,\"std_ratio\":%s,\"grad_norm\":%s%s}", r->model.step,
	    r->model.epoch, trainlog_number(loss, s->loss.loss), lr, r->rate,
	    trainlog_number(std, s->health.std_ratio), trainlog_number(grad, s->grad_norm), t.at);
}

/* What has lasted since that step; the end, if that was asked for. */
static void
name_collapse(struct run *r, const char *what)
{
	tool_progress_end();
	tool_warn("%s; lower --lr or check the augmentation", what);
	if (!r->o->stop_on_collapse)
		return;
	checkpoint_save(&r->checkpoint);
	tool_die(TOOL_COLLAPSE, "stopped by --stop-on-collapse; the last state is in '%s'", r->o->output);
}

void
run_watch(struct run *r, const struct ss_step *s)
{
	const struct ss_health *h = &s->health;
	const enum ss_verdict v = ss_health_verdict(h);
	char text[256];

	if (r->o->method->labels)	/* outputs are classes, and may well be alike at first */
		return;
	r->collapsed = v >= SS_VERDICT_COLLAPSED ? r->collapsed + 1 : 0;
	if (r->collapsed == RUN_COLLAPSED) {
		snprintf(text, sizeof(text), "collapse: since step %" PRIu64 " all images get nearly the same projection "
		    "(std ratio %.3f, healthy is about 1)", r->model.step - RUN_COLLAPSED + 1, h->std_ratio);
		name_collapse(r, text);
	}
	if (isnan(h->rank))
		return;
	if (v != SS_VERDICT_DIMENSIONAL)
		r->narrow = 0;
	else if (++r->narrow == 1)
		r->narrow_since = r->model.step;
	if (r->narrow == RUN_NARROW) {
		snprintf(text, sizeof(text), "dimensional collapse: since step %" PRIu64 " the projections vary along few "
		    "directions only (RankMe %.2f, healthy is above %g)", r->narrow_since, h->rank,
		    ss_rank_least(h->n, h->d));
		name_collapse(r, text);
	}
}
