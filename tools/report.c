/*
 * report.c - a tool's result as one JSON object
 */
#include "report.h"
#include "tool.h"

json_t *
report_begin(bool named)
{
	json_t *o = ss_json_object();

	if (o == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	if (named) {
		json_object_set_new(o, "tool", json_string(tool.name));
		json_object_set_new(o, "version", json_string(SS_VERSION));
	}
	return o;
}

void
report_print_part(json_t *o, int digits)
{
	if (ss_json_starved())
		tool_die(TOOL_FAILURE, "out of memory for the result");
	if (json_dumpf(o, stdout, digits > 0 ? JSON_REAL_PRECISION(digits) : 0) < 0)
		tool_die(TOOL_FAILURE, ss_json_starved() ? "out of memory for the result" : "cannot write the result");
	json_decref(o);
}

void
report_print(json_t *o, int digits)
{
	report_print_part(o, digits);
	if (putchar('\n') == EOF)
		tool_die(TOOL_FAILURE, "cannot write the result");
}
