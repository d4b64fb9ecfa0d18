/*
 * json.h - jansson, told to say when it runs out of memory
 *
 * By itself it takes a request for memory that fails for damage of the text, or leaves a value out.
 */
#ifndef SS_JSON_H
#define SS_JSON_H

#include <stdbool.h>

#include <jansson.h>

#include "base/err.h"

/* SS_EDATA, with jansson's words, if the n bytes are no JSON text or have a key twice; SS_EIO out of memory; *out is NULL then. */
int ss_json_parse(json_t **out, const char *text, size_t n, struct ss_err *e) SS_MUST_USE;

/* An empty object to put together, or NULL; the first thing that a program makes of jansson's. */
json_t *ss_json_object(void);

/* Has a request for memory failed in this thread? Then what was put together may lack something. */
bool ss_json_starved(void);

#endif
