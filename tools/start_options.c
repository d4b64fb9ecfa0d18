/*
 * start_options.c - the options of ss-train about what a run begins with: another run's network, or numbers by a rule
 */
#include <math.h>
#include <string.h>

#include "start_options.h"
#include "tool.h"

static const double EPS_MAX = 1;

enum { INIT = START_OPT_FIRST, PARTS, WEIGHTS, ZERO_GAMMA, FREEZE, EPS, MOMENTUM, STATISTICS };
static const struct option OPTIONS[START_OPTIONS] = {
	{ "init", required_argument, NULL, INIT },
	{ "init-parts", required_argument, NULL, PARTS },
	{ "init-weights", required_argument, NULL, WEIGHTS },
	{ "zero-gamma", no_argument, NULL, ZERO_GAMMA },
	{ "freeze", required_argument, NULL, FREEZE },
	{ "norm-eps", required_argument, NULL, EPS },
	{ "norm-momentum", required_argument, NULL, MOMENTUM },
	{ "norm-statistics", required_argument, NULL, STATISTICS },
};

const char *const run_init_parts[] = { [INIT_BACKBONE] = "backbone", [INIT_ALL] = "all", NULL };
static const char *const FROZEN[] = { "backbone", NULL };
static const char *const STATISTICS_OF[] = { "batch", "running", NULL };

static struct {
	const char *init;
	int parts;			/* -1: not said */
	enum ss_init weights;
	bool zero_gamma, frozen, running;
	double eps, momentum;
} given = { .parts = -1, .eps = NAN, .momentum = NAN };

void
start_options_table(struct option *out)
{
	memcpy(out, OPTIONS, sizeof(OPTIONS));
}

void
start_options_usage(FILE *f)
{
	fprintf(f, "what it begins with:\n"
	    "      --init MODEL            file     [none]  backbone and input normalisation of a trained network\n"
	    "      --init-parts NAME       name     [%s]  backbone; all: the heads that fit too\n"
	    "      --freeze NAME           name     [nothing]  %s: train the heads alone\n"
	    "      --init-weights NAME     name     [%s]  what does not come from --init: %s, %s, %s\n"
	    "      --zero-gamma                     the last norm of each residual block begins with gamma 0\n"
	    "      --norm-eps X            number   [%g, or that of --init]  0..%g, of batch normalisations\n"
	    "      --norm-momentum X       number   [%g, or that of --init]  0..1, a batch's share in running statistics\n"
	    "      --norm-statistics NAME  name     [%s]  what norms take in training: %s; %s, which then stay as they are\n",
	    run_init_parts[INIT_BACKBONE], FROZEN[0], ss_init_names[0], ss_init_names[0], ss_init_names[1], ss_init_names[2],
	    SS_NORM_EPS, EPS_MAX, SS_NORM_MOMENTUM, STATISTICS_OF[0], STATISTICS_OF[0], STATISTICS_OF[1]);
}

bool
start_option(int c, const char *arg)
{
	switch (c) {
	case INIT:		given.init = arg; break;
	case PARTS:		given.parts = tool_name("--init-parts", arg, run_init_parts); break;
	case WEIGHTS:		given.weights = (enum ss_init)tool_name("--init-weights", arg, ss_init_names); break;
	case ZERO_GAMMA:	given.zero_gamma = true; break;
	case FREEZE:		given.frozen = tool_name("--freeze", arg, FROZEN) == 0; break;
	case EPS:		given.eps = tool_double("--norm-eps", arg, 0, EPS_MAX); break;
	case MOMENTUM:		given.momentum = tool_double("--norm-momentum", arg, 0, 1); break;
	case STATISTICS:	given.running = tool_name("--norm-statistics", arg, STATISTICS_OF) == 1; break;
	default:		return false;
	}
	return true;
}

void
start_options_result(struct run_options *o)
{
	if (given.parts >= 0 && given.init == NULL)
		tool_die(TOOL_MISUSE, "--init-parts says what to take from --init, which is not given");
	if (given.frozen && o->backbone_scale != 1)
		tool_die(TOOL_MISUSE, "--freeze backbone and --backbone-lr-scale do not fit each other");
	o->init = given.init;
	o->init_parts = given.parts < 0 ? INIT_BACKBONE : (enum init_parts)given.parts;
	o->init_weights = given.weights;
	o->zero_gamma = given.zero_gamma;
	o->frozen = given.frozen;
	o->norm_eps = given.eps;
	o->norm_momentum = given.momentum;
	o->norm_running = given.running;
}
