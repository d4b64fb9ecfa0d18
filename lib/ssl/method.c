/*
 * method.c - the table of methods
 */
#include <math.h>
#include <string.h>

#include "ssl/method.h"

const struct ss_method *const ss_methods[] = {
	&ss_simsiam, &ss_fastsiam, &ss_byol, &ss_simclr, &ss_dcl, &ss_moco, &ss_swav, &ss_dino, &ss_barlow,
	&ss_vicreg, &ss_supervised, NULL
};

const struct ss_method *
ss_method_find(const char *name)
{
	for (int i = 0; ss_methods[i] != NULL; i++)
		if (strcmp(ss_methods[i]->name, name) == 0)
			return ss_methods[i];
	return NULL;
}

void
ss_expander(int features, struct ss_head *projector, struct ss_head *predictor)
{
	const struct ss_dense hidden = { .width = 2048, .norm = true, .affine = true, .relu = true };

	(void)features;
	*projector = (struct ss_head){ 3, { hidden, hidden, { .width = 2048 } } };
	*predictor = (struct ss_head){ 0 };
}

double
ss_loss_note(const struct ss_loss *l, const char *name)
{
	for (int i = 0; l->note[i].name != NULL; i++)
		if (strcmp(l->note[i].name, name) == 0)
			return l->note[i].value;
	return NAN;
}
