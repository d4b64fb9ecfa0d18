/*
 * run_epoch.c - what is measured at the end of an epoch, and what follows from it: the best network, an early end
 *
 * Whether a run is over is a function of its step and of what a checkpoint holds, so that a run which was killed stops
 * where it would have stopped.
 */
#include <inttypes.h>
#include <math.h>

#include "run_state.h"
#include "tool.h"
#include "trainlog.h"

const char *const run_watchable[] = {
	[MEASURE_LOSS] = "loss", [MEASURE_KNN] = "knn", [MEASURE_VALIDATION_LOSS] = "validation-loss",
	[MEASURE_VALIDATION_ACCURACY] = "validation-accuracy", NULL
};
/* In the log. */
static const char *const KEYS[MEASURES] = { "epoch_loss", "knn", "validation_loss", "validation_accuracy" };

void
run_epoch_open(struct run *r, uint32_t watched[2], struct ss_pool *pool)
{
	if (r->o->monitor != NULL)
		r->monitor = monitor_open(r->o->monitor, r->net, r->o->kern, pool);
	if (r->o->validate != NULL)
		r->validation = validation_open(r->o->validate, r->net, r->o->kern, pool);
	watched[0] = watched[1] = 0;
	if (r->o->watch == MEASURE_KNN)
		monitor_digests(r->monitor, watched);
	else if (r->validation != NULL)
		watched[0] = validation_digest(r->validation);
}

/* Whether images are looked at after the step that was the last of its epoch. */
static bool
due(const struct run *r)
{
	return (r->model.epoch + 1) % (uint32_t)r->o->monitor_every == 0 || r->model.step == r->model.steps;
}

/* NAN: not measured now. rank is that of the backbone's features. */
static void
measure(struct run *r, double value[MEASURES], double *rank, struct ss_pool *pool)
{
	const struct ss_weights *w = &r->trainer->weights;
	const uint64_t left = r->model.step % r->per_epoch, steps = left == 0 ? r->per_epoch : left;

	for (int i = 0; i < MEASURES; i++)
		value[i] = NAN;
	*rank = NAN;
	if (r->o->watch == MEASURE_LOSS)
		value[MEASURE_LOSS] = r->model.epoch_loss / (double)steps;
	if (!due(r))
		return;
	if (r->monitor != NULL)
		value[MEASURE_KNN] = monitor_score(r->monitor, w, rank, pool);
	if (r->validation != NULL)
		value[MEASURE_VALIDATION_ACCURACY] = validation_score(r->validation, w, &value[MEASURE_VALIDATION_LOSS],
		    pool);
}

static bool
is_better(const struct run *r, double value)
{
	const bool high = r->o->watch == MEASURE_KNN || r->o->watch == MEASURE_VALIDATION_ACCURACY;
	const struct model *m = &r->model;

	return isfinite(value) && (m->best_step == 0 || (high ? value > m->best : value < m->best));
}

/* A line of the log, one of progress. */
static void
tell(const struct run *r, const double value[MEASURES], double rank, bool better)
{
	char line[256] = "", words[256] = "", number[32];
	size_t n = 0, k = 0;

	for (int i = 0; i < MEASURES; i++) {
		const bool share = i == MEASURE_KNN || i == MEASURE_VALIDATION_ACCURACY;

		if (isnan(value[i]) && !(i == MEASURE_VALIDATION_LOSS && !isnan(value[MEASURE_VALIDATION_ACCURACY])))
			continue;
		n += (size_t)snprintf(line + n, sizeof(line) - n, ",\"%s\":%s", KEYS[i], trainlog_number(number, value[i]));
		k += (size_t)snprintf(words + k, sizeof(words) - k, "%s%s %.*f%s", k == 0 ? "" : ", ",
		    i == MEASURE_KNN ? "kNN" : run_watchable[i], share ? 2 : 4, value[i] * (share ? 100 : 1), share ? " %" : "");
	}
	if (n == 0)
		return;
	if (!isnan(rank)) {
		snprintf(line + n, sizeof(line) - n, ",\"backbone_rankme\":%s", trainlog_number(number, rank));
		snprintf(words + k, sizeof(words) - k, ", RankMe %.1f", rank);
	}
	if (r->log != NULL)
		trainlog_line(r->log, "{\"step\":%" PRIu64 ",\"epoch\":%" PRIu32 "%s,\"best\":%s}", r->model.step,
		    r->model.epoch, line, better ? "true" : "false");
	if (tool_progress_shown() || tool.verbose) {
		tool_progress_end();
		fprintf(stderr, "%s: epoch %" PRIu32 ": %s%s\n", tool.name, r->model.epoch + 1, words,
		    better ? ", the best so far" : "");
	}
}

void
run_epoch_end(struct run *r, struct ss_pool *pool)
{
	const struct run_options *o = r->o;
	struct model *m = &r->model;
	double value[MEASURES], rank;
	char suffix[32];
	bool better;

	measure(r, value, &rank, pool);
	better = o->watch >= 0 && is_better(r, value[o->watch]);
	m->epoch_loss = 0;
	if (better) {
		m->best = value[o->watch];
		m->best_step = m->step;
	}
	m->done = run_over(r);
	if (better)
		checkpoint_save_beside(&r->checkpoint, ".best");
	if (o->save_every > 0 && (m->epoch + 1) % (uint32_t)o->save_every == 0 && m->step % r->per_epoch == 0) {
		snprintf(suffix, sizeof(suffix), ".epoch%03" PRIu64, (uint64_t)m->epoch + 1);
		checkpoint_save_beside(&r->checkpoint, suffix);
	}
	tell(r, value, rank, better);
}

bool
run_over(const struct run *r)
{
	const struct run_options *o = r->o;
	const struct model *m = &r->model;

	if (m->step == m->steps)
		return true;
	return o->early_stop && m->best_step > 0 && m->step % r->per_epoch == 0 && (o->watch == MEASURE_LOSS || due(r)) &&
	    (m->step - m->best_step) / r->per_epoch >= (uint64_t)o->patience;
}

void
run_restore(struct run *r)
{
	const struct model *m = &r->model;

	if (m->step < m->steps && (tool.verbose || tool_progress_shown()))
		fprintf(stderr, "%s: stopped early after step %" PRIu64 ": %s was best, %.6g, after step %" PRIu64 "\n",
		    tool.name, m->step, run_watchable[r->o->watch], m->best, m->best_step);
	if (r->o->restore_best && m->restored == 0 && m->best_step > 0 && m->best_step < m->step)
		checkpoint_restore_best(&r->checkpoint);
}

void
run_epoch_close(struct run *r)
{
	monitor_free(r->monitor);
	validation_free(r->validation);
}
