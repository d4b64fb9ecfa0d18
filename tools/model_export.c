/*
 * model_export.c - ss-model export: a model becomes weights for other programs
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "model_meta.h"
#include "model_port.h"
#include "npy_write.h"
#include "npz.h"
#include "outputs.h"
#include "tool.h"

enum { COUNTER_NAME = SS_LAYER_MAX + sizeof("num_batches_tracked") };

/* What is written; data lie in the file that was read, but counters. */
struct chosen {
	struct ss_st_tensor *t;
	size_t n;
	char (*counter)[COUNTER_NAME];	/* names of counters, by node */
	int64_t batches;
};

static void
choose_list(struct chosen *c, const struct ss_st *file, const struct ss_list *list)
{
	struct ss_err e = SS_ERR_INIT;

	for (int i = 0; i < list->n; i++) {
		const struct ss_param *p = &list->p[i];
		struct ss_st_tensor *t = &c->t[c->n];
		int r;

		*t = (struct ss_st_tensor){ .name = p->name, .type = SS_F32, .rank = p->rank };
		for (int k = 0; k < p->rank; k++)
			t->shape[k] = p->shape[k];
		if ((r = ss_st_expect(file, p->name, t->type, t->rank, t->shape, &t->data, &e)) < 0)
			tool_fail(r, &e);
		c->n++;
	}
}

/* PyTorch's count of batches that a norm has seen: a scalar beside its running mean. */
static void
choose_counter(struct chosen *c, const struct ss_net *net, int node)
{
	const char *mean = net->buffers.p[net->node[node].mean].name;
	const int layer = (int)(strlen(mean) - strlen("running_mean"));
	char *name = c->counter[node];

	snprintf(name, COUNTER_NAME, "%.*snum_batches_tracked", layer, mean);
	c->t[c->n++] = (struct ss_st_tensor){ .name = name, .type = SS_I64, .data = &c->batches };
}

static void
choose(struct chosen *c, const struct ss_st *file, const struct model *m, const struct ss_net *net, const struct port_options *o)
{
	const struct ss_st_tensor *prototypes = ss_st_find(file, "prototypes.weight");

	c->batches = (int64_t)(m->step & INT64_MAX);
	c->t = calloc((size_t)net->params.n + 2 * (size_t)net->buffers.n + 1, sizeof(*c->t));
	c->counter = calloc((size_t)net->nodes, sizeof(*c->counter));
	if (c->t == NULL || c->counter == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	choose_list(c, file, &net->params);
	if (o->parts == PORT_ALL && prototypes != NULL)
		c->t[c->n++] = *prototypes;
	choose_list(c, file, &net->buffers);
	for (int i = 0; o->counters && i < net->nodes; i++)
		if (net->node[i].op == SS_OP_NORM)
			choose_counter(c, net, i);
}

static void
write_safetensors(const struct chosen *c, const struct model *m, const char *path)
{
	struct model_text text = { .n = 0 };
	struct ss_err e = SS_ERR_INIT;
	int r;

	tool_check_output(path, "a model");
	model_describe(&text, m);
	if ((r = ss_st_write(path, c->t, c->n, text.pair, text.n, &e)) < 0)
		tool_fail(r, &e);
}

/* At once, while the reason of a failure is known: what is large goes past stdio's buffer. */
static void
put(FILE *f, const char *path, const void *data, size_t n)
{
	if (fwrite(data, 1, n, f) != n)
		tool_die(TOOL_FAILURE, "cannot write '%s': %s", strcmp(path, "-") == 0 ? "standard output" : path, strerror(errno));
}

static void
write_npz(const struct chosen *c, const char *path)
{
	FILE *f = outputs_stream(NULL, path, "an archive");
	struct ss_err e = SS_ERR_INIT;
	struct ss_zip *z;
	int r = ss_zip_create(&z, f, &e);

	for (size_t i = 0; r == 0 && i < c->n; i++) {
		const struct ss_st_tensor *t = &c->t[i];
		char header[SS_NPY_HEADER], name[256];
		const size_t head = ss_npy_array_header(header, t->type, t->rank, t->shape);
		size_t bytes = 0;
		uint32_t crc;

		SS_BUG_IF(!ss_st_bytes(t, &bytes));
		SS_BUG_IF((size_t)snprintf(name, sizeof(name), "%s.npy", t->name) >= sizeof(name));
		crc = (uint32_t)crc32_z(0, t->data, bytes);
		r = ss_zip_member(z, name, head + bytes, ss_npy_crc(header, head, crc, bytes), &e);
		if (r < 0)
			break;
		put(f, path, header, head);
		put(f, path, t->data, bytes);
	}
	if (r < 0)
		tool_fail(r, &e);
	ss_zip_end(z);
	outputs_commit();
}

void
model_export(const char *path, const struct port_options *o)
{
	struct ss_err e = SS_ERR_INIT;
	struct chosen c = { .n = 0 };
	struct model m;
	struct ss_net *net;
	struct ss_st *file;
	int r;

	tool_check_input(path, "a model");
	if ((r = model_open(&file, &m, path, &e)) < 0)
		tool_fail(r, &e);
	if (o->parts == PORT_BACKBONE)
		m.projector.layers = m.predictor.layers = 0;
	if ((r = model_net(&net, &m, &e)) < 0)
		tool_fail(r, &e);
	choose(&c, file, &m, net, o);
	model_add_history(&m);
	if (o->format == PORT_NPZ)
		write_npz(&c, o->output);
	else
		write_safetensors(&c, &m, o->output);
	free(c.t);
	free(c.counter);
	ss_net_free(net);
	model_free(&m);
	ss_st_free(file);
}
