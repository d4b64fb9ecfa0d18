/*
 * test_image.c - the image operations against torchvision with Pillow, in every variant
 *
 * tests/golden/augment.txt has the results of tests/torch/make_augment_goldens.py, as
 * checksums: all but one of the operations have to agree in every byte.
 */
#define _DEFAULT_SOURCE		/* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/size.h"
#include "image/views.h"

#define GOLDEN "tests/golden/augment.txt"

enum { NUMBERS = 9 };

/* The test images of the Python side: 0 noise, 1 ramps. */
static struct ss_image
picture(int kind, int channels, int height, int width)
{
	struct ss_image m = { NULL, channels, height, width, ss_image_plane(height, width) };

	m.data = ss_alloc((size_t)channels, m.plane);
	assert_non_null(m.data);
	for (int c = 0; c < channels; c++) {
		for (int y = 0; y < height; y++) {
			for (int x = 0; x < width; x++) {
				uint32_t noise = (uint32_t)(c * 7919 + y * 104729 + x * 1299709
				    + 12345) * 2654435761u >> 24;
				uint32_t ramp = (uint32_t)(5 * x + 3 * y * (c + 1) + 70 * c) % 256;

				m.data[(size_t)c * m.plane + (size_t)(y * width + x)]
				    = (uint8_t)(kind == 0 ? noise : ramp);
			}
		}
	}
	return m;
}

static uint32_t
checksum(const struct ss_image *m)
{
	uLong crc = 0;

	for (int c = 0; c < m->channels; c++)
		crc = crc32(crc, m->data + (size_t)c * m->plane, (uInt)(m->height * m->width));
	return (uint32_t)crc;
}

/* Does to *m what the golden line says; false if the operation is unknown. */
static bool
apply(struct ss_image *m, const char *operation, const double *n, struct ss_image_work *w)
{
	const struct ss_pixels *px = ss_image_work_pixels(w);
	struct ss_err e = SS_ERR_INIT;

	if (strcmp(operation, "mirror") == 0) {
		ss_image_mirror(m);
	} else if (strcmp(operation, "upend") == 0) {
		ss_image_upend(m);
	} else if (strcmp(operation, "gray") == 0) {
		ss_image_gray(m, px);
	} else if (strcmp(operation, "brightness") == 0) {
		ss_image_brightness(m, (float)n[0], px);
	} else if (strcmp(operation, "contrast") == 0) {
		ss_image_contrast(m, (float)n[0], px);
	} else if (strcmp(operation, "saturation") == 0) {
		ss_image_saturation(m, (float)n[0], px);
	} else if (strcmp(operation, "hue") == 0) {
		ss_image_hue(m, (float)n[0], px);
	} else if (strcmp(operation, "solarize") == 0) {
		ss_image_solarize(m, (int)n[0], px);
	} else if (strcmp(operation, "box-blur") == 0) {
		assert_int_equal(ss_image_blur(m, (float)n[0], 0, w, &e), 0);
	} else if (strcmp(operation, "resize") == 0) {
		struct ss_box box = { (int)n[0], (int)n[1], (int)n[2], (int)n[3] };
		struct ss_image out = picture(0, m->channels, (int)n[4], (int)n[5]);

		assert_int_equal(ss_image_resize(&out, m, box, (enum ss_filter)n[6], false, w,
		    &e), 0);
		free(m->data);
		*m = out;
	} else {
		return false;
	}
	return true;
}

/* The same colours as on the Python side: for each red an image of all greens and blues. */
static uint32_t
all_colours(const char *operation, const double *n, struct ss_image_work *w)
{
	struct ss_image m = picture(0, 3, 256, 256);
	uLong crc = 0;

	for (int r = 0; r < 256; r++) {
		for (int i = 0; i < 65536; i++) {
			m.data[i] = (uint8_t)r;
			m.data[m.plane + (size_t)i] = (uint8_t)(i >> 8);
			m.data[2 * m.plane + (size_t)i] = (uint8_t)i;
		}
		assert_true(apply(&m, operation, n, w));
		for (size_t c = 0; c < 3; c++)
			crc = crc32(crc, m.data + c * m.plane, 65536);
	}
	free(m.data);
	return (uint32_t)crc;
}

/* Both flips, and blurs, must be indifferent to which comes first: recipes rely on it. */
static void
test_mirror_commutes(void **state)
{
	struct ss_image_work *w = ss_image_work_create(ss_pixels());
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int cubic = 0; cubic < 2; cubic++) {
		for (int width = 1; width < 150; width += width < 50 ? 3 : 19) {
			struct ss_image in = picture(0, 3, 29, 31);
			struct ss_image a = picture(0, 3, 17, width), b = picture(1, 3, 17, width);
			struct ss_box box = { 3, 2, 21, 27 };

			enum ss_filter f = cubic ? SS_BICUBIC : SS_BILINEAR;

			assert_int_equal(ss_image_resize(&a, &in, box, f, true, w, &e), 0);
			assert_int_equal(ss_image_resize(&b, &in, box, f, false, w, &e), 0);
			assert_int_equal(ss_image_blur(&a, 1.3f, 0, w, &e), 0);
			assert_int_equal(ss_image_blur(&b, 1.3f, 0, w, &e), 0);
			ss_image_mirror(&b);
			assert_int_equal(checksum(&a), checksum(&b));
			free(in.data);
			free(a.data);
			free(b.data);
		}
	}
	ss_image_work_free(w);
}

/* A crop of the size of the output, and a packed input, are copied as they are. */
static void
test_plain_crop(void **state)
{
	struct ss_image_work *w = ss_image_work_create(ss_pixels());
	struct ss_image in = picture(0, 3, 20, 30), out = picture(1, 3, 7, 9);
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	for (int mirror = 0; mirror < 2; mirror++) {
		assert_int_equal(ss_image_resize(&out, &in, (struct ss_box){ 13, 21, 7, 9 },
		    SS_BILINEAR, mirror, w, &e), 0);
		for (size_t c = 0; c < 3; c++)
			for (size_t y = 0; y < 7; y++)
				for (size_t x = 0; x < 9; x++)
					assert_int_equal(out.data[c * out.plane + y * 9 + x],
					    in.data[c * in.plane + (13 + y) * 30 + 21
					    + (mirror ? 8 - x : x)]);
	}
	free(in.data);
	free(out.data);
	ss_image_work_free(w);
}

/* A packed image is read to its last byte, and no further. */
static void
test_bounds(void **state)
{
	static const int sizes[][2] = { { 9, 70 }, { 31, 33 }, { 5, 5 }, { 2, 500 }, { 70, 9 } };
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = 8 * page;
	uint8_t *p = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ss_image out = picture(0, 3, 40, 90);
	struct ss_err e = SS_ERR_INIT;

	(void)state;
	assert_true(p != MAP_FAILED);
	for (size_t i = 0; i < room; i++)
		p[i] = (uint8_t)(i * 31);
	assert_int_equal(mprotect(p + room, page, PROT_NONE), 0);
	for (int i = 0; ss_pixels_variant(i) != NULL; i++) {
		struct ss_image_work *w = ss_image_work_create(ss_pixels_variant(i));

		for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
			const size_t n = (size_t)(sizes[s][0] * sizes[s][1]);
			const struct ss_image in = { p + room - 3 * n, 3, sizes[s][0], sizes[s][1], n };
			const struct ss_box box = { sizes[s][0] / 2, sizes[s][1] / 3, sizes[s][0] - sizes[s][0] / 2,
			    sizes[s][1] - sizes[s][1] / 3 };

			for (int cubic = 0; cubic < 2; cubic++)
				for (int mirror = 0; mirror < 2; mirror++)
					assert_int_equal(ss_image_resize(&out, &in, box, cubic ? SS_BICUBIC : SS_BILINEAR,
					    mirror, w, &e), 0);
		}
		ss_image_work_free(w);
	}
	free(out.data);
	munmap(p, room + page);
}

static void
test_sum(void **state)
{
	const size_t n = ((size_t)17 << 20) + 5;	/* more than a lane can hold at once */
	uint8_t *px = malloc(n);

	(void)state;
	assert_non_null(px);
	memset(px, 255, n);
	for (int i = 0; ss_pixels_variant(i) != NULL; i++) {
		assert_true(ss_pixels_variant(i)->sum(px, n) == n * 255);
		assert_true(ss_pixels_variant(i)->sum(px, 3) == 3 * 255);
		assert_true(ss_pixels_variant(i)->sum(px, 0) == 0);
	}
	free(px);
}

/* Pixels into planes, to the last and none behind it. */
static void
test_split(void **state)
{
	enum { MOST = 100 };
	uint8_t rgb[3 * MOST], plane[3][MOST + 1];

	(void)state;
	for (int i = 0; i < 3 * MOST; i++)
		rgb[i] = (uint8_t)(i * 37 % 251);
	for (int i = 0; ss_pixels_variant(i) != NULL; i++) {
		for (size_t n = 0; n <= MOST; n++) {
			memset(plane, 255, sizeof plane);
			ss_pixels_variant(i)->split(plane[0], plane[1], plane[2], rgb + 3 * MOST - 3 * n, n);
			for (size_t c = 0; c < 3; c++) {
				for (size_t x = 0; x < n; x++)
					assert_int_equal(plane[c][x], rgb[3 * (MOST - n + x) + c]);
				assert_int_equal(plane[c][n], 255);
			}
		}
	}
}

static int
hex_digit(int c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Whole results: within one level. Returns the number of bytes that differ. */
static size_t
compare_blur(const char *line, struct ss_image_work *w, size_t *bytes)
{
	int kind, channels, height, width, kernel, used = 0;
	struct ss_err e = SS_ERR_INIT;
	struct ss_image m;
	size_t off = 0;
	float sigma;

	assert_int_equal(sscanf(line, "blur %d %d %d %d %f %d %n", &kind, &channels, &height,
	    &width, &sigma, &kernel, &used), 6);
	line += used;
	m = picture(kind, channels, height, width);
	assert_int_equal(ss_image_blur(&m, sigma, kernel, w, &e), 0);
	for (size_t c = 0; c < (size_t)channels; c++) {
		for (size_t i = 0; i < (size_t)(height * width); i++, line += 2, ++*bytes) {
			int want = 16 * hex_digit(line[0]) + hex_digit(line[1]);
			int got = m.data[c * m.plane + i];

			assert_in_range(got - want + 1, 0, 2);
			off += got != want;
		}
	}
	assert_int_equal(*line, '\n');
	free(m.data);
	return off;
}

static void
compare_line(char *line, int number, struct ss_image_work *w)
{
	char *word[NUMBERS + 8] = { NULL }, *rest;
	double n[NUMBERS] = { 0 };
	uint32_t want, got;
	int words = 0, first;
	struct ss_image m;

	line[strcspn(line, "\n")] = '\0';
	for (char *p = strtok_r(line, " ", &rest); p != NULL && words < NUMBERS + 8; p = strtok_r(NULL, " ", &rest))
		word[words++] = p;
	assert_true(words >= 3);
	first = strcmp(word[0], "colours") == 0 ? 2 : 5;
	for (int i = first; i < words - 1; i++)
		n[i - first] = strtof(word[i], NULL);
	want = (uint32_t)strtoul(word[words - 1], NULL, 16);
	if (first == 2) {
		got = all_colours(word[1], n, w);
	} else {
		m = picture(atoi(word[1]), atoi(word[2]), atoi(word[3]), atoi(word[4]));
		if (!apply(&m, word[0], n, w))
			fail_msg("unknown operation in " GOLDEN ": %s", word[0]);
		got = checksum(&m);
		free(m.data);
	}
	if (got != want)
		fail_msg("%s: %s in line %d of " GOLDEN, ss_image_work_pixels(w)->name, word[0],
		    number);
}

static void
test_golden(void **state)
{
	char line[8192];
	int lines, variants = 0;

	(void)state;
	for (; ss_pixels_variant(variants) != NULL; variants++) {
		struct ss_image_work *w = ss_image_work_create(ss_pixels_variant(variants));
		FILE *f = fopen(GOLDEN, "r");
		size_t off = 0, bytes = 0;

		assert_non_null(f);
		assert_non_null(w);
		for (lines = 0; fgets(line, sizeof line, f) != NULL; lines++) {
			if (strncmp(line, "blur ", 5) == 0)
				off += compare_blur(line, w, &bytes);
			else if (line[0] != '#')
				compare_line(line, lines + 1, w);
		}
		assert_int_equal(ferror(f), 0);
		assert_true(lines > 400);
		print_message("%s: %d lines; sampled Gaussian: %zu of %zu bytes one level apart\n",
		    ss_pixels_variant(variants)->name, lines, off, bytes);
		assert_true(off * 100 <= bytes);
		fclose(f);
		ss_image_work_free(w);
	}
	assert_true(variants >= 1);
}

/* Whole views of a photograph's size, by every recipe: the same bytes in every variant. */
static void
test_views(void **state)
{
	static uint8_t first[2][3 * 224 * 224], out[3 * 224 * 224];
	struct ss_image in = picture(0, 3, 300, 402);
	struct ss_err e = SS_ERR_INIT;
	const struct ss_recipe *r;
	struct ss_view v;

	(void)state;
	for (int n = 0; (r = ss_recipe_number(n)) != NULL; n++) {
		for (int i = 0; ss_pixels_variant(i) != NULL; i++) {
			struct ss_image_work *w = ss_image_work_create(ss_pixels_variant(i));

			for (uint32_t k = 0; k < 2; k++) {
				ss_view_draw(&v, r, 4, 0, (uint64_t)n, k, 300, 402, 224, 224);
				assert_int_equal(ss_view_make(i == 0 ? first[k] : out, 224, 224, &in, r, &v, w, &e), 0);
				if (i > 0 && memcmp(out, first[k], sizeof out) != 0)
					fail_msg("%s: view %d by %s differs", r->name, (int)k, ss_pixels_variant(i)->name);
			}
			ss_image_work_free(w);
		}
	}
	free(in.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_mirror_commutes),
		cmocka_unit_test(test_plain_crop),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_sum),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
