/*
 * probe_options.h - the options of ss-linprobe about what is learnt, and how
 *
 * A protocol sets them all; what is given beside it changes it, wherever it stands.
 */
#ifndef SS_PROBE_OPTIONS_H
#define SS_PROBE_OPTIONS_H

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "eval/protocol.h"

enum { PROBE_OPTIONS = 22, PROBE_OPT_FIRST = 500 };

struct probe_settings {
	struct ss_probe_protocol now;	/* the protocol, as changed */
	const char *validation;		/* a stream to stop early by; NULL: a part of the training records, or none */
	char changes[512];		/* "--lr 1, --epochs 10": what differs from the protocol; "" */
};

/* Writes PROBE_OPTIONS lines of a getopt table. */
void probe_options_table(struct option *out);

/* Takes option c, if it is one of these. */
bool probe_option(int c, const char *argument);

/* What they come to; ends the tool if something is no good or does not fit. */
void probe_options_result(struct probe_settings *s);

void probe_options_usage(FILE *f);

/* "SGD, rate 30, ..." in one line, and the same for --json. */
void probe_settings_print(const struct probe_settings *s);
json_t *probe_settings_json(const struct probe_settings *s);

#endif
