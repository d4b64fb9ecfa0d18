/*
 * scatter.h - points of a plane, coloured by class, with a legend
 */
#ifndef SS_SCATTER_H
#define SS_SCATTER_H

#include <stddef.h>
#include <stdint.h>

#include "image/canvas.h"

struct ss_scatter {
	size_t n;
	const double *at;		/* (n,2), finite */
	const int32_t *label;		/* (n): 0..classes - 1, or negative: none */
	int classes;
	char *const *name;		/* (classes): of classes, or NULL: their number */
	const char *title, *note;	/* above and below; NULL: none */
	const char *across, *up;	/* what the axes are; NULL: nothing */
	int size;			/* of the field's sides, pixels */
};

/* One scale for both axes. SS_EUSAGE if there are no points, or the picture is too large. */
int ss_scatter_draw(const struct ss_scatter *s, struct ss_canvas *out, struct ss_err *e) SS_MUST_USE;

#endif
