/*
 * update_options.c - the options of ss-train about learning rate, schedule and optimiser
 */
#include <math.h>
#include <string.h>

#include "tool.h"
#include "update_options.h"

static const double LR_MAX = 1e6, DECAY_MAX = 10, EPOCHS_MAX = 1e6, TRUST_MAX = 1000;
static const double MOMENTUM_DEFAULT = 0.9, TRUST_DEFAULT = 0.001, BETA2_DEFAULT = 0.999, GAMMA_DEFAULT = 0.1;
enum { LR_REFERENCE_BATCH = 256, ACCUMULATE_DEFAULT = 1, ACCUMULATE_MAX = 65536, MILESTONE_MAX = 1000000 };

enum {
	LR = UPDATE_OPT_FIRST, LR_SCALE, SCHEDULE, LR_END, DECAY_EPOCHS, MILESTONES, GAMMA, WARMUP, PREDICTOR_LR,
	OPTIMIZER, MOMENTUM, BETA2, TRUST, CLIP, WEIGHT_DECAY, DECAY, ACCUMULATE, BACKBONE_SCALE, VECTOR_LR,
	WEIGHT_DECAY_END, CLIP_GRAD, CLIP_BY
};
static const struct option OPTIONS[UPDATE_OPTIONS] = {
	{ "lr", required_argument, NULL, LR },
	{ "lr-scale", required_argument, NULL, LR_SCALE },
	{ "schedule", required_argument, NULL, SCHEDULE },
	{ "lr-end", required_argument, NULL, LR_END },
	{ "decay-epochs", required_argument, NULL, DECAY_EPOCHS },
	{ "milestones", required_argument, NULL, MILESTONES },
	{ "gamma", required_argument, NULL, GAMMA },
	{ "warmup", required_argument, NULL, WARMUP },
	{ "predictor-lr", required_argument, NULL, PREDICTOR_LR },
	{ "optimizer", required_argument, NULL, OPTIMIZER },
	{ "momentum", required_argument, NULL, MOMENTUM },
	{ "beta2", required_argument, NULL, BETA2 },
	{ "trust", required_argument, NULL, TRUST },
	{ "clip", no_argument, NULL, CLIP },
	{ "weight-decay", required_argument, NULL, WEIGHT_DECAY },
	{ "decay", required_argument, NULL, DECAY },
	{ "accumulate", required_argument, NULL, ACCUMULATE },
	{ "backbone-lr-scale", required_argument, NULL, BACKBONE_SCALE },
	{ "vector-lr", required_argument, NULL, VECTOR_LR },
	{ "weight-decay-end", required_argument, NULL, WEIGHT_DECAY_END },
	{ "clip-grad", required_argument, NULL, CLIP_GRAD },
	{ "clip-by", required_argument, NULL, CLIP_BY },
};

static const char *const SCALES[] = { "none", "linear", "sqrt", NULL }, *const DECAYS[] = { "weights", "all", NULL },
    *const CLIPS[] = { "network", "tensor", NULL };
enum { SCALE_NONE, SCALE_LINEAR };

static struct {
	struct ss_update update;
	struct ss_schedule schedule;
	double warmup, decay_epochs, predictor_rate, backbone_scale, vector_rate, decay_end;
	int scale, accumulate;
	int optimiser;			/* -1: the method's */
	int decay;			/* -1: the optimiser's */
} given = {
	.update = { .momentum = MOMENTUM_DEFAULT, .weight_decay = NAN, .trust = TRUST_DEFAULT, .beta2 = BETA2_DEFAULT },
	.schedule = { .base = NAN, .gamma = GAMMA_DEFAULT }, .accumulate = ACCUMULATE_DEFAULT, .decay = -1,
	.predictor_rate = NAN, .backbone_scale = 1, .decay_end = NAN, .optimiser = -1
};

void
update_options_table(struct option *out)
{
	memcpy(out, OPTIONS, sizeof(OPTIONS));
}

static void
print_names(FILE *f, const char *const *names)
{
	for (; *names != NULL; names++)
		fprintf(f, " %s", *names);
}

void
update_options_usage(FILE *f)
{
	fprintf(f, "how it learns:\n"
	    "      --lr X                  number   [the method's]  0..%g\n"
	    "      --lr-scale RULE         name     [%s]  none; linear: lr * batch/%d; sqrt: its root\n"
	    "      --schedule NAME         name     [%s] ", LR_MAX, SCALES[0], LR_REFERENCE_BATCH, ss_decay_names[0]);
	print_names(f, ss_decay_names);
	fprintf(f, "\n"
	    "      --lr-end X              number   [0]  0..%g, at the end of a cosine\n"
	    "      --decay-epochs X        number   [the run's]  0..%g until that end\n"
	    "      --milestones N[,N...]   integers [none]  epochs at which the rate is multiplied by gamma\n"
	    "      --gamma X               number   [%g]  0..1\n"
	    "      --warmup X              number   [0]  0..%g epochs of rising lr before that\n"
	    "      --predictor-lr X        number   [the method's]  decay: as the rest; fixed: always --lr; or a rate\n"
	    "      --backbone-lr-scale X   number   [1]  0..%g, times the rate of the rest\n"
	    "      --vector-lr X           number   [--lr, or the method's]  up to %g, of biases and norms\n"
	    "      --optimizer NAME        name     [the method's] ", LR_MAX, EPOCHS_MAX, GAMMA_DEFAULT, EPOCHS_MAX,
	    LR_MAX, LR_MAX);
	print_names(f, ss_optimiser_names);
	fprintf(f, "\n"
	    "      --momentum X            number   [%g]  0..1, beta1 of adam and adamw\n"
	    "      --beta2 X               number   [%g]  0..1, of adam and adamw\n"
	    "      --trust X               number   [%g]  0..%g, of lars, lars-google, larc\n"
	    "      --clip                           larc: never more than --lr\n"
	    "      --weight-decay X        number   [the method's]  0..%g\n"
	    "      --weight-decay-end X    number   [the same]  0..%g, reached by half a cosine over the run\n"
	    "      --decay NAME            name     [the optimizer's]  all: of biases and norms too; weights\n"
	    "      --clip-grad X           number   [0]  0..%g: cut gradients to this length; 0: never\n"
	    "      --clip-by NAME          name     [%s]  whose length: network, tensor\n"
	    "      --accumulate N          integer  [%d]  1..%d batches in a step\n",
	    MOMENTUM_DEFAULT, BETA2_DEFAULT, TRUST_DEFAULT, TRUST_MAX, DECAY_MAX, DECAY_MAX, LR_MAX, CLIPS[0], ACCUMULATE_DEFAULT, ACCUMULATE_MAX);
}

static double
predictor_rate(const char *text)
{
	if (strcmp(text, "decay") == 0)
		return 0;
	if (strcmp(text, "fixed") == 0)
		return -1;
	return tool_double("--predictor-lr", text, 1e-12, LR_MAX);
}

bool
update_option(int c, const char *arg)
{
	struct ss_schedule *s = &given.schedule;
	struct ss_update *u = &given.update;

	switch (c) {
	case LR:		s->base = tool_double("--lr", arg, 0, LR_MAX); break;
	case LR_SCALE:		given.scale = tool_name("--lr-scale", arg, SCALES); break;
	case SCHEDULE:		s->decay = (enum ss_decay)tool_name("--schedule", arg, ss_decay_names); break;
	case LR_END:		s->end = tool_double("--lr-end", arg, 0, LR_MAX); break;
	case DECAY_EPOCHS:	given.decay_epochs = tool_double("--decay-epochs", arg, 0, EPOCHS_MAX); break;
	case MILESTONES:
		s->milestones = tool_rising_list("--milestones", arg, 1, MILESTONE_MAX, s->milestone, SS_MILESTONES_MAX);
		break;
	case GAMMA:		s->gamma = tool_double("--gamma", arg, 0, 1); break;
	case WARMUP:		given.warmup = tool_double("--warmup", arg, 0, EPOCHS_MAX); break;
	case PREDICTOR_LR:	given.predictor_rate = predictor_rate(arg); break;
	case OPTIMIZER:		given.optimiser = tool_name("--optimizer", arg, ss_optimiser_names); break;
	case MOMENTUM:		u->momentum = tool_double("--momentum", arg, 0, 1); break;
	case BETA2:		u->beta2 = tool_double("--beta2", arg, 0, 1); break;
	case TRUST:		u->trust = tool_double("--trust", arg, 0, TRUST_MAX); break;
	case CLIP:		u->clip = true; break;
	case WEIGHT_DECAY:	u->weight_decay = tool_double("--weight-decay", arg, 0, DECAY_MAX); break;
	case DECAY:		given.decay = tool_name("--decay", arg, DECAYS); break;
	case ACCUMULATE:	given.accumulate = (int)tool_int("--accumulate", arg, 1, ACCUMULATE_MAX); break;
	case BACKBONE_SCALE:	given.backbone_scale = tool_double("--backbone-lr-scale", arg, 0, LR_MAX); break;
	case VECTOR_LR:		given.vector_rate = tool_double("--vector-lr", arg, 1e-12, LR_MAX); break;
	case WEIGHT_DECAY_END:	given.decay_end = tool_double("--weight-decay-end", arg, 0, DECAY_MAX); break;
	case CLIP_GRAD:		u->max_norm = tool_double("--clip-grad", arg, 0, LR_MAX); break;
	case CLIP_BY:		u->max_each = tool_name("--clip-by", arg, CLIPS) == 1; break;
	default:		return false;
	}
	return true;
}

/* Options of a schedule that is another. */
static void
check_schedule(const struct ss_schedule *s)
{
	const bool cosine = s->decay != SS_MILESTONES && s->decay != SS_CONSTANT;
	const char *name = ss_decay_names[s->decay];

	if ((s->milestones > 0) != (s->decay == SS_MILESTONES))
		tool_die(TOOL_MISUSE, "--schedule milestones and --milestones need each other");
	if (s->gamma != GAMMA_DEFAULT && s->decay != SS_MILESTONES)
		tool_die(TOOL_MISUSE, "--gamma does not fit --schedule %s", name);
	if (s->end > 0 && !cosine)
		tool_die(TOOL_MISUSE, "--lr-end does not fit --schedule %s", name);
	if (given.decay_epochs > 0 && !cosine)
		tool_die(TOOL_MISUSE, "--decay-epochs does not fit --schedule %s", name);
	if (s->end > s->base)
		tool_die(TOOL_MISUSE, "--lr-end %g is above --lr %g", s->end, s->base);
}

/* Whether the method, as it is told to be, has a predictor that learns. */
static bool
predicts(const struct run_options *o)
{
	return o->method->p_grad && !o->predictor_fixed && !(o->own_predictor && o->predictor.layers == 0);
}

/* Options that do not fit each other, or the method. */
static void
check(const struct run_options *o)
{
	const struct ss_update *u = &o->update;
	const char *name = ss_optimiser_names[u->optimiser];
	const bool adam = ss_optimiser_squares(u->optimiser);
	const bool lars = u->optimiser == SS_LARS || u->optimiser == SS_LARS_GOOGLE || u->optimiser == SS_LARC;

	if (u->beta2 != BETA2_DEFAULT && !adam)
		tool_die(TOOL_MISUSE, "--beta2 does not fit --optimizer %s", name);
	if (adam && (u->momentum == 1 || u->beta2 == 1))
		tool_die(TOOL_MISUSE, "--optimizer %s: --momentum and --beta2 must be below 1", name);
	if (u->trust != TRUST_DEFAULT && !lars)
		tool_die(TOOL_MISUSE, "--trust does not fit --optimizer %s", name);
	if (u->clip && u->optimiser != SS_LARC)
		tool_die(TOOL_MISUSE, "--clip does not fit --optimizer %s", name);
	if (o->predictor_rate != 0 && !o->method->p_grad)
		tool_die(TOOL_MISUSE, "--predictor-lr does not fit --method %s, which has no predictor", o->method->name);
	if (o->predictor_rate != 0 && !predicts(o))
		tool_die(TOOL_MISUSE, "--predictor-lr has no effect: no predictor learns");
	if (u->max_each && u->max_norm == 0)
		tool_die(TOOL_MISUSE, "--clip-by has no effect without --clip-grad");
	if (given.vector_rate > 0 && o->schedule.base == 0)
		tool_die(TOOL_MISUSE, "--vector-lr and --lr 0 do not fit each other: both follow one schedule");
	check_schedule(&o->schedule);
}

/* Whether a rate for one optimiser is one for the other: the momenta of PyTorch and Keras differ where the rate changes. */
static bool
alike(enum ss_optimiser a, enum ss_optimiser b)
{
	return a == b || (a <= SS_SGD_KERAS && b <= SS_SGD_KERAS);
}

/* The optimiser, and the rates of the method if it is the method's. */
static void
set_rates(struct run_options *o)
{
	const struct ss_method *m = o->method;

	o->update.optimiser = given.optimiser < 0 ? m->optimiser : (enum ss_optimiser)given.optimiser;
	if (isnan(o->schedule.base) && !alike(o->update.optimiser, m->optimiser))
		tool_die(TOOL_MISUSE, "--optimizer %s needs --lr: that of --method %s is for %s",
		    ss_optimiser_names[o->update.optimiser], m->name, ss_optimiser_names[m->optimiser]);
	if (isnan(o->schedule.base))
		o->schedule.base = m->lr;
	if (given.vector_rate > 0)		/* as a share, which no scaling changes */
		o->update.vector_scale = given.vector_rate / o->schedule.base;
	else if (m->vector_lr > 0 && o->update.optimiser == m->optimiser)
		o->update.vector_scale = m->vector_lr / m->lr;
}

/* What the method gives the predictor goes with its rate for the rest, whatever that is, as long as its optimiser is used. */
static void
set_predictor_rate(struct run_options *o)
{
	const struct ss_method *m = o->method;

	if (!isnan(given.predictor_rate))
		o->predictor_rate = given.predictor_rate;
	else if (m->predictor_lr > 0 && o->update.optimiser == m->optimiser && predicts(o))
		o->predictor_rate = m->predictor_lr / m->lr * o->schedule.base;
}

void
update_options_result(struct run_options *o)
{
	const double ratio = (double)o->batch * given.accumulate / LR_REFERENCE_BATCH;

	o->update = given.update;
	o->schedule = given.schedule;
	o->warmup = given.warmup;
	o->decay_epochs = given.decay_epochs;
	o->accumulate = given.accumulate;
	o->backbone_scale = given.backbone_scale;
	set_rates(o);
	if (given.scale != SCALE_NONE)
		o->schedule.base *= given.scale == SCALE_LINEAR ? ratio : sqrt(ratio);
	set_predictor_rate(o);
	if (isnan(o->update.weight_decay))
		o->update.weight_decay = o->method->weight_decay;
	o->decay_end = isnan(given.decay_end) ? o->update.weight_decay : given.decay_end;
	o->update.decay_vectors = given.decay < 0 ? ss_optimiser_decays_vectors(o->update.optimiser) : given.decay == 1;
	check(o);
}
