/*
 * ss-train - trains a network on views of images
 *
 * Options here; the run itself, with its checkpoints and log, is run.c.
 */
#include <math.h>
#include <string.h>

#include "nn/head.h"
#include "run.h"
#include "tool.h"

static const char OUTPUT_DEFAULT[] = "model.safetensors", METHOD_DEFAULT[] = "simsiam";
static const char ARCH_DEFAULT[] = "resnet20", CPU_DEFAULT[] = "auto", SCALE_DEFAULT[] = "none";
enum { BATCH_DEFAULT = 256, BATCH_MIN = 2, BATCH_MAX = 65536, EVERY_MAX = 1000000000,
	KEEP_DEFAULT = 0, KEEP_MAX = 1000, LOG_EVERY_DEFAULT = 1, MONITOR_EVERY_DEFAULT = 1 };
static const char OPTIMIZER_DEFAULT[] = "sgd", SCHEDULE_DEFAULT[] = "cosine", PREDICTOR_LR_DEFAULT[] = "decay";
static const double MOMENTUM_DEFAULT = 0.9, LR_MAX = 1e6, DECAY_MAX = 10, EPOCHS_MAX = 1e6;
static const double TRUST_DEFAULT = 0.001, TRUST_MAX = 1000, BETA2_DEFAULT = 0.999, GAMMA_DEFAULT = 0.1;
static const double TEMPERATURE_MIN = 1e-3, TEMPERATURE_MAX = 1e3, CHANNEL_MAX = 1e6, STD_MIN = 1e-6;
static const double COEFFICIENT_MAX = 1e6;
enum { ACCUMULATE_DEFAULT = 1, ACCUMULATE_MAX = 65536, OWN_MAX = 1000000, GROUPS_MAX = 1024, MOCO_GROUPS = 8 };
#define LR_REFERENCE_BATCH 256

static void
print_names(FILE *f, const char *const *names)
{
	for (; *names != NULL; names++)
		fprintf(f, " %s", *names);
}

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-train [options] [stream]\n"
	    "  -o, --output FILE           file     [%s]  model and checkpoints\n"
	    "      --method NAME           name     [%s]\n", OUTPUT_DEFAULT, METHOD_DEFAULT);
	for (int i = 0; ss_methods[i] != NULL; i++)
		fprintf(f, "%30s%-10s lr %g, weight decay %g: %s\n", "", ss_methods[i]->name,
		    ss_methods[i]->lr, ss_methods[i]->weight_decay, ss_methods[i]->summary);
	fprintf(f, "      --arch NAME             name     [%s] ", ARCH_DEFAULT);
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		fprintf(f, " %s", a->name);
	fprintf(f, "\n"
	    "      --projector HEAD        head     [the method's]  as 2048bnr,2048bN: width, then b bias,\n"
	    "      --predictor HEAD                 n norm, N norm without affine, r ReLU; or none, fixed\n"
	    "  -b, --batch N               integer  [%d]  %d..%d images\n"
	    "      --lr X                  number   [the method's]  0..%g\n"
	    "      --lr-scale RULE         name     [%s]  none; linear: lr * batch/%d; sqrt: its root\n"
	    "      --schedule NAME         name     [%s] ", BATCH_DEFAULT, BATCH_MIN, BATCH_MAX, LR_MAX, SCALE_DEFAULT,
	    LR_REFERENCE_BATCH, SCHEDULE_DEFAULT);
	print_names(f, ss_decay_names);
	fprintf(f, "\n"
	    "      --lr-end X              number   [0]  0..%g, at the end of a cosine\n"
	    "      --decay-epochs X        number   [the run's]  0..%g until that end\n"
	    "      --milestones N[,N...]   integers [none]  epochs at which the rate is multiplied by gamma\n"
	    "      --gamma X               number   [%g]  0..1\n"
	    "      --warmup X              number   [0]  0..%g epochs of rising lr before that\n"
	    "      --predictor-lr X        number   [%s]  decay: as the rest; fixed: always --lr; or a rate\n"
	    "      --optimizer NAME        name     [%s] ", LR_MAX, EPOCHS_MAX, GAMMA_DEFAULT, EPOCHS_MAX,
	    PREDICTOR_LR_DEFAULT, OPTIMIZER_DEFAULT);
	print_names(f, ss_optimiser_names);
	fprintf(f, "\n"
	    "      --momentum X            number   [%g]  0..1, beta1 of adam and adamw\n"
	    "      --beta2 X               number   [%g]  0..1, of adam and adamw\n"
	    "      --trust X               number   [%g]  0..%g, of lars, lars-google, larc\n"
	    "      --clip                           larc: never more than --lr\n"
	    "      --weight-decay X        number   [the method's]  0..%g\n"
	    "      --decay NAME            name     [the optimizer's]  all: of biases and norms too; weights\n"
	    "      --accumulate N          integer  [%d]  1..%d batches in a step\n"
	    "      --temperature X         number   [the method's]  %g..%g\n"
	    "      --target-momentum X     number   [the method's]  0..1, of byol, moco, dino\n"
	    "      --target-temperature X  number   [the method's]  %g..%g, of dino's teacher, swav's codes\n"
	    "      --target-groups N       integer  [moco %d, else 1]  1..%d parts of a batch, normalised apart\n"
	    "      --prototypes N          integer  [the method's]  2..%d, of swav, dino\n"
	    "      --queue N               integer  [the method's]  1..%d keys, of moco\n"
	    "      --asymmetric                     moco, simsiam: only view 1 asks for view 2\n"
	    "      --stop-grad NAME        name     [on]  on, off: targets of simsiam are constants, or learn too\n"
	    "      --similarity NAME       name     [cosine]  cosine, xent: what simsiam compares by\n"
	    "      --alternate N           integer  [0]  0..%d steps of simsiam with targets of the same weights\n"
	    "      --coefficients X[,X,X]  numbers  [the method's]  0..%g: barlow lambda; vicreg invariance,\n"
	    "                                       variance, covariance\n"
	    "      --classes N             integer  [those the stream names]  2..%d, for supervised\n"
	    "      --steps N               integer  [0]  steps of the run, 0: all that the stream has\n"
	    "      --seed N                integer  [0]  0..2^64-1, of the initial weights\n"
	    "      --mean X[,X...]         numbers  [CIFAR-10's or 0.5]  -%g..%g, of each channel on 0..1\n"
	    "      --std X[,X...]          numbers  [CIFAR-10's or 0.25]  %g..%g, the same\n",
	    MOMENTUM_DEFAULT, BETA2_DEFAULT, TRUST_DEFAULT, TRUST_MAX, DECAY_MAX, ACCUMULATE_DEFAULT,
	    ACCUMULATE_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX,
	    MOCO_GROUPS, GROUPS_MAX, OWN_MAX, OWN_MAX, EVERY_MAX, COEFFICIENT_MAX, SS_HEAD_WIDTH_MAX, CHANNEL_MAX,
	    CHANNEL_MAX, STD_MIN, CHANNEL_MAX);
	fprintf(f,
	    "      --resume                         go on from the output file, if it is there\n"
	    "      --checkpoint-every N    integer  [0]  0..%d steps, 0: every epoch\n"
	    "      --keep K                integer  [%d]  0..%d earlier checkpoints, FILE.1, FILE.2 ...\n"
	    "      --log FILE              file     [none]  JSON Lines\n"
	    "      --log-every N           integer  [%d]  1..%d steps\n"
	    "      --monitor BANK,QUERY    files    [none]  labelled images: kNN on the backbone, best kept\n"
	    "      --monitor-every N       integer  [%d]  1..%d epochs\n"
	    "      --stop-on-collapse               end with status %d when the output collapses\n"
	    "  -t, --threads N             integer  [0]  0..%d, 0: the CPUs this process may use\n"
	    "      --cpu NAME              name     [%s]  kernels: auto", EVERY_MAX, KEEP_DEFAULT, KEEP_MAX,
	    LOG_EVERY_DEFAULT, EVERY_MAX, MONITOR_EVERY_DEFAULT, EVERY_MAX, TOOL_COLLAPSE,
	    TOOL_THREADS_MAX, CPU_DEFAULT);
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		fprintf(f, " %s", (*k)->name);
	fprintf(f, "\n"
	    "      --exact                          direct convolutions only, which round less than Winograd's\n"
	    "      --profile                        at the end, print where the time of the steps went\n");
	tool_print_common(f);
}

static void
parse_head(struct ss_head *head, const char *option, const char *text)
{
	struct ss_err e = SS_ERR_INIT;

	if (ss_head_parse(head, text, &e) < 0)
		tool_die(TOOL_MISUSE, "%s: %s", option, e.text);
}

static void
parse_predictor(struct run_options *o, const char *text)
{
	if (strcmp(text, "fixed") == 0) {	/* of whatever shape it has */
		o->predictor_fixed = true;
		return;
	}
	o->own_predictor = true;
	parse_head(&o->predictor, "--predictor", text);
}

static int
parse_channels(float out[4], const char *option, const char *text, double lo, double hi)
{
	double v[4];
	int n = tool_double_list(option, text, lo, hi, v, 4);

	for (int i = 0; i < n; i++)
		out[i] = (float)v[i];
	return n;
}

/* The place of a name among those that are known. */
static int
choose(const char *option, const char *name, const char *const *names)
{
	int i = 0;

	while (names[i] != NULL && strcmp(names[i], name) != 0)
		i++;
	if (names[i] == NULL)
		tool_die(TOOL_MISUSE, "%s '%s' is unknown; see ss-train --help", option, name);
	return i;
}

static void
parse_milestones(struct ss_schedule *s, const char *text)
{
	double v[SS_MILESTONES_MAX];

	s->milestones = tool_double_list("--milestones", text, 1, EPOCHS_MAX, v, SS_MILESTONES_MAX);
	for (int i = 0; i < s->milestones; i++) {
		s->milestone[i] = (uint64_t)v[i];
		if ((double)s->milestone[i] != v[i] || (i > 0 && v[i] <= v[i - 1]))
			tool_die(TOOL_MISUSE, "--milestones '%s' are not rising whole numbers", text);
	}
}

static double
parse_predictor_rate(const char *text)
{
	if (strcmp(text, "decay") == 0)
		return 0;
	if (strcmp(text, "fixed") == 0)
		return -1;
	return tool_double("--predictor-lr", text, 1e-12, LR_MAX);
}

static double
scaled(double lr, const char *rule, int batch)
{
	double ratio = (double)batch / LR_REFERENCE_BATCH;

	if (strcmp(rule, "none") == 0)
		return lr;
	if (strcmp(rule, "linear") == 0)
		return lr * ratio;
	if (strcmp(rule, "sqrt") == 0)
		return lr * sqrt(ratio);
	tool_die(TOOL_MISUSE, "--lr-scale '%s' is none of none, linear, sqrt", rule);
}

/* What concerns one method is misuse with another. */
static void
fits(const struct run_options *o, const char *option, bool given, bool has)
{
	if (given && !has)
		tool_die(TOOL_MISUSE, "%s does not fit --method %s, which has none", option, o->method->name);
}

/* The method's knobs, but for those that were given. */
static void
take_knobs(struct run_options *o, const struct ss_knobs *own, int coefficients, bool asymmetric)
{
	const struct ss_method *m = o->method;
	const int wanted = m->knobs.coefficient[1] > 0 ? 3 : m->knobs.coefficient[0] > 0 ? 1 : 0;

	o->knobs = m->knobs;
	fits(o, "--temperature", own->temperature > 0, m->knobs.temperature > 0);
	fits(o, "--target-temperature", own->target_temperature > 0, m->knobs.target_temperature > 0);
	fits(o, "--target-momentum", !isnan(o->target_momentum), m->target);
	fits(o, "--target-groups", o->groups > 0, m->target);
	fits(o, "--prototypes", own->prototypes > 0, m->knobs.prototypes > 0);
	fits(o, "--queue", own->queue > 0, m->knobs.queue > 0);
	fits(o, "--asymmetric", asymmetric, m->knobs.symmetric);
	fits(o, "--coefficients", coefficients > 0, wanted > 0);
	fits(o, "--classes", o->classes > 0, m->labels);
	if (coefficients > 0 && coefficients != wanted)
		tool_die(TOOL_MISUSE, "--coefficients: --method %s has %d, not %d", m->name, wanted, coefficients);
	if (own->temperature > 0)
		o->knobs.temperature = own->temperature;
	if (own->target_temperature > 0)
		o->knobs.target_temperature = own->target_temperature;
	if (own->prototypes > 0)
		o->knobs.prototypes = own->prototypes;
	if (own->queue > 0)
		o->knobs.queue = own->queue;
	if (asymmetric)
		o->knobs.symmetric = false;
	fits(o, "--stop-grad off", own->flow, m == &ss_simsiam);
	fits(o, "--similarity xent", own->cross_entropy, m == &ss_simsiam);
	fits(o, "--alternate", own->alternate > 0, m == &ss_simsiam);
	o->knobs.flow = own->flow;
	o->knobs.cross_entropy = own->cross_entropy;
	o->knobs.alternate = own->alternate;
	if (own->flow && own->alternate > 0)
		tool_die(TOOL_MISUSE, "--stop-grad off and --alternate do not fit each other: such targets are constants");
	if (coefficients > 0)
		memcpy(o->knobs.coefficient, own->coefficient, sizeof(own->coefficient));
	if (isnan(o->target_momentum))
		o->target_momentum = m->target_momentum;
	if (o->groups == 0)
		o->groups = m == &ss_moco ? MOCO_GROUPS : 1;
	if (o->batch % o->groups != 0)
		tool_die(TOOL_MISUSE, "--batch %d cannot be cut into %d groups; use another --target-groups",
		    o->batch, o->groups);
}

/* What decays, and options that do not fit each other. */
static void
check_update(struct run_options *o, const char *decay)
{
	static const char *const decays[] = { "weights", "all", NULL };
	struct ss_update *u = &o->update;
	const char *name = ss_optimiser_names[u->optimiser];
	const bool adam = ss_optimiser_squares(u->optimiser), lars = strncmp(name, "lar", 3) == 0;

	u->decay_vectors = decay == NULL ? ss_optimiser_decays_vectors(u->optimiser) :
	    choose("--decay", decay, decays) == 1;
	if (u->beta2 != BETA2_DEFAULT && !adam)
		tool_die(TOOL_MISUSE, "--beta2 does not fit --optimizer %s", name);
	if (adam && (u->momentum == 1 || u->beta2 == 1))
		tool_die(TOOL_MISUSE, "--optimizer %s: --momentum and --beta2 must be below 1", name);
	if (u->trust != TRUST_DEFAULT && !lars)
		tool_die(TOOL_MISUSE, "--trust does not fit --optimizer %s", name);
	if (u->clip && u->optimiser != SS_LARC)
		tool_die(TOOL_MISUSE, "--clip does not fit --optimizer %s", name);
	if ((o->schedule.milestones > 0) != (o->schedule.decay == SS_MILESTONES))
		tool_die(TOOL_MISUSE, "--schedule milestones and --milestones need each other");
	if (o->predictor_rate != 0 && !o->method->p_grad)
		tool_die(TOOL_MISUSE, "--predictor-lr does not fit --method %s, which has no predictor", o->method->name);
	if (o->schedule.end > o->schedule.base)
		tool_die(TOOL_MISUSE, "--lr-end %g is above --lr %g", o->schedule.end, o->schedule.base);
}

int
main(int argc, char **argv)
{
	enum { OPT_METHOD = TOOL_OPT_OWN, OPT_ARCH, OPT_PROJECTOR, OPT_PREDICTOR, OPT_LR, OPT_SCALE,
		OPT_MOMENTUM, OPT_DECAY, OPT_TEMPERATURE, OPT_WARMUP, OPT_STEPS, OPT_SEED, OPT_MEAN,
		OPT_STD, OPT_RESUME, OPT_EVERY, OPT_KEEP, OPT_LOG, OPT_LOG_EVERY, OPT_MONITOR,
		OPT_MONITOR_EVERY, OPT_COLLAPSE, OPT_CPU, OPT_EXACT, OPT_PROFILE,
		OPT_TARGET_MOMENTUM, OPT_TARGET_TEMPERATURE, OPT_GROUPS, OPT_PROTOTYPES, OPT_QUEUE, OPT_ASYMMETRIC,
		OPT_COEFFICIENTS, OPT_CLASSES, OPT_SCHEDULE, OPT_LR_END, OPT_DECAY_EPOCHS, OPT_MILESTONES, OPT_GAMMA,
		OPT_PREDICTOR_LR, OPT_OPTIMIZER, OPT_BETA2, OPT_TRUST, OPT_CLIP, OPT_DECAYED, OPT_ACCUMULATE,
		OPT_STOP_GRAD, OPT_SIMILARITY, OPT_ALTERNATE };
	static const struct option longopts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "arch", required_argument, NULL, OPT_ARCH },
		{ "projector", required_argument, NULL, OPT_PROJECTOR },
		{ "predictor", required_argument, NULL, OPT_PREDICTOR },
		{ "batch", required_argument, NULL, 'b' },
		{ "lr", required_argument, NULL, OPT_LR },
		{ "lr-scale", required_argument, NULL, OPT_SCALE },
		{ "schedule", required_argument, NULL, OPT_SCHEDULE },
		{ "lr-end", required_argument, NULL, OPT_LR_END },
		{ "decay-epochs", required_argument, NULL, OPT_DECAY_EPOCHS },
		{ "milestones", required_argument, NULL, OPT_MILESTONES },
		{ "gamma", required_argument, NULL, OPT_GAMMA },
		{ "predictor-lr", required_argument, NULL, OPT_PREDICTOR_LR },
		{ "optimizer", required_argument, NULL, OPT_OPTIMIZER },
		{ "beta2", required_argument, NULL, OPT_BETA2 },
		{ "trust", required_argument, NULL, OPT_TRUST },
		{ "clip", no_argument, NULL, OPT_CLIP },
		{ "decay", required_argument, NULL, OPT_DECAYED },
		{ "accumulate", required_argument, NULL, OPT_ACCUMULATE },
		{ "momentum", required_argument, NULL, OPT_MOMENTUM },
		{ "weight-decay", required_argument, NULL, OPT_DECAY },
		{ "temperature", required_argument, NULL, OPT_TEMPERATURE },
		{ "target-momentum", required_argument, NULL, OPT_TARGET_MOMENTUM },
		{ "target-temperature", required_argument, NULL, OPT_TARGET_TEMPERATURE },
		{ "target-groups", required_argument, NULL, OPT_GROUPS },
		{ "prototypes", required_argument, NULL, OPT_PROTOTYPES },
		{ "queue", required_argument, NULL, OPT_QUEUE },
		{ "asymmetric", no_argument, NULL, OPT_ASYMMETRIC },
		{ "stop-grad", required_argument, NULL, OPT_STOP_GRAD },
		{ "similarity", required_argument, NULL, OPT_SIMILARITY },
		{ "alternate", required_argument, NULL, OPT_ALTERNATE },
		{ "coefficients", required_argument, NULL, OPT_COEFFICIENTS },
		{ "classes", required_argument, NULL, OPT_CLASSES },
		{ "warmup", required_argument, NULL, OPT_WARMUP },
		{ "steps", required_argument, NULL, OPT_STEPS },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "mean", required_argument, NULL, OPT_MEAN },
		{ "std", required_argument, NULL, OPT_STD },
		{ "resume", no_argument, NULL, OPT_RESUME },
		{ "checkpoint-every", required_argument, NULL, OPT_EVERY },
		{ "keep", required_argument, NULL, OPT_KEEP },
		{ "log", required_argument, NULL, OPT_LOG },
		{ "log-every", required_argument, NULL, OPT_LOG_EVERY },
		{ "monitor", required_argument, NULL, OPT_MONITOR },
		{ "monitor-every", required_argument, NULL, OPT_MONITOR_EVERY },
		{ "stop-on-collapse", no_argument, NULL, OPT_COLLAPSE },
		{ "threads", required_argument, NULL, 't' },
		{ "cpu", required_argument, NULL, OPT_CPU },
		{ "exact", no_argument, NULL, OPT_EXACT },
		{ "profile", no_argument, NULL, OPT_PROFILE },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct run_options o = { .output = OUTPUT_DEFAULT, .arch = ARCH_DEFAULT, .batch = BATCH_DEFAULT,
		.schedule = { .base = NAN, .gamma = GAMMA_DEFAULT }, .update = { .momentum = MOMENTUM_DEFAULT,
		.weight_decay = NAN, .trust = TRUST_DEFAULT, .beta2 = BETA2_DEFAULT },
		.accumulate = ACCUMULATE_DEFAULT, .target_momentum = NAN,
		.log_every = LOG_EVERY_DEFAULT, .monitor_every = MONITOR_EVERY_DEFAULT, .keep = KEEP_DEFAULT };
	bool asymmetric = false;
	const char *method = METHOD_DEFAULT, *cpu = CPU_DEFAULT, *scale = SCALE_DEFAULT;
	const char *decay = NULL;
	static const char *const switches[] = { "off", "on", NULL }, *const similarities[] = { "cosine", "xent", NULL };
	struct ss_knobs own = { 0 };
	int c, threads = 0, coefficients = 0;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:b:t:", longopts, NULL)) != -1) {
		switch (c) {
		case 'o':		o.output = optarg; break;
		case OPT_METHOD:	method = optarg; break;
		case OPT_ARCH:		o.arch = optarg; break;
		case OPT_PROJECTOR:	parse_head(&o.projector, "--projector", optarg); o.own_projector = true; break;
		case OPT_PREDICTOR:	parse_predictor(&o, optarg); break;
		case 'b':		o.batch = (int)tool_int("--batch", optarg, BATCH_MIN, BATCH_MAX); break;
		case OPT_SCHEDULE:	o.schedule.decay = (enum ss_decay)choose("--schedule", optarg, ss_decay_names);
					    break;
		case OPT_LR_END:	o.schedule.end = tool_double("--lr-end", optarg, 0, LR_MAX); break;
		case OPT_DECAY_EPOCHS:	o.decay_epochs = tool_double("--decay-epochs", optarg, 0, EPOCHS_MAX); break;
		case OPT_MILESTONES:	parse_milestones(&o.schedule, optarg); break;
		case OPT_GAMMA:		o.schedule.gamma = tool_double("--gamma", optarg, 0, 1); break;
		case OPT_PREDICTOR_LR:	o.predictor_rate = parse_predictor_rate(optarg); break;
		case OPT_OPTIMIZER:	o.update.optimiser = (enum ss_optimiser)choose("--optimizer", optarg,
					    ss_optimiser_names); break;
		case OPT_BETA2:		o.update.beta2 = tool_double("--beta2", optarg, 0, 1); break;
		case OPT_TRUST:		o.update.trust = tool_double("--trust", optarg, 0, TRUST_MAX); break;
		case OPT_CLIP:		o.update.clip = true; break;
		case OPT_DECAYED:	decay = optarg; break;
		case OPT_ACCUMULATE:	o.accumulate = (int)tool_int("--accumulate", optarg, 1, ACCUMULATE_MAX); break;
		case OPT_LR:		o.schedule.base = tool_double("--lr", optarg, 0, LR_MAX); break;
		case OPT_SCALE:		scale = optarg; break;
		case OPT_MOMENTUM:	o.update.momentum = tool_double("--momentum", optarg, 0, 1); break;
		case OPT_DECAY:		o.update.weight_decay = tool_double("--weight-decay", optarg, 0, DECAY_MAX); break;
		case OPT_TARGET_MOMENTUM:	o.target_momentum = tool_double("--target-momentum", optarg, 0, 1);
					    break;
		case OPT_TARGET_TEMPERATURE:	own.target_temperature = tool_double("--target-temperature", optarg,
					    TEMPERATURE_MIN, TEMPERATURE_MAX); break;
		case OPT_GROUPS:	o.groups = (int)tool_int("--target-groups", optarg, 1, GROUPS_MAX); break;
		case OPT_PROTOTYPES:	own.prototypes = (int)tool_int("--prototypes", optarg, 2, OWN_MAX); break;
		case OPT_QUEUE:		own.queue = (int)tool_int("--queue", optarg, 1, OWN_MAX); break;
		case OPT_ASYMMETRIC:	asymmetric = true; break;
		case OPT_STOP_GRAD:	own.flow = choose("--stop-grad", optarg, switches) == 0; break;
		case OPT_SIMILARITY:	own.cross_entropy = choose("--similarity", optarg, similarities) == 1; break;
		case OPT_ALTERNATE:	own.alternate = (int)tool_int("--alternate", optarg, 0, EVERY_MAX); break;
		case OPT_COEFFICIENTS:	coefficients = tool_double_list("--coefficients", optarg, 0, COEFFICIENT_MAX,
					    own.coefficient, 3); break;
		case OPT_CLASSES:	o.classes = (int)tool_int("--classes", optarg, 2, SS_HEAD_WIDTH_MAX); break;
		case OPT_TEMPERATURE:	own.temperature = tool_double("--temperature", optarg, TEMPERATURE_MIN,
					    TEMPERATURE_MAX); break;
		case OPT_WARMUP:	o.warmup = tool_double("--warmup", optarg, 0, EPOCHS_MAX); break;
		case OPT_STEPS:		o.steps = tool_u64("--steps", optarg); break;
		case OPT_SEED:		o.seed = tool_u64("--seed", optarg); break;
		case OPT_MEAN:		o.means = parse_channels(o.mean, "--mean", optarg, -CHANNEL_MAX, CHANNEL_MAX); break;
		case OPT_STD:		o.stds = parse_channels(o.std, "--std", optarg, STD_MIN, CHANNEL_MAX); break;
		case OPT_RESUME:	o.resume = true; break;
		case OPT_EVERY:		o.checkpoint_every = (uint64_t)tool_int("--checkpoint-every", optarg, 0,
					    EVERY_MAX); break;
		case OPT_KEEP:		o.keep = (int)tool_int("--keep", optarg, 0, KEEP_MAX); break;
		case OPT_LOG:		o.log = optarg; break;
		case OPT_LOG_EVERY:	o.log_every = (int)tool_int("--log-every", optarg, 1, EVERY_MAX); break;
		case OPT_MONITOR:	o.monitor = optarg; break;
		case OPT_MONITOR_EVERY:	o.monitor_every = (int)tool_int("--monitor-every", optarg, 1,
					    EVERY_MAX); break;
		case OPT_COLLAPSE:	o.stop_on_collapse = true; break;
		case 't':		threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX); break;
		case OPT_CPU:		cpu = optarg; break;
		case OPT_EXACT:		o.exact = true; break;
		case OPT_PROFILE:	o.profile = true; break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time, not %d; see ss-train --help", argc - optind);
	o.method = ss_method_find(method);
	if (o.method == NULL)
		tool_die(TOOL_MISUSE, "--method '%s' is unknown; see ss-train --help", method);
	if (ss_arch_find(o.arch) == NULL)
		tool_die(TOOL_MISUSE, "--arch '%s' is unknown; see ss-train --help", o.arch);
	o.kern = ss_kernels_find(cpu);
	if (o.kern == NULL)
		tool_die(TOOL_MISUSE, "--cpu '%s' is not one this CPU can run; see ss-train --help", cpu);
	if (o.exact)
		o.kern = ss_kernels_exact(o.kern);
	if (o.own_projector && o.projector.layers == 0)
		tool_die(TOOL_MISUSE, "--projector none: a method needs one");
	if ((o.own_predictor || o.predictor_fixed) && !o.method->p_grad)
		tool_die(TOOL_MISUSE, "--predictor does not fit --method %s, which has not one", method);
	if (o.log != NULL && strcmp(o.log, o.output) == 0)
		tool_die(TOOL_MISUSE, "'%s' cannot be model and log at once", o.log);
	take_knobs(&o, &own, coefficients, asymmetric);
	if (isnan(o.schedule.base))
		o.schedule.base = o.method->lr;
	if (isnan(o.update.weight_decay))
		o.update.weight_decay = o.method->weight_decay;
	o.schedule.base = scaled(o.schedule.base, scale, o.batch * o.accumulate);
	check_update(&o, decay);

	struct ss_reader *in = tool_input(argv[optind]);
	struct ss_pool *pool = tool_pool(threads);
	int status = run_train(in, &o, pool);

	ss_pool_free(pool);
	return status;
}
