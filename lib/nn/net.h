/*
 * net.h - a network is a table of nodes
 *
 * Each node applies one operator to the output of an earlier node (a batch
 * normalisation may also add the output of a second one before its ReLU). The table
 * knows shapes and parameters, nothing of batches, memory or order of execution:
 * that is plan.h. Parameters carry PyTorch's names and layout.
 */
#ifndef SS_NET_H
#define SS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "kern/kern.h"

enum ss_op {
	SS_OP_INPUT,		/* u8 (c,h,w) -> normalised float (h,w,c) */
	SS_OP_CONV,		/* its bias, if any, is left to the norm behind it */
	SS_OP_NORM,		/* batch normalisation [+ second input] [ReLU] */
	SS_OP_ADD,		/* sum of two */
	SS_OP_SHORTCUT,		/* every second pixel, channels filled up with zeros at the end (He option A) */
	SS_OP_POOL,		/* mean over all pixels */
	SS_OP_POOL_MAX,		/* largest of 3x3 pixels, every second one */
	SS_OP_RELU,		/* of a vector, where no norm does it */
	SS_OP_LINEAR		/* x W' + bias */
};

#define SS_LAYER_MAX 63

struct ss_node {
	enum ss_op op;
	int in, in2;			/* earlier nodes; -1: none */
	int c, h, w;			/* output; a vector has h = w = 1 */
	struct ss_conv conv;		/* CONV; of what else has a window, its size */
	bool relu;			/* NORM */
	int weight, bias;		/* parameters: weight or gamma, bias or beta; -1: none */
	int mean, var;			/* NORM: buffers with running statistics */
	char layer[SS_LAYER_MAX + 1];	/* name by which the output can be asked for; "" if it cannot */
};

/* A parameter (trained) or buffer (running statistics), in PyTorch's layout. */
struct ss_param {
	char name[SS_LAYER_MAX + 1];	/* "layer1.0.conv1.weight" */
	int rank;
	uint32_t shape[4];
	size_t offset, count;		/* floats, in the array of its kind */
	int fan_in, fan_out;		/* inputs of an output and outputs of an input, for the initial values; 0: constant */
	float constant;			/* initial value if fan_in is 0 */
};

struct ss_list {			/* of parameters or buffers */
	struct ss_param *p;
	int n;
	size_t floats;			/* in all, each entry rounded up to 64 bytes */
};

/* One fully connected layer of a head. */
struct ss_dense {
	int width;
	bool bias, norm, affine;
	bool relu;			/* behind the norm */
	bool relu_first;		/* before it, or without one */
};

#define SS_HEAD_MAX 4

struct ss_head {
	int layers;			/* 0: no such head */
	struct ss_dense layer[SS_HEAD_MAX];
};

enum ss_block {
	SS_BASIC,		/* two 3x3; where the shape changes, every second pixel (He et al. 2015, option A) */
	SS_BASIC_PROJECTION,	/* the same with a 1x1 convolution and norm there (option B) */
	SS_BOTTLENECK,		/* 1x1, 3x3 with the stride, 1x1 of four times the width; option B */
	SS_BOTTLENECK_KERAS,	/* the same with the stride in the first, and biases (Keras's ResNet50) */
	SS_PREACTIVATION	/* norm and ReLU before each of 1x1, 3x3, 1x1 (He et al. 2016); a 1x1 without a norm where the shape changes */
};

/* A family of residual networks: stem, stages of blocks, mean. */
struct ss_arch {
	const char *name;
	enum ss_block block;
	int stem;			/* channels of the stem */
	int stages;
	int blocks[4];
	int width[4];			/* inside a block; stage 1 has stride 1, the others 2 */
	int out[4];			/* of a pre-activation block */
	bool photos;			/* stem 7x7 of stride 2 and max-pooling, else 3x3 */
};

/* The table of architectures, ended by a row without a name. */
extern const struct ss_arch ss_archs[];
const struct ss_arch *ss_arch_find(const char *name);	/* NULL if unknown */

/*
 * Initial values, for n inputs of an output and m outputs of an input (of a convolution both times its pixels). All begin
 * norms with gamma 1, beta 0, running mean 0 and variance 1.
 */
enum ss_init {
	SS_INIT_PYTORCH,	/* weights and biases U(-1/sqrt(n), 1/sqrt(n)) */
	SS_INIT_TORCHVISION,	/* convolutions N(0, 2/m) (He et al. 2015, arXiv 1502.01852), the rest as PyTorch */
	SS_INIT_KERAS		/* weights U(-sqrt(6/(n+m)), sqrt(6/(n+m))) (Glorot and Bengio 2010), biases 0 */
};

/* Their names in that order; NULL at the end. */
extern const char *const ss_init_names[];

/* PyTorch's; Keras has 1e-3 and, in these terms, 0.01. */
#define SS_NORM_EPS		1e-5
#define SS_NORM_MOMENTUM	0.1

struct ss_net {
	char arch[32];
	int nodes, room;
	struct ss_node *node;
	struct ss_list params, buffers;
	int least;			/* sides of an image must not be smaller */
	int backbone;			/* node of the pooled features */
	int projector, predictor;	/* last node of each head, or -1 */
	int prototypes;			/* parameter of the method's own, or -1 */
	float mean[4], std[4];		/* input normalisation on the scale 0..1, per channel */
	/* as ss_net_create leaves them, unless the caller says otherwise before there is a plan */
	double norm_eps;		/* below the root, SS_NORM_EPS */
	double norm_momentum;		/* share of a batch in running statistics, SS_NORM_MOMENTUM */
	enum ss_init init;		/* SS_INIT_PYTORCH */
	bool zero_gamma;		/* see ss_net_init: no */
	bool frozen;			/* train the heads alone: the backbone is as in inference, and gets no gradient: no */
	bool norm_running;		/* train behind the running statistics, which stay as they are: no */
	bool recompute;			/* keep the outputs of blocks alone, and make the rest anew going backward: no */
};

/*
 * Builds backbone and heads for images of c x h x w, c <= 4. mean and std have c
 * values. SS_EUSAGE if the image is too small for the stages; SS_EIO out of memory.
 */
int ss_net_create(struct ss_net **out, const struct ss_arch *arch, int c, int h, int w,
    const float *mean, const float *std, const struct ss_head *projector,
    const struct ss_head *predictor, struct ss_err *e) SS_MUST_USE;
void ss_net_free(struct ss_net *net);

/* The same network, parameter by parameter, for images of h x w. */
int ss_net_resize(struct ss_net **out, const struct ss_net *net, int h, int w, struct ss_err *e) SS_MUST_USE;

/* Adds the parameter "prototypes.weight", so many rows of as many columns as the projector has outputs. */
int ss_net_add_prototypes(struct ss_net *net, int rows, struct ss_err *e) SS_MUST_USE;

/*
 * The node whose output is called `layer`: "backbone", "projector", "predictor"
 * (their ends) or "projector.2" (PyTorch's index in the head); -1 if there is none.
 */
int ss_net_layer(const struct ss_net *net, const char *layer);

/* All names that ss_net_layer knows, separated by ", ". */
void ss_net_layers(const struct ss_net *net, char *buf, size_t size);

/* Parameters of trained tensors, unpadded. */
size_t ss_net_count(const struct ss_net *net);

/* Whether the node belongs to a frozen backbone. */
bool ss_net_frozen(const struct ss_net *net, int node);

/* Whether the norm takes its running statistics in training too, and leaves them. */
bool ss_net_norm_running(const struct ss_net *net, int node);

/*
 * Initial values as net->init says, a function of it, seed and tensor name alone (init.c). With zero_gamma the last norm of each
 * residual block has gamma 0 (Goyal et al. 2017, section 5.1); of pre-activation blocks only those that keep their shape,
 * as in the Keras example of SimSiam. There no gradient passes the ReLU behind that norm, so that such a block adds
 * nothing for ever.
 */
void ss_net_init(const struct ss_net *net, uint64_t seed, float *params, float *buffers);

#endif
