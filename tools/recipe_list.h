/*
 * recipe_list.h - shows what the recipes do
 */
#ifndef SS_RECIPE_LIST_H
#define SS_RECIPE_LIST_H

#include <stdbool.h>

/* A line for each recipe, or all its parameters as the options that would set them. Ends the tool. */
_Noreturn void recipe_list(bool in_full);

#endif
