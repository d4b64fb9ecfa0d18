/*
 * model_import.c - ss-model import: weights of other programs become a model
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "lines.h"
#include "model_match.h"
#include "model_meta.h"
#include "model_port.h"
#include "tool.h"

enum { SIDE_SMALL = 32, SIDE_LARGE = 224 };

/* torchvision's of ImageNet, with which nearly all published weights of photographs were trained. */
static const float MEAN[3] = { 0.485f, 0.456f, 0.406f }, STD[3] = { 0.229f, 0.224f, 0.225f };

/* Caffe's, and that of Keras' ResNets: 103.939, 116.779 and 123.68 come off the bytes of blue, green and red. */
static const float MEAN_CAFFE[3] = { 123.68f / 255, 116.779f / 255, 103.939f / 255 };
static const float STD_CAFFE[3] = { 1.0f / 255, 1.0f / 255, 1.0f / 255 };

/* A batch's share in the running statistics of Keras' ResNets. */
static const double MOMENTUM_KERAS = 0.01;

/* What the file says of itself, if ss-train or ss-model wrote it; else nothing is known. */
static bool
read_meta(const struct state_dict *d, struct model *m)
{
	const bool ours = d->st != NULL && ss_st_meta(d->st, "ss.arch") != NULL;
	struct ss_err e = SS_ERR_INIT;
	int r;

	memset(m, 0, sizeof(*m));
	if (!ours)
		return false;
	if ((r = model_understand(d->st, m, &e)) < 0)
		tool_fail(r, &e);
	return true;
}

static void
take_channels(float *out, const char *option, const float *v, int n, int channels)
{
	if (n > 1 && n != channels)
		tool_die(TOOL_MISUSE, "%s has %d numbers, the images of these weights %d channels", option, n, channels);
	for (int i = 0; n > 0 && i < channels; i++)
		out[i] = v[n == 1 ? 0 : i];
}

static void
print_channels(char *text, size_t size, const float *v, int n)
{
	size_t at = 0;

	for (int i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%.6g", i == 0 ? "" : ",", (double)v[i]);
}

/* Those of the options, else of the file, else the usual ones, which is told. */
static void
choose_normalisation(struct model *m, const struct port_options *o, bool known)
{
	char mean[64], std[64];

	if (o->bgr && m->shape[0] != 3)
		tool_die(TOOL_MISUSE, "--bgr is for images of 3 channels, these weights take %d", m->shape[0]);
	if (o->bgr || (!known && m->shape[0] == 3)) {
		memcpy(m->mean, o->bgr ? MEAN_CAFFE : MEAN, sizeof(MEAN));
		memcpy(m->std, o->bgr ? STD_CAFFE : STD, sizeof(STD));
	}
	take_channels(m->mean, "--mean", o->mean, o->means, m->shape[0]);
	take_channels(m->std, "--std", o->std, o->stds, m->shape[0]);
	if (!isnan(o->norm_eps))
		m->norm_eps = o->norm_eps;
	print_channels(mean, sizeof(mean), m->mean, m->shape[0]);
	print_channels(std, sizeof(std), m->std, m->shape[0]);
	if (!known && (o->means == 0 || o->stds == 0))
		tool_warn("images are normalised%s: mean %s, std %s; --mean and --std say otherwise",
		    o->means + o->stds > 0 ? "" : o->bgr ? " as Caffe's are" : m->shape[0] == 3 ? " as ImageNet's are" : " by what is usual here",
		    mean, std);
}

/* Network, images, normalisation: all that a model says beside its weights. */
static void
describe(struct model *m, const struct state_dict *d, const struct port_options *o)
{
	const bool known = read_meta(d, m);
	struct ss_net *net;
	struct ss_err e = SS_ERR_INIT;
	const struct ss_arch *arch = NULL;
	int r, channels;

	if (o->arch == NULL && !known) {
		arch = match_find(d, &channels);
		tool_warn("'%s' holds the weights of a %s, by their names and shapes", d->path, arch->name);
	} else {
		arch = ss_arch_find(o->arch != NULL ? o->arch : m->arch);
		if (arch == NULL && o->arch != NULL)
			tool_die(TOOL_MISUSE, "--arch '%s' is unknown; see ss-model --help", o->arch);
		if (arch == NULL)
			tool_die(TOOL_DAMAGED, "'%s': unknown architecture '%s'", d->path, m->arch);
		channels = match_channels(d, arch);
	}
	snprintf(m->arch, sizeof(m->arch), "%s", arch->name);
	m->projector.layers = m->predictor.layers = 0;
	if (!known) {
		m->shape[0] = channels;
		m->shape[1] = m->shape[2] = SIDE_LARGE;
		model_defaults(m);
		snprintf(m->method, sizeof(m->method), "imported");
		snprintf(m->watch, sizeof(m->watch), "none");
		m->init = d->keras ? SS_INIT_KERAS : SS_INIT_TORCHVISION;
		if (d->keras) {
			m->norm_eps = PORT_EPS_KERAS;
			m->norm_momentum = MOMENTUM_KERAS;
		}
		m->best = -1;
		m->done = true;
		if ((r = model_net(&net, m, &e)) < 0)
			tool_fail(r, &e);
		if (net->params.p[0].shape[2] <= 3)	/* the stem's window: without a large one, images are small */
			m->shape[1] = m->shape[2] = SIDE_SMALL;
		ss_net_free(net);
	}
	if (o->side > 0)
		m->shape[1] = m->shape[2] = o->side;
	choose_normalisation(m, o, known);
}

static void
take_list(const struct state_dict *d, const struct ss_net *net, const struct ss_list *list, float *out)
{
	char why[MATCH_TEXT];

	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];

		if (!match_tensor(d, p, why))
			tool_die(TOOL_DAMAGED, "'%s' does not hold the weights of a %s: %s", d->path, net->arch, why);
		struct state_tensor *s = state_find(d, p->name);

		s->used = true;
		state_floats(d, s, out + p->offset, p->count);
	}
}

/* gamma (x + bias - mean) / std: what a convolution adds, the norm behind it takes off. */
static void
take_biases(const struct state_dict *d, const struct ss_net *net, float *buffers)
{
	size_t taken = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct state_tensor *s = &d->at[i];
		const int norm = s->name == NULL || s->used ? -1 : match_bias(net, s->name);

		if (norm < 0)
			continue;
		const struct ss_param *mean = &net->buffers.p[net->node[norm].mean];
		float *m = buffers + mean->offset;
		float *bias = ss_alloc(mean->count, sizeof(*bias));

		if (bias == NULL)
			tool_die(TOOL_FAILURE, "out of memory for tensor '%s'", s->t.name);
		if (s->problem == NULL && (s->t.rank != 1 || s->t.shape[0] != mean->count))
			tool_die(TOOL_DAMAGED, "'%s': tensor '%s' does not fit its convolution, which has %zu outputs", d->path, s->t.name,
			    mean->count);
		state_floats(d, s, bias, mean->count);
		for (size_t k = 0; k < mean->count; k++)
			m[k] = (float)((double)m[k] - (double)bias[k]);
		free(bias);
		s->used = true;
		taken++;
	}
	if (taken == 1)
		tool_warn("the bias of a convolution went into the running mean behind it");
	else if (taken > 1)
		tool_warn("the biases of %zu convolutions went into the running means behind them", taken);
}

/* A stem that takes blue first becomes one that takes red first. */
static void
turn_channels(const struct ss_net *net, float *params)
{
	const struct ss_param *stem = &net->params.p[0];	/* co, ci, k, k */
	const size_t window = (size_t)stem->shape[2] * stem->shape[3];
	float *w = params + stem->offset;

	for (uint32_t o = 0; o < stem->shape[0]; o++, w += 3 * window)
		for (size_t i = 0; i < window; i++) {
			const float blue = w[i];

			w[i] = w[2 * window + i];
			w[2 * window + i] = blue;
		}
}

/* Running variances come below a root. */
static void
check_variances(const struct state_dict *d, const struct ss_net *net, const float *buffers)
{
	for (int i = 0; i < net->nodes; i++) {
		if (net->node[i].op != SS_OP_NORM)
			continue;
		const struct ss_param *p = &net->buffers.p[net->node[i].var];

		for (size_t k = 0; k < p->count; k++)
			if (!(buffers[p->offset + k] >= 0))
				tool_die(TOOL_DAMAGED, "'%s': tensor '%s': element %zu is %g, and a variance is not negative", d->path,
				    state_find(d, p->name)->t.name, k, (double)buffers[p->offset + k]);
	}
}

/* Every tensor that has no place is named, or counted if it is one of many of a kind; some end the tool. */
static void
tell_left_out(const struct state_dict *d, const struct ss_net *net, bool strict)
{
	const struct state_tensor *foreign = NULL;
	size_t counters = 0, foreigners = 0;
	char shape[STATE_SHAPE];

	for (size_t i = 0; i < d->n; i++) {
		const struct state_tensor *s = &d->at[i];
		const bool classifier = s->name != NULL && strncmp(s->name, "fc.", 3) == 0;

		if (s->used)
			continue;
		if (s->name != NULL && match_counter(s->name)) {
			counters++;
			continue;
		}
		char *name = line_escape(s->t.name);

		if (s->name != NULL && match_belongs(net, s->name))
			tool_die(TOOL_DAMAGED, "'%s': there is no place in a %s for tensor '%s', so its network is another one", d->path,
			    net->arch, name);
		if (strict && !classifier)
			tool_die(TOOL_DAMAGED, "'%s': there is no place in a %s for tensor '%s' (--strict)", d->path, net->arch, name);
		if (s->problem == NULL)
			state_shape(&s->t, shape);
		if (s->name == NULL && foreigners++ == 0)
			foreign = s;
		if (s->name != NULL || tool.verbose)
			tool_warn("left out: '%s' (%s)", name, s->problem != NULL ? "not read" : shape);
		free(name);
	}
	if (foreigners > 0) {
		char *name = line_escape(foreign->t.name);

		tool_warn("left out: %zu tensors that do not begin as --strip says, the first of them '%s'", foreigners, name);
		free(name);
	}
	if (counters > 0)
		tool_warn("left out: num_batches_tracked, of %zu norms", counters);
}

void
model_import(const char *path, const struct port_options *o)
{
	struct state_dict d;
	struct model m;
	struct ss_net *net;
	struct ss_weights w = { .params = NULL };
	struct ss_err e = SS_ERR_INIT;
	int r;

	state_open(&d, path, o->prefix, o->prefixes);
	tool_check_output(o->output, "a model");
	describe(&m, &d, o);
	if ((r = model_net(&net, &m, &e)) < 0)
		tool_fail(r, &e);
	w.params = ss_alloc(net->params.floats, sizeof(float));
	w.buffers = ss_alloc(net->buffers.floats, sizeof(float));
	if (w.params == NULL || w.buffers == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the weights of %s", net->arch);
	take_list(&d, net, &net->params, w.params);
	take_list(&d, net, &net->buffers, w.buffers);
	take_biases(&d, net, w.buffers);
	if (o->bgr)
		turn_channels(net, w.params);
	check_variances(&d, net, w.buffers);
	tell_left_out(&d, net, o->strict);
	model_add_history(&m);
	if ((r = model_save(o->output, &m, net, &w, NULL, &e)) < 0)
		tool_fail(r, &e);
	free(w.params);
	free(w.buffers);
	ss_net_free(net);
	model_free(&m);
	state_close(&d);
}
