/*
 * ss-embed - the output of a network's layer for each image of a stream
 *
 * Reads a frame at a time; an image's embedding depends neither on the frame it came
 * in nor on the number of threads.
 */
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "base/clock.h"
#include "base/size.h"
#include "images.h"
#include "model.h"
#include "nn/embed.h"
#include "ssl/method.h"
#include "tool.h"

static const char LAYER_DEFAULT[] = "backbone", ARCH_DEFAULT[] = "resnet20";
static const char METHOD_DEFAULT[] = "simsiam", CPU_DEFAULT[] = "auto";

static void
print_usage(FILE *f)
{
	fprintf(f, "usage: ss-embed -m model [options] [stream]\n"
	    "       ss-embed --untrained seed [-m model | --arch name --method name] [options] [stream]\n"
	    "  -m, --model FILE      file     network written by ss-train\n"
	    "      --untrained SEED  integer  the model, or --arch, as before training  0..2^64-1\n"
	    "      --arch NAME       name     [%s]  of the untrained network: ", ARCH_DEFAULT);
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		fprintf(f, "%s%s", a == ss_archs ? "" : " ", a->name);
	fprintf(f, "\n"
	    "      --method NAME     name     [%s]  whose heads the untrained network gets\n"
	    "      --layer NAME      name     [%s]  layer1 etc., backbone, projector, projector.2 etc., predictor\n"
	    "      --tensor NAME     name     [image]  what to embed: u8 (channels, height, width)\n"
	    "  -o, --output FILE     file     [-]\n"
	    "  -t, --threads N       integer  [0]  0..%d, 0: the CPUs this process may use\n"
	    "      --cpu NAME        name     [%s]  kernels: auto", METHOD_DEFAULT, LAYER_DEFAULT,
	    TOOL_THREADS_MAX, CPU_DEFAULT);
	for (const struct ss_kernels *const *k = ss_kernels_list(); *k != NULL; k++)
		fprintf(f, " %s", (*k)->name);
	fprintf(f, "\n"
	    "      --exact                    direct convolutions only, which round less than Winograd's\n");
	tool_print_common(f);
}

struct options {
	const char *model, *layer, *tensor, *output, *arch, *method, *cpu;
	bool untrained, exact;
	uint64_t seed;
	int threads;
};

/* Which stage a layer "layer1", "layer2" ... is the end of, as torchvision names them; 0: of none that this network has. */
static int
stage_of(const char *layer, const char *arch)
{
	const struct ss_arch *a = ss_arch_find(arch);
	char name[16];

	for (int i = 1; a != NULL && i <= a->stages; i++) {
		snprintf(name, sizeof(name), "layer%d", i);
		if (strcmp(layer, name) == 0)
			return i;
	}
	return 0;
}

/* Network and weights from a file, or as they are before training; of a stage's end, what comes before it. */
static struct ss_net *
make_network(const struct options *o, struct model *m, struct ss_st **file, const int shape[3])
{
	const struct ss_method *method = o->model == NULL ? ss_method_find(o->method) : NULL;
	struct ss_net *net;
	struct ss_err e = SS_ERR_INIT;
	int r;

	*file = NULL;
	if (o->model == NULL) {
		if (ss_arch_find(o->arch) == NULL)
			tool_die(TOOL_MISUSE, "--arch '%s' is unknown; see ss-embed --help", o->arch);
		if (method == NULL)
			tool_die(TOOL_MISUSE, "--method '%s' is unknown; see ss-train --help", o->method);
		memset(m, 0, sizeof(*m));
		snprintf(m->arch, sizeof(m->arch), "%s", o->arch);
		memcpy(m->shape, shape, sizeof(m->shape));
		model_defaults(m);
	} else {
		if ((r = model_open(file, m, o->model, &e)) < 0)
			tool_fail(r, &e);
		if (m->shape[0] != shape[0])
			tool_die(TOOL_MISUSE, "'%s' takes images of %d channels, the stream has %d", o->model,
			    m->shape[0], shape[0]);
		memcpy(m->shape, shape, sizeof(m->shape));	/* any size that the stages allow */
	}
	m->stages = stage_of(o->layer, m->arch);
	if (m->stages > 0) {
		method = NULL;
		m->projector.layers = m->predictor.layers = 0;
	}
	r = model_net(&net, m, &e);
	if (r == 0 && method != NULL) {		/* the heads depend on the features */
		method->heads(net->node[net->backbone].c, &m->projector, &m->predictor);
		ss_net_free(net);
		r = model_net(&net, m, &e);
	}
	if (r < 0)
		tool_fail(r, &e);
	return net;
}

static uint32_t
digest_floats(uint32_t crc, const float *v, size_t n)
{
	return (uint32_t)crc32_z(crc, (const unsigned char *)v, n * sizeof(*v));
}

/* CRC-32 of all that the output of a layer depends on beside the image. */
static uint32_t
digest_network(const struct ss_net *net, const struct ss_weights *w, int layer)
{
	const float eps = (float)net->norm_eps;
	uint32_t crc = digest_floats(0, net->mean, 4);

	crc = digest_floats(crc, net->std, 4);
	crc = digest_floats(crc, &eps, 1);
	for (int i = 0; i <= layer; i++) {
		const int param[2] = { net->node[i].weight, net->node[i].bias };
		const int buffer[2] = { net->node[i].mean, net->node[i].var };

		for (int k = 0; k < 2; k++)
			if (param[k] >= 0)
				crc = digest_floats(crc, w->params + net->params.p[param[k]].offset,
				    net->params.p[param[k]].count);
		for (int k = 0; k < 2; k++)
			if (net->node[i].op == SS_OP_NORM)
				crc = digest_floats(crc, w->buffers + net->buffers.p[buffer[k]].offset,
				    net->buffers.p[buffer[k]].count);
	}
	return crc;
}

/* Header of the output: the image gives way to the embedding, the rest passes. */
static void
make_header(struct ss_header *h, const struct ss_header *in, int tensor, const struct options *o,
    const struct model *m, uint32_t digest, int d)
{
	uint32_t shape = (uint32_t)d;
	char line[256];
	struct ss_err e = SS_ERR_INIT;
	int r = ss_header_copy(h, in, &e);

	if (ss_header_find(in, "embedding") >= 0 && ss_header_find(in, "embedding") != tensor)
		tool_die(TOOL_MISUSE, "the stream has a tensor 'embedding' already");
	if (r == 0) {
		h->tensors = 0;
		r = ss_header_add(h, "embedding", SS_F32, 1, &shape, &e);
	}
	for (int i = 0; r == 0 && i < in->tensors; i++)
		if (i != tensor)
			h->tensor[h->tensors++] = in->tensor[i];
	if (r == 0) {
		snprintf(line, sizeof(line), "@EM\tLY:%s\tAR:%s\tST:%s\tME:%s\tMD:%08x", o->layer,
		    m->arch, o->untrained ? "untrained" : "trained", o->untrained ? "none" : m->method,
		    (unsigned)digest);
		r = ss_header_line(h, line, &e);
	}
	if (r < 0)
		tool_fail(r, &e);
}

int
main(int argc, char **argv)
{
	enum { OPT_UNTRAINED = TOOL_OPT_OWN, OPT_ARCH, OPT_METHOD, OPT_LAYER, OPT_TENSOR, OPT_CPU, OPT_EXACT };
	static const struct option longopts[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "untrained", required_argument, NULL, OPT_UNTRAINED },
		{ "arch", required_argument, NULL, OPT_ARCH },
		{ "method", required_argument, NULL, OPT_METHOD },
		{ "layer", required_argument, NULL, OPT_LAYER },
		{ "tensor", required_argument, NULL, OPT_TENSOR },
		{ "output", required_argument, NULL, 'o' },
		{ "threads", required_argument, NULL, 't' },
		{ "cpu", required_argument, NULL, OPT_CPU },
		{ "exact", no_argument, NULL, OPT_EXACT },
		TOOL_COMMON_OPTIONS,
		{ NULL, 0, NULL, 0 }
	};
	struct options o = { .layer = LAYER_DEFAULT, .cpu = CPU_DEFAULT };
	const struct ss_kernels *kern;
	struct ss_embedder embedder;
	struct model model;
	struct ss_header header = SS_HEADER_INIT;
	struct ss_frame f;
	struct ss_err e = SS_ERR_INIT;
	float *out = NULL;
	size_t room = 0;
	int c, r, shape[3];

	tool_start(argc, argv);
	tool_blas_guard(argc, argv);
	tool_makes_stream();
	tool.kernels = ss_kernels_find(NULL)->name;
	while ((c = getopt_long(argc, argv, TOOL_SHORT "m:o:t:", longopts, NULL)) != -1) {
		switch (c) {
		case 'm':		o.model = optarg; break;
		case OPT_UNTRAINED:	o.untrained = true; o.seed = tool_u64("--untrained", optarg); break;
		case OPT_ARCH:		o.arch = optarg; break;
		case OPT_METHOD:	o.method = optarg; break;
		case OPT_LAYER:		o.layer = optarg; break;
		case OPT_TENSOR:	o.tensor = optarg; break;
		case 'o':		o.output = optarg; break;
		case 't':		o.threads = (int)tool_int("--threads", optarg, 0, TOOL_THREADS_MAX); break;
		case OPT_CPU:		o.cpu = optarg; break;
		case OPT_EXACT:		o.exact = true; break;
		default:		tool_common_option(c, print_usage);
		}
	}
	if (argc - optind > 1)
		tool_die(TOOL_MISUSE, "one stream at a time, not %d; see ss-embed --help", argc - optind);
	if (o.model == NULL && !o.untrained)
		tool_die(TOOL_MISUSE, "give --model FILE or --untrained SEED");
	if (o.model != NULL && (o.arch != NULL || o.method != NULL))
		tool_die(TOOL_MISUSE, "--%s goes with --untrained alone; the model knows its own",
		    o.arch != NULL ? "arch" : "method");
	if (o.arch == NULL)
		o.arch = ARCH_DEFAULT;
	if (o.method == NULL)
		o.method = METHOD_DEFAULT;
	kern = ss_kernels_find(o.cpu);
	if (kern == NULL)
		tool_die(TOOL_MISUSE, "--cpu '%s' is not one this CPU can run; see ss-embed --help", o.cpu);
	if (o.exact)
		kern = ss_kernels_exact(kern);

	struct ss_reader *in = tool_input(argv[optind]);
	int tensor = images_tensor(in, o.tensor, shape);
	struct ss_st *file;
	struct ss_net *net = make_network(&o, &model, &file, shape);
	struct ss_pool *pool = tool_pool(o.threads);
	int layer = model.stages > 0 ? net->backbone : ss_net_layer(net, o.layer);

	if (layer < 0) {
		char names[512];

		ss_net_layers(net, names, sizeof(names));
		tool_die(TOOL_MISUSE, "this network has no layer '%s'; it has layer1 to layer%d, %s", o.layer,
		    ss_arch_find(model.arch)->stages, names);
	}
	if ((r = ss_embedder_create(&embedder, net, kern, layer, ss_pool_threads(pool), &e)) < 0)
		tool_fail(r, &e);
	if (o.untrained)
		ss_net_init(net, o.seed, embedder.weights.params, embedder.weights.buffers);
	else if ((r = model_weights(file, net, &embedder.weights, NULL, &e)) < 0)
		tool_fail(r, &e);
	ss_st_free(file);
	ss_embedder_ready(&embedder, pool);
	make_header(&header, ss_reader_header(in), tensor, &o, &model,
	    digest_network(net, &embedder.weights, layer), embedder.d);

	struct ss_writer *writer = tool_output(o.output, &header);
	double start = ss_seconds();
	uint64_t done = 0;

	while (tool_next(in, &f)) {
		struct ss_frame g = f;
		int n = 1;

		if (f.records > room) {
			free(out);
			room = f.records;
			out = ss_alloc(room * (size_t)embedder.d, sizeof(float));
			if (out == NULL)
				tool_die(TOOL_FAILURE, "out of memory for a frame of %u records", f.records);
		}
		ss_embed(&embedder, f.data[tensor], f.records, out, pool);
		g.data[0] = out;
		g.dims[0] = NULL;
		for (int i = 0; i < ss_reader_header(in)->tensors; i++)
			if (i != tensor) {
				g.data[n] = f.data[i];
				g.dims[n++] = f.dims[i];
			}
		tool_write(writer, &g);
		done += f.records;
		tool_progress("%llu images, %.0f images/s", (unsigned long long)done,
		    (double)done / (ss_seconds() - start));
	}
	tool_progress_end();
	ss_embedder_free(&embedder);
	ss_header_free(&header);
	ss_net_free(net);
	ss_pool_free(pool);
	model_free(&model);
	free(out);
	return tool_finish(in, writer);
}
