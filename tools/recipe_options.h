/*
 * recipe_options.h - the options of ss-augment that change a recipe
 *
 * They may come in any order, also before --recipe: they are kept, and put into
 * the recipe when it is known.
 */
#ifndef SS_RECIPE_OPTIONS_H
#define SS_RECIPE_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "image/recipe.h"

enum {
	RECIPE_OPTIONS = 28, RECIPE_OPT_FIRST = 400,
	SIDE_MAX = 16384	/* of a view, in pixels */
};

/* Writes RECIPE_OPTIONS lines of a getopt table. */
void recipe_options_table(struct option *out);

/* Takes option c, if it is one of these, or ends the tool if its argument is no good. */
bool recipe_option(int c, const char *argument);

/* The recipe chosen, with all that was asked for; ends the tool if that makes no sense. */
void recipe_options_result(struct ss_recipe *r);

void recipe_options_usage(FILE *f);

#endif
