/*
 * update_options.h - the options of ss-train about learning rate, schedule and optimiser
 */
#ifndef SS_UPDATE_OPTIONS_H
#define SS_UPDATE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "run.h"

enum { UPDATE_OPTIONS = 22, UPDATE_OPT_FIRST = 600 };

/* Writes UPDATE_OPTIONS lines of a getopt table. */
void update_options_table(struct option *out);

/* Takes option c, if it is one of these, or ends the tool if its argument is no good. */
bool update_option(int c, const char *argument);

/* Puts them into o, whose method and batch are known; ends the tool if something does not fit. */
void update_options_result(struct run_options *o);

void update_options_usage(FILE *f);

#endif
