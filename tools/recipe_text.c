/*
 * recipe_text.c - what must not change when a run goes on, as text
 */
#include <inttypes.h>
#include <stdio.h>

#include "nn/head.h"
#include "recipe_text.h"

static void
print_channels(char text[64], const float *v, int n)
{
	int at = 0;

	for (int i = 0; i < n; i++)
		at += snprintf(text + at, 64 - (size_t)at, "%s%.9g", i == 0 ? "" : ",", (double)v[i]);
}

/* What else it was told: nothing, or options and a space. */
static void
print_knobs(char *text, size_t size, const struct model *m, const struct run_options *o, const uint32_t watched[2])
{
	const struct ss_knobs *k = &o->knobs;
	size_t n = 0;

	text[0] = '\0';
#define SAY(when, ...)	if (when) n += (size_t)snprintf(text + n, size - n, __VA_ARGS__)
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
	SAY(o->method->knobs.symmetric && !k->symmetric, "--asymmetric ");
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
	char projector[SS_HEAD_TEXT], predictor[SS_HEAD_TEXT], mean[64], std[64], knobs[1024], local[64] = "";

	ss_head_print(&m->projector, projector);
	ss_head_print(&m->predictor, predictor);
	print_channels(mean, m->mean, m->shape[0]);
	print_channels(std, m->std, m->shape[0]);
	print_knobs(knobs, sizeof(knobs), m, o, watched);
	if (b->views > b->globals)
		snprintf(local, sizeof(local), ", %d of %d x %d x %d", b->views - b->globals, b->local[0], b->local[1],
		    b->local[2]);
	snprintf(m->recipe, sizeof(m->recipe), "--method %s --arch %s --projector %s --predictor %s "
	    "--batch %d --lr %.9g --momentum %.9g --weight-decay %.9g --temperature %.9g --warmup %.9g "
	    "%s--steps %" PRIu64 " --seed %" PRIu64 " --mean %s --std %s --cpu %s%s, %d views of %d x %d x %d%s",
	    m->method, m->arch, projector, predictor, o->batch, o->schedule.base, o->update.momentum,
	    o->update.weight_decay,
	    o->knobs.temperature, o->warmup, knobs, m->steps, m->seed, mean, std, o->kern->name, o->exact ? " --exact" : "",
	    b->globals,
	    m->shape[0], m->shape[1], m->shape[2], local);
}
