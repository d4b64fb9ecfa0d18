/*
 * palette.c - colours and marks that tell many classes or curves apart
 *
 * The colours of Okabe and Ito, "Color universal design" (2008), which people with any common
 * kind of colour blindness can tell apart; the yellow, weak on white, comes last. Beyond eight,
 * the same hues come darker, then lighter, and with another mark each time.
 */
#include "image/palette.h"

enum { HUES = 8, TONES = 3 };

static const struct ss_colour hue[HUES] = {
	{ 0, 114, 178 },	/* blue */
	{ 213, 94, 0 },		/* vermillion */
	{ 0, 158, 115 },	/* bluish green */
	{ 204, 121, 167 },	/* reddish purple */
	{ 230, 159, 0 },	/* orange */
	{ 86, 180, 233 },	/* sky blue */
	{ 0, 0, 0 },		/* black */
	{ 240, 228, 66 }	/* yellow */
};

const struct ss_colour ss_gray = { 170, 170, 170 }, ss_ink = { 40, 40, 40 }, ss_pale = { 226, 226, 226 };

/* tone 0: as it is; 1: darker; 2: lighter. Black has no darker one and is made gray, more so each time. */
static uint8_t
toned(uint8_t v, int tone, int black)
{
	if (tone == 0)
		return v;
	if (black)
		return tone == 1 ? 90 : 150;
	return (uint8_t)(tone == 1 ? v * 11 / 20 : 255 - (255 - v) / 2);
}

struct ss_style
ss_style_of(int k)
{
	const int h = k % HUES, round = k / HUES % (SS_STYLES / HUES), tone = round % TONES;
	const struct ss_colour c = hue[h];
	const int black = c.r + c.g + c.b == 0;

	return (struct ss_style){ .mark = (enum ss_mark)(round % SS_MARKS), .round = round,
	    .colour = { toned(c.r, tone, black), toned(c.g, tone, black), toned(c.b, tone, black) } };
}
