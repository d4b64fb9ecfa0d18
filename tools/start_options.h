/*
 * start_options.h - the options of ss-train about what a run begins with: another run's network, or numbers by a rule
 */
#ifndef SS_START_OPTIONS_H
#define SS_START_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "run.h"

enum { START_OPTIONS = 8, START_OPT_FIRST = 700 };

/* Writes START_OPTIONS lines of a getopt table. */
void start_options_table(struct option *out);

/* Takes option c, if it is one of these, or ends the tool if its argument is no good. */
bool start_option(int c, const char *argument);

/* Puts them into o, whose arch and rates are known; ends the tool if something does not fit. */
void start_options_result(struct run_options *o);

void start_options_usage(FILE *f);

#endif
