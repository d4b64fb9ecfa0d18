/*
 * protocol.h - published evaluations by name
 *
 * A protocol is a row of settings. What it does not say, as augmentations, is for the pipeline.
 */
#ifndef SS_PROTOCOL_H
#define SS_PROTOCOL_H

#include "eval/probe.h"

struct ss_probe_protocol {
	const char *name, *about;
	struct ss_probe_options options;
	double hold_out;	/* share of the training records by which it stops early; 0: none */
	double label_fraction;	/* share of the rest that has labels; 1: all */
	bool balanced;		/* as many labels of each class */
	bool replace;		/* drawn with replacement */
};

/* Ended by a row without a name; the first is the default. */
extern const struct ss_probe_protocol ss_probe_protocols[];

struct ss_knn_protocol {
	const char *name, *about;
	const char *layer;	/* whose outputs it compares: "backbone" or "projector" */
	long long k;
	double t;
};

extern const struct ss_knn_protocol ss_knn_protocols[];

#endif
