/*
 * test_canvas - drawing: areas that forms cover, the font, colours, axes, charts
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image/axis.h"
#include "image/canvas.h"
#include "image/chart.h"
#include "image/font.h"
#include "image/palette.h"

enum { SIDE = 64 };
static const struct ss_colour black = { 0, 0, 0 }, red = { 255, 0, 0 };

static struct ss_canvas
blank(void)
{
	struct ss_canvas c;
	struct ss_err e = SS_ERR_INIT;

	assert_int_equal(ss_canvas_create(&c, SIDE, SIDE, &e), 0);
	return c;
}

/* Pixels' worth of black. */
static double
area(const struct ss_canvas *c)
{
	double sum = 0;

	for (int i = 0; i < c->width * c->height; i++)
		sum += (255 - c->rgb[3 * i]) / 255.0;
	return sum;
}

/* Its middle, weighed by blackness. */
static void
middle(const struct ss_canvas *c, double *x, double *y)
{
	double sum = area(c);

	*x = *y = 0;
	for (int j = 0; j < c->height; j++)
		for (int i = 0; i < c->width; i++) {
			double share = (255 - c->rgb[3 * (j * c->width + i)]) / 255.0 / sum;

			*x += share * (i + 0.5);
			*y += share * (j + 0.5);
		}
}

static void
test_rectangle(void **state)
{
	struct ss_canvas c = blank();

	(void)state;
	assert_true(area(&c) == 0);
	ss_canvas_rectangle(&c, 10.25, 20, 14, 22.5, black, 1);
	assert_true(fabs(area(&c) - 3.75 * 2.5) < 0.05);
	assert_int_equal(c.rgb[3 * (20 * SIDE + 10)], 64);	/* three quarters */
	assert_int_equal(c.rgb[3 * (20 * SIDE + 9)], 255);
	ss_canvas_rectangle(&c, -5, -5, 3, 2, red, 0.5);
	assert_int_equal(c.rgb[0], 255);
	assert_int_equal(c.rgb[1], 128);
	ss_canvas_rectangle(&c, 60, 70, 1e9, -1e9, black, 1);	/* corners in any order, and far away */
	assert_int_equal(c.rgb[3 * (SIDE * SIDE - 1)], 0);
	ss_canvas_free(&c);
}

static void
test_line(void **state)
{
	(void)state;
	for (double width = 0.5; width < 5; width += 1.25) {
		struct ss_canvas c = blank();
		double ends = acos(-1) * width * width / 4, x, y;

		ss_canvas_line(&c, 10.3, 12.9, 50.1, 40.2, width, black, 1);
		assert_true(fabs(area(&c) / (hypot(39.8, 27.3) * width + ends) - 1) < (width < 1 ? 0.03 : 0.005));
		middle(&c, &x, &y);
		assert_true(fabs(x - 30.2) < 0.05 && fabs(y - 26.55) < 0.05);
		ss_canvas_free(&c);
	}
}

static void
test_marks(void **state)
{
	(void)state;
	for (int mark = 0; mark < SS_MARKS; mark++)
		for (double r = 2; r < 12; r += 2.5) {
			struct ss_canvas c = blank();
			double x, y;

			ss_canvas_mark(&c, 31.3, 32.8, r, (enum ss_mark)mark, black, 1);
			assert_true(fabs(area(&c) / (acos(-1) * r * r) - 1) < (r < 3 ? 0.06 : 0.01));
			middle(&c, &x, &y);
			assert_true(fabs(x - 31.3) < 0.06 && fabs(y - 32.8) < 0.06);
			ss_canvas_free(&c);
		}
}

/* Forms that lie across an edge or outside write nowhere else; the sanitizers see to the rest. */
static void
test_edges(void **state)
{
	struct ss_canvas c = blank();

	(void)state;
	ss_canvas_line(&c, -30, 32, 100, 32, 2, black, 1);
	assert_true(fabs(area(&c) - 2 * SIDE) < 0.5);
	for (int k = 0; k < 4; k++) {
		const int x = k % 2 ? SIDE : 0, y = k / 2 ? SIDE : 0;

		ss_canvas_mark(&c, x, y, 9, SS_TRIANGLE, black, 1);
		ss_canvas_mark(&c, 3 * x - SIDE, y, 9, SS_DISC, black, 1);
		ss_canvas_text(&c, x - 4, y - 4, "Wg", 3, k % 2, black);
		ss_canvas_text(&c, 5 * x - 200, 5 * y - 200, "Wg", 3, k % 2, black);
	}
	ss_canvas_free(&c);
}

static void
test_font(void **state)
{
	uint8_t rows[SS_FONT_HEIGHT], all[128][SS_FONT_HEIGHT];
	const char *box = "\x01", *cut = "\xc3";

	(void)state;
	for (int k = 32; k < 127; k++) {
		const char text[2] = { (char)k, '\0' }, *at = text;

		ss_font_glyph(&at, all[k]);
		assert_ptr_equal(at, text + 1);
		for (int y = 0; y < SS_FONT_HEIGHT; y++)
			assert_int_equal(all[k][y] & 1, 0);	/* the gap to the next one */
		for (int other = 32; other < k; other++)
			assert_memory_not_equal(all[k], all[other], SS_FONT_HEIGHT);
	}
	ss_font_glyph(&box, rows);
	assert_int_equal(rows[0], 0x3e);
	for (const char *at = "±×°µ–…äöüÄÖÜßéèñç"; *at != '\0';) {
		uint8_t other[SS_FONT_HEIGHT];

		ss_font_glyph(&at, other);
		assert_memory_not_equal(rows, other, SS_FONT_HEIGHT);
	}
	ss_font_glyph(&cut, rows);		/* a character that breaks off is one, and reading stops there */
	assert_int_equal(*cut, '\0');
	assert_int_equal(ss_font_cells("50 µm–ß"), 7);
	assert_int_equal(ss_font_bytes("µab", 2), 3);
	assert_int_equal(ss_font_bytes("ab", 9), 2);
}

/* 'L' has 11 dots; enlarged, each is scale^2 pixels, and nothing is smoothed at a right angle. */
static void
test_text(void **state)
{
	(void)state;
	for (int scale = 1; scale < 5; scale++)
		for (int up = 0; up < 2; up++) {
			struct ss_canvas c = blank();
			double x, y;

			ss_canvas_text(&c, 10, up ? 50 : 10, "L", scale, up, black);
			assert_true(fabs(area(&c) - 11 * scale * scale) < 1e-6);
			middle(&c, &x, &y);
			if (up)
				assert_true(x < 10 + 9 * scale && y < 50 && y > 50 - 5 * scale);
			else
				assert_true(x > 10 && x < 10 + 5 * scale && y > 10 + 3 * scale);
			ss_canvas_free(&c);
		}
	for (int scale = 2; scale < 5; scale++) {	/* diagonals are: '/' has 5 dots, 4 corners, half of two dots at each */
		struct ss_canvas c = blank();

		ss_canvas_text(&c, 10, 10, "/", scale, 0, black);
		assert_true(area(&c) > 5 * scale * scale + 0.8 * scale * scale / 4 * 4);
		assert_true(area(&c) < 5 * scale * scale + 2 * scale * scale);
		ss_canvas_free(&c);
	}
}

static void
test_palette(void **state)
{
	(void)state;
	for (int a = 0; a < SS_STYLES; a++)
		for (int b = 0; b < a; b++) {
			struct ss_style x = ss_style_of(a), y = ss_style_of(b);
			int far = abs(x.colour.r - y.colour.r) + abs(x.colour.g - y.colour.g) +
			    abs(x.colour.b - y.colour.b);

			assert_true(far > 0 || x.mark != y.mark);
			assert_true(a >= 8 || far > 80);
		}
	assert_int_equal(ss_style_of(SS_STYLES + 3).colour.r, ss_style_of(3).colour.r);
}

static void
check_ticks(double lo, double hi, int most)
{
	struct ss_axis a;
	double mantissa;

	ss_axis_fit(&a, lo, hi, false, most);
	assert_in_range(a.ticks, 1, most);
	assert_true(a.ticks * 2.5 >= most - 2.5);	/* not fewer than the next coarser step explains */
	for (int i = 0; i < a.ticks; i++) {
		char *end;
		double text = strtod(a.text[i], &end);

		text *= *end == 'k' ? 1e3 : *end == 'M' ? 1e6 : 1;
		assert_true(a.tick[i] >= lo - (hi - lo) * 1e-9 && a.tick[i] <= hi + (hi - lo) * 1e-9);
		assert_true(fabs(text - a.tick[i]) <= 1e-3 * (hi - lo));
		assert_true(i == 0 || strcmp(a.text[i], a.text[i - 1]) != 0);
	}
	if (a.ticks > 1) {
		mantissa = (a.tick[1] - a.tick[0]) / pow(10, floor(log10(a.tick[1] - a.tick[0]) + 1e-6));
		assert_true(fabs(mantissa - 1) < 1e-6 || fabs(mantissa - 2) < 1e-6 || fabs(mantissa - 5) < 1e-6);
	}
}

static void
test_axis(void **state)
{
	static const double pairs[][2] = { { 0, 1 }, { -1, -0.9 }, { 1, 97600 }, { 3e-7, 6e-6 }, { 0, 3e12 },
	    { -0.3, 17 }, { 1e6, 1.2e7 }, { 5, 5.0001 }, { -2e5, 3e5 }, { 0.06, 0.0601 } };
	struct ss_axis a;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		for (int most = 3; most <= SS_TICKS; most++)
			check_ticks(pairs[i][0], pairs[i][1], most);
	ss_axis_fit(&a, 0, 1, false, 6);
	assert_int_equal(a.ticks, 6);
	assert_string_equal(a.text[1], "0.2");
	assert_true(ss_axis_at(&a, 0.25) == 0.25);
	ss_axis_fit(&a, 7, 7, false, 6);	/* one value stands in the middle */
	assert_true(fabs(ss_axis_at(&a, 7) - 0.5) < 1e-9 && a.ticks > 0);
	ss_axis_fit(&a, 0, 0, false, 6);
	assert_true(a.lo < 0 && a.hi > 0);
	ss_axis_fit(&a, 1e-4, 1, true, 8);
	assert_int_equal(a.ticks, 5);
	assert_string_equal(a.text[0], "0.0001");
	assert_true(fabs(ss_axis_at(&a, 1e-2) - 0.5) < 1e-12);
	assert_true(isnan(ss_axis_at(&a, 0)) && isnan(ss_axis_at(&a, -1)));
	ss_axis_fit(&a, 0.9, 60, true, 9);
	assert_int_equal(a.ticks, 6);		/* 1 2 5 10 20 50 */
	ss_axis_fit(&a, 3, 3.5, true, 6);	/* no power near: as on a common axis */
	assert_true(a.ticks > 2);
	ss_axis_fit(&a, 1e-30, 1e30, true, 6);
	assert_in_range(a.ticks, 2, 6);
}

/* Where the curve's colour is in a column of pixels: the mean height, or NaN. */
static double
height_at(const struct ss_canvas *c, int x, struct ss_colour colour)
{
	double sum = 0, n = 0;

	for (int y = 0; y < c->height; y++) {
		const uint8_t *p = c->rgb + 3 * (y * c->width + x);

		if (p[0] == colour.r && p[1] == colour.g && p[2] == colour.b) {
			sum += y + 0.5;
			n++;
		}
	}
	return n > 0 ? sum / n : (double)NAN;
}

/* A parabola of many points: wherever two columns are compared, heights differ as the values do. */
static void
test_chart(void **state)
{
	enum { N = 5000 };
	static double x[N], y[N], low[N];
	const struct ss_curve curve = { "a curve", 0, N, x, y, NULL }, other = { "low", 1, N, x, low, NULL };
	const struct ss_curve both[] = { curve, other };
	const struct ss_panel panel[] = { { "square", false, both, 2 }, { "low", false, &other, 1 } };
	struct ss_chart chart = { "title", "x", panel, 2, true, 1280, 300 };
	struct ss_canvas c;
	struct ss_err e = SS_ERR_INIT;
	struct ss_colour colour = ss_style_of(0).colour;
	char *text;
	double left, quarter, half;
	int first = 0, last;

	(void)state;
	for (int i = 0; i < N; i++) {
		x[i] = i;
		y[i] = 1e-6 * i * i;
		low[i] = -3;
	}
	assert_int_equal(ss_chart_draw(&chart, &c, &e), 0);
	assert_int_equal(c.width, 1280);
	while (isnan(height_at(&c, first, colour)))
		first++;
	for (last = first; !isnan(height_at(&c, last + 1, colour)); last++)
		;
	assert_true(last - first > 700);
	left = height_at(&c, first + 1, colour);
	quarter = left - height_at(&c, first + (last - first) / 4, colour);
	half = left - height_at(&c, first + (last - first) / 2, colour);
	assert_true(fabs(half / quarter - 4) < 0.5);
	assert_true(fabs(left - height_at(&c, first + (last - first) * 9 / 10, colour) - 0.81 * 4 * half) < 6);
	ss_canvas_free(&c);

	chart.width = 60;
	chart.height = 10;
	assert_int_equal(ss_chart_text(&chart, &text, &e), 0);
	assert_non_null(strstr(text, "square:  * a curve  + low"));
	for (const char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
		assert_in_range(end - line, 0, 60);
	free(text);

	for (int log = 0; log < 2; log++) {	/* nothing to show is an error, and so is no room */
		const struct ss_curve none = { "none", 0, log ? N : 0, x, low, NULL };
		const struct ss_panel empty = { "empty", log, &none, 1 };
		const struct ss_chart bad = { NULL, "x", &empty, 1, true, 640, 150 };

		assert_int_equal(ss_chart_draw(&bad, &c, &e), SS_EUSAGE);
		assert_non_null(strstr(e.text, "'empty'"));
		assert_int_equal(ss_chart_text(&bad, &text, &e), SS_EUSAGE);
	}
	chart.width = 100;
	assert_int_equal(ss_chart_draw(&chart, &c, &e), SS_EUSAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rectangle),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_font),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_palette),
		cmocka_unit_test(test_axis),
		cmocka_unit_test(test_chart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
