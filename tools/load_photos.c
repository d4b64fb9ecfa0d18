/*
 * load_photos.c - the sources of ss-load that are files of pictures: how these are wanted, and what is told of them
 */
#include <stdlib.h>
#include <string.h>

#include "folder.h"
#include "load.h"
#include "webdataset.h"

/* A name, or #rrggbb; below 0: none. */
static int32_t
background(void)
{
	static const struct {
		const char *name;
		int32_t rgb;
	} colours[] = {
		{ "none", -1 }, { "black", 0 }, { "white", 0xffffff }, { "gray", 0x808080 }, { "grey", 0x808080 },
		{ "red", 0xff0000 }, { "green", 0x008000 }, { "blue", 0x0000ff }, { "yellow", 0xffff00 },
		{ "cyan", 0x00ffff }, { "magenta", 0xff00ff }
	};
	const char *text = load.background != NULL ? load.background : "none";

	for (size_t i = 0; i < sizeof(colours) / sizeof(colours[0]); i++)
		if (strcmp(text, colours[i].name) == 0)
			return colours[i].rgb;
	if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
		tool_die(TOOL_MISUSE, "--background is none, black, white, gray, red, green, blue, yellow, cyan, magenta "
		    "or #rrggbb, not '%s'", text);
	return (int32_t)strtol(text + 1, NULL, 16);
}

static struct ss_decoder *
decoder(struct ss_imagefile_how *how)
{
	struct ss_decoder *d;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (load.crop && load.size == 0)
		tool_die(TOOL_MISUSE, "--crop needs --size: the side of the square");
	*how = (struct ss_imagefile_how){
		.pixels = load.max_pixels != 0 ? (uint64_t)load.max_pixels : SS_IMAGEFILE_PIXELS,
		.background = background(), .side = (uint32_t)load.size, .crop = load.crop
	};
	if ((r = ss_decoder_create(&d, how, load.threads == 1 ? NULL : tool_pool((int)load.threads), &e)) < 0)
		tool_fail(r, &e);
	return d;
}

static bool
skips(void)
{
	static const char *const ways[] = { "fail", "skip", NULL };

	return load.on_error != NULL && tool_name("--on-error", load.on_error, ways) == 1;
}

/* Tells of a file that is left out, and counts it. */
static void
count_bad(void *arg, const char *message)
{
	++*(unsigned long long *)arg;
	tool_warn("left out: %s", message);
}

int
load_folder(struct ss_source **out, const char *path, struct ss_err *e)
{
	unsigned long long bad = 0;
	const struct ss_folder_plan plan = {
		.split_given = load.split != NULL, .split = load_split(), .labels = load.labels,
		.limit = (uint64_t)load.limit, .bad = skips() ? count_bad : NULL, .arg = &bad
	};
	struct ss_folder_report report;
	struct ss_imagefile_how how;
	int r = ss_folder_open(out, path, &plan, decoder(&how), &report, e);

	if (r < 0)
		return r;
	if (report.hidden > 0)
		tool_warn("'%s': %llu hidden files or folders are left out", path,
		    (unsigned long long)report.hidden);
	if (report.special > 0)
		tool_warn("'%s': %llu devices, pipes or sockets are left out", path,
		    (unsigned long long)report.special);
	if (bad > 0)
		tool_warn("%llu of %llu files are no image or damaged and left out", bad,
		    (unsigned long long)report.files);
	if (report.unlabelled > 0)
		tool_warn("'%s': %llu of %llu images have no label: -1", path,
		    (unsigned long long)report.unlabelled, (unsigned long long)(*out)->records);
	return 0;
}

static struct ss_webdataset_report samples;

int
load_tar(struct ss_source **out, const char *path, struct ss_err *e)
{
	static unsigned long long bad;
	const struct ss_webdataset_plan plan = {
		.limit = (uint64_t)load.limit, .bad = skips() ? count_bad : NULL, .arg = &bad, .report = &samples
	};
	struct ss_imagefile_how how;

	if (load.split != NULL)
		tool_die(TOOL_MISUSE, "--split: a tar archive has no splits");
	if (load.shuffle)
		tool_die(TOOL_MISUSE, "--shuffle: a tar archive is read from front to back; ss-sample --shuffle comes behind");
	if (strcmp(path, "-") == 0 && load.epochs - load.first_epoch > 1)
		tool_die(TOOL_MISUSE, "--epochs: standard input comes once; name the file");
	if (strcmp(path, "-") == 0)
		tool_check_input(path, "a tar archive");
	return ss_webdataset_open(out, path, &plan, &how, decoder(&how), e);
}

void
load_report(const char *path)
{
	const struct ss_webdataset_report *s = &samples;

	if (s->special > 0)
		tool_warn("'%s': %llu links, devices or pipes are left out", path, (unsigned long long)s->special);
	if (s->strange > 0)
		tool_warn("'%s': %llu members that belong to no sample are left out", path, (unsigned long long)s->strange);
	if (s->bad > 0)
		tool_warn("%llu of %llu samples are without an image or damaged and left out", (unsigned long long)s->bad,
		    (unsigned long long)s->samples);
	if (s->unlabelled > 0 && load_wants_labels())
		tool_warn("'%s': %llu of %llu images have no label: -1", path, (unsigned long long)s->unlabelled,
		    (unsigned long long)(s->samples - s->bad));
}
