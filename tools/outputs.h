/*
 * outputs.h - files that a tool writes while it reads, and that appear together or not at all
 *
 * However the tool ends without outputs_commit, it leaves nothing of them behind. All
 * functions end the tool if something is wrong.
 */
#ifndef SS_OUTPUTS_H
#define SS_OUTPUTS_H

#include <stdbool.h>
#include <stdio.h>

#include "outfile.h"

/* Makes the folder unless it is there. */
void outputs_folder(const char *path);

/* Is it a folder, or does it end like one, in '/'? */
bool outputs_is_folder(const char *path);

/*
 * Opens folder/name, or where folder is NULL the file `name`, or standard output (NULL or
 * "-"), after the checks of tool_check_output; what: "an array".
 */
struct ss_outfile *outputs_open(const char *folder, const char *name, const char *what);

/* The same as a stream of stdio. */
FILE *outputs_stream(const char *folder, const char *name, const char *what);

/* Ends the tool if a write has failed. */
void outputs_check(void);

/* All of them appear, in the order in which they were opened. */
void outputs_commit(void);

#endif
