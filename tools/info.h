/*
 * info.h - what ss-info is asked, and its two halves: streams and models
 */
#ifndef SS_INFO_H
#define SS_INFO_H

#include "tool.h"

struct info_request {
	enum { INFO_SUMMARY, INFO_JSON, INFO_HEADER, INFO_LABELS, INFO_CHECK, INFO_DIGEST, INFO_GET } what;
	const char *key;	/* of INFO_GET */
};

/* Both print the answer; they return, or end the tool if the file is damaged. */
void info_stream(const struct info_request *q, const char *path);
void info_model(const struct info_request *q, const char *path);

/* Ends the tool: key is known but the file has no value for it, or key is unknown. */
_Noreturn void info_absent(const char *key, const char *path);
_Noreturn void info_unknown(const char *key);

#endif
