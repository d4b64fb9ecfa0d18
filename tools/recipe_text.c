/*
 * recipe_text.c - what must not change when a run goes on, as text
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "nn/head.h"
#include "recipe_text.h"
#include "tool.h"

struct text {
	char *p;
	size_t n, size;
};

static void say(struct text *, const char *, ...) __attribute__((format(printf, 2, 3)));

/*
 * Adds to the text. Two recipes that were cut short could look the same, so that is an end.
 * Few values at a time: with some twelve and more glibc's printf asks for memory, and fails where there is none.
 */
static void
say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->size - t->n)
		tool_die(TOOL_FAILURE, "the recipe does not fit into %zu characters", t->size - 1);
	t->n += (size_t)n;
}

static void
say_channels(struct text *t, const char *option, const float *v, int n)
{
	say(t, "%s ", option);
	for (int i = 0; i < n; i++)
		say(t, "%s%.9g", i == 0 ? "" : ",", (double)v[i]);
	say(t, " ");
}

/* What else it was told: nothing, or options and a space. */
static void
say_knobs(struct text *t, const struct model *m, const struct run_options *o, const uint32_t watched[2])
{
	const struct ss_knobs *k = &o->knobs;

#define SAY(when, ...)	if (when) say(t, __VA_ARGS__)
	SAY(m->from[0] != '\0', "--init %.8s --init-parts %s ", m->from, run_init_parts[o->init_parts]);
	SAY(o->frozen, "--freeze backbone ");
	SAY(m->init != SS_INIT_PYTORCH, "--init-weights %s ", ss_init_names[m->init]);
	SAY(m->zero_gamma, "--zero-gamma ");
	SAY(m->norm_eps != SS_NORM_EPS, "--norm-eps %.9g ", m->norm_eps);
	SAY(m->norm_momentum != SS_NORM_MOMENTUM, "--norm-momentum %.9g ", m->norm_momentum);
	SAY(o->norm_running, "--norm-statistics running ");
	SAY(o->early_stop, "--early-stop %s --patience %d ", run_watchable[o->watch], o->patience);
	SAY(o->early_stop && o->watch != MEASURE_LOSS, "--monitor-every %d ", o->monitor_every);
	SAY(o->restore_best, "--restore-best ");
	SAY((o->early_stop || o->restore_best) && o->watch != MEASURE_LOSS, "--watched %08" PRIx32 ",%08" PRIx32 " ",
	    watched[0], watched[1]);
	SAY(o->update.optimiser != SS_SGD, "--optimizer %s --trust %.9g%s --beta2 %.9g ",
	    ss_optimiser_names[o->update.optimiser], o->update.trust, o->update.clip ? " --clip" : "", o->update.beta2);
	SAY(o->update.decay_vectors != ss_optimiser_decays_vectors(o->update.optimiser), "--decay %s ",
	    o->update.decay_vectors ? "all" : "weights");
	SAY(o->update.vector_scale > 0, "--vector-lr %.9g ", o->update.vector_scale * o->schedule.base);
	SAY(o->backbone_scale != 1, "--backbone-lr-scale %.9g ", o->backbone_scale);
	SAY(o->decay_end != o->update.weight_decay, "--weight-decay-end %.9g ", o->decay_end);
	SAY(o->update.max_norm > 0, "--clip-grad %.9g ", o->update.max_norm);
	SAY(o->update.max_each, "--clip-by tensor ");
	SAY(o->schedule.decay != SS_COSINE, "--schedule %s ", ss_decay_names[o->schedule.decay]);
	SAY(o->schedule.end > 0, "--lr-end %.9g ", o->schedule.end);
	SAY(o->decay_epochs > 0, "--decay-epochs %.9g ", o->decay_epochs);
	for (int i = 0; i < o->schedule.milestones; i++)
		SAY(true, "%s%" PRIu64, i == 0 ? "--milestones " : ",", o->schedule.milestone[i]);
	SAY(o->schedule.milestones > 0, " --gamma %.9g ", o->schedule.gamma);
	SAY(o->predictor_fixed, "--predictor fixed ");
	SAY(o->predictor_rate != 0, "--predictor-lr %.9g ", o->predictor_rate);
	SAY(o->accumulate > 1, "--accumulate %d ", o->accumulate);
	SAY(o->method->target, "--target-momentum %.9g --target-groups %d ", o->target_momentum, o->groups);
	SAY(o->method->target && o->target_end != (o->method->momentum_stays ? o->target_momentum : 1),
	    "--target-momentum-end %.9g ", o->target_end);
	SAY(k->target_temperature > 0, "--target-temperature %.9g ", k->target_temperature);
	SAY(o->temperature_epochs > 0, "--target-temperature-begin %.9g --target-temperature-epochs %.9g ",
	    o->temperature_begin, o->temperature_epochs);
	SAY(k->prototypes > 0, "--prototypes %d ", k->prototypes);
	SAY(k->queue > 0, "--queue %d ", k->queue);
	SAY(ss_method_one_way(o->method, k), "--asymmetric ");
	SAY(k->flow, "--stop-grad off ");
	SAY(k->cross_entropy, "--similarity xent ");
	SAY(k->alternate > 0, "--alternate %d ", k->alternate);
	SAY(k->coefficient[0] > 0, "--coefficients %.9g,%.9g,%.9g ", k->coefficient[0], k->coefficient[1],
	    k->coefficient[2]);
#undef SAY
}

void
recipe_text(struct model *m, const struct run_options *o, const struct batch *b, const uint32_t watched[2])
{
	struct text t = { .p = m->recipe, .size = sizeof(m->recipe) };
	char projector[SS_HEAD_TEXT], predictor[SS_HEAD_TEXT];

	ss_head_print(&m->projector, projector);
	ss_head_print(&m->predictor, predictor);
	say(&t, "--method %s --arch %s --projector %s --predictor %s ", m->method, m->arch, projector, predictor);
	say(&t, "--batch %d --lr %.9g --momentum %.9g --weight-decay %.9g --temperature %.9g --warmup %.9g ", o->batch,
	    o->schedule.base, o->update.momentum, o->update.weight_decay, o->knobs.temperature, o->warmup);
	say_knobs(&t, m, o, watched);
	say(&t, "--steps %" PRIu64 " --seed %" PRIu64 " ", m->steps, m->seed);
	say_channels(&t, "--mean", m->mean, m->shape[0]);
	say_channels(&t, "--std", m->std, m->shape[0]);
	say(&t, "--cpu %s%s, %d views of %d x %d x %d", o->kern->name, o->exact ? " --exact" : "", b->globals, m->shape[0],
	    m->shape[1], m->shape[2]);
	if (b->views > b->globals)
		say(&t, ", %d of %d x %d x %d", b->views - b->globals, b->local[0], b->local[1], b->local[2]);
}
