/*
 * state_dict.c - the named tensors of a file that other programs wrote, for tools: what fails ends them
 */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "element.h"
#include "state_dict.h"
#include "tool.h"

enum { BLOCK = 4096 };		/* numbers converted at a time */

/* What a file is by its first bytes. */
enum kind { SAFETENSORS, ARCHIVE, PICKLE, HDF5 };

static enum kind
kind_of(const char *path)
{
	unsigned char b[9] = { 0 };	/* of a safetensors file: the length of the header, below 2^24, and its brace */
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		tool_die(TOOL_FAILURE, "cannot open '%s': %s", path, strerror(errno));
	(void)!fread(b, 1, sizeof(b), f);
	fclose(f);
	if (memcmp(b, "PK\3\4", 4) == 0 || memcmp(b, "PK\5\6", 4) == 0)
		return ARCHIVE;
	if (memcmp(b, "\x89HDF", 4) == 0)
		return HDF5;
	return b[0] == 0x80 && b[1] >= 2 && b[1] <= 5 && b[8] != '{' ? PICKLE : SAFETENSORS;
}

static const char *
without_prefix(const char *name, const char *const *prefix, int prefixes)
{
	size_t longest = 0;
	bool any = prefixes == 0;

	for (int i = 0; i < prefixes; i++) {
		const size_t n = strlen(prefix[i]);

		if (strncmp(name, prefix[i], n) == 0 && name[n] != '\0') {
			any = true;
			longest = n > longest ? n : longest;
		}
	}
	return any ? name + longest : NULL;
}

/* Keras' names and shapes become torchvision's. */
static const char *
take_name(struct state_dict *d, struct state_tensor *s, const char *name)
{
	bool kernel;

	if (name == NULL || !keras_name(name, s->own, &kernel))
		return name;
	d->keras = true;
	s->turned = kernel && s->t.rank == 4;
	if (s->turned) {
		const size_t *had = s->t.shape;
		const size_t shape[4] = { had[3], had[2], had[0], had[1] };

		memcpy(s->t.shape, shape, sizeof(shape));
	}
	return s->own;
}

void
state_open(struct state_dict *d, const char *path, const char *const *prefix, int prefixes)
{
	struct ss_err e = SS_ERR_INIT;
	enum kind kind;
	int r;

	*d = (struct state_dict){ .path = path };
	tool_check_input(path, "a file of weights");
	kind = kind_of(path);
	if (kind == PICKLE || kind == HDF5)
		tool_die(TOOL_DAMAGED, "'%s' is %s, which is not read here: save its weights with numpy.savez or as safetensors", path,
		    kind == HDF5 ? "an HDF5 file" : "a pickle");
	r = kind == ARCHIVE ? ss_npz_open(&d->npz, path, &e) : ss_st_open(&d->st, path, &e);
	if (r < 0)
		tool_fail(r, &e);
	d->n = kind == ARCHIVE ? ss_npz_count(d->npz) : ss_st_count(d->st);
	d->at = calloc(d->n + 1, sizeof(*d->at));
	if (d->at == NULL)
		tool_die(TOOL_FAILURE, "out of memory for the names of '%s'", path);
	for (size_t i = 0; i < d->n; i++) {
		struct state_tensor *s = &d->at[i], *other;

		s->t = d->st != NULL ? *ss_st_at(d->st, i) : *ss_npz_at(d->npz, i);
		s->problem = d->npz == NULL ? NULL : ss_npz_problem(d->npz, i);
		const char *name = take_name(d, s, without_prefix(s->t.name, prefix, prefixes));

		if (name != NULL && (other = state_find(d, name)) != NULL)
			tool_die(TOOL_DAMAGED, "'%s': both '%s' and '%s' are '%s' here", path, other->t.name, s->t.name, name);
		s->name = name;
	}
}

void
state_close(struct state_dict *d)
{
	ss_st_free(d->st);
	ss_npz_free(d->npz);
	free(d->at);
	*d = (struct state_dict){ .n = 0 };
}

struct state_tensor *
state_find(const struct state_dict *d, const char *name)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->at[i].name != NULL && strcmp(d->at[i].name, name) == 0)
			return &d->at[i];
	return NULL;
}

void
state_shape(const struct ss_st_tensor *t, char text[STATE_SHAPE])
{
	int n = snprintf(text, STATE_SHAPE, "%s", ss_type_name(t->type));

	for (int k = 0; k < t->rank; k++)
		n += snprintf(text + n, STATE_SHAPE - (size_t)n, "%c%zu", k == 0 ? ' ' : ',', t->shape[k]);
}

/* (h, w, i, o) to (o, i, h, w) */
static void
turn(float *out, const float *in, const size_t shape[4])
{
	const size_t inputs = shape[1], outputs = shape[0], window = shape[2] * shape[3];

	for (size_t p = 0; p < window; p++)
		for (size_t i = 0; i < inputs; i++)
			for (size_t o = 0; o < outputs; o++)
				out[(o * inputs + i) * window + p] = in[(p * inputs + i) * outputs + o];
}

void
state_floats(const struct state_dict *d, const struct state_tensor *s, float *out, size_t n)
{
	double v[BLOCK];

	if (s->problem != NULL)
		tool_die(TOOL_DAMAGED, "%s", s->problem);
	if (!ss_type_is_float(s->t.type))
		tool_die(TOOL_DAMAGED, "'%s': tensor '%s' is of %s, wanted f32, f16, bf16 or f64", d->path, s->t.name,
		    ss_type_name(s->t.type));
	for (size_t at = 0; at < n; at += BLOCK) {
		const size_t k = ss_least(n - at, BLOCK);

		ss_elements(s->t.type, s->t.data, at, k, v);
		for (size_t i = 0; i < k; i++) {
			out[at + i] = fabs(v[i]) > (double)FLT_MAX ? HUGE_VALF : (float)v[i];
			if (!isfinite(out[at + i]))
				tool_die(TOOL_DAMAGED, "'%s': tensor '%s': element %zu is %g, which is no weight", d->path, s->t.name, at + i,
				    v[i]);
		}
	}	if (s->turned) {
		float *copy = ss_alloc(n, sizeof(*copy));

		if (copy == NULL)
			tool_die(TOOL_FAILURE, "out of memory for tensor '%s'", s->t.name);
		memcpy(copy, out, n * sizeof(*copy));
		turn(out, copy, s->t.shape);
		free(copy);
	}
}
