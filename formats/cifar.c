/*
 * cifar.c - CIFAR-10 and CIFAR-100 in their official binary version
 *
 * A file is a sequence of records: one label byte (CIFAR-100: two, coarse then
 * fine) and 3072 bytes of pixels, red, green and blue planes of 32 rows. Files
 * in a folder are read as the records are asked for. In the archive they do not
 * come in their order, so its members are taken into memory, without ever
 * being written to disk. The pickled ("python") version is not read.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cifar.h"
#include "gz.h"

enum {
	PIXELS = 3072,
	FILES_MAX = 6,
	NAMES_MAX = 1 << 16,	/* bytes of a file of class names */
	BLOCK = 64		/* records read at once: 192 KiB stay in the cache until they are sorted */
};

static const char *const names10[] = {
	"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
};
static const char *const coarse100[] = {
	"aquatic_mammals", "fish", "flowers", "food_containers", "fruit_and_vegetables",
	"household_electrical_devices", "household_furniture", "insects", "large_carnivores",
	"large_man-made_outdoor_things", "large_natural_outdoor_scenes",
	"large_omnivores_and_herbivores", "medium_mammals", "non-insect_invertebrates", "people",
	"reptiles", "small_mammals", "trees", "vehicles_1", "vehicles_2"
};
static const char *const fine100[] = {
	"apple", "aquarium_fish", "baby", "bear", "beaver", "bed", "bee", "beetle", "bicycle", "bottle",
	"bowl", "boy", "bridge", "bus", "butterfly", "camel", "can", "castle", "caterpillar", "cattle",
	"chair", "chimpanzee", "clock", "cloud", "cockroach", "couch", "crab", "crocodile", "cup",
	"dinosaur", "dolphin", "elephant", "flatfish", "forest", "fox", "girl", "hamster", "house",
	"kangaroo", "keyboard", "lamp", "lawn_mower", "leopard", "lion", "lizard", "lobster", "man",
	"maple_tree", "motorcycle", "mountain", "mouse", "mushroom", "oak_tree", "orange", "orchid",
	"otter", "palm_tree", "pear", "pickup_truck", "pine_tree", "plain", "plate", "poppy",
	"porcupine", "possum", "rabbit", "raccoon", "ray", "road", "rocket", "rose", "sea", "seal",
	"shark", "shrew", "skunk", "skyscraper", "snail", "snake", "spider", "squirrel", "streetcar",
	"sunflower", "sweet_pepper", "table", "tank", "telephone", "television", "tiger", "tractor",
	"train", "trout", "tulip", "turtle", "wardrobe", "whale", "willow_tree", "wolf", "woman", "worm"
};

struct kind {
	const char *title, *dataset, *folder, *archive;
	const char *train[FILES_MAX], *test[FILES_MAX];
	size_t label_bytes, label_at;
	const char *names_file;
	const char *const *names;
	uint32_t classes;
};

#define CIFAR100 "CIFAR-100", "cifar100", "cifar-100-binary", "cifar-100-binary.tar.gz", \
	{ "train.bin" }, { "test.bin" }, 2

static const struct kind kinds[] = {
	[SS_CIFAR10] = { "CIFAR-10", "cifar10", "cifar-10-batches-bin", "cifar-10-binary.tar.gz",
	    { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
	    "data_batch_5.bin" }, { "test_batch.bin" }, 1, 0, "batches.meta.txt", names10, 10 },
	[SS_CIFAR100_FINE] = { CIFAR100, 1, "fine_label_names.txt", fine100, 100 },
	[SS_CIFAR100_COARSE] = { CIFAR100, 0, "coarse_label_names.txt", coarse100, 20 }
};

struct part {
	const char *file;	/* "data_batch_1.bin" */
	char *name;		/* as messages say it */
	int fd;			/* -1: in memory */
	unsigned char *bytes;
	uint64_t first, records;
};

struct cifar {
	struct ss_source s;
	const struct kind *kind;
	size_t record;			/* bytes */
	int parts;
	struct part part[FILES_MAX + 1];
	unsigned char *block;
};

/* Splits records into labels and images, checking the labels. */
static int
sort_out(const struct cifar *c, const struct part *p, uint64_t at, const unsigned char *raw,
    size_t n, unsigned char *images, int32_t *labels, struct ss_err *e)
{
	for (size_t i = 0; i < n; i++, raw += c->record) {
		uint32_t label = raw[c->kind->label_at];

		if (label >= c->kind->classes)
			return ss_fail(e, SS_EDATA,
			    "'%s': label %u at offset %llu (record %llu) is not in 0..%u", p->name, label,
			    (unsigned long long)((at + i) * c->record + c->kind->label_at),
			    (unsigned long long)(at + i), c->kind->classes - 1);
		labels[i] = (int32_t)label;
		memcpy(images + i * PIXELS, raw + c->kind->label_bytes, PIXELS);
	}
	return 0;
}

static int
read_block(const struct cifar *c, const struct part *p, uint64_t at, size_t n, struct ss_err *e)
{
	size_t want = n * c->record, got = 0;

	while (got < want) {
		ssize_t r = pread(p->fd, c->block + got, want - got, (off_t)(at * c->record + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return ss_fail_errno(e, SS_EIO, "cannot read '%s' at offset %llu", p->name,
			    (unsigned long long)(at * c->record + got));
		if (r == 0)
			return ss_fail(e, SS_EDATA, "'%s': ends at offset %llu, was longer when opened",
			    p->name, (unsigned long long)(at * c->record + got));
		got += (size_t)r;
	}
	return 0;
}

static int
read_cifar(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct cifar *c = (struct cifar *)s;
	const struct part *p = c->part;
	unsigned char *to = images;
	int r;

	while (n > 0) {
		while (first >= p->first + p->records)
			p++;
		uint64_t at = first - p->first;
		size_t k = n < BLOCK ? n : BLOCK;

		if (k > p->records - at)
			k = (size_t)(p->records - at);
		if (p->fd >= 0 && (r = read_block(c, p, at, k, e)) < 0)
			return r;
		r = sort_out(c, p, at, p->fd >= 0 ? c->block : p->bytes + at * c->record, k, to,
		    labels, e);
		if (r < 0)
			return r;
		first += k;
		n -= k;
		to += k * PIXELS;
		labels += k;
	}
	return 0;
}

static void
free_cifar(struct ss_source *s)
{
	struct cifar *c = (struct cifar *)s;

	for (int i = 0; i < c->parts; i++) {
		if (c->part[i].fd >= 0)
			close(c->part[i].fd);
		free(c->part[i].bytes);
		free(c->part[i].name);
	}
	free(c->block);
	free(c);
}

static const struct ss_source_ops cifar_ops = { read_cifar, free_cifar };

static char *
join(const char *a, const char *between, const char *b)
{
	size_t n = strlen(a) + strlen(between) + strlen(b) + 1;
	char *s = malloc(n);

	if (s != NULL)
		snprintf(s, n, "%s%s%s", a, between, b);
	return s;
}

/* records of a file of that size, or an error that says where the last record is cut. */
static int
count_records(const struct cifar *c, struct part *p, uint64_t size, struct ss_err *e)
{
	p->records = size / c->record;
	if (size % c->record != 0)
		return ss_fail(e, SS_EDATA,
		    "'%s': size %llu is not a multiple of %zu: the record at offset %llu is cut", p->name,
		    (unsigned long long)size, c->record, (unsigned long long)(p->records * c->record));
	if (size == 0)
		return ss_fail(e, SS_EDATA, "'%s': empty at offset 0", p->name);
	return 0;
}

/* Numbers the records of the parts and drops what lies beyond the limit. */
static void
number_parts(struct cifar *c, uint64_t limit)
{
	for (int i = 0; i < c->parts; i++) {
		struct part *p = &c->part[i];

		p->first = c->s.records;
		if (p->records > limit - p->first)
			p->records = limit - p->first;
		c->s.records += p->records;
	}
}

static int
open_folder(struct cifar *c, const char *folder, uint64_t limit, struct ss_err *e)
{
	uint64_t sum = 0;
	struct stat st;
	int r;

	for (int i = 0; i < c->parts && sum < limit; i++) {
		struct part *p = &c->part[i];

		if ((p->name = join(folder, "/", p->file)) == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		p->fd = open(p->name, O_RDONLY | O_CLOEXEC);
		if (p->fd < 0 || fstat(p->fd, &st) < 0)
			return ss_fail_errno(e, SS_EIO, "cannot open '%s'", p->name);
		if (!S_ISREG(st.st_mode))
			return ss_fail(e, SS_EIO, "cannot read '%s': not a regular file", p->name);
		if ((r = count_records(c, p, (uint64_t)st.st_size, e)) < 0)
			return r;
		sum += p->records;
	}
	number_parts(c, limit);

	char *names = join(folder, "/", c->kind->names_file);

	if (names == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	r = 0;
	if (access(names, F_OK) == 0)
		r = ss_source_names_file(&c->s, names, c->kind->classes, e);
	free(names);
	return r;
}

/* libarchive asks for packed bytes through this; gz.c has taken the gzip layer off and checked it. */
struct feed {
	struct ss_gz *gz;
	struct ss_err err;
	int failed;
	unsigned char buf[1 << 16];
};

static la_ssize_t
feed_archive(struct archive *a, void *arg, const void **buf)
{
	struct feed *f = arg;
	size_t got;

	*buf = f->buf;
	f->failed = ss_gz_some(f->gz, f->buf, sizeof(f->buf), &got, &f->err);
	if (f->failed == 0)
		return (la_ssize_t)got;
	archive_set_error(a, EIO, "%s", f->err.text);
	return ARCHIVE_FATAL;
}

static int
archive_trouble(struct archive *a, const struct feed *f, struct ss_err *e)
{
	if (f->failed < 0)
		return ss_fail(e, f->failed, "%s", f->err.text);
	const char *why = archive_error_string(a);

	if (archive_errno(a) == ENOMEM || why == NULL)	/* it has a reason for all else */
		return ss_fail(e, SS_EIO, "out of memory");
	return ss_fail(e, SS_EDATA, "'%s': not a sound archive at unpacked offset %llu: %s",
	    ss_gz_name(f->gz), (unsigned long long)ss_gz_offset(f->gz), why);
}

/* The bytes of the current member, at most max of them, into *out (malloc'd). */
static int
take_member(struct archive *a, const struct feed *f, const char *name, uint64_t size, uint64_t max,
    unsigned char **out, struct ss_err *e)
{
	size_t want = (size_t)(size < max ? size : max), room = 0, got = 0;

	*out = NULL;
	while (got < want) {
		if (got == room) {	/* grows with what really comes, not with what is claimed */
			room = room == 0 ? 1 << 20 : room * 2;
			if (room > want)
				room = want;
			unsigned char *more = realloc(*out, room);

			if (more == NULL)
				return ss_fail(e, SS_EIO, "out of memory");
			*out = more;
		}
		la_ssize_t r = archive_read_data(a, *out + got, room - got);

		if (r < 0)
			return archive_trouble(a, f, e);
		if (r == 0)
			return ss_fail(e, SS_EDATA, "'%s': truncated at offset %zu of %llu", name, got,
			    (unsigned long long)size);
		got += (size_t)r;
	}
	return 0;
}

/* Whether the parts at hand, from the first one on without a gap, reach the limit. */
static bool
complete(const struct cifar *c, uint64_t limit)
{
	uint64_t sum = 0;

	for (int i = 0; i < c->parts && c->part[i].bytes != NULL; i++)
		if ((sum += c->part[i].records) >= limit)
			return true;
	return false;
}

static int
take_entry(struct cifar *c, struct archive *a, struct archive_entry *entry, const struct feed *f,
    uint64_t limit, struct ss_err *e)
{
	const char *path = archive_entry_pathname(entry);
	uint64_t size = archive_entry_size(entry) > 0 ? (uint64_t)archive_entry_size(entry) : 0;
	const char *base;
	int r;

	if (path == NULL || archive_entry_filetype(entry) != AE_IFREG)
		return 0;
	base = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	for (int i = 0; i < c->parts; i++) {
		struct part *p = &c->part[i];

		if (strcmp(base, p->file) != 0)
			continue;
		if (p->bytes != NULL)
			return ss_fail(e, SS_EDATA, "'%s': a second '%s' at unpacked offset %llu",
			    ss_gz_name(f->gz), path, (unsigned long long)ss_gz_offset(f->gz));
		if ((p->name = join(ss_gz_name(f->gz), ": ", path)) == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		if ((r = count_records(c, p, size, e)) < 0)
			return r;
		if (p->records > limit)
			p->records = limit;
		return take_member(a, f, p->name, size, p->records * c->record, &p->bytes, e);
	}
	if (strcmp(base, c->kind->names_file) == 0) {
		const uint64_t length = size < NAMES_MAX ? size : NAMES_MAX;
		unsigned char *text;

		if ((r = take_member(a, f, path, size, length, &text, e)) == 0)
			r = ss_source_names_text(&c->s, (char *)text, (size_t)length, c->kind->classes, path, e);
		free(text);
		return r;
	}
	return 0;
}

static int
open_archive(struct cifar *c, const char *path, uint64_t limit, struct ss_err *e)
{
	struct feed *f = calloc(1, sizeof(*f));
	struct archive *a = archive_read_new();
	struct archive_entry *entry = archive_entry_new();
	int r = 0, got = ARCHIVE_OK;

	if (f == NULL || a == NULL || entry == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory");
		goto out;
	}
	if ((r = ss_gz_open(&f->gz, path, e)) < 0)
		goto out;
	/* Filters that would need other programs give a warning, which does not matter. */
	if (archive_read_support_filter_all(a) < ARCHIVE_WARN ||
	    archive_read_support_format_tar(a) != ARCHIVE_OK ||
	    archive_read_open(a, f, NULL, feed_archive, NULL) != ARCHIVE_OK) {
		r = archive_trouble(a, f, e);
		goto out;
	}
	while (r == 0 && !(complete(c, limit) && c->s.classes > 0) &&
	    (got = archive_read_next_header2(a, entry)) == ARCHIVE_OK)
		r = take_entry(c, a, entry, f, limit, e);
	if (r == 0 && got != ARCHIVE_OK && got != ARCHIVE_EOF)
		r = archive_trouble(a, f, e);
	if (r == 0 && got == ARCHIVE_EOF)
		r = ss_gz_drain(f->gz, e);	/* so that gzip's checksum is seen and verified */
	if (r < 0)
		goto out;
	number_parts(c, limit);
	for (int i = 0; i < c->parts && r == 0; i++)
		if (c->part[i].bytes == NULL && c->part[i].first < limit)
			r = ss_fail(e, SS_EDATA, "'%s': no member '%s' up to its end at unpacked offset %llu",
			    path, c->part[i].file, (unsigned long long)ss_gz_offset(f->gz));
	c->s.random = true;
out:
	archive_entry_free(entry);
	archive_read_free(a);
	if (f != NULL)
		ss_gz_close(f->gz);
	free(f);
	return r;
}

static bool
exists(const char *folder, const char *name)
{
	char *path = join(folder, "/", name);
	bool yes = path != NULL && access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* Opens what is at path: the files, the official folder or archive in it, or the archive itself. */
static int
open_path(struct cifar *c, const char *path, uint64_t limit, struct ss_err *e)
{
	const struct kind *k = c->kind;
	struct stat st;
	int found = stat(path, &st), r;
	char *below = NULL;

	if (found < 0 && errno != ENOENT)
		return ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	if (found == 0 && !S_ISDIR(st.st_mode))
		return open_archive(c, path, limit, e);
	if (found == 0 && (exists(path, k->train[0]) || exists(path, k->test[0])))
		return open_folder(c, path, limit, e);
	if (found == 0 && exists(path, k->folder)) {
		below = join(path, "/", k->folder);
		r = below != NULL ? open_folder(c, below, limit, e) : SS_EIO;
	} else if (found == 0 && exists(path, k->archive)) {
		below = join(path, "/", k->archive);
		r = below != NULL ? open_archive(c, below, limit, e) : SS_EIO;
	} else {
		return ss_fail(e, SS_EIO, "no %s in '%s' (%s%s, %s/ or %s): name its folder, set SS_DATA, "
		    "or put there https://www.cs.toronto.edu/~kriz/%s", k->title, path,
		    found < 0 ? "no such folder; wanted " : "wanted ", k->train[0], k->folder, k->archive,
		    k->archive);
	}
	if (below == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	free(below);
	return r;
}

int
ss_cifar_open(struct ss_source **out, const char *path, enum ss_cifar which, enum ss_split split,
    uint64_t limit, struct ss_err *e)
{
	const struct kind *k = &kinds[which];
	struct cifar *c = calloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	c->s.ops = &cifar_ops;
	c->s.type = SS_U8;
	c->s.channels = 3, c->s.height = 32, c->s.width = 32;
	c->s.labelled = true;
	c->kind = k;
	c->record = k->label_bytes + PIXELS;
	for (int i = 0; split != SS_SPLIT_TEST && i < FILES_MAX && k->train[i] != NULL; i++)
		c->part[c->parts++].file = k->train[i];
	for (int i = 0; split != SS_SPLIT_TRAIN && i < FILES_MAX && k->test[i] != NULL; i++)
		c->part[c->parts++].file = k->test[i];
	for (int i = 0; i < c->parts; i++)
		c->part[i].fd = -1;
	ss_source_dataset(&c->s, "%s-%s", k->dataset, ss_split_name[split]);
	if ((c->block = malloc(BLOCK * c->record)) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	else if ((r = open_path(c, path, limit, e)) == 0 && c->s.classes == 0)
		r = ss_source_names(&c->s, k->names, k->classes, e);
	if (r < 0)
		ss_source_free(&c->s);
	else
		*out = &c->s;
	return r;
}
