/*
 * fuzz_picture.h - a picture from these bytes: as it is, and scaled, cropped, over a background
 */
#ifndef FUZZ_PICTURE_H
#define FUZZ_PICTURE_H

#include "imagefile.h"
#include "tests/fuzz/fuzz.h"

enum { FUZZ_PIXELS = 1 << 18 };	/* the address sanitizer keeps what was freed for a while */

static inline void
fuzz_picture_as(const struct ss_imagefile_how *how, FILE *f)
{
	struct ss_err e = SS_ERR_INIT;
	uint32_t side[2];

	rewind(f);
	if (ss_imagefile_size(f, "picture", how, side, &e) < 0)
		return;
	if ((uint64_t)side[0] * side[1] > FUZZ_PIXELS)
		return;
	struct ss_imagefile_work *w = ss_imagefile_work_create();
	uint8_t *pixels = malloc((size_t)3 * side[0] * side[1]);

	rewind(f);
	if (w != NULL && pixels != NULL && ss_imagefile_read(f, "picture", how, side, w, pixels, &e) < 0 && e.text[0] == '\0')
		abort();		/* a failure without a word */
	free(pixels);
	ss_imagefile_work_free(w);
}

static inline int
fuzz_picture(const uint8_t *data, size_t size)
{
	const struct ss_imagefile_how how[] = {
		{ .pixels = FUZZ_PIXELS, .background = -1 },
		{ .pixels = FUZZ_PIXELS, .background = 0x102030, .side = 5, .crop = true }
	};
	FILE *f;

	if (size == 0)
		return 0;
	f = fmemopen((void *)(uintptr_t)data, size, "rb");
	if (f == NULL)
		return 0;
	for (int i = 0; i < 2; i++)
		fuzz_picture_as(&how[i], f);
	fclose(f);
	return 0;
}

#endif
