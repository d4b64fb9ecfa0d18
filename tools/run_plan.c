/*
 * run_plan.c - what a run will do, from its options and the stream
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "lines.h"
#include "run_state.h"
#include "tool.h"

/* Steps of the run and of an epoch. */
static void
plan_steps(struct run *r, const struct ss_header *h)
{
	const struct run_options *o = r->o;
	const uint64_t batch = (uint64_t)o->batch * (uint64_t)o->accumulate;
	size_t all;

	if (h->records == SS_UNKNOWN) {
		if (o->steps == 0)
			tool_die(TOOL_MISUSE, "the stream does not say how many records it has: give --steps");
		r->model.steps = o->steps;
		r->per_epoch = o->steps;
		return;
	}
	r->per_epoch = h->records / batch;
	if (r->per_epoch == 0)
		tool_die(TOOL_MISUSE, "the stream has %" PRIu64 " records, less than %s of %" PRIu64 ": use a "
		    "smaller --batch", h->records, o->accumulate > 1 ? "a step" : "one batch", batch);
	if (!ss_mul(r->per_epoch, (size_t)h->first_epoch + h->epochs, &all))
		tool_die(TOOL_MISUSE, "the stream claims %" PRIu64 " records in each of %" PRIu32 " epochs",
		    h->records, h->epochs);
	if (o->steps > all)
		tool_die(TOOL_MISUSE, "--steps %" PRIu64 ": the stream has batches of %" PRIu64 " for only %zu steps",
		    o->steps, batch, all);
	r->model.steps = o->steps > 0 ? o->steps : all;
}

/* The schedule in steps. */
static void
plan_schedule(struct run *r, const struct ss_header *h)
{
	const struct run_options *o = r->o;
	const struct ss_schedule *s = &o->schedule;
	const char *epochs = o->warmup > 0 ? "--warmup" : o->decay_epochs > 0 ? "--decay-epochs" :
	    o->temperature_epochs > 0 ? "--target-temperature-epochs" :
	    s->decay == SS_COSINE_EPOCH || s->decay == SS_COSINE_EPOCH1 || s->decay == SS_MILESTONES ? "--schedule" :
	    o->early_stop ? "--patience" : o->save_every > 0 ? "--save-every" : NULL;

	if (epochs != NULL && h->records == SS_UNKNOWN)
		tool_die(TOOL_MISUSE, "%s is in epochs, and the stream does not say how long one is", epochs);
	r->schedule = *s;
	r->schedule.per_epoch = r->per_epoch;
	r->schedule.warmup = (uint64_t)llround(o->warmup * (double)r->per_epoch);
	r->schedule.steps = o->decay_epochs > 0 ? (uint64_t)llround(o->decay_epochs * (double)r->per_epoch) :
	    r->model.steps;
	if (r->schedule.warmup >= r->model.steps && o->warmup > 0)
		tool_die(TOOL_MISUSE, "--warmup %g epochs is not shorter than the run", o->warmup);
}

/* The @PG lines of the stream, which tell where the images came from. */
static char *
history(const struct ss_header *h)
{
	char *all = strdup(""), *line;
	size_t at = 0;

	while (all != NULL && (line = line_next(h, "@PG", &at)) != NULL) {
		size_t n = strlen(all) + strlen(line) + 2;
		char *grown = realloc(all, n);

		if (grown != NULL) {
			strcat(grown, line);
			strcat(grown, "\n");
		} else {
			free(all);
		}
		all = grown;
		free(line);
	}
	if (all == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	return all;
}

/* n numbers were given: none, one for all channels, or one for each. */
static void
take_channels(float *out, const char *option, const float *v, int n, int channels)
{
	if (n > 1 && n != channels)
		tool_die(TOOL_MISUSE, "%s has %d numbers, the images %d channels", option, n, channels);
	for (int i = 0; n > 0 && i < channels; i++)
		out[i] = v[n == 1 ? 0 : i];
}

/* The last layer has an output for each class. */
static void
set_classes(const struct run *r, struct ss_dense *last)
{
	if (r->o->own_projector && last->width != r->batch.classes)
		tool_die(TOOL_MISUSE, "--projector ends in %d outputs, but there are %d classes", last->width,
		    r->batch.classes);
	last->width = r->batch.classes;
}

/* How a network that is gone on with sees images, and normalises. */
static void
take_manner(struct model *m, const struct model *origin)
{
	memcpy(m->mean, origin->mean, sizeof(m->mean));
	memcpy(m->std, origin->std, sizeof(m->std));
	m->norm_eps = origin->norm_eps;
	m->norm_momentum = origin->norm_momentum;
}

void
run_plan(struct run *r, const struct ss_header *h)
{
	const struct run_options *o = r->o;
	struct model *m = &r->model;
	struct ss_err e = SS_ERR_INIT;
	int status;

	snprintf(m->arch, sizeof(m->arch), "%s", o->arch != NULL ? o->arch : r->origin.arch);
	snprintf(m->method, sizeof(m->method), "%s", o->method->name);
	memcpy(m->shape, r->batch.shape, sizeof(m->shape));
	model_defaults(m);
	if (o->init != NULL)
		take_manner(m, &r->origin);
	if (!isnan(o->norm_eps))
		m->norm_eps = o->norm_eps;
	if (!isnan(o->norm_momentum))
		m->norm_momentum = o->norm_momentum;
	m->init = o->init_weights;
	m->zero_gamma = o->zero_gamma;
	take_channels(m->mean, "--mean", o->mean, o->means, m->shape[0]);
	take_channels(m->std, "--std", o->std, o->stds, m->shape[0]);
	m->seed = o->seed;
	m->best = -1;
	snprintf(m->watch, sizeof(m->watch), "%s", o->watch < 0 ? "none" : run_watchable[o->watch]);
	m->epoch = o->steps > 0 ? h->first_epoch : 0;	/* a run of all epochs begins with the first */
	m->history = history(h);
	if ((status = model_net(&r->net, m, &e)) < 0)		/* to learn how many features there are */
		tool_fail(status, &e);
	o->method->heads(r->net->node[r->net->backbone].c, &m->projector, &m->predictor);
	if (o->init_parts == INIT_ALL && strcmp(m->method, r->origin.method) == 0) {
		m->projector = r->origin.projector;
		m->predictor = r->origin.predictor;
	}
	if (o->own_projector)
		m->projector = o->projector;
	if (o->method->labels)
		set_classes(r, &m->projector.layer[m->projector.layers - 1]);
	if (o->own_predictor)
		m->predictor = o->predictor;
	else if (o->own_projector && m->predictor.layers > 0)	/* the method's, as wide as what it predicts */
		m->predictor.layer[m->predictor.layers - 1].width = m->projector.layer[m->projector.layers - 1].width;
	if (m->predictor.layers > 0) {
		const struct ss_dense *z = &m->projector.layer[m->projector.layers - 1];
		const struct ss_dense *p = &m->predictor.layer[m->predictor.layers - 1];

		if (z->width != p->width)
			tool_die(TOOL_MISUSE, "the predictor ends in %d outputs, the projector in %d; they "
			    "must be equal", p->width, z->width);
	}
	ss_net_free(r->net);
	if ((status = model_net(&r->net, m, &e)) < 0 ||
	    (o->knobs.prototypes > 0 && (status = ss_net_add_prototypes(r->net, o->knobs.prototypes, &e)) < 0))
		tool_fail(status, &e);
	r->net->frozen = o->frozen;
	r->net->norm_running = o->norm_running;
	r->net->recompute = o->recompute;
	plan_steps(r, h);
	plan_schedule(r, h);
}
