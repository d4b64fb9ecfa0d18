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
static const double MOMENTUM_DEFAULT = 0.9, LR_MAX = 1e6, DECAY_MAX = 10, WARMUP_MAX = 1e6;
static const double TEMPERATURE_MIN = 1e-3, TEMPERATURE_MAX = 1e3, CHANNEL_MAX = 1e6, STD_MIN = 1e-6;
static const double COEFFICIENT_MAX = 1e6;
enum { OWN_MAX = 1000000, GROUPS_MAX = 1024, MOCO_GROUPS = 8 };
#define LR_REFERENCE_BATCH 256

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
	    "      --predictor HEAD                 n norm, N norm without affine, r ReLU\n"
	    "  -b, --batch N               integer  [%d]  %d..%d images\n"
	    "      --lr X                  number   [the method's]  0..%g\n"
	    "      --lr-scale RULE         name     [%s]  none; linear: lr * batch/%d; sqrt: its root\n"
	    "      --momentum X            number   [%g]  0..1\n"
	    "      --weight-decay X        number   [the method's]  0..%g\n"
	    "      --temperature X         number   [the method's]  %g..%g\n"
	    "      --target-momentum X     number   [the method's]  0..1, of byol, moco, dino\n"
	    "      --target-temperature X  number   [the method's]  %g..%g, of dino's teacher, swav's codes\n"
	    "      --target-groups N       integer  [moco %d, else 1]  1..%d parts of a batch, normalised apart\n"
	    "      --prototypes N          integer  [the method's]  2..%d, of swav, dino\n"
	    "      --queue N               integer  [the method's]  1..%d keys, of moco\n"
	    "      --asymmetric                     moco: only view 1 asks for view 2\n"
	    "      --coefficients X[,X,X]  numbers  [the method's]  0..%g: barlow lambda; vicreg invariance,\n"
	    "                                       variance, covariance\n"
	    "      --classes N             integer  [those the stream names]  2..%d, for supervised\n"
	    "      --warmup X              number   [0]  0..%g epochs of rising lr before the cosine\n"
	    "      --steps N               integer  [0]  steps of the run, 0: all that the stream has\n"
	    "      --seed N                integer  [0]  0..2^64-1, of the initial weights\n"
	    "      --mean X[,X...]         numbers  [CIFAR-10's or 0.5]  -%g..%g, of each channel on 0..1\n"
	    "      --std X[,X...]          numbers  [CIFAR-10's or 0.25]  %g..%g, the same\n",
	    BATCH_DEFAULT, BATCH_MIN, BATCH_MAX, LR_MAX, SCALE_DEFAULT, LR_REFERENCE_BATCH,
	    MOMENTUM_DEFAULT, DECAY_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX, TEMPERATURE_MIN, TEMPERATURE_MAX,
	    MOCO_GROUPS, GROUPS_MAX, OWN_MAX, OWN_MAX, COEFFICIENT_MAX, SS_HEAD_WIDTH_MAX, WARMUP_MAX, CHANNEL_MAX,
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

static int
parse_channels(float out[4], const char *option, const char *text, double lo, double hi)
{
	double v[4];
	int n = tool_double_list(option, text, lo, hi, v, 4);

	for (int i = 0; i < n; i++)
		out[i] = (float)v[i];
	return n;
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

int
main(int argc, char **argv)
{
	enum { OPT_METHOD = TOOL_OPT_OWN, OPT_ARCH, OPT_PROJECTOR, OPT_PREDICTOR, OPT_LR, OPT_SCALE,
		OPT_MOMENTUM, OPT_DECAY, OPT_TEMPERATURE, OPT_WARMUP, OPT_STEPS, OPT_SEED, OPT_MEAN,
		OPT_STD, OPT_RESUME, OPT_EVERY, OPT_KEEP, OPT_LOG, OPT_LOG_EVERY, OPT_MONITOR,
		OPT_MONITOR_EVERY, OPT_COLLAPSE, OPT_CPU, OPT_EXACT, OPT_PROFILE,
		OPT_TARGET_MOMENTUM, OPT_TARGET_TEMPERATURE, OPT_GROUPS, OPT_PROTOTYPES, OPT_QUEUE, OPT_ASYMMETRIC,
		OPT_COEFFICIENTS, OPT_CLASSES };
	static const struct option longopts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "arch", required_argument, NULL, OPT_ARCH },
		{ "projector", required_argument, NULL, OPT_PROJECTOR },
		{ "predictor", required_argument, NULL, OPT_PREDICTOR },
		{ "batch", required_argument, NULL, 'b' },
		{ "lr", required_argument, NULL, OPT_LR },
		{ "lr-scale", required_argument, NULL, OPT_SCALE },
		{ "momentum", required_argument, NULL, OPT_MOMENTUM },
		{ "weight-decay", required_argument, NULL, OPT_DECAY },
		{ "temperature", required_argument, NULL, OPT_TEMPERATURE },
		{ "target-momentum", required_argument, NULL, OPT_TARGET_MOMENTUM },
		{ "target-temperature", required_argument, NULL, OPT_TARGET_TEMPERATURE },
		{ "target-groups", required_argument, NULL, OPT_GROUPS },
		{ "prototypes", required_argument, NULL, OPT_PROTOTYPES },
		{ "queue", required_argument, NULL, OPT_QUEUE },
		{ "asymmetric", no_argument, NULL, OPT_ASYMMETRIC },
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
		.lr = NAN, .momentum = MOMENTUM_DEFAULT, .weight_decay = NAN, .target_momentum = NAN,
		.log_every = LOG_EVERY_DEFAULT, .monitor_every = MONITOR_EVERY_DEFAULT, .keep = KEEP_DEFAULT };
	bool asymmetric = false;
	const char *method = METHOD_DEFAULT, *cpu = CPU_DEFAULT, *scale = SCALE_DEFAULT;
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
		case OPT_PREDICTOR:	parse_head(&o.predictor, "--predictor", optarg); o.own_predictor = true; break;
		case 'b':		o.batch = (int)tool_int("--batch", optarg, BATCH_MIN, BATCH_MAX); break;
		case OPT_LR:		o.lr = tool_double("--lr", optarg, 0, LR_MAX); break;
		case OPT_SCALE:		scale = optarg; break;
		case OPT_MOMENTUM:	o.momentum = tool_double("--momentum", optarg, 0, 1); break;
		case OPT_DECAY:		o.weight_decay = tool_double("--weight-decay", optarg, 0, DECAY_MAX); break;
		case OPT_TARGET_MOMENTUM:	o.target_momentum = tool_double("--target-momentum", optarg, 0, 1);
					    break;
		case OPT_TARGET_TEMPERATURE:	own.target_temperature = tool_double("--target-temperature", optarg,
					    TEMPERATURE_MIN, TEMPERATURE_MAX); break;
		case OPT_GROUPS:	o.groups = (int)tool_int("--target-groups", optarg, 1, GROUPS_MAX); break;
		case OPT_PROTOTYPES:	own.prototypes = (int)tool_int("--prototypes", optarg, 2, OWN_MAX); break;
		case OPT_QUEUE:		own.queue = (int)tool_int("--queue", optarg, 1, OWN_MAX); break;
		case OPT_ASYMMETRIC:	asymmetric = true; break;
		case OPT_COEFFICIENTS:	coefficients = tool_double_list("--coefficients", optarg, 0, COEFFICIENT_MAX,
					    own.coefficient, 3); break;
		case OPT_CLASSES:	o.classes = (int)tool_int("--classes", optarg, 2, SS_HEAD_WIDTH_MAX); break;
		case OPT_TEMPERATURE:	own.temperature = tool_double("--temperature", optarg, TEMPERATURE_MIN,
					    TEMPERATURE_MAX); break;
		case OPT_WARMUP:	o.warmup = tool_double("--warmup", optarg, 0, WARMUP_MAX); break;
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
	if (o.own_predictor && (!o.method->p_grad || o.predictor.layers == 0))
		tool_die(TOOL_MISUSE, "--predictor does not fit --method %s, which %s one", method,
		    o.method->p_grad ? "needs" : "has not");
	if (o.log != NULL && strcmp(o.log, o.output) == 0)
		tool_die(TOOL_MISUSE, "'%s' cannot be model and log at once", o.log);
	take_knobs(&o, &own, coefficients, asymmetric);
	if (isnan(o.lr))
		o.lr = o.method->lr;
	if (isnan(o.weight_decay))
		o.weight_decay = o.method->weight_decay;
	o.lr = scaled(o.lr, scale, o.batch);

	struct ss_reader *in = tool_input(argv[optind]);
	struct ss_pool *pool = tool_pool(threads);
	int status = run_train(in, &o, pool);

	ss_pool_free(pool);
	return status;
}
