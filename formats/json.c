/*
 * json.c - jansson's memory, and whether there was enough
 */
#include <pthread.h>
#include <stdlib.h>

#include "json.h"

static _Thread_local bool starved;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void *
take(size_t n)
{
	void *p = malloc(n);

	if (p == NULL)
		starved = true;
	return p;
}

static void
watch(void)
{
	json_set_alloc_funcs(take, free);
}

int
ss_json_parse(json_t **out, const char *text, size_t n, struct ss_err *e)
{
	json_error_t why;

	pthread_once(&once, watch);
	starved = false;
	*out = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	if (starved) {
		json_decref(*out);
		*out = NULL;
		return ss_fail(e, SS_EIO, "out of memory");
	}
	return *out == NULL ? ss_fail(e, SS_EDATA, "%s", why.text) : 0;
}

json_t *
ss_json_object(void)
{
	pthread_once(&once, watch);
	return json_object();
}

bool
ss_json_starved(void)
{
	return starved;
}
