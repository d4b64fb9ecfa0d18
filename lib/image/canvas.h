/*
 * canvas.h - lines, rectangles, marks and text on pixels
 *
 * Coordinates are in pixels, x to the right and y down; the middle of the upper left pixel is
 * (0.5, 0.5). What is partly in a pixel colours it in part. Drawing outside is cut off.
 */
#ifndef SS_CANVAS_H
#define SS_CANVAS_H

#include <stdint.h>

#include "base/err.h"

struct ss_colour {
	uint8_t r, g, b;
};

struct ss_canvas {
	int width, height;
	uint8_t *rgb;		/* (height,width,3) */
};

enum ss_mark { SS_DISC, SS_SQUARE, SS_TRIANGLE, SS_DIAMOND, SS_MARKS };

/* White. SS_EUSAGE if it would have no pixels, or more than a third of a GiB of bytes. */
int ss_canvas_create(struct ss_canvas *c, int width, int height, struct ss_err *e) SS_MUST_USE;
void ss_canvas_free(struct ss_canvas *c);

/* From (x0,y0) to (x1,y1), its opposite corners; opacity 0..1, here and below. */
void ss_canvas_rectangle(struct ss_canvas *c, double x0, double y0, double x1, double y1,
    struct ss_colour colour, double opacity);

/* With round ends. */
void ss_canvas_line(struct ss_canvas *c, double x0, double y0, double x1, double y1, double width,
    struct ss_colour colour, double opacity);

/* Of the area of a disc with that radius, whatever its form. */
void ss_canvas_mark(struct ss_canvas *c, double x, double y, double radius, enum ss_mark mark,
    struct ss_colour colour, double opacity);

/*
 * UTF-8 text in cells of SS_FONT_WIDTH x SS_FONT_HEIGHT dots, each scale pixels wide and high;
 * (x,y) is the upper left corner of the first cell. up: turned, to be read from below, (x,y)
 * being the lower left corner.
 */
void ss_canvas_text(struct ss_canvas *c, int x, int y, const char *text, int scale, int up,
    struct ss_colour colour);

#endif
