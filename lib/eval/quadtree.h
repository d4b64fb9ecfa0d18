/*
 * quadtree.h - points of a plane in nested boxes, so that far ones can be counted together
 *
 * Barnes and Hut (Nature, 1986). A box holds the points of one of its parent's quarters and is
 * shrunk to them, so no box is empty and a box with one place only is not cut.
 */
#ifndef SS_QUADTREE_H
#define SS_QUADTREE_H

#include <stddef.h>
#include <stdint.h>

struct ss_box_node {
	float x, y, count;	/* middle of its points, and how many */
	float reach;		/* (longer side / angle)^2: farther away than that it counts as one place */
	uint32_t begin, end;	/* its points, in the order of the tree */
	uint32_t next;		/* the node behind all those within it */
	uint32_t leaf;		/* not 0: it is not cut further */
};

struct ss_quadtree {
	size_t room;		/* points */
	size_t nodes;
	struct ss_box_node *node;	/* each before those within it; 2 room */
	uint32_t *order;	/* (room): which point stands at each place of the tree */
	float *x, *y;		/* (room): the points in that order */
};

/* NULL members if memory is short: false. */
int ss_quadtree_create(struct ss_quadtree *t, size_t room);
void ss_quadtree_free(struct ss_quadtree *t);

/* Of the n points p (n,2), 0 < n <= room, all finite; angle > 0. */
void ss_quadtree_build(struct ss_quadtree *t, const double *p, size_t n, double angle);

/*
 * How all other points push the one at place i of the tree: sum (3) = { sum of q, sum of q^2 dx, sum of
 * q^2 dy } with q = 1 / (1 + dx^2 + dy^2); a box farther away than its longer side / angle counts as if its
 * points were in their middle.
 */
void ss_quadtree_repel(const struct ss_quadtree *t, size_t i, double sum[3]);

#endif
