/*
 * exec.c - runs the phases of a plan
 */
#include <string.h>

#include "base/clock.h"
#include "nn/exec.h"
#include "nn/profile.h"

static double
clock_of(const struct exec *x)
{
	return x->space->profile == NULL ? 0 : ss_seconds();
}

static void
note_time(const struct exec *x, int worker, const struct ss_phase *ph, double begin)
{
	if (x->space->profile != NULL)
		ss_profile_add(x->space->profile, worker, (int)(ph - x->plan->phase),
		    ss_seconds() - begin);
}

static void
segment_piece(void *arg, size_t piece, int worker)
{
	struct exec x = *(const struct exec *)arg;
	const int from = (int)piece * x.plan->piece;
	float *scratch = scratch_of(&x, worker);
	int n = x.n - from;

	if (n > x.plan->piece)
		n = x.plan->piece;
	x.first = from;
	x.local = scratch + x.plan->kernel_floats;
	for (int i = 0; i < x.phases; i++) {
		const double begin = clock_of(&x);

		ss_exec_images(&x, &x.phase[i], (int)piece, from, n, scratch);
		note_time(&x, worker, &x.phase[i], begin);
	}
}

/* A piece of work of a phase that is a segment by itself. */
static void
timed_piece(void *arg, size_t piece, int worker)
{
	const struct exec *x = arg;
	const double begin = clock_of(x);

	ss_exec_piece(x, (int)piece, worker);
	note_time(x, worker, x->phase, begin);
}

/* Phases from..to-1, segment by segment. */
static void
run(struct exec *x, int from, int to, struct ss_pool *pool)
{
	const struct ss_plan *p = x->plan;

	for (int i = from, end; i < to; i = end) {
		const struct ss_phase *ph = &p->phase[i];

		for (end = i + 1; end < to && p->phase[end].segment == ph->segment; end++)
			;
		x->phase = ph;
		x->phases = end - i;
		if (ph->kind < SS_PH_BY_IMAGES)
			ss_pool_run(pool, ((size_t)x->n + (size_t)p->piece - 1) / (size_t)p->piece, segment_piece, x);
		else
			ss_pool_run(pool, ss_exec_pieces(x), timed_piece, x);
	}
}

void
ss_forward(const struct ss_plan *plan, struct ss_pass *pass, struct ss_weights *w,
    const uint8_t *images, const struct ss_workspace *space, struct ss_pool *pool)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .images = images, .n = plan->batch,
		.space = space };

	run(&x, 0, plan->forward, pool);
}

void
ss_backward(const struct ss_plan *plan, struct ss_pass *pass, const struct ss_weights *w,
    float *grads,
    const struct ss_workspace *space, struct ss_pool *pool)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .grads = grads,
		.n = plan->batch, .space = space };

	run(&x, plan->forward, plan->phases, pool);
}

void
ss_infer(const struct ss_plan *plan, struct ss_pass *pass, struct ss_weights *w,
    const uint8_t *images, int n, const struct ss_workspace *space, struct ss_pool *pool, float *out)
{
	struct exec x = { .plan = plan, .pass = pass, .w = w, .images = images, .n = n, .space = space };
	const struct ss_phase *end = &plan->phase[plan->phases - 1];
	const int last = end->norm < 0 ? end->node : end->norm;

	for (int i = 0; i < plan->phases; i++) {	/* norms are applied with their running statistics */
		const struct ss_phase *ph = &plan->phase[i];
		const int norm = ph->kind == SS_PH_APPLY ? ph->node : ph->norm;
		const struct ss_node *nd = &plan->net->node[norm < 0 ? 0 : norm];

		for (int c = 0; norm >= 0 && c < nd->c; c++)
			ss_exec_affine(&x, norm, c, (double)buffer(&x, nd->mean)[c] - conv_bias(&x, norm, c),
			    buffer(&x, nd->var)[c]);
	}
	run(&x, 0, plan->phases, pool);
	memcpy(out, pass->act + plan->act[last].offset, (size_t)n * plan->net->node[last].c * sizeof(float));
}

float *
ss_pass_output(const struct ss_plan *plan, const struct ss_pass *pass, int node)
{
	return pass->act + plan->act[node].offset;
}

float *
ss_plan_seed(const struct ss_plan *plan, const struct ss_pass *pass, int node)
{
	return pass->act + ss_plan_grad(plan, node)->offset;
}
