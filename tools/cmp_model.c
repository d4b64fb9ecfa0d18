/*
 * cmp_model.c - ss-cmp for models: the same tensors, whatever the metadata say
 */
#include <stdlib.h>
#include <string.h>

#include "cmp.h"
#include "safetensors.h"

void
cmp_models(struct cmp *c, const char *path[2])
{
	struct ss_st *s[2];
	struct ss_err e = SS_ERR_INIT;
	bool any = false;

	for (int k = 0; k < 2; k++) {
		int r = ss_st_open(&s[k], path[k], &e);

		if (r < 0)
			tool_fail(r, &e);
	}
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < ss_st_count(s[k]); i++) {
			const struct ss_st_tensor *a = ss_st_at(s[k], i), *b = ss_st_find(s[1 - k], a->name);
			size_t bytes = 0;

			if (c->only != NULL && strcmp(c->only, a->name) != 0)
				continue;
			any = true;
			(void)ss_st_bytes(a, &bytes);
			if (b == NULL)
				snprintf(c->other, sizeof(c->other), "only %.200s has a tensor '%.200s'", path[k], a->name);
			else if (a->type != b->type || a->rank != b->rank ||
			    memcmp(a->shape, b->shape, (size_t)a->rank * sizeof(a->shape[0])) != 0)
				snprintf(c->other, sizeof(c->other), "tensor '%.200s' has two types or shapes", a->name);
			else if (k == 0)
				cmp_elements(c, "", a->name, a->type, a->data, b->data, bytes / ss_type_size(a->type));
		}
	if (!any && c->only != NULL)
		tool_die(TOOL_MISUSE, "there is no tensor '%s'", c->only);
	ss_st_free(s[0]);
	ss_st_free(s[1]);
}
