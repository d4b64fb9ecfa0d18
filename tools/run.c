/*
 * run.c - a training run: from the first batch, or from a checkpoint, to the last
 *
 * The state of a run is a function of the recipe and of the step: whatever stops it,
 * going on from a checkpoint gives the same bytes as never having stopped.
 */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "profile.h"
#include "recipe_text.h"
#include "run_state.h"
#include "runlock.h"
#include "tool.h"
#include "trainlog.h"

static volatile sig_atomic_t stop;

/* The first signal asks for a checkpoint, the second ends at once. */
static void
on_signal(int sig)
{
	if (stop) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	stop = 1;
}

static void
catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };
	struct sigaction sa = { .sa_handler = on_signal }, old;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)		/* nohup stays nohup */
			sigaction(signals[i], &sa, NULL);
	}
}

static void
show_step(struct run *r, const struct ss_step *s)
{
	uint64_t left = r->model.steps - r->model.step;
	char note[64] = "";
	double eta = r->rate > 0 ? (double)left * r->batch.size / r->rate : 0;

	if (s->loss.note[0].name != NULL)
		snprintf(note, sizeof(note), "%s %.3f  ", s->loss.note[0].name, s->loss.note[0].value);
	tool_progress("epoch %" PRIu32 "  step %" PRIu64 "/%" PRIu64 "  loss %.4f  std %.2f  %s"
	    "%.0f images/s  ETA %d:%02d:%02d", r->model.epoch + 1, r->model.step, r->model.steps, s->loss.loss,
	    s->health.std_ratio, note, r->rate, (int)(eta / 3600), (int)(eta / 60) % 60, (int)eta % 60);
}

/* A step that is not finite changes nothing: says which, keeps the last checkpoint. */
static _Noreturn void
die_nonfinite(struct run *r, const struct ss_step *s, double lr, const struct ss_err *e)
{
	tool_progress_end();
	run_log_step(r, s, lr);
	tool_die(TOOL_NONFINITE, "%s at step %" PRIu64 " (records %" PRIu64 "..%" PRIu64 " of epoch %"
	    PRIu32 ", lr %g): nothing was updated, '%s' holds step %" PRIu64 "; try a lower --lr", e->text,
	    r->model.step, r->batch.used - (uint64_t)r->batch.size, r->batch.used - 1, r->batch.epoch, lr,
	    r->o->output, r->checkpoint.saved);
}

/* Times the steps after the first, which pays for memory that is new. */
static void
profile_step(struct run *r, double begin, double arrived)
{
	const double now = ss_seconds();
	struct ss_profile *p = &r->profile;

	if (!r->o->profile)
		return;
	if (r->trainer->space.profile == NULL) {
		if (ss_profile_create(p, r->trainer->plan, r->trainer->threads, r->batch.globals) < 0)
			tool_die(TOOL_FAILURE, "out of memory");
		r->trainer->space.profile = p;
		return;
	}
	r->profiled++;
	r->profiled_seconds += now - begin;
	r->waiting += arrived - begin;
}

/* What the step that comes next is told, its rate being lr. */
static struct ss_hyper
hyper_of(const struct run *r, double lr)
{
	const struct run_options *o = r->o;
	const uint64_t step = r->model.step, steps = r->model.steps;
	struct ss_hyper h = { .update = o->update, .freeze_own = o->method->prepare != NULL && step < r->per_epoch,
		.seed = o->seed, .health = run_measures(r) };

	h.update.step = step;
	for (int i = 0; i < SS_PARTS; i++)
		h.update.rate[i] = lr;
	h.update.rate[SS_BACKBONE] = o->frozen ? 0 : lr * o->backbone_scale;
	if (o->predictor_fixed)
		h.update.rate[SS_PREDICTOR] = 0;
	else if (o->predictor_rate != 0)
		h.update.rate[SS_PREDICTOR] = o->predictor_rate > 0 ? o->predictor_rate : r->schedule.base;
	h.update.weight_decay = ss_half_cosine(o->update.weight_decay, o->decay_end, step, steps);
	h.target_temperature = ss_ramp(o->temperature_begin, o->knobs.target_temperature, step,
	    (uint64_t)llround(o->temperature_epochs * (double)r->per_epoch));
	h.target_momentum = ss_half_cosine(o->target_momentum, o->target_end, step, steps);
	return h;
}

/* One batch, the wait for which began at `begin`: step, log, and what is due after it. */
static void
one_step(struct run *r, double begin, struct ss_pool *pool)
{
	const struct run_options *o = r->o;
	struct model *m = &r->model;
	const double lr = ss_schedule_rate(&r->schedule, m->step);
	const struct ss_hyper hyper = hyper_of(r, lr);
	struct ss_step s;
	struct ss_err e = SS_ERR_INIT;
	double now, arrived = ss_seconds();
	bool epoch_ends;
	int status;

	status = ss_trainer_step(r->trainer, (const uint8_t *const *)r->batch.data, r->batch.label, &hyper, &s,
	    pool, &e);
	profile_step(r, begin, arrived);
	now = r->batch.size / (ss_seconds() - begin);
	r->rate = r->rate == 0 ? now : 0.9 * r->rate + 0.1 * now;
	m->step++;
	m->epoch_loss += s.loss.loss;
	m->epoch = r->batch.epoch;
	m->records = r->batch.used;
	if (status == SS_ENONFINITE)
		die_nonfinite(r, &s, lr, &e);
	if (status < 0)
		tool_fail(status, &e);
	run_log_step(r, &s, lr);
	show_step(r, &s);
	run_watch(r, &s);
	epoch_ends = m->step % r->per_epoch == 0 || m->step == m->steps;
	if (epoch_ends)
		run_epoch_end(r, pool);
	if (o->checkpoint_every == 0 ? epoch_ends : m->step % o->checkpoint_every == 0)
		checkpoint_save(&r->checkpoint);
}

/* What is to be known before hours go by, or memory runs out. */
static void
announce(struct run *r, struct ss_pool *pool)
{
	const struct model *m = &r->model;
	const double megabytes = (double)ss_trainer_bytes(r->trainer) * 1e-6;

	if (!tool.verbose && !tool_progress_shown())
		return;
	fprintf(stderr, "%s: %s on %s, %.2f million parameters, %" PRIu64 " steps of %d images, "
	    "%.*f %s of memory, %d threads, %s%s kernels\n", tool.name, m->method, m->arch,
	    (double)ss_net_count(r->net) * 1e-6, m->steps, r->o->batch, megabytes < 1000 ? 0 : 1,
	    megabytes < 1000 ? megabytes : megabytes * 1e-3, megabytes < 1000 ? "MB" : "GB", ss_pool_threads(pool),
	    r->o->exact ? "exact " : "", r->o->kern->name);
	if (m->step > 0)
		fprintf(stderr, "%s: goes on from '%s' at step %" PRIu64 "\n", tool.name, r->o->output, m->step);
}

static void
prepare(struct run *r, struct ss_reader *in, struct ss_pool *pool)
{
	const struct run_options *o = r->o;
	const uint32_t epoch = ss_reader_header(in)->first_epoch;
	struct ss_crops crops;
	uint32_t watched[2];
	struct ss_err e = SS_ERR_INIT;
	int status;

	batch_start(&r->batch, in, o->method->min_views, o->method->max_views);
	if (ss_method_one_way(o->method, &o->knobs) && (r->batch.views % 2 != 0 || r->batch.globals < r->batch.views))
		tool_die(TOOL_MISUSE, "%s has %d views of each image%s; --asymmetric takes pairs of one size", ss_reader_name(in),
		    r->batch.views, r->batch.globals < r->batch.views ? ", not all of one size" : "");
	if (o->method->labels)
		batch_labels(&r->batch, o->classes);
	run_init_open(r);
	run_plan(r, ss_reader_header(in));
	batch_size(&r->batch, o->batch * o->accumulate);
	crops = (struct ss_crops){ r->batch.globals, r->batch.views - r->batch.globals, r->batch.local[1],
		r->batch.local[2] };
	run_epoch_open(r, watched, pool);
	recipe_text(&r->model, o, &r->batch, watched);
	tool_refuse_input(o->output);
	runlock_take(o->output);
	if (!o->resume && !tool.force && access(o->output, F_OK) == 0)
		tool_die(TOOL_MISUSE, "'%s' exists: --resume to go on from it, --force to begin anew", o->output);
	if (!o->resume && o->log != NULL)
		tool_check_output(o->log, NULL);
	status = ss_trainer_create(&r->trainer, r->net, o->method, &o->knobs, o->kern, &crops, o->batch,
	    o->groups, o->accumulate, ss_optimiser_squares(o->update.optimiser), ss_pool_threads(pool), &e);
	if (status < 0)
		tool_fail(status, &e);
	ss_trainer_begin(r->trainer, o->seed);
	run_init_take(r);
	r->checkpoint = (struct checkpoint){ .path = o->output, .keep = o->keep, .model = &r->model,
		.net = r->net, .trainer = r->trainer };
	if (o->resume)
		checkpoint_resume(&r->checkpoint);
	if (epoch > r->model.epoch)
		tool_die(TOOL_MISUSE, "the stream begins with epoch %" PRIu32 ", but the run stands in epoch %"
		    PRIu32, epoch, r->model.epoch);
	if (o->log != NULL)		/* what cannot be written, hours later is too late to learn */
		r->log = trainlog_open(o->log);
	checkpoint_save(&r->checkpoint);
	if (r->log != NULL)
		trainlog_begin(r->log, r->model.step);
	announce(r, pool);
}

int
run_train(struct ss_reader *in, const struct run_options *o, struct ss_pool *pool)
{
	struct run r = { .o = o };
	struct ss_err e = SS_ERR_INIT;
	int status = 1;

	prepare(&r, in, pool);
	catch_signals();
	ss_reader_stop(in, &stop);
	while (!run_over(&r) && !stop) {
		double begin = ss_seconds();

		status = batch_next(&r.batch, r.model.step > 0, r.model.epoch, r.model.records, &e);
		if (status != 1 || stop)
			break;
		one_step(&r, begin, pool);
	}
	tool_progress_end();
	checkpoint_save(&r.checkpoint);
	if (run_over(&r))
		run_restore(&r);
	trainlog_close(r.log);
	if (r.profiled > 0)
		profile_print(stderr, &r.profile, pool, r.profiled, r.profiled_seconds, r.waiting);
	ss_profile_free(&r.profile);
	if (stop && !run_over(&r))
		tool_die(TOOL_STOPPED, "stopped by a signal after step %" PRIu64 " of %" PRIu64 ", which '%s' "
		    "holds; go on with --resume", r.model.step, r.model.steps, o->output);
	if (!run_over(&r)) {
		if (status < 0)
			tool_fail(status, &e);
		tool_die(TOOL_DAMAGED, "%s ended after step %" PRIu64 " of %" PRIu64 ", which '%s' holds",
		    ss_reader_name(in), r.model.step, r.model.steps, o->output);
	}
	while (o->steps == 0 && status == 1 && !stop)	/* the rest: so its end is seen, and nobody writes in vain */
		if ((status = ss_reader_next(in, &r.batch.frame, &e)) < 0)
			tool_fail(status, &e);
	if (tool.verbose || tool_progress_shown())
		fprintf(stderr, "%s: wrote '%s', %" PRIu64 " steps\n", tool.name, o->output, r.model.step);
	run_epoch_close(&r);
	ss_trainer_free(r.trainer);
	ss_net_free(r.net);
	batch_free(&r.batch);
	model_free(&r.model);
	return tool_finish(in, NULL);
}
