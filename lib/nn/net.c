/*
 * net.c - builds the table of nodes and parameters of a network
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "nn/net.h"

/* While a table is built, the first failure sticks; the rest of the calls do nothing. */
struct builder {
	struct ss_net *net;
	bool failed;
};

static int
add_node(struct builder *b, struct ss_node n)
{
	struct ss_net *net = b->net;

	if (!b->failed && net->nodes == net->room) {
		int room = net->room == 0 ? 64 : 2 * net->room;
		struct ss_node *grown = realloc(net->node, (size_t)room * sizeof(*grown));

		if (grown == NULL) {
			b->failed = true;
		} else {
			net->node = grown;
			net->room = room;
		}
	}
	if (b->failed)
		return 0;
	net->node[net->nodes] = n;
	return net->nodes++;
}

/* Shape as rank numbers. Returns its place in the list. */
static int
add_param(struct builder *b, struct ss_list *list, const char *prefix, const char *suffix,
    int fan_in, int fan_out, float constant, int rank, ...)
{
	struct ss_param *p;
	va_list ap;

	if (!b->failed && list->n % 64 == 0) {
		p = realloc(list->p, ((size_t)list->n + 64) * sizeof(*p));
		if (p == NULL)
			b->failed = true;
		else
			list->p = p;
	}
	if (b->failed)
		return 0;
	p = &list->p[list->n];
	memset(p, 0, sizeof(*p));
	SS_BUG_IF((size_t)snprintf(p->name, sizeof(p->name), "%s.%s", prefix, suffix) >=
	    sizeof(p->name));
	p->fan_in = fan_in;
	p->fan_out = fan_out;
	p->constant = constant;
	p->rank = rank;
	p->count = 1;
	va_start(ap, rank);
	for (int i = 0; i < rank; i++) {
		p->shape[i] = (uint32_t)va_arg(ap, int);
		p->count *= p->shape[i];
	}
	va_end(ap);
	p->offset = list->floats;
	list->floats += (p->count + 15) / 16 * 16;
	return list->n++;
}

static int
add_conv(struct builder *b, int in, int k, int stride, int co, bool bias, const char *name)
{
	struct ss_node from, n;

	if (b->failed)
		return 0;
	from = b->net->node[in];
	n = (struct ss_node){ .op = SS_OP_CONV, .in = in, .in2 = -1, .c = co,
		.h = (from.h + stride - 1) / stride, .w = (from.w + stride - 1) / stride,
		.bias = -1, .mean = -1, .var = -1 };
	n.conv = (struct ss_conv){ k, stride, from.c, co, from.h, from.w, n.h, n.w };
	n.weight = add_param(b, &b->net->params, name, "weight", from.c * k * k, co * k * k, 0, 4, co, from.c, k, k);
	if (bias)
		n.bias = add_param(b, &b->net->params, name, "bias", from.c * k * k, co * k * k, 0, 1, co);
	return add_node(b, n);
}

static int
add_norm(struct builder *b, int in, int residual, bool affine, bool relu, const char *name)
{
	struct ss_node n;
	int c;

	if (b->failed)
		return 0;
	n = b->net->node[in];
	c = n.c;
	n = (struct ss_node){ .op = SS_OP_NORM, .in = in, .in2 = residual, .c = c, .h = n.h, .w = n.w,
		.relu = relu, .weight = -1, .bias = -1 };
	if (affine) {
		n.weight = add_param(b, &b->net->params, name, "weight", 0, 0, 1, 1, c);
		n.bias = add_param(b, &b->net->params, name, "bias", 0, 0, 0, 1, c);
	}
	n.mean = add_param(b, &b->net->buffers, name, "running_mean", 0, 0, 0, 1, c);
	n.var = add_param(b, &b->net->buffers, name, "running_var", 0, 0, 1, 1, c);
	return add_node(b, n);
}

/* A convolution and its norm, whose names end in the number of the pair. */
static int
add_conv_norm(struct builder *b, int in, int k, int stride, int co, bool bias, const char *prefix, int number)
{
	char name[48];

	snprintf(name, sizeof(name), "%s.conv%d", prefix, number);
	in = add_conv(b, in, k, stride, co, bias, name);
	snprintf(name, sizeof(name), "%s.bn%d", prefix, number);
	return add_norm(b, in, -1, true, true, name);
}

static int
add_pair(struct builder *b, enum ss_op op, int in, int in2, int width, int stride)
{
	struct ss_node from, n;

	if (b->failed)
		return 0;
	from = b->net->node[in];
	n = (struct ss_node){ .op = op, .in = in, .in2 = in2, .c = width, .h = (from.h + stride - 1) / stride,
		.w = (from.w + stride - 1) / stride, .weight = -1, .bias = -1, .mean = -1, .var = -1 };
	n.conv = (struct ss_conv){ 1, stride, from.c, width, from.h, from.w, n.h, n.w };
	return add_node(b, n);
}

/* What goes round a block that ends in so many channels. */
static int
add_shortcut(struct builder *b, enum ss_block block, int in, int width, int stride, const char *prefix)
{
	char name[48];

	if (b->failed || (stride == 1 && b->net->node[in].c == width))
		return in;
	if (block == SS_BASIC)
		return add_pair(b, SS_OP_SHORTCUT, in, -1, width, stride);
	snprintf(name, sizeof(name), "%s.downsample.0", prefix);
	in = add_conv(b, in, 1, stride, width, block == SS_BOTTLENECK_KERAS, name);
	if (block == SS_PREACTIVATION)
		return in;
	snprintf(name, sizeof(name), "%s.downsample.1", prefix);
	return add_norm(b, in, -1, true, false, name);
}

/* relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)) */
static int
add_basic_block(struct builder *b, enum ss_block block, int in, int width, int stride, const char *prefix)
{
	char name[48];
	int x = add_conv_norm(b, in, 3, stride, width, false, prefix, 1), shortcut;

	snprintf(name, sizeof(name), "%s.conv2", prefix);
	x = add_conv(b, x, 3, 1, width, false, name);
	shortcut = add_shortcut(b, block, in, width, stride, prefix);
	snprintf(name, sizeof(name), "%s.bn2", prefix);
	return add_norm(b, x, shortcut, true, true, name);
}

static int
add_bottleneck(struct builder *b, enum ss_block block, int in, int width, int stride, const char *prefix)
{
	const bool keras = block == SS_BOTTLENECK_KERAS;
	char name[48];
	int x = add_conv_norm(b, in, 1, keras ? stride : 1, width, keras, prefix, 1), shortcut;

	x = add_conv_norm(b, x, 3, keras ? 1 : stride, width, keras, prefix, 2);
	snprintf(name, sizeof(name), "%s.conv3", prefix);
	x = add_conv(b, x, 1, 1, 4 * width, keras, name);
	shortcut = add_shortcut(b, block, in, 4 * width, stride, prefix);
	snprintf(name, sizeof(name), "%s.bn3", prefix);
	return add_norm(b, x, shortcut, true, true, name);
}

/* conv3(relu(bn3(conv2(relu(bn2(conv1(relu(bn1(x)))))))) + shortcut(x) */
static int
add_preactivation(struct builder *b, int in, int width, int out, int stride, const char *prefix)
{
	int x = in;

	for (int i = 1; i <= 3; i++) {
		char name[48];

		snprintf(name, sizeof(name), "%s.bn%d", prefix, i);
		x = add_norm(b, x, -1, true, true, name);
		snprintf(name, sizeof(name), "%s.conv%d", prefix, i);
		x = add_conv(b, x, i == 2 ? 3 : 1, i == 2 ? stride : 1, i == 3 ? out : width, false, name);
	}
	return add_pair(b, SS_OP_ADD, x, add_shortcut(b, SS_PREACTIVATION, in, out, stride, prefix), out, 1);
}

static int
add_block(struct builder *b, const struct ss_arch *arch, int stage, int number, int in)
{
	const int stride = stage > 0 && number == 0 ? 2 : 1, width = arch->width[stage];
	char name[32];

	snprintf(name, sizeof(name), "layer%d.%d", stage + 1, number);
	switch (arch->block) {
	case SS_BOTTLENECK:
	case SS_BOTTLENECK_KERAS:
		return add_bottleneck(b, arch->block, in, width, stride, name);
	case SS_PREACTIVATION:
		return add_preactivation(b, in, width, arch->out[stage], stride, name);
	default:
		return add_basic_block(b, arch->block, in, width, stride, name);
	}
}

static int
add_head(struct builder *b, int in, const struct ss_head *head, const char *prefix)
{
	char name[32];
	int index = 0;			/* in PyTorch's nn.Sequential: dense, norm, ReLU count each */

	for (int i = 0; i < head->layers && !b->failed; i++) {
		const struct ss_dense *d = &head->layer[i];
		int features = b->net->node[in].c;
		struct ss_node n = { .op = SS_OP_LINEAR, .in = in, .in2 = -1, .c = d->width, .h = 1, .w = 1,
			.bias = -1, .mean = -1, .var = -1 };

		SS_BUG_IF(d->relu && !d->norm);
		snprintf(name, sizeof(name), "%s.%d", prefix, index);
		n.weight = add_param(b, &b->net->params, name, "weight", features, d->width, 0, 2, d->width, features);
		if (d->bias)
			n.bias = add_param(b, &b->net->params, name, "bias", features, d->width, 0, 1, d->width);
		snprintf(n.layer, sizeof(n.layer), "%s", name);
		in = add_node(b, n);
		index++;
		if (d->relu_first) {
			n = (struct ss_node){ .op = SS_OP_RELU, .in = in, .in2 = -1, .c = d->width, .h = 1, .w = 1,
				.weight = -1, .bias = -1, .mean = -1, .var = -1 };
			snprintf(n.layer, sizeof(n.layer), "%s.%d", prefix, index++);
			in = add_node(b, n);
		}
		if (d->norm) {
			snprintf(name, sizeof(name), "%s.%d", prefix, index);
			in = add_norm(b, in, -1, d->affine, d->relu, name);
			index += d->relu ? 2 : 1;
			if (!b->failed)
				snprintf(b->net->node[in].layer, sizeof(b->net->node[in].layer), "%s.%d",
				    prefix, index - 1);
		}
	}
	return in;
}

static int
check_size(const char *arch, int least, int c, int h, int w, struct ss_err *e)
{
	if (c >= 1 && c <= 4 && h >= least && w >= least && h <= 4096 && w <= 4096)
		return 0;
	return ss_fail(e, SS_EUSAGE, "%s cannot take images of %d x %d x %d (channels 1..4, sides %d..4096)", arch,
	    c, h, w, least);
}

int
ss_net_create(struct ss_net **out, const struct ss_arch *arch, int c, int h, int w,
    const float *mean, const float *std, const struct ss_head *projector,
    const struct ss_head *predictor, struct ss_err *e)
{
	const int least = 1 << (arch->stages - 1 + (arch->photos ? 2 : 0));
	struct builder b = { NULL, false };
	struct ss_net *net;
	int x = 0;

	*out = NULL;
	if (check_size(arch->name, least, c, h, w, e) < 0)
		return SS_EUSAGE;
	net = calloc(1, sizeof(*net));
	b = (struct builder){ net, net == NULL };
	if (net != NULL) {
		snprintf(net->arch, sizeof(net->arch), "%s", arch->name);
		memcpy(net->mean, mean, (size_t)c * sizeof(float));
		memcpy(net->std, std, (size_t)c * sizeof(float));
		net->least = least;
		net->projector = net->predictor = net->prototypes = -1;
		net->norm_eps = SS_NORM_EPS;
		net->norm_momentum = SS_NORM_MOMENTUM;
		x = add_node(&b, (struct ss_node){ .op = SS_OP_INPUT, .in = -1, .in2 = -1, .c = c, .h = h,
			.w = w, .weight = -1, .bias = -1, .mean = -1, .var = -1 });
	}
	x = add_conv(&b, x, arch->photos ? 7 : 3, arch->photos ? 2 : 1, arch->stem, arch->block == SS_BOTTLENECK_KERAS, "conv1");
	x = add_norm(&b, x, -1, true, true, "bn1");
	if (arch->photos)
		x = add_pair(&b, SS_OP_POOL_MAX, x, -1, arch->stem, 2);
	for (int s = 0; s < arch->stages; s++)
		for (int i = 0; i < arch->blocks[s]; i++)
			x = add_block(&b, arch, s, i, x);
	if (!b.failed) {
		x = add_node(&b, (struct ss_node){ .op = SS_OP_POOL, .in = x, .in2 = -1,
			.c = net->node[x].c, .h = 1, .w = 1, .weight = -1, .bias = -1, .mean = -1,
			.var = -1, .layer = "backbone" });
		net->backbone = x;
	}
	if (!b.failed && projector != NULL && projector->layers > 0)
		net->projector = x = add_head(&b, x, projector, "projector");
	if (!b.failed && predictor != NULL && predictor->layers > 0)
		net->predictor = add_head(&b, x, predictor, "predictor");
	if (b.failed) {
		ss_net_free(net);
		return ss_fail(e, SS_EIO, "out of memory building %s", arch->name);
	}
	*out = net;
	return 0;
}

static void *
copied(const void *x, size_t n, size_t size)
{
	void *y = calloc(n + 1, size);

	return y == NULL ? NULL : memcpy(y, x, n * size);
}

int
ss_net_resize(struct ss_net **out, const struct ss_net *net, int h, int w, struct ss_err *e)
{
	struct ss_net *to;

	*out = NULL;
	if (check_size(net->arch, net->least, net->node[0].c, h, w, e) < 0)
		return SS_EUSAGE;
	to = copied(net, 1, sizeof(*net));
	if (to == NULL)
		return ss_fail(e, SS_EIO, "out of memory building %s", net->arch);
	to->node = copied(net->node, (size_t)net->nodes, sizeof(*net->node));
	to->params.p = copied(net->params.p, (size_t)net->params.n, sizeof(*net->params.p));
	to->buffers.p = copied(net->buffers.p, (size_t)net->buffers.n, sizeof(*net->buffers.p));
	to->room = net->nodes;
	if (to->node == NULL || to->params.p == NULL || to->buffers.p == NULL) {
		ss_net_free(to);
		return ss_fail(e, SS_EIO, "out of memory building %s", net->arch);
	}
	to->node[0].h = h;
	to->node[0].w = w;
	for (struct ss_node *n = to->node + 1; n < to->node + to->nodes; n++) {
		const struct ss_node *from = &to->node[n->in];
		const int stride = n->op == SS_OP_NORM ? 1 : n->conv.stride;

		if (n->op == SS_OP_POOL || n->op == SS_OP_LINEAR || n->op == SS_OP_RELU)
			continue;			/* one pixel, whatever the image */
		n->h = (from->h + stride - 1) / stride;
		n->w = (from->w + stride - 1) / stride;
		if (n->op != SS_OP_NORM)
			n->conv = (struct ss_conv){ n->conv.k, stride, n->conv.ci, n->conv.co, from->h, from->w, n->h, n->w };
	}
	*out = to;
	return 0;
}

int
ss_net_add_prototypes(struct ss_net *net, int rows, struct ss_err *e)
{
	struct builder b = { net, false };
	const int d = net->node[net->projector].c;

	net->prototypes = add_param(&b, &net->params, "prototypes", "weight", d, rows, 0, 2, rows, d);
	return b.failed ? ss_fail(e, SS_EIO, "out of memory building %s", net->arch) : 0;
}

void
ss_net_free(struct ss_net *net)
{
	if (net == NULL)
		return;
	free(net->node);
	free(net->params.p);
	free(net->buffers.p);
	free(net);
}

int
ss_net_layer(const struct ss_net *net, const char *layer)
{
	if (strcmp(layer, "projector") == 0)
		return net->projector;
	if (strcmp(layer, "predictor") == 0)
		return net->predictor;
	for (int i = 0; i < net->nodes; i++)
		if (net->node[i].layer[0] != '\0' && strcmp(net->node[i].layer, layer) == 0)
			return i;
	return -1;
}

void
ss_net_layers(const struct ss_net *net, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	for (int i = 0; i < net->nodes && n < size; i++)
		if (net->node[i].layer[0] != '\0')
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n == 0 ? "" : ", ",
			    net->node[i].layer);
	if (net->projector >= 0 && n < size)
		n += (size_t)snprintf(buf + n, size - n, ", projector");
	if (net->predictor >= 0 && n < size)
		snprintf(buf + n, size - n, ", predictor");
}

bool
ss_net_frozen(const struct ss_net *net, int node)
{
	return net->frozen && node <= net->backbone;
}

bool
ss_net_norm_running(const struct ss_net *net, int node)
{
	return net->norm_running || ss_net_frozen(net, node);
}

size_t
ss_net_count(const struct ss_net *net)
{
	size_t n = 0;

	for (int i = 0; i < net->params.n; i++)
		n += net->params.p[i].count;
	return n;
}
