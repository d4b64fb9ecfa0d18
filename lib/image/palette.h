/*
 * palette.h - colours and marks that tell many classes or curves apart
 */
#ifndef SS_PALETTE_H
#define SS_PALETTE_H

#include "image/canvas.h"

/* How number k is drawn, k >= 0: no two alike below SS_STYLES, then the same again. */
struct ss_style {
	struct ss_colour colour;
	enum ss_mark mark;
	int round;		/* 0, 1, 2 ...: how often the colours were used up; lines are dashed by it */
};
enum { SS_STYLES = 96 };

struct ss_style ss_style_of(int k);

/* Of what has no class; axes and letters; grid. */
extern const struct ss_colour ss_gray, ss_ink, ss_pale;

#endif
