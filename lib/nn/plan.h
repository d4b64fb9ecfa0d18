/*
 * plan.h - the order of execution and the memory of a network for one batch size
 *
 * A plan turns the table of nodes into a list of phases. Work that concerns one
 * image at a time (convolutions, applying a normalisation, gradients of both) is cut
 * into pieces of a few images, and neighbouring phases of that kind form a segment:
 * a thread takes a piece through the whole segment while it is hot in its cache. A
 * segment ends where all images must meet: at the statistics of a normalisation and
 * at dense layers, which are cut by columns. It also ends at a convolution whose
 * weights leave the second-level cache, so that each reading of them serves more images: a direct one is a phase by
 * itself, cut into larger groups; of Winograd's, the products are, over the whole
 * batch, while the transforms before and after them belong to the segments there.
 *
 * With net->recompute, the forward pass leaves only the outputs of residual blocks (and of the stem); before
 * the gradients of a block its convolutions and norms run once more, on the same statistics, so that all bytes
 * are the same.
 *
 * All sizes are known when the plan is made; activations and gradients are placed by
 * their lifetime (in segments) in one arena. Borders of pieces depend on batch
 * and network alone, and partial sums are added in the order of the pieces, so the
 * number of threads changes no byte.
 */
#ifndef SS_PLAN_H
#define SS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/work.h"
#include "nn/net.h"

enum ss_phase_kind {
	/* by pieces of images */
	SS_PH_INPUT, SS_PH_CONV, SS_PH_STATS, SS_PH_APPLY, SS_PH_ADD, SS_PH_SHORTCUT, SS_PH_POOL, SS_PH_DENSE,
	SS_PH_RELU, SS_PH_RELU_BACK, SS_PH_POOL_MAX, SS_PH_POOL_MAX_BACK,
	SS_PH_POOL_BACK, SS_PH_REDUCE, SS_PH_NORM_BACK, SS_PH_DGRAD, SS_PH_ADD_BACK, SS_PH_SHORTCUT_BACK, SS_PH_WGRAD,
	SS_PH_WINO_IN, SS_PH_WINO_OUT, SS_PH_WINO_IN_BACK, SS_PH_WINO_OUT_BACK, SS_PH_FLUSH, SS_PH_FLUSH_GRAD,
	SS_PH_BY_IMAGES,		/* end of that list */
	/* by pieces of their own */
	SS_PH_CONV_WIDE, SS_PH_DGRAD_WIDE, SS_PH_LINEAR, SS_PH_LINEAR_BACK, SS_PH_WGRAD_SPLIT,
	SS_PH_WGRAD_SUM, SS_PH_WINO_MULTIPLY, SS_PH_WINO_MULTIPLY_BACK, SS_PH_WINO_SUMS, SS_PH_WINO_FINISH,
	/* once */
	SS_PH_FINISH, SS_PH_FINISH_BACK
};

struct ss_phase {
	enum ss_phase_kind kind;
	int node;
	int norm;		/* applied to what a convolution makes, in inference; or -1 */
	int segment;
	bool accumulate;	/* the gradient of the input has been written before */
	bool accumulate2;	/* that of the second input */
	bool input_grad, input2_grad;	/* wanted at all */
};

/*
 * Where a tensor lies. What a thread writes and reads again within one piece stays in its
 * second-level cache if it lies in the thread's own memory, which the next piece uses anew, and
 * goes to the arena, if at all, past the caches: on the way through them every line would be read first.
 */
enum ss_place {
	SS_ARENA,		/* for all images of the batch */
	SS_FLUSHED,		/* with the thread in the segment that makes it, then copied to the arena */
	SS_REMADE		/* with the thread, in each segment that uses it made anew */
};

enum { SS_SLOT_SEGMENTS = 6 };

/* A tensor. */
struct ss_slot {
	bool used;
	int border;		/* pixels of zeros around an image */
	enum ss_place place;
	size_t offset;		/* floats, to the first float of the border, in the arena */
	size_t local;		/* the same in a thread's memory */
	size_t row, image;	/* floats */
	size_t floats;		/* of all images */
	int born, dies;		/* segments, inclusive */
	int segment[SS_SLOT_SEGMENTS], segments;	/* all that use it, if there are not more */
	int first, last;	/* phases that use it */
	int writer;		/* last phase of the first of them that writes it */
};

/* How the weight gradient of a convolution is cut. */
struct ss_split {
	int groups;		/* of images, each with a partial sum */
	int blocks;		/* of input channels */
	bool chained;		/* groups are the pieces, computed inside the segment */
	struct ss_slot partial;	/* groups * k * k * ci * co floats */
};

/* What passes between the steps of a Winograd convolution with large weights (kern.h has the letters). */
enum {
	SS_WINO_V, SS_WINO_M, SS_WINO_BACK_V, SS_WINO_BACK_M, SS_WINO_X, SS_WINO_D, SS_WINO_U,
	SS_WINO_AGAIN_V, SS_WINO_AGAIN_M,	/* V and M of what is made anew going backward */
	SS_WINO_SLOTS
};

struct ss_steps {
	bool used;
	struct ss_slot slot[SS_WINO_SLOTS];
};

struct ss_plan {
	const struct ss_net *net;
	const struct ss_kernels *kern;
	bool train;
	int batch;
	int piece;		/* images in a piece */
	int pieces;
	struct ss_phase *phase;	/* forward, then backward */
	int phases, forward;	/* forward: how many of them */
	struct ss_slot *act, *grad;	/* by node */
	struct ss_slot *again;	/* by node: of an output that the forward pass does not keep, going backward; else not used */
	int *grad_of;		/* by node: that in whose slot its gradient lies, often itself */
	struct ss_split *split;
	bool *winograd;		/* by node: which kernels a convolution uses */
	struct ss_steps *steps;	/* by node: Winograd in steps */
	int *groups;		/* by node: of images, for a direct convolution that is a phase by itself; else 0 */
	bool *seeded;		/* by node: its gradient comes from the loss */
	size_t *stats;		/* by node: offset of mean, 1/std, scale, shift, sums in the statistics of a pass */
	size_t *packed;		/* by node: offset in the packed weights */
	size_t act_floats, stat_floats, packed_floats;
	size_t scratch_floats;	/* for each thread that executes it: */
	size_t kernel_floats;	/* so many for its kernels, then the slots with places there */
};

static inline struct ss_slot *
ss_plan_grad(const struct ss_plan *p, int node)
{
	return &p->grad[p->grad_of[node]];
}

/*
 * A plan to train with `batch` images: the gradients of the nodes seeds[0..n-1] are
 * given by the caller before ss_backward.
 */
int ss_plan_train(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, const int *seeds, int n, struct ss_err *e) SS_MUST_USE;

/* A plan for forward passes as in training, with the statistics of the batch, as far as node `last`. */
int ss_plan_follow(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, int last, struct ss_err *e) SS_MUST_USE;

/* A plan for inference with at most `batch` images, as far as node `last`. */
int ss_plan_infer(struct ss_plan **out, const struct ss_net *net, const struct ss_kernels *kern,
    int batch, int last, struct ss_err *e) SS_MUST_USE;
void ss_plan_free(struct ss_plan *p);

/* The weights of one network (online or target): owned by the caller of ss_weights_create. */
struct ss_weights {
	float *params;		/* net->params.floats */
	float *buffers;		/* net->buffers.floats */
	float *packed;		/* for the convolutions, forward */
	float *packed_t;	/* and for their data gradients; NULL for a plan without any */
};
int ss_weights_create(struct ss_weights *w, const struct ss_plan *plan, struct ss_err *e) SS_MUST_USE;
void ss_weights_free(struct ss_weights *w);

/* The weights of another plan for the same parameters: they stay the owner's, but are packed once more. */
int ss_weights_share(struct ss_weights *w, const struct ss_weights *owner, const struct ss_plan *plan,
    struct ss_err *e) SS_MUST_USE;
void ss_weights_unshare(struct ss_weights *w);

/* To be called whenever params have changed. */
void ss_weights_pack(struct ss_weights *w, const struct ss_plan *plan, struct ss_pool *pool);

/* What one forward pass leaves behind: activations and statistics. */
struct ss_pass {
	float *act;
	double *stats;
};
int ss_pass_create(struct ss_pass *p, const struct ss_plan *plan, struct ss_err *e) SS_MUST_USE;
void ss_pass_free(struct ss_pass *p);

/* The output of a vector node after a forward pass: batch x c, dense. */
float *ss_pass_output(const struct ss_plan *plan, const struct ss_pass *pass, int node);

/* The gradient of a seeded node in the arena, batch x c: fill it before ss_backward. */
float *ss_plan_seed(const struct ss_plan *plan, const struct ss_pass *pass, int node);

struct ss_profile;

/* What executing a plan needs beside its arenas: the caller owns it. */
struct ss_workspace {
	float *scratch;			/* plan->scratch_floats for each thread of the pool */
	struct ss_profile *profile;	/* gets the time of each phase, if not NULL */
};

/*
 * Forward pass over plan->batch images, u8 (n, c, h, w). Normalisations use the
 * statistics of the batch and update the running ones in w->buffers:
 * running = 0.9 running + 0.1 batch (or the net's norm_momentum), the variance unbiased. Those of a frozen backbone, and all
 * with the net's norm_running, use the running ones, and leave them.
 */
void ss_forward(const struct ss_plan *plan, struct ss_pass *pass, struct ss_weights *w,
    const uint8_t *images, const struct ss_workspace *space, struct ss_pool *pool);

/* Adds the gradients of all parameters to grads (net->params.floats). */
void ss_backward(const struct ss_plan *plan, struct ss_pass *pass,
    const struct ss_weights *w, float *grads,
    const struct ss_workspace *space, struct ss_pool *pool);

/*
 * Inference with the running statistics for n <= plan->batch images; the output of the plan's last node goes to out,
 * n x c. Each image's result depends on that image alone, to the byte.
 */
void ss_infer(const struct ss_plan *plan, struct ss_pass *pass, struct ss_weights *w,
    const uint8_t *images, int n, const struct ss_workspace *space, struct ss_pool *pool, float *out);

#endif
