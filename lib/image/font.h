/*
 * font.h - a small font of dots
 *
 * Every character takes a cell of 6 by 9 dots, of which the last column and the last two
 * rows are empty but for what hangs below the line. Enlarged by whole numbers it stays sharp.
 */
#ifndef SS_FONT_H
#define SS_FONT_H

#include <stddef.h>
#include <stdint.h>

enum {
	SS_FONT_WIDTH = 6, SS_FONT_HEIGHT = 9,	/* of a cell */
	SS_FONT_RISE = 7			/* rows above the line that letters stand on */
};

/*
 * The dots of the UTF-8 character at *text, on which *text is moved: a row for each of
 * SS_FONT_HEIGHT, the leftmost dot in bit SS_FONT_WIDTH - 1. What the font lacks is a hollow
 * box; a byte that is not UTF-8 counts as one character.
 */
void ss_font_glyph(const char **text, uint8_t rows[SS_FONT_HEIGHT]);

/* Characters of a text, that is cells that it takes. */
int ss_font_cells(const char *text);

/* Bytes of its first so many characters, or of all if it has fewer. */
size_t ss_font_bytes(const char *text, int cells);

#endif
