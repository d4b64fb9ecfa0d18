/*
 * listing.c - the files below a folder, in an order that does not depend on the file system
 *
 * Folders are walked over a list and not by recursion, so a deep tree costs memory
 * and neither stack nor descriptors.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "listing.h"

/* A folder to look into, and which one it was found in. */
struct stop {
	char *path;
	size_t parent;		/* SIZE_MAX: none */
	dev_t dev;
	ino_t ino;
};

struct walk {
	struct stop *stop;
	size_t stops, room;
};

char *
ss_path_join(const char *a, const char *b)
{
	size_t n = strlen(a) + strlen(b) + 2;
	char *s = malloc(n);

	if (s != NULL)
		snprintf(s, n, "%s%s%s", a, a[0] != '\0' && b[0] != '\0' ? "/" : "", b);
	return s;
}

/* Takes path over. */
static int
add_file(struct ss_listing *l, char *path, struct ss_err *e)
{
	if (l->files == l->room) {
		size_t room = l->room + l->room / 2 + 1024;
		char **more = realloc(l->path, room * sizeof(*more));

		if (more == NULL) {
			free(path);
			return ss_fail(e, SS_EIO, "out of memory");
		}
		l->path = more;
		l->room = room;
	}
	l->path[l->files++] = path;
	return 0;
}

/* Takes path over. */
static int
add_stop(struct walk *w, char *path, size_t parent, const struct stat *st, struct ss_err *e)
{
	for (size_t p = parent; p != SIZE_MAX; p = w->stop[p].parent)
		if (w->stop[p].dev == st->st_dev && w->stop[p].ino == st->st_ino) {
			ss_fail(e, SS_EIO, "'%s' leads back to '%s', above it", path, w->stop[p].path);
			free(path);
			return SS_EIO;
		}
	if (w->stops == w->room) {
		size_t room = w->room + w->room / 2 + 64;
		struct stop *more = realloc(w->stop, room * sizeof(*more));

		if (more == NULL) {
			free(path);
			return ss_fail(e, SS_EIO, "out of memory");
		}
		w->stop = more;
		w->room = room;
	}
	w->stop[w->stops++] = (struct stop){ path, parent, st->st_dev, st->st_ino };
	return 0;
}

static int
take_entry(struct ss_listing *l, struct walk *w, size_t parent, DIR *d, const char *name,
    size_t strip, struct ss_err *e)
{
	struct stat st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (name[0] == '.') {
		l->hidden++;
		return 0;
	}
	const int r = fstatat(dirfd(d), name, &st, 0);
	char *path = ss_path_join(w->stop[parent].path, name);

	if (path == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if (r < 0 && errno != ENOENT && errno != ELOOP) {
		ss_fail_errno(e, SS_EIO, "cannot look at '%s'", path);
		free(path);
		return SS_EIO;
	}
	if (r == 0 && S_ISDIR(st.st_mode))
		return add_stop(w, path, parent, &st, e);
	if (r == 0 && !S_ISREG(st.st_mode)) {
		l->special++;
		free(path);
		return 0;
	}
	memmove(path, path + strip, strlen(path + strip) + 1);
	return add_file(l, path, e);
}

static int
look_into(struct ss_listing *l, struct walk *w, size_t at, size_t strip, struct ss_err *e)
{
	DIR *d = opendir(w->stop[at].path);
	struct dirent *entry;
	int r = 0;

	if (d == NULL)
		return ss_fail_errno(e, SS_EIO, "cannot open folder '%s'", w->stop[at].path);
	while (r == 0 && (errno = 0, entry = readdir(d)) != NULL)
		r = take_entry(l, w, at, d, entry->d_name, strip, e);
	if (r == 0 && errno != 0)
		r = ss_fail_errno(e, SS_EIO, "cannot read folder '%s'", w->stop[at].path);
	closedir(d);
	return r;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
ss_listing_add(struct ss_listing *l, const char *folder, const char *below, struct ss_err *e)
{
	const size_t before = l->files;
	struct walk w = { 0 };
	struct stat st;
	char *start = ss_path_join(folder, below);
	int r;

	if (start == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if (stat(start, &st) < 0) {
		r = ss_fail_errno(e, SS_EIO, "cannot open folder '%s'", start);
		free(start);
		return r;
	}
	r = add_stop(&w, start, SIZE_MAX, &st, e);
	for (size_t i = 0; r == 0 && i < w.stops; i++)
		r = look_into(l, &w, i, strlen(folder) + 1, e);
	if (r == 0 && l->files > before)
		qsort(l->path + before, l->files - before, sizeof(*l->path), compare_paths);
	for (size_t i = 0; i < w.stops; i++)
		free(w.stop[i].path);
	free(w.stop);
	return r;
}

void
ss_listing_free(struct ss_listing *l)
{
	for (size_t i = 0; i < l->files; i++)
		free(l->path[i]);
	free(l->path);
	*l = (struct ss_listing)SS_LISTING_INIT;
}
