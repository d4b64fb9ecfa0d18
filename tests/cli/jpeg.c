/*
 * jpeg.c - writes a JPEG file of a kind that is asked for; for the tests of ss-load folder and tar
 *
 *	jpeg [options] FILE WIDTH HEIGHT
 *	  -k KIND    ycc, gray, rgb, cmyk, ycck; plain: cmyk without Adobe's marker
 *	  -s HxV     sampling of the first component  [2x2]
 *	  -q N       quality  [95]
 *	  -p, -a     progressive, arithmetic
 *	  -n N       progressive of N scans, 2..757
 *	  -r N       rows of blocks between restart markers
 *	  -o N, -b   orientation in an Exif block, big-endian
 *	  -i N       bytes of a colour profile
 *	  -t N       bytes behind the end
 *	  -v N       of the picture: red begins at N
 *	  -f FILE    its red, green, blue, row by row, instead of the one that is drawn
 *
 * The picture is smooth, so that little is lost: red rises along rows, green along columns, blue is
 * their mean. Of CMYK, black rises by 40 along columns. jpeg.py knows this too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jpeglib.h>

static struct given {
	const char *kind;
	int h, v, quality, progressive, arithmetic, scans, restart, orientation, big, profile, tail, red;
	FILE *pixels;
} given = { .kind = "ycc", .h = 2, .v = 2, .quality = 95 };

static int
level(int at, int of)
{
	return of > 1 ? 255 * at / (of - 1) : 0;
}

static void
fill_row(JSAMPLE *row, int y, int width, int height)
{
	const int four = given.kind[0] == 'c' || given.kind[0] == 'p' || strcmp(given.kind, "ycck") == 0;

	for (int x = 0; x < width; x++) {
		const int r = (given.red + level(x, width)) % 256, g = level(y, height), b = (r + g) / 2;

		if (strcmp(given.kind, "gray") == 0) {
			*row++ = (JSAMPLE)b;
			continue;
		}
		*row++ = (JSAMPLE)r;
		*row++ = (JSAMPLE)g;
		*row++ = (JSAMPLE)b;
		if (four)
			*row++ = (JSAMPLE)(255 - 40 * g / 255);
	}
}

/* A script: the mean colour, then each coefficient of each component alone, bit by bit. */
static void
set_scans(struct jpeg_compress_struct *c, jpeg_scan_info *scan)
{
	int n = 0;

	scan[n++] = (jpeg_scan_info){ c->num_components, { 0, 1, 2, 3 }, 0, 0, 0, 0 };
	for (int bit = 3; bit >= 0; bit--)
		for (int k = 1; k < 64; k++)
			for (int i = 0; i < c->num_components && n < given.scans; i++)
				scan[n++] = (jpeg_scan_info){ 1, { i }, k, k, bit == 3 ? 0 : bit + 1, bit };
	c->scan_info = scan;
	c->num_scans = n;
}

static void
set_colours(struct jpeg_compress_struct *c)
{
	static const struct {
		const char *kind;
		int components;
		J_COLOR_SPACE in, out;
	} kinds[] = {
		{ "ycc", 3, JCS_RGB, JCS_YCbCr }, { "gray", 1, JCS_GRAYSCALE, JCS_GRAYSCALE },
		{ "rgb", 3, JCS_RGB, JCS_RGB }, { "cmyk", 4, JCS_CMYK, JCS_CMYK },
		{ "plain", 4, JCS_CMYK, JCS_CMYK }, { "ycck", 4, JCS_CMYK, JCS_YCCK }
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(given.kind, kinds[i].kind) != 0)
			continue;
		c->input_components = kinds[i].components;
		c->in_color_space = kinds[i].in;
		jpeg_set_defaults(c);
		jpeg_set_colorspace(c, kinds[i].out);
		return;
	}
	exit(2);
}

static void
write_exif(struct jpeg_compress_struct *c)
{
	unsigned char b[6 + 8 + 2 + 2 * 12 + 4] = "Exif";
	unsigned char *p = b + 6;
	const int words[][4] = { { 0x10f, 3, 1, 7 }, { 0x112, 3, 1, given.orientation } };
	const int big = given.big;

#define PUT(bytes, value) do {						\
		for (int i_ = 0; i_ < (bytes); i_++)			\
			*p++ = (unsigned char)((value) >> 8 * (big ? (bytes) - 1 - i_ : i_)); \
	} while (0)
	memcpy(p, big ? "MM" : "II", 2);
	p += 2;
	PUT(2, 42);
	PUT(4, 8);
	PUT(2, 2);
	for (int i = 0; i < 2; i++) {
		PUT(2, words[i][0]);
		PUT(2, words[i][1]);
		PUT(4, words[i][2]);
		PUT(2, words[i][3]);
		PUT(2, 0);
	}
	PUT(4, 0);
	jpeg_write_marker(c, JPEG_APP0 + 1, b, sizeof(b));
}

static void
take_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "k:s:q:pan:r:o:bi:t:v:f:")) != -1) {
		switch (c) {
		case 'k': given.kind = optarg; break;
		case 's': given.h = optarg[0] - '0', given.v = optarg[2] - '0'; break;
		case 'q': given.quality = atoi(optarg); break;
		case 'p': given.progressive = 1; break;
		case 'a': given.arithmetic = 1; break;
		case 'n': given.scans = atoi(optarg); break;
		case 'r': given.restart = atoi(optarg); break;
		case 'o': given.orientation = atoi(optarg); break;
		case 'b': given.big = 1; break;
		case 'i': given.profile = atoi(optarg); break;
		case 't': given.tail = atoi(optarg); break;
		case 'v': given.red = atoi(optarg); break;
		case 'f':
			given.pixels = fopen(optarg, "rb");
			if (given.pixels == NULL)
				exit(1);
			break;
		default: exit(2);
		}
	}
	if (argc - optind != 3)
		exit(2);
}

int
main(int argc, char **argv)
{
	static jpeg_scan_info scan[1024];
	struct jpeg_compress_struct c;
	struct jpeg_error_mgr error;

	take_options(argc, argv);
	FILE *f = fopen(argv[optind], "wb");
	const int width = atoi(argv[optind + 1]), height = atoi(argv[optind + 2]);
	JSAMPLE *row = malloc((size_t)width * 4);

	if (f == NULL || row == NULL)
		return 1;
	c.err = jpeg_std_error(&error);
	jpeg_create_compress(&c);
	jpeg_stdio_dest(&c, f);
	c.image_width = (JDIMENSION)width;
	c.image_height = (JDIMENSION)height;
	set_colours(&c);
	jpeg_set_quality(&c, given.quality, TRUE);
	c.comp_info[0].h_samp_factor = given.h;
	c.comp_info[0].v_samp_factor = given.v;
	if (c.num_components == 4) {		/* black is as fine as the first */
		c.comp_info[3].h_samp_factor = given.h;
		c.comp_info[3].v_samp_factor = given.v;
	}
	c.arith_code = given.arithmetic != 0;
	c.restart_in_rows = given.restart;
	if (strcmp(given.kind, "plain") == 0)
		c.write_Adobe_marker = FALSE;
	if (given.progressive)
		jpeg_simple_progression(&c);
	if (given.scans > 0)
		set_scans(&c, scan);
	jpeg_start_compress(&c, TRUE);
	if (given.orientation > 0)
		write_exif(&c);
	if (given.profile > 0) {
		unsigned char *p = calloc(1, (size_t)given.profile);

		jpeg_write_icc_profile(&c, p, (unsigned)given.profile);
		free(p);
	}
	while (c.next_scanline < c.image_height) {
		if (given.pixels == NULL)
			fill_row(row, (int)c.next_scanline, width, height);
		else if (fread(row, 3, (size_t)width, given.pixels) != (size_t)width)
			return 1;
		jpeg_write_scanlines(&c, &row, 1);
	}
	jpeg_finish_compress(&c);
	jpeg_destroy_compress(&c);
	for (int i = 0; i < given.tail; i++)
		putc(i * 7 & 255, f);
	free(row);
	return fclose(f) == 0 ? 0 : 1;
}
