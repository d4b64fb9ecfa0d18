/*
 * outfile.c - named outputs that appear complete or not at all
 *
 * The temporary has a fixed name, so that killed runs cannot fill a disk with
 * them, and a lock, so that two runs cannot write one file. Whoever holds the lock
 * and finds the name still on its own inode owns the name: only an owner renames
 * or unlinks. On file systems without locks nothing stale is taken away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

enum { TRIES = 8 };		/* against others that take the same stale file away */

static const size_t WRITE_MAX = (size_t)1 << 30;	/* Linux writes at most 2 GiB at once */

struct ss_outfile {
	char *name;		/* for messages: "'x.sst'", or "standard output" */
	char *path;
	const char *base;	/* last component, in path */
	char *tmp;		/* name of the temporary, in the same folder; NULL: none */
	int dir;		/* the folder, -1: written directly */
	int fd;
	FILE *stream;		/* of a descriptor of its own; NULL until asked for */
	bool named;		/* the temporary has become the target */
};

enum claim { CLAIMED, BUSY, MOVED, UNLOCKABLE };

/* Locks fd and looks whether the temporary's name still leads to it. */
static enum claim
claim(int dir, const char *tmp, int fd)
{
	struct stat open_file, named;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? BUSY : UNLOCKABLE;
	if (fstat(fd, &open_file) < 0 || fstatat(dir, tmp, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
	    open_file.st_dev != named.st_dev || open_file.st_ino != named.st_ino)
		return MOVED;
	return CLAIMED;
}

/* Takes the temporary of a dead process away. 0 also if it went away by itself. */
static int
remove_stale(struct ss_outfile *o, struct ss_err *e)
{
	int fd = openat(o->dir, o->tmp, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : ss_fail_errno(e, SS_EIO,
		    "cannot write %s: its temporary '%s' cannot be taken over", o->name, o->tmp);
	switch (claim(o->dir, o->tmp, fd)) {
	case CLAIMED:
		if (unlinkat(o->dir, o->tmp, 0) < 0)
			r = ss_fail_errno(e, SS_EIO, "cannot write %s: cannot remove '%s'",
			    o->name, o->tmp);
		break;
	case BUSY:
		r = ss_fail(e, SS_EIO, "cannot write %s: another process is writing it ('%s')",
		    o->name, o->tmp);
		break;
	case MOVED:
		break;
	case UNLOCKABLE:
		r = ss_fail(e, SS_EIO, "cannot write %s: '%s' exists; "
		    "remove it if no other process is writing", o->name, o->tmp);
		break;
	}
	close(fd);
	return r;
}

static int
open_temporary(struct ss_outfile *o, struct ss_err *e)
{
	enum claim c;
	int r;

	for (int i = 0; i < TRIES; i++) {
		o->fd = openat(o->dir, o->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (o->fd >= 0) {
			c = claim(o->dir, o->tmp, o->fd);
			if (c == CLAIMED || c == UNLOCKABLE)
				return 0;
			close(o->fd);	/* taken for a stale one before it was locked */
			o->fd = -1;
		} else if (errno != EEXIST)
			return ss_fail_errno(e, SS_EIO, "cannot create %s", o->name);
		else if ((r = remove_stale(o, e)) < 0)
			return r;
	}
	return ss_fail(e, SS_EIO, "cannot write %s: too many processes want to", o->name);
}

/* Replacing such a target by a file would do harm (as root, even to /dev/null). */
static bool
is_special(const char *path)
{
	struct stat st;

	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0 ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

static void
release(struct ss_outfile *o)
{
	if (o->stream != NULL)
		fclose(o->stream);
	if (o->fd >= 0)
		close(o->fd);
	if (o->dir >= 0)
		close(o->dir);
	free(o->tmp);
	free(o->path);
	free(o->name);
	free(o);
}

/* Takes the temporary away, if it has not become the target. */
static void
drop(struct ss_outfile *o)
{
	if (o->tmp != NULL && !o->named)
		unlinkat(o->dir, o->tmp, 0);
	release(o);
}

int
ss_outfile_open(struct ss_outfile **out, const char *path, struct ss_err *e)
{
	const bool standard = path == NULL || strcmp(path, "-") == 0;
	const char *shown = standard ? "standard output" : path;
	struct ss_outfile *o = calloc(1, sizeof(*o));
	char *slash;
	int r;

	if (o == NULL)
		return ss_fail(e, SS_EIO, "cannot write '%s': out of memory", shown);
	o->dir = o->fd = -1;
	o->path = strdup(shown);
	o->name = malloc(strlen(shown) + sizeof("''"));
	if (o->path == NULL || o->name == NULL) {
		r = ss_fail(e, SS_EIO, "cannot write '%s': out of memory", shown);
		goto fail;
	}
	sprintf(o->name, standard ? "%s" : "'%s'", shown);
	if (standard) {
		o->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
		if (o->fd < 0) {
			r = ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
			goto fail;
		}
		*out = o;
		return 0;
	}
	if (is_special(path)) {
		o->fd = open(path, O_WRONLY | O_CLOEXEC);
		if (o->fd < 0) {
			r = ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
			goto fail;
		}
		*out = o;
		return 0;
	}

	slash = strrchr(o->path, '/');
	o->base = slash == NULL ? o->path : slash + 1;
	if (*o->base == '\0') {
		r = ss_fail(e, SS_EIO, "cannot create '%s': it names no file", path);
		goto fail;
	}
	if (slash == NULL)
		o->dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else {
		char kept = slash[1];

		slash[1] = '\0';	/* "dir/", and "/" for a file of the root */
		o->dir = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		slash[1] = kept;
	}
	if (o->dir < 0) {
		r = ss_fail_errno(e, SS_EIO, "cannot create '%s': cannot open its folder", path);
		goto fail;
	}
	o->tmp = malloc(strlen(o->base) + sizeof("..tmp"));
	if (o->tmp == NULL) {
		r = ss_fail(e, SS_EIO, "cannot write '%s': out of memory", path);
		goto fail;
	}
	strcpy(o->tmp, ".");
	strcat(o->tmp, o->base);
	strcat(o->tmp, ".tmp");
	if ((r = open_temporary(o, e)) < 0)
		goto fail;
	*out = o;
	return 0;
fail:
	release(o);
	return r;
}

int
ss_outfile_write(struct ss_outfile *o, const void *data, size_t n, struct ss_err *e)
{
	const char *p = data;
	ssize_t w;

	while (n > 0) {
		w = write(o->fd, p, n < WRITE_MAX ? n : WRITE_MAX);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
ss_outfile_fd(const struct ss_outfile *o)
{
	return o->fd;
}

static int
sync_fd(int fd)
{
	int r;

	do
		r = fsync(fd);
	while (r < 0 && errno == EINTR);
	/* pipes, devices and some network folders cannot; then there is nothing to wait for */
	return r < 0 && (errno == EINVAL || errno == ENOTSUP || errno == EROFS) ? 0 : r;
}

FILE *
ss_outfile_stream(struct ss_outfile *o, struct ss_err *e)
{
	int fd;

	if (o->stream != NULL)
		return o->stream;
	fd = fcntl(o->fd, F_DUPFD_CLOEXEC, 0);
	o->stream = fd < 0 ? NULL : fdopen(fd, "w");
	if (o->stream == NULL) {
		ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
		if (fd >= 0)
			close(fd);
	}
	return o->stream;
}

int
ss_outfile_check(const struct ss_outfile *o, struct ss_err *e)
{
	if (o->stream == NULL || !ferror(o->stream))
		return 0;
	errno = 0;
	if (fflush(o->stream) == 0 || errno == 0)	/* what failed is gone, and its reason too */
		return ss_fail(e, SS_EIO, "cannot write %s", o->name);
	return ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
}

/* Brings all bytes to the disk, and asks close for its errors. */
static int
settle(struct ss_outfile *o, struct ss_err *e)
{
	int fd, r;

	if (o->stream != NULL && fflush(o->stream) != 0)
		return ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
	if ((r = ss_outfile_check(o, e)) < 0)
		return r;
	if (sync_fd(o->fd) < 0)
		return ss_fail_errno(e, SS_EIO, "cannot write %s to disk", o->name);
	/* A second descriptor keeps the lock while the errors of close are asked for. */
	fd = o->tmp != NULL ? dup(o->fd) : o->fd;
	if (o->tmp == NULL)
		o->fd = -1;
	if (fd < 0 || close(fd) < 0)
		return ss_fail_errno(e, SS_EIO, "cannot write %s", o->name);
	return 0;
}

int
ss_outfile_commit_all(struct ss_outfile *const *o, int n, struct ss_err *e)
{
	int r = 0;

	for (int i = 0; i < n && r == 0; i++)
		r = settle(o[i], e);
	for (int i = 0; i < n && r == 0; i++) {
		if (o[i]->tmp == NULL)
			continue;
		if (renameat(o[i]->dir, o[i]->tmp, o[i]->dir, o[i]->base) < 0)
			r = ss_fail_errno(e, SS_EIO, "cannot create %s", o[i]->name);
		else
			o[i]->named = true;
	}
	for (int i = 0; i < n && r < 0; i++)	/* a part of them is worth nothing */
		if (o[i]->named)
			unlinkat(o[i]->dir, o[i]->base, 0);
	for (int i = 0; i < n && r == 0; i++)
		if (o[i]->named && sync_fd(o[i]->dir) < 0)
			r = ss_fail_errno(e, SS_EIO, "cannot write the folder of %s to disk", o[i]->name);
	for (int i = 0; i < n; i++)
		drop(o[i]);
	return r;
}

int
ss_outfile_commit(struct ss_outfile *o, struct ss_err *e)
{
	return ss_outfile_commit_all(&o, 1, e);
}

void
ss_outfile_discard(struct ss_outfile *o)
{
	if (o != NULL)
		drop(o);
}
