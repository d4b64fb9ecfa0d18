/*
 * cifar.c - CIFAR-10 and CIFAR-100 in their official binary version
 *
 * A file is a sequence of records: one label byte (CIFAR-100: two, coarse then
 * fine) and 3072 bytes of pixels, red, green and blue planes of 32 rows. Where
 * the files are is official.c's business. The pickled ("python") version is not
 * read.
 */
#include <string.h>

#include "cifar.h"
#include "official.h"

enum {
	SIDE = 32,
	PIXELS = 3 * SIDE * SIDE,
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

/* Splits records into labels and images, checking the labels. */
static int
sort_out(const struct ss_official_kind *official, const struct ss_official_part *p, uint64_t at,
    const unsigned char *raw, size_t n, unsigned char *images, int32_t *labels, struct ss_err *e)
{
	const struct kind *k = (const struct kind *)official;	/* its first member */
	const struct ss_rows *file = &p->data;

	for (size_t i = 0; i < n; i++, raw += file->size) {
		uint32_t label = raw[k->label_at];

		if (label >= official->classes)
			return ss_fail(e, SS_EDATA,
			    "'%s': label %u at offset %llu (record %llu) is not in 0..%u", file->name, label,
			    (unsigned long long)((at + i) * file->size + k->label_at),
			    (unsigned long long)(at + i), official->classes - 1);
		labels[i] = (int32_t)label;
		memcpy(images + i * PIXELS, raw + k->label_bytes, PIXELS);
	}
	return 0;
}

int
ss_cifar_open(struct ss_source **out, const char *path, enum ss_cifar which, enum ss_source_split split,
    uint64_t limit, struct ss_err *e)
{
	const struct kind *k = &kinds[which];
	const size_t record = k->label_bytes + PIXELS;
	struct ss_official *o = ss_official_create(&k->official, SIDE, sort_out, BLOCK);

	*out = NULL;
	if (o == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	o->s.labelled = true;
	for (int i = 0; split != SS_SPLIT_TEST && k->train[i] != NULL; i++)
		ss_official_add(o, k->train[i], record, NULL);
	if (split != SS_SPLIT_TRAIN)
		ss_official_add(o, k->test, record, NULL);
	ss_source_dataset(&o->s, "%s-%s", k->dataset, ss_split_name[split]);
	return ss_official_open(o, out, path, limit, e);
}
