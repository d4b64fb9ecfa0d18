/*
 * trainlog.c - the log of a training run, JSON Lines
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "trainlog.h"

static const char *path_of_log;

/* Length of the lines whose "step" is at most the given one; an unfinished last line is not one. */
static long
keep(FILE *f, uint64_t step)
{
	static const char key[] = "{\"step\":";
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	long end = 0;

	while ((n = getline(&line, &room, f)) > 0) {
		const char *number = line + sizeof(key) - 1;
		char *rest;

		if (line[n - 1] != '\n' || strncmp(line, key, sizeof(key) - 1) != 0 ||
		    strtoull(number, &rest, 10) > step || rest == number)
			break;
		end += n;
	}
	if (n < 0 && !feof(f))		/* what comes behind would be cut off */
		tool_die(TOOL_FAILURE, "cannot read log '%s': %s", path_of_log, strerror(errno));
	free(line);
	return end;
}

FILE *
trainlog_open(const char *path)
{
	struct stat st;
	bool plain = stat(path, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode);
	int fd = open(path, plain ? O_RDWR | O_CREAT : O_WRONLY, 0666);
	FILE *f = fd < 0 ? NULL : fdopen(fd, plain ? "r+" : "w");

	if (f == NULL)
		tool_die(TOOL_FAILURE, "cannot open log '%s': %s", path, strerror(errno));
	path_of_log = path;
	return f;
}

void
trainlog_begin(FILE *f, uint64_t step)
{
	struct stat st;
	long end;

	if (fstat(fileno(f), &st) == 0 && !S_ISREG(st.st_mode))
		return;
	end = step > 0 ? keep(f, step) : 0;
	if (ftruncate(fileno(f), end) < 0 || fseek(f, end, SEEK_SET) < 0)
		tool_die(TOOL_FAILURE, "cannot go on in log '%s': %s", path_of_log, strerror(errno));
}

void
trainlog_line(FILE *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	putc('\n', f);
	if (fflush(f) != 0 || ferror(f))
		tool_die(TOOL_FAILURE, "cannot write log '%s': %s", path_of_log, strerror(errno));
}

const char *
trainlog_number(char *buf, double v)
{
	if (isfinite(v))
		snprintf(buf, 32, "%.7g", v);
	else
		snprintf(buf, 32, "null");
	return buf;
}

void
trainlog_close(FILE *f)
{
	if (f != NULL && fclose(f) != 0)
		tool_die(TOOL_FAILURE, "cannot write log '%s': %s", path_of_log, strerror(errno));
}
