/*
 * profile.c - where the time of training steps goes
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/profile.h"

static size_t
columns(const struct ss_profile *p)
{
	return (size_t)p->plan->phases + SS_EXTRAS;
}

int
ss_profile_create(struct ss_profile *p, const struct ss_plan *plan, int threads, int views)
{
	*p = (struct ss_profile){ .plan = plan, .threads = threads, .views = views };
	p->seconds = calloc((size_t)threads * columns(p), sizeof(*p->seconds));
	return p->seconds == NULL ? -1 : 0;
}

void
ss_profile_free(struct ss_profile *p)
{
	free(p->seconds);
	p->seconds = NULL;
}

void
ss_profile_add(struct ss_profile *p, int worker, int phase, double seconds)
{
	if (p != NULL)
		p->seconds[(size_t)worker * columns(p) + (size_t)phase] += seconds;
}

/* Name and operations of one phase. */
static void
describe(const struct ss_plan *p, const struct ss_phase *ph, struct ss_profile_row *r)
{
	static const char *const names[] = {
		[SS_PH_INPUT] = "input", [SS_PH_STATS] = "norm: statistics", [SS_PH_APPLY] = "norm: apply",
		[SS_PH_ADD] = "sum", [SS_PH_ADD_BACK] = "sum: gradient", [SS_PH_SHORTCUT] = "shortcut",
		[SS_PH_POOL] = "pool", [SS_PH_POOL_BACK] = "pool: gradient",
		[SS_PH_POOL_MAX] = "max-pool", [SS_PH_POOL_MAX_BACK] = "max-pool: gradient",
		[SS_PH_RELU] = "ReLU", [SS_PH_RELU_BACK] = "ReLU: gradient",
		[SS_PH_REDUCE] = "norm: gradient sums", [SS_PH_NORM_BACK] = "norm: gradient",
		[SS_PH_SHORTCUT_BACK] = "shortcut: gradient", [SS_PH_FINISH] = "norm: finish",
		[SS_PH_FINISH_BACK] = "norm: finish", [SS_PH_WGRAD_SUM] = "conv: sum of weight gradients",
		[SS_PH_WINO_IN] = "conv: Winograd's transform", [SS_PH_WINO_OUT] = "conv: Winograd's transform back",
		[SS_PH_WINO_IN_BACK] = "conv: Winograd's transforms, gradients",
		[SS_PH_WINO_OUT_BACK] = "conv: Winograd's transform back, gradient",
		[SS_PH_WINO_FINISH] = "conv: Winograd's transform back, weights",
		[SS_PH_FLUSH] = "to memory", [SS_PH_FLUSH_GRAD] = "gradient to memory"
	};
	const struct ss_node *nd = &p->net->node[ph->node];
	const struct ss_conv *c = &nd->conv;
	const char *pass = "forward";
	int products = 1;

	switch (ph->kind) {
	case SS_PH_DGRAD:
	case SS_PH_DGRAD_WIDE:
	case SS_PH_WINO_MULTIPLY_BACK:
		pass = "data gradient";
		break;
	case SS_PH_WGRAD:
	case SS_PH_WGRAD_SPLIT:
	case SS_PH_WINO_SUMS:
		pass = "weight gradient";
		break;
	case SS_PH_CONV:
	case SS_PH_CONV_WIDE:
	case SS_PH_WINO_MULTIPLY:
		break;
	case SS_PH_LINEAR_BACK:
		products = ph->input_grad ? 2 : 1;
		pass = "gradients";
		/* fall through */
	case SS_PH_LINEAR:
	case SS_PH_DENSE:
		snprintf(r->name, sizeof(r->name), "dense %d>%d: %s", p->net->node[nd->in].c, nd->c, pass);
		r->flop = 2.0 * products * p->net->node[nd->in].c * nd->c * p->batch;
		return;
	default:
		snprintf(r->name, sizeof(r->name), "%s, %d at %dx%d", names[ph->kind], nd->c, nd->h, nd->w);
		if (nd->h == 1)
			snprintf(r->name, sizeof(r->name), "%s, %d", names[ph->kind], nd->c);
		return;
	}
	snprintf(r->name, sizeof(r->name), "conv %dx%d %d>%d at %dx%d%s: %s", c->k, c->k, c->ci, c->co,
	    c->oh, c->ow, p->winograd[ph->node] ? ", Winograd" : "", pass);
	r->flop = 2.0 * c->k * c->k * c->ci * c->co * c->oh * c->ow * p->batch;
}

static int
by_seconds(const void *a, const void *b)
{
	double x = ((const struct ss_profile_row *)a)->seconds;
	double y = ((const struct ss_profile_row *)b)->seconds;

	return (x < y) - (x > y);
}

int
ss_profile_rows(const struct ss_profile *p, struct ss_profile_row *rows)
{
	static const char *const extras[SS_EXTRAS] = { "packing of weights", "small crops", "target network", "loss", "update" };
	int n = 0;

	for (size_t i = 0; i < columns(p); i++) {
		struct ss_profile_row r = { .phases = 1 };
		int k = 0;

		if (i < (size_t)p->plan->phases)
			describe(p->plan, &p->plan->phase[i], &r);
		else
			snprintf(r.name, sizeof(r.name), "%s", extras[i - (size_t)p->plan->phases]);
		for (int t = 0; t < p->threads; t++)
			r.seconds += p->seconds[(size_t)t * columns(p) + i];
		while (k < n && strcmp(rows[k].name, r.name) != 0)
			k++;
		if (k == n) {
			rows[n++] = r;
		} else {
			rows[k].seconds += r.seconds;
			rows[k].flop += r.flop;
			rows[k].phases++;
		}
	}
	qsort(rows, (size_t)n, sizeof(*rows), by_seconds);
	return n;
}
