/*
 * model_match.c - which network the tensors of a file are the weights of
 *
 * All that is known of an architecture is its table of parameters: names and shapes.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "model_match.h"
#include "tool.h"

enum { SIDE = 256 };		/* of images: parameters do not depend on it */

/* Without heads. */
static struct ss_net *
table_of(const struct ss_arch *arch, int channels)
{
	static const float mean[4], std[4] = { 1, 1, 1, 1 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_net *net;
	int r = ss_net_create(&net, arch, channels, SIDE, SIDE, mean, std, NULL, NULL, &e);

	if (r < 0)
		tool_fail(r, &e);
	return net;
}

bool
match_tensor(const struct state_dict *d, const struct ss_param *p, char text[MATCH_TEXT])
{
	struct ss_st_tensor want = { .type = SS_F32, .rank = p->rank };
	const struct state_tensor *s = state_find(d, p->name);
	char have[STATE_SHAPE], wanted[STATE_SHAPE];
	bool same = s != NULL && s->problem == NULL && s->t.rank == p->rank;

	for (int k = 0; k < p->rank; k++) {
		want.shape[k] = p->shape[k];
		same = same && s->t.shape[k] == p->shape[k];
	}
	if (same || text == NULL)
		return same;
	state_shape(&want, wanted);
	if (s == NULL) {
		snprintf(text, MATCH_TEXT, "it has no tensor '%s' (%s)", p->name, wanted);
	} else if (s->problem != NULL) {
		snprintf(text, MATCH_TEXT, "%.400s", s->problem);
	} else {
		state_shape(&s->t, have);
		snprintf(text, MATCH_TEXT, "its tensor '%.60s' is %s, wanted %s", p->name, have, wanted);
	}
	return false;
}

bool
match_counter(const char *name)
{
	static const char counter[] = "num_batches_tracked";
	const size_t n = strlen(name), tail = sizeof(counter) - 1;

	return n >= tail && strcmp(name + n - tail, counter) == 0;
}

/* Length of what begins a name: "layer" of layer1.0.conv1.weight. */
static size_t
kind_length(const char *name)
{
	size_t n = strcspn(name, ".");

	while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
		n--;
	return n;
}

static bool
belongs_to(const struct ss_list *list, const char *name)
{
	const size_t n = kind_length(name);

	for (int i = 0; i < list->n; i++)
		if (kind_length(list->p[i].name) == n && strncmp(list->p[i].name, name, n) == 0)
			return true;
	return false;
}

bool
match_belongs(const struct ss_net *net, const char *name)
{
	return !match_counter(name) && (belongs_to(&net->params, name) || belongs_to(&net->buffers, name));
}

static const struct ss_param *
param_of(const struct ss_net *net, const char *name)
{
	for (int i = 0; i < net->params.n; i++)
		if (strcmp(net->params.p[i].name, name) == 0)
			return &net->params.p[i];
	for (int i = 0; i < net->buffers.n; i++)
		if (strcmp(net->buffers.p[i].name, name) == 0)
			return &net->buffers.p[i];
	return NULL;
}

int
match_bias(const struct ss_net *net, const char *name)
{
	static const char suffix[] = ".bias";
	const size_t n = strlen(name), tail = sizeof(suffix) - 1;

	if (n <= tail || strcmp(name + n - tail, suffix) != 0)
		return -1;
	for (int i = 0; i < net->nodes; i++) {
		const struct ss_node *norm = &net->node[i], *conv;
		int readers = 0;

		if (norm->op != SS_OP_NORM)
			continue;
		conv = &net->node[norm->in];
		if (conv->op != SS_OP_CONV || conv->bias >= 0)
			continue;
		const char *weight = net->params.p[conv->weight].name;

		if (strncmp(weight, name, n - tail) != 0 || strcmp(weight + n - tail, ".weight") != 0)
			continue;
		for (int k = 0; k < net->nodes; k++)
			readers += (net->node[k].in == norm->in) + (net->node[k].in2 == norm->in);
		return readers == 1 ? i : -1;
	}
	return -1;
}

/* How many tensors are not there, or left over; why[] gets the first. */
static int
misfits(const struct state_dict *d, const struct ss_net *net, char why[MATCH_TEXT])
{
	const struct ss_list *const lists[] = { &net->params, &net->buffers };
	int n = 0;

	for (int k = 0; k < 2; k++)
		for (int i = 0; i < lists[k]->n; i++)
			n += !match_tensor(d, &lists[k]->p[i], n == 0 ? why : NULL);
	for (size_t i = 0; i < d->n; i++) {
		const char *name = d->at[i].name;

		if (name == NULL || param_of(net, name) != NULL || !match_belongs(net, name) || match_bias(net, name) >= 0)
			continue;
		if (n++ == 0)
			snprintf(why, MATCH_TEXT, "there is no place for its tensor '%.200s'", name);
	}
	return n;
}

/* A file whose names all begin with something else. */
static void
suggest_prefix(const struct state_dict *d, const char *first)
{
	const size_t n = strlen(first);

	for (size_t i = 0; i < d->n; i++) {
		const char *name = d->at[i].t.name;
		const size_t all = strlen(name);

		if (all > n && strcmp(name + all - n, first) == 0 && name[all - n - 1] == '.')
			tool_die(TOOL_DAMAGED, "'%s' has no tensor '%s', but '%.200s': try --strip %.*s", d->path, first, name,
			    (int)(all - n), name);
	}
}

int
match_channels(const struct state_dict *d, const struct ss_arch *arch)
{
	struct ss_net *net = table_of(arch, 3);
	const struct ss_param *stem = &net->params.p[0];	/* co, ci, k, k */
	const struct state_tensor *s = state_find(d, stem->name);
	int channels = 3;

	if (s == NULL)
		suggest_prefix(d, stem->name);
	else if (s->problem == NULL && s->t.rank == 4 && s->t.shape[1] >= 1 && s->t.shape[1] <= 4)
		channels = (int)s->t.shape[1];
	ss_net_free(net);
	return channels;
}

const struct ss_arch *
match_find(const struct state_dict *d, int *channels)
{
	const struct ss_arch *found = NULL, *nearest = NULL;
	char why[MATCH_TEXT] = "", nearest_why[MATCH_TEXT] = "", fits[256] = "";
	int least = INT_MAX, several = 0;
	bool kin = false;

	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++) {
		struct ss_net *net = table_of(a, match_channels(d, a));
		const int n = misfits(d, net, why);

		if (n < least) {
			least = n;
			nearest = a;
			memcpy(nearest_why, why, sizeof(why));
		}
		/* v1 and v1.5 have the same tensors: of several, those of the program that the names are of. */
		const bool same = (strstr(a->name, "-keras") != NULL) == d->keras;

		if (n == 0 && same && !kin) {
			several = 0;
			fits[0] = '\0';
		}
		if (n == 0 && (same || !kin)) {
			kin |= same;
			found = a;
			snprintf(fits + strlen(fits), sizeof(fits) - strlen(fits), "%s%s", several++ == 0 ? "" : ", ", a->name);
		}
		ss_net_free(net);
	}
	SS_BUG_IF(nearest == NULL);		/* the table is not empty */
	if (several > 1)
		tool_die(TOOL_MISUSE, "'%s' can be the weights of several networks: give --arch, one of %s", d->path, fits);
	if (found == NULL)
		tool_die(TOOL_DAMAGED, "'%s' holds the weights of no network known here: for %s, the nearest, %s", d->path,
		    nearest->name, nearest_why);
	*channels = match_channels(d, found);
	return found;
}
