/*
 * method_options.h - the options of ss-train that one method has and another has not
 *
 * They may come before --method: they are kept, and held to the method when it is known.
 */
#ifndef SS_METHOD_OPTIONS_H
#define SS_METHOD_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "run.h"

enum { METHOD_OPTIONS = 17, METHOD_OPT_FIRST = 500 };

/* Writes METHOD_OPTIONS lines of a getopt table. */
void method_options_table(struct option *out);

/* Takes option c, if it is one of these, or ends the tool if its argument is no good. */
bool method_option(int c, const char *argument);

/* Puts method and knobs into o, whose batch is known; ends the tool if something does not fit. */
void method_options_result(struct run_options *o);

void method_options_usage(FILE *f);

#endif
