/*
 * folder.c - a folder of pictures, each in a file of its own
 *
 * listing.c finds the files, filelabels.c their classes, decode.c reads them; here
 * they become records. A file is opened when its record is asked for, so any order
 * costs the same and memory holds names and sizes alone.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/size.h"
#include "filelabels.h"
#include "folder.h"
#include "listing.h"

enum { CHUNK = 1024 };	/* files that are looked at together */

/* A picture. */
struct item {
	char *path;		/* that can be opened: root, '/', name */
	char *escaped;		/* the name as text in a header is; NULL where that is the same */
	uint32_t size[2];	/* height, width */
	int32_t label;
};

struct folder {
	struct ss_source s;
	size_t root;		/* bytes of a path before the name */
	struct item *item;
	struct ss_decoder *decoder;
	struct ss_coded *coded;	/* room for those that are read at once */
	size_t room;
};

/* What is needed only while the folder is opened. */
struct opening {
	const char *root;
	const struct ss_folder_plan *plan;
	struct ss_listing files;
	size_t *skip;		/* of each file: bytes of the path that are its split's */
	size_t first, end;	/* the files of the split asked for */
	enum ss_source_split split;
	uint64_t hidden, special;
	struct ss_filelabels labels;
};

static bool
is_folder(const char *root, const char *below)
{
	char *path = ss_path_join(root, below);
	struct stat st;
	bool yes = path != NULL && stat(path, &st) == 0 && S_ISDIR(st.st_mode);

	free(path);
	return yes;
}

/* Adds the files of a split; those that are wanted are o->first to o->end. */
static int
list_split(struct opening *o, const char *below, bool wanted, struct ss_err *e)
{
	const size_t before = o->files.files;
	int r;

	o->files.hidden = o->files.special = 0;
	if ((r = ss_listing_add(&o->files, o->root, below, e)) < 0)
		return r;
	size_t *more = realloc(o->skip, (o->files.files + 1) * sizeof(*more));

	if (more == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	o->skip = more;
	for (size_t i = before; i < o->files.files; i++)
		o->skip[i] = below[0] != '\0' ? strlen(below) + 1 : 0;
	if (!wanted)
		return 0;
	if (o->end == 0)
		o->first = before;
	o->end = o->files.files;
	o->hidden += o->files.hidden;
	o->special += o->files.special;
	return 0;
}

/* Lists the files, those of both splits if there are any, and says which are meant. */
static int
list_files(struct opening *o, struct ss_err *e)
{
	const struct ss_folder_plan *p = o->plan;
	const bool there[] = { is_folder(o->root, "train"), is_folder(o->root, "test") };
	const bool one = p->split_given && p->split != SS_SPLIT_ALL;
	int r = 0;

	if (one && !there[p->split])
		return ss_fail(e, SS_EIO, "'%s' has no folder '%s': leave --split out to read all of it",
		    o->root, ss_split_name[p->split]);
	o->split = SS_SPLIT_ALL;
	if (!one && !(there[SS_SPLIT_TRAIN] && there[SS_SPLIT_TEST]))
		return list_split(o, "", true, e);
	o->split = p->split;
	for (int i = SS_SPLIT_TRAIN; r == 0 && i <= SS_SPLIT_TEST; i++)
		if (there[i])
			r = list_split(o, ss_split_name[i], o->split == SS_SPLIT_ALL || (int)o->split == i, e);
	return r;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* A table of labels that lies among the pictures is not one of them. */
static void
leave_out(struct opening *o, const char *table)
{
	struct stat t, st;

	if (stat(table, &t) < 0)
		return;
	for (size_t i = 0; i < o->files.files; i++) {
		if (strcmp(base_name(o->files.path[i]), base_name(table)) != 0)
			continue;
		char *path = ss_path_join(o->root, o->files.path[i]);
		const bool same = path != NULL && stat(path, &st) == 0 && st.st_dev == t.st_dev &&
		    st.st_ino == t.st_ino;

		free(path);
		if (!same)
			continue;
		const size_t behind = --o->files.files - i;

		free(o->files.path[i]);
		memmove(&o->files.path[i], &o->files.path[i + 1], behind * sizeof(*o->files.path));
		memmove(&o->skip[i], &o->skip[i + 1], behind * sizeof(*o->skip));
		o->first -= i < o->first;
		o->end -= i < o->end;
		return;
	}
}

/* The file that labels are read from; NULL: from none. */
static const char *
table_of(const struct ss_folder_plan *p)
{
	static const char *const words[] = { "directory", "prefix", "none" };

	for (int i = 0; i < 3; i++)
		if (p->labels == NULL || strcmp(p->labels, words[i]) == 0)
			return NULL;
	return p->labels;
}

/* Labels of all files listed, so that the classes do not depend on the split; false: none. */
static int
find_labels(struct opening *o, struct ss_source *s, struct ss_err *e)
{
	const char *how = o->plan->labels;
	char *const *path = o->files.path;
	const size_t n = o->files.files;
	int r;

	s->labelled = how == NULL || strcmp(how, "none") != 0;
	if (!s->labelled)
		return 0;
	if (how == NULL || strcmp(how, "directory") == 0)
		/* the caller frees o->skip. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		r = ss_filelabels_directory(&o->labels, path, o->skip, n, e);
	else if (table_of(o->plan) == NULL)
		r = ss_filelabels_prefix(&o->labels, path, n, e);
	else
		r = ss_filelabels_table(&o->labels, how, path, n, e);
	if (r < 0)
		return r;
	if (how == NULL && o->labels.classes == 0)
		s->labelled = false;
	else if (how != NULL && strcmp(how, "directory") == 0 && o->labels.classes == 0)
		return ss_fail(e, SS_EIO, "'%s' has no folders to take the labels from", o->root);
	return ss_source_names(s, (const char *const *)o->labels.name, o->labels.classes, e);
}

static int
make_room(struct folder *f, size_t n, struct ss_err *e)
{
	struct ss_coded *more;

	if (n <= f->room)
		return 0;
	if ((more = realloc(f->coded, n * sizeof(*more))) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	f->coded = more;
	f->room = n;
	return 0;
}

/* Makes file i item k. */
static int
name_item(struct folder *f, const struct opening *o, size_t i, uint64_t k, struct ss_err *e)
{
	struct item *it = &f->item[k];

	it->path = ss_path_join(o->root, o->files.path[i]);
	it->escaped = ss_escape(o->files.path[i]);
	it->label = f->s.labelled ? o->labels.label[i] : 0;
	if (it->path == NULL || it->escaped == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if (strcmp(it->escaped, o->files.path[i]) == 0) {
		free(it->escaped);
		it->escaped = NULL;
	}
	return 0;
}

static void
forget_item(struct item *it)
{
	free(it->path);
	free(it->escaped);
	it->path = it->escaped = NULL;
}

/* Item k becomes the next record, unless it is bad and may be left out. */
static int
keep_item(struct folder *f, const struct ss_folder_plan *p, uint64_t k, struct ss_coded *c, struct ss_err *e)
{
	struct item *it = &f->item[k];

	if (c->code < 0) {
		const int r = ss_coded_failure(c, e);

		forget_item(it);
		if (r != SS_EDATA || p->bad == NULL)
			return r;
		p->bad(p->arg, e->text);
		return 0;
	}
	memcpy(it->size, c->size, sizeof(it->size));
	if (f->s.records == 0) {
		f->s.height = it->size[0], f->s.width = it->size[1];
	} else if (f->s.height != it->size[0] || f->s.width != it->size[1]) {
		f->s.height = SS_VARIES, f->s.width = SS_VARIES;
	}
	if (k != f->s.records) {
		f->item[f->s.records] = *it;
		*it = (struct item){ 0 };
	}
	f->s.records++;
	return 0;
}

/* Makes n files, from number i on, the next records. */
static int
take_chunk(struct folder *f, const struct opening *o, size_t i, size_t n, struct ss_err *e)
{
	const bool all = o->plan->bad != NULL;
	const uint64_t first = f->s.records;
	size_t kept = 0;
	int r = make_room(f, n, e);

	if (r < 0)
		return r;
	memset(f->coded, 0, n * sizeof(*f->coded));
	for (size_t k = 0; r == 0 && k < n; k++) {
		r = name_item(f, o, i + k, first + k, e);
		f->coded[k].name = f->item[first + k].path;
	}
	if (r == 0)
		ss_decoder_run(f->decoder, all ? SS_TRY : SS_LOOK, f->coded, n, all);
	for (; r == 0 && kept < n; kept++)
		r = keep_item(f, o->plan, first + kept, &f->coded[kept], e);
	for (; r < 0 && kept < n; kept++) {
		free(f->coded[kept].why);
		forget_item(&f->item[first + kept]);
	}
	return r;
}

static int
pick_folder(struct ss_source *s, const uint64_t *number, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct folder *f = (struct folder *)s;
	uint8_t *to = images;
	int r = make_room(f, n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct item *it = &f->item[number[i]];

		f->coded[i] = (struct ss_coded){ .name = it->path, .size = { it->size[0], it->size[1] }, .pixels = to };
		labels[i] = it->label;
		to += 3 * (size_t)it->size[0] * it->size[1];
	}
	if (r == 0 && (s->sound = ss_decoder_run(f->decoder, SS_DECODE, f->coded, n, false)) < n)
		r = ss_coded_failure(&f->coded[s->sound], e);
	return r;
}

static void
size_of(const struct ss_source *s, uint64_t number, uint32_t size[2])
{
	const struct item *it = &((const struct folder *)s)->item[number];

	size[0] = it->size[0];
	size[1] = it->size[1];
}

static const char *
name_of(const struct ss_source *s, uint64_t number)
{
	const struct folder *f = (const struct folder *)s;

	return f->item[number].escaped != NULL ? f->item[number].escaped : f->item[number].path + f->root;
}

static void
free_folder(struct ss_source *s)
{
	struct folder *f = (struct folder *)s;

	for (uint64_t i = 0; i < s->records; i++)
		forget_item(&f->item[i]);
	free(f->item);
	free(f->coded);
	ss_decoder_free(f->decoder);
	free(f);
}

static const struct ss_source_ops folder_ops = {
	.pick = pick_folder, .size = size_of, .name = name_of, .free = free_folder
};

static int
take_files(struct folder *f, struct opening *o, struct ss_folder_report *report, struct ss_err *e)
{
	const struct ss_folder_plan *p = o->plan;
	int r;

	if ((r = list_files(o, e)) < 0)
		return r;
	if (table_of(p) != NULL)
		leave_out(o, p->labels);
	if ((r = find_labels(o, &f->s, e)) < 0)
		return r;
	if ((f->item = calloc(o->end - o->first + 1, sizeof(*f->item))) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	size_t i = o->first;

	while (r == 0 && i < o->end && f->s.records < p->limit) {
		size_t n = ss_least(CHUNK, o->end - i);

		if (n > p->limit - f->s.records)
			n = (size_t)(p->limit - f->s.records);
		r = take_chunk(f, o, i, n, e);
		i += n;
	}
	if (r == 0 && f->s.records == 0)
		r = ss_fail(e, SS_EIO, "no images in '%s'", o->root);
	report->files = i - o->first;
	report->hidden = o->hidden;
	report->special = o->special;
	for (uint64_t k = 0; f->s.labelled && k < f->s.records; k++)
		report->unlabelled += f->item[k].label < 0;
	return r;
}

int
ss_folder_open(struct ss_source **out, const char *path, const struct ss_folder_plan *plan,
    struct ss_decoder *decoder, struct ss_folder_report *report, struct ss_err *e)
{
	struct folder *f = calloc(1, sizeof(*f));
	struct opening o = { .root = path, .plan = plan };
	int r;

	*out = NULL;
	*report = (struct ss_folder_report){ 0 };
	if (f == NULL) {
		ss_decoder_free(decoder);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	f->decoder = decoder;
	f->s.threads = ss_decoder_threads(decoder);
	f->s.ops = &folder_ops;
	f->s.type = SS_U8;
	f->s.channels = 3;
	f->s.random = true;
	f->root = strlen(path) + 1;
	if ((r = take_files(f, &o, report, e)) == 0)
		r = ss_source_dataset_path(&f->s, path, ss_split_name[o.split], "folder", e);
	ss_filelabels_free(&o.labels);
	ss_listing_free(&o.files);
	free(o.skip);
	if (r < 0)
		ss_source_free(&f->s);
	else
		*out = &f->s;
	return r;
}
