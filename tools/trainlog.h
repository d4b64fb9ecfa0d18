/*
 * trainlog.h - the log of a training run, JSON Lines
 */
#ifndef SS_TRAINLOG_H
#define SS_TRAINLOG_H

#include <stdint.h>
#include <stdio.h>

/* Opens the log and changes nothing in it yet. Ends the tool if that fails. */
FILE *trainlog_open(const char *path);

/*
 * A run that goes on from step > 0 keeps the lines up to that step and drops what a killed
 * run wrote beyond it; a new run begins an empty file. A pipe or a device has nothing to keep.
 */
void trainlog_begin(FILE *f, uint64_t step);

/* One line, in one write, so that a killed run leaves whole lines. Ends the tool on failure. */
void trainlog_line(FILE *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A number as JSON: not finite becomes null. buf holds at least 32 bytes. */
const char *trainlog_number(char *buf, double v);

void trainlog_close(FILE *f);

#endif
