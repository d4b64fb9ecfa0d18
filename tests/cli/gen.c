/*
 * gen.c - writes tensor streams for the tests of the command line
 *
 * What a record holds depends on its number alone, so that streams with other
 * frames must have the same content.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/philox.h"
#include "sst.h"

enum { TENSORS = 6, FRAME_MAX = 64, SIDE_MAX = 5 };

static struct ss_header header = SS_HEADER_INIT;
static struct ss_err err;

static void
check(int r)
{
	if (r < 0) {
		fprintf(stderr, "gen: %s\n", err.text);
		exit(-r);
	}
}

/* Everything that a stream can have: fixed, scalar, varying in one and two dimensions, empty items. */
static uint8_t image[FRAME_MAX][3][2][4], photo[FRAME_MAX * 3 * SIDE_MAX * SIDE_MAX], name[FRAME_MAX * 8];
static int32_t label[FRAME_MAX];
static uint64_t number[FRAME_MAX];
static float vec[FRAME_MAX][5];
static uint32_t photo_dims[FRAME_MAX][2], name_dims[FRAME_MAX];

static void
fill(struct ss_frame *f, uint64_t first, uint32_t n, float offset)
{
	size_t photo_used = 0, name_used = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct ss_rng r;

		ss_rng_init(&r, 1, SS_RNG_SHAPES, 0, first + i, 0);
		for (size_t k = 0; k < sizeof(image[i]); k++)
			(&image[i][0][0][0])[k] = (uint8_t)ss_rng_below(&r, 256);
		for (int k = 0; k < 2; k++)
			photo_dims[i][k] = ss_rng_below(&r, SIDE_MAX + 1);	/* 0 too */
		for (size_t k = 3 * photo_dims[i][0] * photo_dims[i][1]; k > 0; k--)
			photo[photo_used++] = (uint8_t)ss_rng_below(&r, 256);
		label[i] = (int32_t)ss_rng_below(&r, 3);
		number[i] = first + i;
		name_dims[i] = (uint32_t)snprintf((char *)name + name_used, 8, "f%llu",
		    (unsigned long long)(first + i) % 1000);
		name_used += name_dims[i];
		for (int k = 0; k < 5; k++)
			vec[i][k] = (float)ss_rng_normal(&r) + offset;
	}
	*f = (struct ss_frame){ .records = n, .data = { image, photo, label, number, name, vec },
	    .dims = { NULL, &photo_dims[0][0], NULL, NULL, name_dims, NULL } };
}

int
main(int argc, char **argv)
{
	static const uint32_t image_shape[] = { 3, 2, 4 }, photo_shape[] = { 3, SS_VARIES, SS_VARIES };
	static const uint32_t name_shape[] = { SS_VARIES }, vec_shape[] = { 5 };
	uint32_t records = 10, size = 4;
	float offset = 0;
	bool unknown = false, little = false, fail = false;
	struct ss_writer *w;
	struct ss_frame f;
	int c;

	while ((c = getopt(argc, argv, "r:e:E:f:o:ulx")) != -1)
		switch (c) {
		case 'r': records = (uint32_t)atoi(optarg); break;
		case 'e': header.epochs = (uint32_t)atoi(optarg); break;
		case 'E': header.first_epoch = (uint32_t)atoi(optarg); break;
		case 'f': size = (uint32_t)atoi(optarg); break;		/* records per frame */
		case 'o': offset = (float)atof(optarg); break;		/* added to the floats */
		case 'u': unknown = true; break;			/* number of records */
		case 'l': little = true; break;				/* labels alone */
		case 'x': fail = true; break;				/* an ERROR frame in place of END */
		default: return 2;
		}
	if (size < 1 || size > FRAME_MAX)
		return 2;
	header.records = unknown ? SS_UNKNOWN : records;
	strcpy(header.dataset, "made up");
	if (!little) {
		check(ss_header_add(&header, "image", SS_U8, 3, image_shape, &err));
		check(ss_header_add(&header, "photo", SS_U8, 3, photo_shape, &err));
	}
	check(ss_header_add(&header, "label", SS_I32, 0, NULL, &err));
	if (!little) {
		check(ss_header_add(&header, "index", SS_U64, 0, NULL, &err));
		check(ss_header_add(&header, "name", SS_U8, 1, name_shape, &err));
		check(ss_header_add(&header, "vec", SS_F32, 1, vec_shape, &err));
	}
	check(ss_header_label(&header, 0, "cat", &err));
	check(ss_header_label(&header, 1, "tab\there", &err));
	check(ss_header_line(&header, "@XY\tZZ:a later version's line", &err));
	check(ss_header_program(&header, "gen", "1", 1, argv, &err));
	check(ss_writer_open(&w, NULL, &header, &err));
	for (uint32_t e = 0; e < header.epochs; e++)
		for (uint32_t at = 0; at < records; at += f.records) {
			fill(&f, at, records - at < size ? records - at : size, offset);
			f.epoch = header.first_epoch + e;
			if (little)
				f.data[0] = f.data[2];
			check(ss_writer_frame(w, &f, &err));
		}
	if (fail)
		ss_writer_abort(w, "gen: asked to fail");
	else
		check(ss_writer_end(w, &err));
	ss_header_free(&header);
	return 0;
}
