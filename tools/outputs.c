/*
 * outputs.c - files that a tool writes while it reads, and that appear together or not at all
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outputs.h"
#include "tool.h"

enum { OUTPUTS_MAX = SS_MAX_TENSORS };

static struct ss_outfile *output[OUTPUTS_MAX];
static int outputs;
static const char *made;	/* a folder that was not there before, or NULL */

/* What exit() finds here was not committed. */
static void
discard_all(void)
{
	for (int i = 0; i < outputs; i++)
		ss_outfile_discard(output[i]);
	if (made != NULL)
		rmdir(made);
}

static void
discard_at_exit(void)
{
	static bool registered;

	if (!registered && atexit(discard_all) != 0)
		tool_die(TOOL_FAILURE, "out of memory");
	registered = true;
}

void
outputs_folder(const char *path)
{
	struct stat st;

	discard_at_exit();
	if (mkdir(path, 0777) == 0)
		made = path;
	else if (errno != EEXIST)
		tool_die(TOOL_FAILURE, "cannot make folder '%s': %s", path, strerror(errno));
	else if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		tool_die(TOOL_MISUSE, "'%s' is no folder", path);
}

bool
outputs_is_folder(const char *path)
{
	struct stat st;

	return (path[0] != '\0' && path[strlen(path) - 1] == '/') ||
	    (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

struct ss_outfile *
outputs_open(const char *folder, const char *name, const char *what)
{
	struct ss_err e = SS_ERR_INIT;
	char *path = NULL;
	int r;

	SS_BUG_IF(outputs == OUTPUTS_MAX);
	discard_at_exit();
	if (folder != NULL) {
		const char *slash = folder[0] != '\0' && folder[strlen(folder) - 1] == '/' ? "" : "/";
		size_t room = strlen(folder) + strlen(name) + 2;

		path = malloc(room);
		if (path == NULL)
			tool_die(TOOL_FAILURE, "out of memory");
		snprintf(path, room, "%s%s%s", folder, slash, name);
	}
	tool_check_output(folder == NULL ? name : path, what);
	r = ss_outfile_open(&output[outputs], folder == NULL ? name : path, &e);
	if (r < 0)
		tool_fail(r, &e);
	free(path);
	return output[outputs++];
}

FILE *
outputs_stream(const char *folder, const char *name, const char *what)
{
	struct ss_err e = SS_ERR_INIT;
	FILE *f = ss_outfile_stream(outputs_open(folder, name, what), &e);

	if (f == NULL)
		tool_fail(SS_EIO, &e);
	return f;
}

void
outputs_check(void)
{
	struct ss_err e = SS_ERR_INIT;

	for (int i = 0; i < outputs; i++)
		if (ss_outfile_check(output[i], &e) < 0)
			tool_fail(SS_EIO, &e);
}

void
outputs_commit(void)
{
	struct ss_err e = SS_ERR_INIT;
	int n = outputs, r;

	outputs = 0;		/* committed or not, they are freed */
	r = ss_outfile_commit_all(output, n, &e);
	if (r < 0)
		tool_fail(r, &e);
	made = NULL;
}
