/*
 * run_init.c - a run that begins with what another has learnt (--init)
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "nn/optim.h"
#include "run_state.h"
#include "tool.h"

void
run_init_open(struct run *r)
{
	struct model *m = &r->origin;
	struct ss_err e = SS_ERR_INIT;
	int status;

	if (r->o->init == NULL)
		return;
	tool_check_input(r->o->init, "a model");
	if ((status = model_open(&r->origin_file, m, r->o->init, &e)) < 0)
		tool_fail(status, &e);
	if (r->o->arch != NULL && strcmp(r->o->arch, m->arch) != 0)
		tool_die(TOOL_MISUSE, "--arch %s: '%s' is a %s", r->o->arch, r->o->init, m->arch);
	if (m->shape[0] != r->batch.shape[0])
		tool_die(TOOL_MISUSE, "'%s' takes images of %d channels, the stream has %d", r->o->init, m->shape[0],
		    r->batch.shape[0]);
	snprintf(r->model.from, sizeof(r->model.from), "%08" PRIx32 " %s %s", ss_st_digest(r->origin_file),
	    run_init_parts[r->o->init_parts], m->method);
}

/* Whether the file has a tensor of that name and shape. */
static bool
fits(const struct ss_st *file, const struct ss_param *p)
{
	const struct ss_st_tensor *t = ss_st_find(file, p->name);

	if (t == NULL || t->type != SS_F32 || t->rank != p->rank)
		return false;
	for (int k = 0; k < p->rank; k++)
		if (t->shape[k] != p->shape[k])
			return false;
	return true;
}

/* Parameters or running statistics: those of the backbone must be there, those of heads may. Returns how many of heads were. */
static int
take(const struct run *r, const struct ss_list *list, float *out)
{
	int heads = 0;

	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		const bool head = ss_part_of(p->name) != SS_BACKBONE;

		if (head && (r->o->init_parts == INIT_BACKBONE || !fits(r->origin_file, p)))
			continue;
		if (!fits(r->origin_file, p))
			tool_die(TOOL_DAMAGED, "'%s' has no tensor '%s' as a %s has", r->o->init, p->name, r->model.arch);
		memcpy(out + p->offset, ss_st_find(r->origin_file, p->name)->data, p->count * sizeof(float));
		heads += head;
	}
	return heads;
}

void
run_init_take(struct run *r)
{
	struct ss_weights *w = &r->trainer->weights;
	int heads;

	if (r->o->init == NULL)
		return;
	heads = take(r, &r->net->params, w->params);
	take(r, &r->net->buffers, w->buffers);
	ss_trainer_align(r->trainer);
	if (r->o->init_parts == INIT_ALL && heads == 0)
		tool_warn("no head of '%s' has the names and shapes of these: only its backbone is taken", r->o->init);
	ss_st_free(r->origin_file);
	r->origin_file = NULL;
	model_free(&r->origin);
}
