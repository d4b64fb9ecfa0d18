/*
 * model_history.c - the chain of programs that made a model
 */
#include <string.h>

#include "model.h"
#include "model_port.h"
#include "tool.h"

void
model_add_history(struct model *m)
{
	struct ss_header h = SS_HEADER_INIT;
	struct ss_err e = SS_ERR_INIT;
	const size_t n = m->history == NULL ? 0 : strlen(m->history);
	int r;

	if (tool.no_history)
		return;
	if (n > 0 && m->history[n - 1] != '\n')
		tool_die(TOOL_DAMAGED, "the history in the model's metadata is cut");
	h.lines = m->history;		/* they stay text of the heap that somebody owns */
	if ((r = ss_header_program(&h, tool.name, SS_VERSION, tool.argc, tool.argv, &e)) < 0)
		tool_fail(r, &e);
	m->history = h.lines;
}
