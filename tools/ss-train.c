/*
 * ss-train - trains a network on views of images
 *
 * Options of the run here; those of method, optimiser and beginning in method_options.c, update_options.c and
 * start_options.c. The run itself, with its checkpoints and log, is run.c.
 */
#include <string.h>

#include "method_options.h"
#include "nn/head.h"
#include "run.h"
#include "start_options.h"
#include "tool.h"
#include "update_options.h"

static const char OUTPUT_DEFAULT[] = "model.safetensors", ARCH_DEFAULT[] = "resnet20", CPU_DEFAULT[] = "auto";
enum { BATCH_MIN = 2, BATCH_MAX = 65536, EVERY_MAX = 1000000000,
	KEEP_DEFAULT = 0, KEEP_MAX = 1000, LOG_EVERY_DEFAULT = 1, MONITOR_EVERY_DEFAULT = 1, PATIENCE_DEFAULT = 5 };
static const double CHANNEL_MAX = 1e6, STD_MIN = 1e-6;

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-train [options] [stream]\n"
	    "  -o, --output FILE           file     [%s]  model and checkpoints\n"
	    "      --arch NAME             name     [%s] ", OUTPUT_DEFAULT, ARCH_DEFAULT);
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		fprintf(f, " %s", a->name);
	fprintf(f, "\n"
	    "      --projector HEAD        head     [the method's]  as 2048bnr,2048bN: width, then b bias,\n"
	    "                                       n norm, N norm without affine, r ReLU\n"
	    "  -b, --batch N               integer  [the method's]  %d..%d images\n"
	    "      --steps N               integer  [0]  steps of the run, 0: all that the stream has\n"
	    "      --seed N                integer  [0]  0..2^64-1, of the initial weights\n"
	    "      --mean X[,X...]         numbers  [CIFAR-10's or 0.5]  -%g..%g, of each channel on 0..1\n"
	    "      --std X[,X...]          numbers  [CIFAR-10's or 0.25]  %g..%g, the same\n",
	    BATCH_MIN, BATCH_MAX, CHANNEL_MAX, CHANNEL_MAX, STD_MIN, CHANNEL_MAX);
	fprintf(f,
	    "      --resume                         go on from the output file, if it is there\n"
	    "      --checkpoint-every N    integer  [0]  0..%d steps, 0: every epoch\n"
	    "      --keep K                integer  [%d]  0..%d earlier checkpoints, FILE.1, FILE.2 ...\n"
	    "      --save-every N          integer  [0]  0..%d epochs: keep FILE.epoch001 ...; 0: none\n"
	    "      --log FILE              file     [none]  JSON Lines\n"
	    "      --log-every N           integer  [%d]  1..%d steps\n",
	    EVERY_MAX, KEEP_DEFAULT, KEEP_MAX, EVERY_MAX, LOG_EVERY_DEFAULT, EVERY_MAX);
	fprintf(f,
	    "      --monitor BANK,QUERY    files    [none]  labelled images: kNN on the backbone\n"
	    "      --validate FILE         file     [none]  labelled images: loss and accuracy of supervised\n"
	    "      --monitor-every N       integer  [%d]  1..%d epochs, of both\n"
	    "      --best NAME             name     [what is measured]  keep the best in FILE.best, by: %s, %s,\n"
	    "                                       %s, %s\n"
	    "      --early-stop NAME       name     [never]  the same, and end when it gets no better\n"
	    "      --patience N            integer  [%d]  1..%d epochs for that\n",
	    MONITOR_EVERY_DEFAULT, EVERY_MAX, run_watchable[0], run_watchable[1], run_watchable[2], run_watchable[3],
	    PATIENCE_DEFAULT, EVERY_MAX);
	fprintf(f,
	    "      --restore-best                   end with the best weights, not with the last\n"
	    "      --stop-on-collapse               end with status %d when the output collapses\n"
	    "  -t, --threads N             integer  [0]  0..%d, 0: the CPUs this process may use\n"
	    "      --cpu NAME              name     [%s]  kernels: auto",
	    TOOL_COLLAPSE, TOOL_THREADS_MAX, CPU_DEFAULT);
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		fprintf(f, " %s", (*k)->name);
	fprintf(f, "\n"
	    "      --exact                          direct convolutions only, which round less than Winograd's\n"
	    "      --checkpoint-activations         keep the outputs of blocks alone, compute the rest twice\n"
	    "      --profile                        at the end, print where the time of the steps went\n");
	method_options_usage(f);
	start_options_usage(f);
	update_options_usage(f);
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

static void
take_watch(struct run_options *o, const char *option, const char *text)
{
	const int measure = tool_name(option, text, run_watchable);

	if (o->watch >= 0 && o->watch != measure)
		tool_die(TOOL_MISUSE, "%s %s: the best is by one measure, here %s already", option, text,
		    run_watchable[o->watch]);
	o->watch = measure;
}

/* What is watched must be measured; if nobody says which, it is what is measured. */
static void
watch_result(struct run_options *o)
{
	if (o->validate != NULL && !o->method->labels)
		tool_die(TOOL_MISUSE, "--validate does not fit --method %s, which makes no classes; see --monitor",
		    o->method->name);
	if (o->watch < 0)
		o->watch = o->monitor != NULL ? MEASURE_KNN : o->validate != NULL ? MEASURE_VALIDATION_ACCURACY : -1;
	if (o->watch == MEASURE_KNN && o->monitor == NULL)
		tool_die(TOOL_MISUSE, "knn is measured with --monitor, which is not given");
	if (o->watch > MEASURE_KNN && o->validate == NULL)
		tool_die(TOOL_MISUSE, "%s is measured with --validate, which is not given", run_watchable[o->watch]);
	if (o->patience > 0 && !o->early_stop)
		tool_die(TOOL_MISUSE, "--patience has no effect without --early-stop");
	if (o->restore_best && o->watch < 0)
		tool_die(TOOL_MISUSE, "--restore-best: nothing says what is best; see --best and --early-stop");
	if (o->patience == 0)
		o->patience = PATIENCE_DEFAULT;
}

int
main(int argc, char **argv)
{
	enum { OPT_ARCH = TOOL_OPT_OWN, OPT_PROJECTOR, OPT_STEPS, OPT_SEED, OPT_MEAN, OPT_STD, OPT_RESUME, OPT_EVERY,
		OPT_KEEP, OPT_LOG, OPT_LOG_EVERY, OPT_MONITOR, OPT_MONITOR_EVERY, OPT_COLLAPSE, OPT_CPU, OPT_EXACT,
		OPT_PROFILE, OPT_RECOMPUTE, OPT_SAVE_EVERY, OPT_VALIDATE, OPT_BEST, OPT_EARLY_STOP, OPT_PATIENCE, OPT_RESTORE };
	static const struct option longopts[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "arch", required_argument, NULL, OPT_ARCH },
		{ "projector", required_argument, NULL, OPT_PROJECTOR },
		{ "batch", required_argument, NULL, 'b' },
		{ "steps", required_argument, NULL, OPT_STEPS },
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "mean", required_argument, NULL, OPT_MEAN },
		{ "std", required_argument, NULL, OPT_STD },
		{ "resume", no_argument, NULL, OPT_RESUME },
		{ "checkpoint-every", required_argument, NULL, OPT_EVERY },
		{ "keep", required_argument, NULL, OPT_KEEP },
		{ "save-every", required_argument, NULL, OPT_SAVE_EVERY },
		{ "log", required_argument, NULL, OPT_LOG },
		{ "log-every", required_argument, NULL, OPT_LOG_EVERY },
		{ "monitor", required_argument, NULL, OPT_MONITOR },
		{ "monitor-every", required_argument, NULL, OPT_MONITOR_EVERY },
		{ "validate", required_argument, NULL, OPT_VALIDATE },
		{ "best", required_argument, NULL, OPT_BEST },
		{ "early-stop", required_argument, NULL, OPT_EARLY_STOP },
		{ "patience", required_argument, NULL, OPT_PATIENCE },
		{ "restore-best", no_argument, NULL, OPT_RESTORE },
		{ "stop-on-collapse", no_argument, NULL, OPT_COLLAPSE },
		{ "threads", required_argument, NULL, 't' },
		{ "cpu", required_argument, NULL, OPT_CPU },
		{ "exact", no_argument, NULL, OPT_EXACT },
		{ "checkpoint-activations", no_argument, NULL, OPT_RECOMPUTE },
		{ "profile", no_argument, NULL, OPT_PROFILE },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct option all[METHOD_OPTIONS + UPDATE_OPTIONS + START_OPTIONS + sizeof(longopts) / sizeof(*longopts)];
	struct run_options o = { .output = OUTPUT_DEFAULT, .watch = -1,
		.log_every = LOG_EVERY_DEFAULT, .monitor_every = MONITOR_EVERY_DEFAULT, .keep = KEEP_DEFAULT };
	const char *cpu = CPU_DEFAULT;
	int c, threads = 0;

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	tool.kernels = ss_kernels_find(NULL)->name;
	method_options_table(all);
	update_options_table(all + METHOD_OPTIONS);
	start_options_table(all + METHOD_OPTIONS + UPDATE_OPTIONS);
	memcpy(all + METHOD_OPTIONS + UPDATE_OPTIONS + START_OPTIONS, longopts, sizeof(longopts));
	while ((c = getopt_long(argc, argv, TOOL_SHORT "o:b:t:", all, NULL)) != -1) {
		if (method_option(c, optarg) || update_option(c, optarg) || start_option(c, optarg))
			continue;
		switch (c) {
		case 'o':		o.output = optarg; break;
		case OPT_ARCH:		o.arch = optarg; break;
		case OPT_PROJECTOR:	parse_head(&o.projector, "--projector", optarg); o.own_projector = true; break;
		case 'b':		o.batch = (int)tool_int("--batch", optarg, BATCH_MIN, BATCH_MAX); break;
		case OPT_STEPS:		o.steps = tool_u64("--steps", optarg); break;
		case OPT_SEED:		o.seed = tool_u64("--seed", optarg); break;
		case OPT_MEAN:		o.means = parse_channels(o.mean, "--mean", optarg, -CHANNEL_MAX, CHANNEL_MAX); break;
		case OPT_STD:		o.stds = parse_channels(o.std, "--std", optarg, STD_MIN, CHANNEL_MAX); break;
		case OPT_RESUME:	o.resume = true; break;
		case OPT_EVERY:		o.checkpoint_every = (uint64_t)tool_int("--checkpoint-every", optarg, 0,
					    EVERY_MAX); break;
		case OPT_KEEP:		o.keep = (int)tool_int("--keep", optarg, 0, KEEP_MAX); break;
		case OPT_SAVE_EVERY:	o.save_every = (int)tool_int("--save-every", optarg, 0, EVERY_MAX); break;
		case OPT_LOG:		o.log = optarg; break;
		case OPT_LOG_EVERY:	o.log_every = (int)tool_int("--log-every", optarg, 1, EVERY_MAX); break;
		case OPT_MONITOR:	o.monitor = optarg; break;
		case OPT_MONITOR_EVERY:	o.monitor_every = (int)tool_int("--monitor-every", optarg, 1,
					    EVERY_MAX); break;
		case OPT_VALIDATE:	o.validate = optarg; break;
		case OPT_BEST:		take_watch(&o, "--best", optarg); break;
		case OPT_EARLY_STOP:	take_watch(&o, "--early-stop", optarg); o.early_stop = true; break;
		case OPT_PATIENCE:	o.patience = (int)tool_int("--patience", optarg, 1, EVERY_MAX); break;
		case OPT_RESTORE:	o.restore_best = true; break;
		case OPT_COLLAPSE:	o.stop_on_collapse = true; break;
		case 't':		threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX); break;
		case OPT_CPU:		cpu = optarg; break;
		case OPT_EXACT:		o.exact = true; break;
		case OPT_RECOMPUTE:	o.recompute = true; break;
		case OPT_PROFILE:	o.profile = true; break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time, not %d; see ss-train --help", argc - optind);
	method_options_result(&o);
	update_options_result(&o);
	start_options_result(&o);
	watch_result(&o);
	if (o.arch == NULL && o.init == NULL)
		o.arch = ARCH_DEFAULT;
	if (o.arch != NULL && ss_arch_find(o.arch) == NULL)
		tool_die(TOOL_MISUSE, "--arch '%s' is unknown; see ss-train --help", o.arch);
	o.kern = ss_kernels_find(cpu);
	if (o.kern == NULL)
		tool_die(TOOL_MISUSE, "--cpu '%s' is not one this CPU can run; see ss-train --help", cpu);
	if (o.exact)
		o.kern = ss_kernels_exact(o.kern);
	if (o.stop_on_collapse && o.method->labels)
		tool_die(TOOL_MISUSE, "--stop-on-collapse does not fit --method %s: classes are not embeddings", o.method->name);
	if (o.own_projector && o.projector.layers == 0)
		tool_die(TOOL_MISUSE, "--projector none: a method needs one");
	if (o.log != NULL && strcmp(o.log, o.output) == 0)
		tool_die(TOOL_MISUSE, "'%s' cannot be model and log at once", o.log);

	struct ss_reader *in = tool_input(argv[optind]);
	struct ss_pool *pool = tool_pool(threads);
	int status = run_train(in, &o, pool);

	ss_pool_free(pool);
	return status;
}
