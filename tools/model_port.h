/*
 * model_port.h - what ss-model does: weights of other programs become a model, and a model becomes weights for them
 */
#ifndef SS_MODEL_PORT_H
#define SS_MODEL_PORT_H

#include <stdbool.h>

enum { PORT_PREFIXES = 16 };

/* What Keras' ResNets add to variances. */
#define PORT_EPS_KERAS 1.001e-5

enum port_format { PORT_SAFETENSORS, PORT_NPZ };
enum port_parts { PORT_BACKBONE, PORT_ALL };

struct port_options {
	const char *output;			/* --output; required */
	const char *arch;			/* import: --arch, or NULL: found from the shapes */
	const char *prefix[PORT_PREFIXES];	/* --strip */
	int prefixes;
	bool strict;
	bool bgr;				/* --bgr: the weights are for images with blue first */
	float mean[4], std[4];
	int means, stds;			/* how many were given */
	double norm_eps;			/* NAN: not given */
	int side;				/* --size; 0: not given */
	enum port_format format;		/* export: --format */
	enum port_parts parts;
	bool counters;				/* --num-batches-tracked */
};

/* Reads the file at path and writes o->output, or ends the tool. */
void model_import(const char *path, const struct port_options *o);
void model_export(const char *path, const struct port_options *o);

struct model;

/* Puts this command behind the history of the model, unless --no-history is given. */
void model_add_history(struct model *m);

#endif
