/*
 * sheet.h - a contact sheet: records in a grid, the pictures of each side by side
 *
 * Composes pixels, knows nothing of files. A picture is enlarged by whole numbers,
 * pixel by pixel, if that fills its place, and else scaled to fit.
 */
#ifndef SS_SHEET_H
#define SS_SHEET_H

#include "image/image.h"

enum { SS_SHEET_PICTURES = 32 };	/* of a record */

struct ss_sheet {
	/* set by the caller */
	bool tight;		/* no margins, no gaps, black ground: a sprite sheet */
	int columns, rows;
	int pictures;
	int height[SS_SHEET_PICTURES], width[SS_SHEET_PICTURES];	/* of their places */
	/* set by ss_sheet_create */
	int cell_height, cell_width;
	size_t total_height, total_width;
	uint8_t *rgb;
};

/* Computes the sizes without memory; SS_EUSAGE if the sheet would be larger than a GiB. */
int ss_sheet_measure(struct ss_sheet *s, struct ss_err *e) SS_MUST_USE;

/* How many cells of this size fit into that many pixels, margins and gaps included; at least 1. */
int ss_sheet_fitting(int pixels, int cell);

/* Measures, takes memory, filled with the background. */
int ss_sheet_create(struct ss_sheet *s, struct ss_err *e) SS_MUST_USE;
void ss_sheet_free(struct ss_sheet *s);

/* Puts picture number k of record n (counted from 0) into its place. */
int ss_sheet_put(struct ss_sheet *s, size_t n, int k, const struct ss_image *m,
    struct ss_image_work *w, struct ss_err *e) SS_MUST_USE;

/* Cuts off the rows, and in a single row the columns, that n records do not need. */
void ss_sheet_trim(struct ss_sheet *s, size_t n);

#endif
