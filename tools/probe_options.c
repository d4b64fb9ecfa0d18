/*
 * probe_options.c - the options of ss-linprobe about what is learnt, and how
 */
#include <math.h>
#include <string.h>

#include "probe_options.h"
#include "tool.h"

static const double L2_MAX = 1e9, TOLERANCE_MIN = 1e-10, TOLERANCE_MAX = 0.1;
static const double LR_MAX = 1e6, DECAY_MAX = 10, HOLD_OUT_MAX = 0.9, FRACTION_MIN = 1e-6, ADAM_LR = 1e-3;
enum { ITERATIONS_MAX = 1000000, BATCH_MAX = 1 << 20, EPOCHS_MAX = 100000 };

enum {
	PROTOCOL, SOLVER, SCALE, LABEL_FRACTION, BALANCED, WITH_REPLACEMENT, SEED,
	L2, TOLERANCE, ITERATIONS,
	LR, SCHEDULE, MILESTONES, GAMMA, MOMENTUM, WEIGHT_DECAY, BATCH, EPOCHS, INIT, PATIENCE, HOLD_OUT, VALIDATION
};
static const char LOGISTIC[] = "logistic";

/* Which solver an option goes with. */
enum fit { ANY, CONVERGENCE, STEPS };
static const struct {
	const char *name;
	enum fit fit;
	bool flag;
} OPTIONS[PROBE_OPTIONS] = {
	[PROTOCOL] = { "protocol", ANY, false }, [SOLVER] = { "solver", ANY, false },
	[SCALE] = { "scale", ANY, false }, [LABEL_FRACTION] = { "label-fraction", ANY, false },
	[BALANCED] = { "balanced", ANY, true }, [WITH_REPLACEMENT] = { "with-replacement", ANY, true },
	[SEED] = { "seed", ANY, false }, [L2] = { "l2", CONVERGENCE, false },
	[TOLERANCE] = { "tolerance", CONVERGENCE, false },
	[ITERATIONS] = { "max-iterations", CONVERGENCE, false }, [LR] = { "lr", STEPS, false },
	[SCHEDULE] = { "schedule", STEPS, false }, [MILESTONES] = { "milestones", STEPS, false },
	[GAMMA] = { "gamma", STEPS, false }, [MOMENTUM] = { "momentum", STEPS, false },
	[WEIGHT_DECAY] = { "weight-decay", STEPS, false }, [BATCH] = { "batch", STEPS, false },
	[EPOCHS] = { "epochs", STEPS, false }, [INIT] = { "init", STEPS, false },
	[PATIENCE] = { "patience", STEPS, false }, [HOLD_OUT] = { "hold-out", STEPS, false },
	[VALIDATION] = { "validation", STEPS, false },
};

/* The last argument of each; a flag's is "". NULL: not given. */
static const char *given[PROBE_OPTIONS];

void
probe_options_table(struct option *out)
{
	for (int i = 0; i < PROBE_OPTIONS; i++)
		out[i] = (struct option){ OPTIONS[i].name, OPTIONS[i].flag ? no_argument : required_argument,
		    NULL, PROBE_OPT_FIRST + i };
}

bool
probe_option(int c, const char *argument)
{
	if (c < PROBE_OPT_FIRST || c >= PROBE_OPT_FIRST + PROBE_OPTIONS)
		return false;
	given[c - PROBE_OPT_FIRST] = argument == NULL ? "" : argument;
	return true;
}

static void
print_names(FILE *f, const char *const *names)
{
	for (; *names != NULL; names++)
		fprintf(f, " %s", *names);
	fprintf(f, "\n");
}

void
probe_options_usage(FILE *f)
{
	const struct ss_probe_protocol *first = ss_probe_protocols;
	const struct ss_probe_options *o = &first->options;

	fprintf(f, "what is learnt, and how (defaults are those of the protocol %s):\n"
	    "      --protocol NAME     name     [%s]  settings by name:\n", first->name, first->name);
	for (const struct ss_probe_protocol *p = first; p->name != NULL; p++)
		fprintf(f, "          %-14s %s\n", p->name, p->about);
	fprintf(f, "      --solver NAME       name     [%s]  %s:  to convergence; or steps of", LOGISTIC, LOGISTIC);
	print_names(f, ss_optimiser_names);
	fprintf(f, "      --scale NAME        name     [%s]  of features:", ss_scale_names[o->scale]);
	print_names(f, ss_scale_names);
	fprintf(f, "      --label-fraction X  number   [%g]  %g..1 of the training records\n"
	    "      --balanced                   as many of each class\n"
	    "      --with-replacement           drawn so, as the SimCLR report does\n"
	    "      --seed N            integer  [0]  0..2^64-1, of draws, order and initial weights\n"
	    "to convergence:\n"
	    "      --l2 X              number   [%g]  0..%g  adds X/2 |W|^2 to the losses' sum\n"
	    "      --tolerance X       number   [%g]  %g..%g  stop when the decrease still\n"
	    "                                   expected is this share of the objective\n"
	    "      --max-iterations N  integer  [%d]  1..%d\n",
	    first->label_fraction, FRACTION_MIN, SS_PROBE_L2, L2_MAX, SS_PROBE_TOLERANCE, TOLERANCE_MIN,
	    TOLERANCE_MAX, SS_PROBE_ITERATIONS, ITERATIONS_MAX);
	fprintf(f, "by steps:\n"
	    "      --lr X              number   [%g, %g for adam and adamw]  0..%g\n"
	    "      --schedule NAME     name     [%s] ", o->steps.schedule.base, ADAM_LR, LR_MAX,
	    ss_decay_names[o->steps.schedule.decay]);
	print_names(f, ss_decay_names);
	fprintf(f, "      --milestones N[,N...]  integers [none]  epochs at which the rate is multiplied by gamma\n"
	    "      --gamma X           number   [%g]  0..1\n"
	    "      --momentum X        number   [%g]  0..1, beta1 of adam and adamw\n"
	    "      --weight-decay X    number   [%g]  0..%g\n"
	    "      --batch N           integer  [%d]  1..%d\n"
	    "      --epochs N          integer  [%d]  1..%d\n"
	    "      --init NAME         name     [%s] ", o->steps.schedule.gamma, o->steps.momentum,
	    o->steps.weight_decay, DECAY_MAX, o->steps.batch, BATCH_MAX, o->steps.epochs, EPOCHS_MAX,
	    ss_probe_init_names[o->steps.init]);
	print_names(f, ss_probe_init_names);
	fprintf(f, "      --patience N        integer  [%d]  0..%d epochs without a lower loss that end it;\n"
	    "                                   the best weights count; 0: never\n"
	    "      --hold-out X        number   [%g]  0..%g of the training records, whose loss that is\n"
	    "      --validation FILE   file     [none]  take the loss of these instead\n",
	    o->steps.patience, EPOCHS_MAX, first->hold_out, HOLD_OUT_MAX);
}

static const struct ss_probe_protocol *
find_protocol(const char *name)
{
	char all[256];
	size_t n = 0;

	for (const struct ss_probe_protocol *p = ss_probe_protocols; p->name != NULL; p++) {
		if (strcmp(p->name, name) == 0)
			return p;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n == 0 ? "" : ", ", p->name);
	}
	tool_die(TOOL_MISUSE, "--protocol '%s' is none of %s", name, all);
}

/* Another solver than the protocol's, and a rate that suits it. */
static void
set_solver(struct ss_probe_options *o, const char *name)
{
	struct ss_probe_steps *s = &o->steps;
	enum ss_optimiser old = s->optimiser;

	if (strcmp(name, LOGISTIC) == 0) {
		o->by_steps = false;
		return;
	}
	s->optimiser = (enum ss_optimiser)tool_name("--solver", name, ss_optimiser_names);
	if (o->by_steps && s->optimiser == old)
		return;
	s->schedule.base = ss_optimiser_squares(s->optimiser) ? ADAM_LR :
	    ss_probe_protocols[0].options.steps.schedule.base;
	o->by_steps = true;
}

static void
set(struct probe_settings *to, int which, const char *arg)
{
	struct ss_probe_options *o = &to->now.options;
	struct ss_probe_steps *s = &o->steps;
	char name[32];

	snprintf(name, sizeof(name), "--%s", OPTIONS[which].name);
	switch (which) {
	case SCALE:		o->scale = (enum ss_scale)tool_name(name, arg, ss_scale_names); break;
	case LABEL_FRACTION:
		to->now.label_fraction = tool_double(name, arg, FRACTION_MIN, 1);
		break;
	case BALANCED:		to->now.balanced = true; break;
	case WITH_REPLACEMENT:	to->now.replace = true; break;
	case SEED:		s->seed = tool_u64(name, arg); break;
	case L2:		o->l2 = tool_double(name, arg, 0, L2_MAX); break;
	case TOLERANCE:		o->tolerance = tool_double(name, arg, TOLERANCE_MIN, TOLERANCE_MAX); break;
	case ITERATIONS:	o->max_iterations = (int)tool_int(name, arg, 1, ITERATIONS_MAX); break;
	case LR:		s->schedule.base = tool_double(name, arg, 0, LR_MAX); break;
	case SCHEDULE:		s->schedule.decay = (enum ss_decay)tool_name(name, arg, ss_decay_names); break;
	case MILESTONES:
		s->schedule.milestones = tool_rising_list(name, arg, 1, EPOCHS_MAX, s->schedule.milestone,
		    SS_MILESTONES_MAX);
		break;
	case GAMMA:		s->schedule.gamma = tool_double(name, arg, 0, 1); break;
	case MOMENTUM:		s->momentum = tool_double(name, arg, 0, 1); break;
	case WEIGHT_DECAY:	s->weight_decay = tool_double(name, arg, 0, DECAY_MAX); break;
	case BATCH:		s->batch = (int)tool_int(name, arg, 1, BATCH_MAX); break;
	case EPOCHS:		s->epochs = (int)tool_int(name, arg, 1, EPOCHS_MAX); break;
	case INIT:		s->init = (enum ss_probe_init)tool_name(name, arg, ss_probe_init_names); break;
	case PATIENCE:		s->patience = (int)tool_int(name, arg, 0, EPOCHS_MAX); break;
	case HOLD_OUT:		to->now.hold_out = tool_double(name, arg, 0, HOLD_OUT_MAX); break;
	case VALIDATION:	to->validation = arg; break;
	}
}

/* What was given and does not belong together. */
static void
check(const struct probe_settings *to)
{
	const struct ss_probe_options *o = &to->now.options;
	const struct ss_probe_steps *s = &o->steps;
	const char *solver = o->by_steps ? ss_optimiser_names[s->optimiser] : LOGISTIC;

	for (int i = 0; i < PROBE_OPTIONS; i++)
		if (given[i] != NULL && OPTIONS[i].fit == (o->by_steps ? CONVERGENCE : STEPS))
			tool_die(TOOL_MISUSE, "--%s does not fit --solver %s", OPTIONS[i].name, solver);
	if ((given[BALANCED] != NULL || given[WITH_REPLACEMENT] != NULL) && to->now.label_fraction == 1)
		tool_die(TOOL_MISUSE, "--%s needs --label-fraction",
		    given[BALANCED] != NULL ? "balanced" : "with-replacement");
	if (given[VALIDATION] != NULL && given[HOLD_OUT] != NULL)
		tool_die(TOOL_MISUSE, "--validation and --hold-out exclude each other");
	if (given[MILESTONES] != NULL && s->schedule.decay != SS_MILESTONES)
		tool_die(TOOL_MISUSE, "--milestones needs --schedule milestones");
	if (o->by_steps && s->schedule.decay == SS_MILESTONES && s->schedule.milestones == 0)
		tool_die(TOOL_MISUSE, "--schedule milestones needs --milestones");
	if (o->by_steps && ss_optimiser_squares(s->optimiser) && s->momentum == 1)
		tool_die(TOOL_MISUSE, "--solver %s: --momentum must be below 1", solver);
	if ((given[VALIDATION] != NULL || (given[HOLD_OUT] != NULL && to->now.hold_out > 0)) && s->patience == 0)
		tool_die(TOOL_MISUSE, "--%s needs --patience", given[VALIDATION] != NULL ? "validation" : "hold-out");
}

void
probe_options_result(struct probe_settings *to)
{
	size_t n = 0;

	*to = (struct probe_settings){ .now = given[PROTOCOL] == NULL ? ss_probe_protocols[0] :
	    *find_protocol(given[PROTOCOL]) };
	if (given[SOLVER] != NULL)
		set_solver(&to->now.options, given[SOLVER]);
	for (int i = SCALE; i < PROBE_OPTIONS; i++)
		if (given[i] != NULL)
			set(to, i, given[i]);
	check(to);
	for (int i = SOLVER; i < PROBE_OPTIONS; i++)	/* a seed is nobody's, and --validation is printed by itself */
		if (given[i] != NULL && i != SEED && i != VALIDATION && n < sizeof(to->changes))
			n += (size_t)snprintf(to->changes + n, sizeof(to->changes) - n, "%s--%s%s%s",
			    n == 0 ? "" : ", ", OPTIONS[i].name, OPTIONS[i].flag ? "" : " ", given[i]);
	if (to->validation != NULL || !to->now.options.by_steps)
		to->now.hold_out = 0;
	if (to->now.label_fraction == 1)
		to->now.balanced = to->now.replace = false;
}
