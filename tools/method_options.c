/*
 * method_options.c - the options of ss-train that one method has and another has not
 */
#include <math.h>
#include <string.h>

#include "method_options.h"
#include "nn/head.h"
#include "tool.h"

static const char METHOD_DEFAULT[] = "simsiam";
static const double TEMPERATURE_MIN = 1e-3, TEMPERATURE_MAX = 1e3, COEFFICIENT_MAX = 1e6, EPOCHS_MAX = 1e6;
enum { BATCH_DEFAULT = 256, OWN_MAX = 1000000, GROUPS_MAX = 1024, MOCO_GROUPS = 8, ALTERNATE_MAX = 1000000000 };

enum {
	METHOD = METHOD_OPT_FIRST, PREDICTOR, TEMPERATURE, TARGET_MOMENTUM, TARGET_MOMENTUM_END, TARGET_TEMPERATURE,
	TARGET_TEMPERATURE_BEGIN, TARGET_TEMPERATURE_EPOCHS, TARGET_GROUPS, PROTOTYPES, QUEUE, ASYMMETRIC, STOP_GRAD,
	SIMILARITY, ALTERNATE, COEFFICIENTS, CLASSES
};
static const struct option OPTIONS[METHOD_OPTIONS] = {
	{ "method", required_argument, NULL, METHOD },
	{ "predictor", required_argument, NULL, PREDICTOR },
	{ "temperature", required_argument, NULL, TEMPERATURE },
	{ "target-momentum", required_argument, NULL, TARGET_MOMENTUM },
	{ "target-momentum-end", required_argument, NULL, TARGET_MOMENTUM_END },
	{ "target-temperature", required_argument, NULL, TARGET_TEMPERATURE },
	{ "target-temperature-begin", required_argument, NULL, TARGET_TEMPERATURE_BEGIN },
	{ "target-temperature-epochs", required_argument, NULL, TARGET_TEMPERATURE_EPOCHS },
	{ "target-groups", required_argument, NULL, TARGET_GROUPS },
	{ "prototypes", required_argument, NULL, PROTOTYPES },
	{ "queue", required_argument, NULL, QUEUE },
	{ "asymmetric", no_argument, NULL, ASYMMETRIC },
	{ "stop-grad", required_argument, NULL, STOP_GRAD },
	{ "similarity", required_argument, NULL, SIMILARITY },
	{ "alternate", required_argument, NULL, ALTERNATE },
	{ "coefficients", required_argument, NULL, COEFFICIENTS },
	{ "classes", required_argument, NULL, CLASSES },
};

static struct {
	const char *method;
	struct ss_knobs knobs;		/* 0 and false where nothing was said */
	int coefficients, groups, classes;
	double target_momentum, target_end;
	double temperature_begin, temperature_epochs;	/* 0: not given */
	bool asymmetric, own_predictor, predictor_fixed;
	struct ss_head predictor;
} given = { .method = METHOD_DEFAULT, .target_momentum = NAN, .target_end = NAN };

void
method_options_table(struct option *out)
{
	memcpy(out, OPTIONS, sizeof(OPTIONS));
}

static int
batch_of(const struct ss_method *m)
{
	return m->batch > 0 ? m->batch : BATCH_DEFAULT;
}

void
method_options_usage(FILE *f)
{
	fprintf(f, "      --method NAME           name     [%s]\n", METHOD_DEFAULT);
	for (int i = 0; ss_methods[i] != NULL; i++) {
		const struct ss_method *m = ss_methods[i];
		const bool sgd = m->optimiser == SS_SGD;

		fprintf(f, "%30s%-10s batch %d, lr %g, ", "", m->name, batch_of(m), m->lr);
		if (m->predictor_lr > 0)
			fprintf(f, "predictor's %g, ", m->predictor_lr);
		fprintf(f, "weight decay %g%s%s: %s\n", m->weight_decay, sgd ? "" : ", ",
		    sgd ? "" : ss_optimiser_names[m->optimiser], m->summary);
	}
	fprintf(f, "what not every method has:\n"
	    "      --predictor HEAD        head     [the method's]  or none, fixed; of simsiam, fastsiam, byol\n"
	    "      --temperature X         number   [the method's]  %g..%g\n"
	    "      --target-momentum X     number   [the method's]  0..1, of byol, moco, dino\n"
	    "      --target-momentum-end X number   [the method's]  0..1, reached by half a cosine over the run\n"
	    "      --target-temperature X  number   [the method's]  %g..%g, of dino's teacher, swav's codes\n"
	    "      --target-temperature-begin X\n"
	    "                              number   [the method's]  %g..%g, in the first step, of dino\n"
	    "      --target-temperature-epochs X\n"
	    "                              number   [0]  up to %g, that it takes to reach the temperature, of dino\n",
	    TEMPERATURE_MIN, TEMPERATURE_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX,
	    EPOCHS_MAX);
	fprintf(f,
	    "      --target-groups N       integer  [moco %d, else 1]  1..%d parts of a batch, normalised apart\n"
	    "      --prototypes N          integer  [the method's]  2..%d, of swav, dino\n"
	    "      --queue N               integer  [the method's]  1..%d keys, of moco\n"
	    "      --asymmetric                     moco, simsiam: only view 1 asks for view 2, 3 for 4 ...\n"
	    "      --stop-grad NAME        name     [on]  on, off: targets of simsiam are constants, or learn too\n"
	    "      --similarity NAME       name     [cosine]  cosine, xent: what simsiam compares by\n"
	    "      --alternate N           integer  [0]  0..%d steps of simsiam with targets of the same weights\n"
	    "      --coefficients X[,X,X]  numbers  [the method's]  0..%g: barlow lambda; vicreg invariance,\n"
	    "                                       variance, covariance\n"
	    "      --classes N             integer  [those the stream names]  2..%d, for supervised\n",
	    MOCO_GROUPS, GROUPS_MAX, OWN_MAX, OWN_MAX, ALTERNATE_MAX, COEFFICIENT_MAX, SS_HEAD_WIDTH_MAX);
}

static void
take_predictor(const char *text)
{
	struct ss_err e = SS_ERR_INIT;

	if (strcmp(text, "fixed") == 0) {	/* of whatever shape it has */
		given.predictor_fixed = true;
		return;
	}
	given.own_predictor = true;
	if (ss_head_parse(&given.predictor, text, &e) < 0)
		tool_die(TOOL_MISUSE, "--predictor: %s", e.text);
}

bool
method_option(int c, const char *arg)
{
	static const char *const switches[] = { "on", "off", NULL }, *const similarities[] = { "cosine", "xent", NULL };
	struct ss_knobs *k = &given.knobs;

	switch (c) {
	case METHOD:		given.method = arg; break;
	case PREDICTOR:		take_predictor(arg); break;
	case TEMPERATURE:	k->temperature = tool_double("--temperature", arg, TEMPERATURE_MIN, TEMPERATURE_MAX); break;
	case TARGET_MOMENTUM:	given.target_momentum = tool_double("--target-momentum", arg, 0, 1); break;
	case TARGET_MOMENTUM_END:	given.target_end = tool_double("--target-momentum-end", arg, 0, 1); break;
	case TARGET_TEMPERATURE:	k->target_temperature = tool_double("--target-temperature", arg, TEMPERATURE_MIN,
				    TEMPERATURE_MAX); break;
	case TARGET_TEMPERATURE_BEGIN:	given.temperature_begin = tool_double("--target-temperature-begin", arg,
				    TEMPERATURE_MIN, TEMPERATURE_MAX); break;
	case TARGET_TEMPERATURE_EPOCHS:	given.temperature_epochs = tool_double("--target-temperature-epochs", arg, 0,
				    EPOCHS_MAX); break;
	case TARGET_GROUPS:	given.groups = (int)tool_int("--target-groups", arg, 1, GROUPS_MAX); break;
	case PROTOTYPES:	k->prototypes = (int)tool_int("--prototypes", arg, 2, OWN_MAX); break;
	case QUEUE:		k->queue = (int)tool_int("--queue", arg, 1, OWN_MAX); break;
	case ASYMMETRIC:	given.asymmetric = true; break;
	case STOP_GRAD:		k->flow = tool_name("--stop-grad", arg, switches) == 1; break;
	case SIMILARITY:	k->cross_entropy = tool_name("--similarity", arg, similarities) == 1; break;
	case ALTERNATE:		k->alternate = (int)tool_int("--alternate", arg, 0, ALTERNATE_MAX); break;
	case COEFFICIENTS:	given.coefficients = tool_double_list("--coefficients", arg, 0, COEFFICIENT_MAX,
				    k->coefficient, 3); break;
	case CLASSES:		given.classes = (int)tool_int("--classes", arg, 2, SS_HEAD_WIDTH_MAX); break;
	default:		return false;
	}
	return true;
}

/* What concerns one method is misuse with another. */
static void
fits(const struct ss_method *m, const char *option, bool is_given, bool has)
{
	if (is_given && !has)
		tool_die(TOOL_MISUSE, "%s does not fit --method %s, which has none", option, m->name);
}

static void
check(const struct ss_method *m, int coefficients)
{
	const struct ss_knobs *k = &given.knobs;

	fits(m, "--predictor", given.own_predictor || given.predictor_fixed, m->p_grad);
	fits(m, "--temperature", k->temperature > 0, m->knobs.temperature > 0);
	fits(m, "--target-temperature", k->target_temperature > 0, m->knobs.target_temperature > 0);
	fits(m, "--target-temperature-begin", given.temperature_begin > 0, m == &ss_dino);
	fits(m, "--target-temperature-epochs", given.temperature_epochs > 0, m == &ss_dino);
	fits(m, "--target-momentum", !isnan(given.target_momentum), m->target);
	fits(m, "--target-momentum-end", !isnan(given.target_end), m->target);
	fits(m, "--target-groups", given.groups > 0, m->target);
	fits(m, "--prototypes", k->prototypes > 0, m->knobs.prototypes > 0);
	fits(m, "--queue", k->queue > 0, m->knobs.queue > 0);
	fits(m, "--asymmetric", given.asymmetric, m->knobs.symmetric);
	fits(m, "--stop-grad off", k->flow, m == &ss_simsiam);
	fits(m, "--similarity xent", k->cross_entropy, m == &ss_simsiam);
	fits(m, "--alternate", k->alternate > 0, m == &ss_simsiam);
	fits(m, "--coefficients", given.coefficients > 0, coefficients > 0);
	fits(m, "--classes", given.classes > 0, m->labels);
	if (given.coefficients > 0 && given.coefficients != coefficients)
		tool_die(TOOL_MISUSE, "--coefficients: --method %s has %d, not %d", m->name, coefficients,
		    given.coefficients);
	if ((given.temperature_begin > 0) != (given.temperature_epochs > 0))
		tool_die(TOOL_MISUSE, "--target-temperature-begin and --target-temperature-epochs need each other");
	if (k->flow && k->alternate > 0)
		tool_die(TOOL_MISUSE, "--stop-grad off and --alternate do not fit each other: such targets are constants");
}

void
method_options_result(struct run_options *o)
{
	const struct ss_method *m = o->method = ss_method_find(given.method);
	struct ss_knobs *k = &o->knobs;

	if (m == NULL)
		tool_die(TOOL_MISUSE, "--method '%s' is unknown; see ss-train --help", given.method);
	check(m, m->knobs.coefficient[1] > 0 ? 3 : m->knobs.coefficient[0] > 0 ? 1 : 0);
	if (o->batch == 0)
		o->batch = batch_of(m);
	*k = m->knobs;
	if (given.knobs.temperature > 0)
		k->temperature = given.knobs.temperature;
	if (given.knobs.target_temperature > 0)
		k->target_temperature = given.knobs.target_temperature;
	if (given.knobs.prototypes > 0)
		k->prototypes = given.knobs.prototypes;
	if (given.knobs.queue > 0)
		k->queue = given.knobs.queue;
	if (given.coefficients > 0)
		memcpy(k->coefficient, given.knobs.coefficient, sizeof(k->coefficient));
	k->symmetric = m->knobs.symmetric && !given.asymmetric;
	k->flow = given.knobs.flow;
	k->cross_entropy = given.knobs.cross_entropy;
	k->alternate = given.knobs.alternate;
	o->own_predictor = given.own_predictor;
	o->predictor = given.predictor;
	o->predictor_fixed = given.predictor_fixed;
	o->classes = given.classes;
	o->target_momentum = isnan(given.target_momentum) ? m->target_momentum : given.target_momentum;
	o->target_end = !isnan(given.target_end) ? given.target_end : m->momentum_stays ? o->target_momentum : 1;
	o->temperature_begin = given.temperature_begin > 0 ? given.temperature_begin : k->target_temperature;
	o->temperature_epochs = given.temperature_epochs;
	o->groups = given.groups > 0 ? given.groups : m == &ss_moco ? MOCO_GROUPS : 1;
	if (o->batch % o->groups != 0)
		tool_die(TOOL_MISUSE, "--batch %d cannot be cut into %d groups; use another --target-groups",
		    o->batch, o->groups);
}
