/*
 * method.c - the table of methods
 */
#include <string.h>

#include "ssl/method.h"

const struct ss_method *const ss_methods[] = { &ss_simsiam, &ss_simclr, NULL };

const struct ss_method *
ss_method_find(const char *name)
{
	for (int i = 0; ss_methods[i] != NULL; i++)
		if (strcmp(ss_methods[i]->name, name) == 0)
			return ss_methods[i];
	return NULL;
}
