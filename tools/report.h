/*
 * report.h - a tool's result as one JSON object
 */
#ifndef REPORT_H
#define REPORT_H

#include "json.h"

/* An empty one, with "tool" and "version" if named. Never NULL. */
json_t *report_begin(bool named);

/* Prints it with numbers of so many digits (0: as many as needed), and frees it; ends with status 1 if that cannot be. */
void report_print(json_t *o, int digits);

/* The same without a newline: one object of many, of which the caller makes a list. */
void report_print_part(json_t *o, int digits);

#endif
