/*
 * runlock.c - one output, one run
 */
#define _DEFAULT_SOURCE		/* flock, gethostname */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runlock.h"
#include "tool.h"

static char *path;		/* of the lock that is held */

/* It is taken away before it is released, so that whoever gets it next looks whether it is still there. */
static void
release(void)
{
	unlink(path);
}

static char *
lock_path(const char *output)
{
	const char *slash = strrchr(output, '/');
	const int folder = slash == NULL ? 0 : (int)(slash + 1 - output);
	const size_t room = strlen(output) + sizeof("..lock");
	char *p = malloc(room);

	if (p == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	snprintf(p, room, "%.*s.%s.lock", folder, output, output + folder);
	return p;
}

static bool
same_file(int fd, const char *name)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(name, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static _Noreturn void
busy(int fd, const char *output)
{
	char who[128];
	ssize_t n = read(fd, who, sizeof(who) - 1);

	who[n < 0 ? 0 : n] = '\0';
	who[strcspn(who, "\n")] = '\0';
	tool_die(TOOL_FAILURE, "'%s' is written by another run%s%s", output, who[0] == '\0' ? "" : ": ", who);
}

void
runlock_take(const char *output)
{
	char host[64] = "";
	struct stat st;
	int fd;

	if (stat(output, &st) == 0 && !S_ISREG(st.st_mode))
		return;
	path = lock_path(output);
	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
		if (fd < 0)
			return;		/* the folder is at fault, and the first checkpoint will say it better */
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				busy(fd, output);
			close(fd);
			unlink(path);	/* no locks here */
			return;
		}
		if (same_file(fd, path))
			break;
		close(fd);		/* whoever had it has just taken it away */
	}
	if (atexit(release) != 0) {
		release();
		tool_die(TOOL_FAILURE, "out of memory");
	}
	gethostname(host, sizeof(host) - 1);
	if (ftruncate(fd, 0) == 0)
		dprintf(fd, "process %ld on %s\n", (long)getpid(), host);	/* for people: a full disk may swallow it */
}
