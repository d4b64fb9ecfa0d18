/*
 * cifar.c - CIFAR-10 and CIFAR-100 in their official binary version
 *
 * A file is a sequence of records: one label byte (CIFAR-100: two, coarse then
 * fine) and 3072 bytes of pixels, red, green and blue planes of 32 rows. Where
 * the files are is official.c's business. The pickled ("python") version is not
 * read.
 */
#include <stdlib.h>
#include <string.h>

#include "cifar.h"
#include "official.h"

enum {
	PIXELS = 3072,
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
	struct ss_official_kind official;
	const char *dataset, *train[SS_OFFICIAL_PARTS], *test;
	size_t label_bytes, label_at;
};

#define SITE "https://www.cs.toronto.edu/~kriz/"
#define CIFAR100(which, names, n) \
	{ "CIFAR-100", "cifar-100-binary", "cifar-100-binary.tar.gz", SITE, \
	    { "train.bin", "test.bin" }, which "_label_names.txt", names, n }, \
	"cifar100", { "train.bin" }, "test.bin", 2

static const struct kind kinds[] = {
	[SS_CIFAR10] = { { "CIFAR-10", "cifar-10-batches-bin", "cifar-10-binary.tar.gz", SITE,
	    { "data_batch_1.bin", "test_batch.bin" }, "batches.meta.txt", names10, 10 }, "cifar10",
	    { "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
	    "data_batch_5.bin" }, "test_batch.bin", 1, 0 },
	[SS_CIFAR100_FINE] = { CIFAR100("fine", fine100, 100), 1 },
	[SS_CIFAR100_COARSE] = { CIFAR100("coarse", coarse100, 20), 0 }
};

struct cifar {
	struct ss_official o;
	const struct kind *kind;
	unsigned char *block;
};

/* Splits records into labels and images, checking the labels. */
static int
sort_out(const struct kind *k, const struct ss_rows *file, uint64_t at, const unsigned char *raw,
    size_t n, unsigned char *images, int32_t *labels, struct ss_err *e)
{
	for (size_t i = 0; i < n; i++, raw += file->size) {
		uint32_t label = raw[k->label_at];

		if (label >= k->official.classes)
			return ss_fail(e, SS_EDATA,
			    "'%s': label %u at offset %llu (record %llu) is not in 0..%u", file->name, label,
			    (unsigned long long)((at + i) * file->size + k->label_at),
			    (unsigned long long)(at + i), k->official.classes - 1);
		labels[i] = (int32_t)label;
		memcpy(images + i * PIXELS, raw + k->label_bytes, PIXELS);
	}
	return 0;
}

static int
read_cifar(struct ss_source *s, uint64_t first, size_t n, void *images, int32_t *labels,
    struct ss_err *e)
{
	struct cifar *c = (struct cifar *)s;
	const unsigned char *raw;
	unsigned char *to = images;
	int r;

	for (size_t k; n > 0; first += k, n -= k, to += k * PIXELS, labels += k) {
		k = n < BLOCK ? n : BLOCK;
		const struct ss_part *p = ss_official_part(&c->o, first, &k);
		const uint64_t at = first - p->first;

		if ((r = ss_rows_read(&p->data, at, k, c->block, &raw, e)) < 0 ||
		    (r = sort_out(c->kind, &p->data, at, raw, k, to, labels, e)) < 0)
			return r;
	}
	return 0;
}

static void
free_cifar(struct ss_source *s)
{
	struct cifar *c = (struct cifar *)s;

	ss_official_close(&c->o);
	free(c->block);
	free(c);
}

static const struct ss_source_ops cifar_ops = { .read = read_cifar, .free = free_cifar };

int
ss_cifar_open(struct ss_source **out, const char *path, enum ss_cifar which, enum ss_split split,
    uint64_t limit, struct ss_err *e)
{
	const struct kind *k = &kinds[which];
	const size_t record = k->label_bytes + PIXELS;
	struct cifar *c = calloc(1, sizeof(*c));
	int r;

	*out = NULL;
	if (c == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	c->o.s.ops = &cifar_ops;
	c->o.s.type = SS_U8;
	c->o.s.channels = 3, c->o.s.height = 32, c->o.s.width = 32;
	c->o.s.labelled = true;
	c->o.kind = &k->official;
	c->kind = k;
	for (int i = 0; split != SS_SPLIT_TEST && k->train[i] != NULL; i++)
		c->o.part[c->o.parts++].data = (struct ss_rows){ .file = k->train[i], .size = record };
	if (split != SS_SPLIT_TRAIN)
		c->o.part[c->o.parts++].data = (struct ss_rows){ .file = k->test, .size = record };
	ss_source_dataset(&c->o.s, "%s-%s", k->dataset, ss_split_name[split]);
	r = ss_official_open(&c->o, path, limit, e);
	if (r == 0 && (c->block = malloc(BLOCK * record)) == NULL)
		r = ss_fail(e, SS_EIO, "out of memory");
	if (r < 0)
		ss_source_free(&c->o.s);
	else
		*out = &c->o.s;
	return r;
}
