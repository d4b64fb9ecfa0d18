/*
 * load_sources.c - the sources that ss-load reads: one line each in a table
 *
 * Here is which options a source takes and how they reach its reader in formats/;
 * an option that is another source's is a mistake.
 */
#include <stdlib.h>
#include <string.h>

#include "cifar.h"
#include "drawn.h"
#include "idx.h"
#include "image/shapes.h"
#include "load.h"
#include "npy.h"
#include "stl10.h"

bool
load_wants_labels(void)
{
	return load.labels == NULL || strcmp(load.labels, "none") != 0;
}

enum ss_source_split
load_split(void)
{
	return load.split == NULL ? SS_SPLIT_TRAIN : (enum ss_source_split)ss_source_split_parse(load.split);
}

static int
open_cifar10(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_cifar_open(out, path, SS_CIFAR10, load_split(), (uint64_t)load.limit, e);
}

static int
open_cifar100(struct ss_source **out, const char *path, struct ss_err *e)
{
	bool coarse = load.labels != NULL && strcmp(load.labels, "coarse") == 0;

	if (load.labels != NULL && !coarse && load_wants_labels() && strcmp(load.labels, "fine") != 0)
		tool_die(TOOL_MISUSE, "--labels of cifar100 is fine, coarse or none, not '%s'", load.labels);
	return ss_cifar_open(out, path, coarse ? SS_CIFAR100_COARSE : SS_CIFAR100_FINE, load_split(),
	    (uint64_t)load.limit, e);
}

static int
open_stl10(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_stl10_open(out, path, load_split(), (uint64_t)load.limit, e);
}

static int
open_idx(struct ss_source **out, const char *path, struct ss_err *e)
{
	return ss_idx_open(out, path, load_wants_labels() ? load.labels : NULL, load_wants_labels(), load_split(),
	    (uint64_t)load.limit, e);
}

static int
open_npy(struct ss_source **out, const char *path, struct ss_err *e)
{
	bool hwc = load.layout != NULL && strcmp(load.layout, "hwc") == 0;
	int r;

	if (load.split != NULL)
		tool_die(TOOL_MISUSE, "--split: a .npy file has no splits");
	if (load.layout != NULL && !hwc && strcmp(load.layout, "chw") != 0)
		tool_die(TOOL_MISUSE, "--layout is chw or hwc, not '%s'", load.layout);
	r = ss_npy_open(out, path, load_wants_labels() ? load.labels : NULL, hwc ? SS_HWC : SS_CHW,
	    (uint64_t)load.limit, e);
	if (r == 0 && load.layout == NULL && (*out)->channels > 4 && (*out)->width <= 4)
		tool_warn("%u channels, %u columns: is it --layout hwc?", (*out)->channels, (*out)->width);
	return r;
}

static int
open_shapes(struct ss_source **out, const char *path, struct ss_err *e)
{
	(void)path;
	if (load.size != 0 && (load.size < SS_SHAPES_SIZE_MIN || load.size > SS_SHAPES_SIZE_MAX))
		tool_die(TOOL_MISUSE, "--size of shapes is %d to %d, not %lld", SS_SHAPES_SIZE_MIN,
		    SS_SHAPES_SIZE_MAX, load.size);
	return ss_drawn_open(out, load.seed, load_split(), (uint64_t)load.records,
	    load.size != 0 ? (uint32_t)load.size : SS_DRAWN_SIZE, (uint64_t)load.limit,
	    tool_pool((int)load.threads), e);
}

/*
 * TABLE: --labels that name a file; NAMED: --names; COARSE: --labels of its own; ARRAY: --layout;
 * DRAWN: --records, no path; PHOTO: what concerns files of pictures; PLACE: no data are searched; MORE: more splits
 */
enum {
	TABLE = 1, NAMED = 2, COARSE = 4, ARRAY = 8, DRAWN = 16, PHOTO = 32, PLACE = 64, MORE = 128
};
static const struct source {
	const char *name, *what;
	int flags;
	int (*open)(struct ss_source **, const char *, struct ss_err *);
} sources[] = {
	{ "cifar", "CIFAR-10, official binary files or archive", 0, open_cifar10 },
	{ "cifar10", "the same", 0, open_cifar10 },
	{ "cifar100", "CIFAR-100, official binary files or archive", COARSE, open_cifar100 },
	{ "stl10", "STL-10, official binary files or archive", MORE, open_stl10 },
	{ "folder", "JPEG and PNG files in a folder and those below it", TABLE | PHOTO | PLACE, load_folder },
	{ "tar", "the same in a tar archive, as WebDataset has them", NAMED | PHOTO | PLACE, load_tar },
	{ "idx", "MNIST's format, plain or gzipped", TABLE | NAMED, open_idx },
	{ "npy", "NumPy's format, u8 or f32", TABLE | NAMED | ARRAY | PLACE, open_npy },
	{ "shapes", "pictures of ten shapes, drawn here", DRAWN, open_shapes }
};
enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

void
load_print_sources(FILE *f)
{
	for (int i = 0; i < SOURCES; i++)
		fprintf(f, "  %-20s %s\n", sources[i].name, sources[i].what);
}

static const struct source *
find_source(const char *name)
{
	for (int i = 0; name != NULL && i < SOURCES; i++)
		if (strcmp(name, sources[i].name) == 0)
			return &sources[i];
	tool_die(TOOL_MISUSE, "%s source: wanted cifar, cifar100, stl10, folder, tar, idx, npy or shapes",
	    name != NULL ? "unknown" : "no");
}

static void
check_options(const struct source *src, const char *path)
{
	const int s = load.split != NULL ? ss_source_split_parse(load.split) : SS_SPLIT_TRAIN;

	if (s < 0 || (s > SS_SPLIT_ALL && !(src->flags & MORE)))
		tool_die(TOOL_MISUSE, "--split of %s is train, test%s, not '%s'", src->name,
		    src->flags & MORE ? ", all, unlabeled or train+unlabeled" : " or all", load.split);
	if (load.labels != NULL && load_wants_labels() && !(src->flags & (TABLE | COARSE)))
		tool_die(TOOL_MISUSE, "--labels of %s is none, or is left out", src->name);
	if (load.names != NULL && !(src->flags & NAMED))
		tool_die(TOOL_MISUSE, "--names is for tar, idx and npy");
	if (load.layout != NULL && !(src->flags & ARRAY))
		tool_die(TOOL_MISUSE, "--layout is for npy");
	if ((load.crop || load.background != NULL || load.max_pixels != 0 || load.on_error != NULL) && !(src->flags & PHOTO))
		tool_die(TOOL_MISUSE, "--crop, --background, --max-pixels and --on-error are for folder and tar");
	if (load.records != 0 && !(src->flags & DRAWN))
		tool_die(TOOL_MISUSE, "--records is for shapes; --limit is for all");
	if (load.size != 0 && !(src->flags & (DRAWN | PHOTO)))
		tool_die(TOOL_MISUSE, "--size is for folder, tar and shapes");
	if (path == NULL && (src->flags & PLACE))
		tool_die(TOOL_MISUSE, "%s needs a %s", src->name, src->flags & ARRAY ? "file" : "path");
	if (path != NULL && (src->flags & DRAWN))
		tool_die(TOOL_MISUSE, "%s takes no path", src->name);
	if (load.first_epoch >= load.epochs)
		tool_die(TOOL_MISUSE, "--first-epoch %lld: --epochs %lld are 0 to %lld, so none is left",
		    load.first_epoch, load.epochs, load.epochs - 1);
}

struct ss_source *
load_source(const char *name, const char *path)
{
	const struct source *src = find_source(name);
	struct ss_err e = SS_ERR_INIT;
	const char *folder = getenv("SS_DATA");
	struct ss_source *s;
	int r;

	check_options(src, path);
	if (path == NULL)
		path = folder != NULL && folder[0] != '\0' ? folder : "data";
	if ((r = src->open(&s, path, &e)) == 0 && load.names != NULL)
		r = ss_source_names_file(s, load.names, 0, &e);
	if (r < 0)
		tool_fail(r, &e);
	return s;
}
