/*
 * keyset.c - the keys that have been seen, to find one that comes again
 *
 * A table of places in one text, at most half full: a key takes its own bytes and
 * some sixteen more.
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "keyset.h"

/* FNV-1a */
static uint64_t
hash(const char *key)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *key != '\0'; key++)
		h = (h ^ (unsigned char)*key) * 0x100000001b3;
	return h ^ h >> 32;
}

/* The slot that has the key, or where it would go. */
static uint64_t *
find(const struct ss_keyset *k, const char *key)
{
	size_t i = (size_t)hash(key) & (k->slots - 1);

	while (k->slot[i] != 0 && strcmp(k->text + k->slot[i] - 1, key) != 0)
		i = (i + 1) & (k->slots - 1);
	return &k->slot[i];
}

static int
grow(struct ss_keyset *k, struct ss_err *e)
{
	const size_t slots = k->slots, more = slots == 0 ? 1024 : 2 * slots;
	uint64_t *old = k->slot, *slot = calloc(more, sizeof(*slot));

	if (slot == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	k->slot = slot;
	k->slots = more;
	for (size_t i = 0; i < slots; i++)
		if (old[i] != 0)
			*find(k, k->text + old[i] - 1) = old[i];
	free(old);
	return 0;
}

int
ss_keyset_add(struct ss_keyset *k, const char *key, struct ss_err *e)
{
	const size_t n = strlen(key) + 1;
	uint64_t *slot;
	size_t want;
	int r;

	if (2 * (k->keys + 1) > k->slots && (r = grow(k, e)) < 0)
		return r;
	if (*(slot = find(k, key)) != 0)
		return 0;
	if (!ss_add(k->used, n, &want))
		return ss_fail(e, SS_EIO, "out of memory");
	if (want > k->room) {
		const size_t room = want + want / 2 + 65536;
		char *more = realloc(k->text, room);

		if (more == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		k->text = more;
		k->room = room;
	}
	memcpy(k->text + k->used, key, n);
	*slot = 1 + k->used;
	k->used = want;
	k->keys++;
	return 1;
}

void
ss_keyset_clear(struct ss_keyset *k)
{
	if (k->slots > 0)
		memset(k->slot, 0, k->slots * sizeof(*k->slot));
	k->used = k->keys = 0;
}

void
ss_keyset_free(struct ss_keyset *k)
{
	free(k->text);
	free(k->slot);
	*k = (struct ss_keyset)SS_KEYSET_INIT;
}
