/*
 * quadtree.c - points of a plane in nested boxes, so that far ones can be counted together
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/size.h"
#include "eval/quadtree.h"

enum { LEAF = 8 };		/* points that are not worth a cut */

int
ss_quadtree_create(struct ss_quadtree *t, size_t room)
{
	*t = (struct ss_quadtree){ .room = room };
	t->node = ss_alloc(room, 2 * sizeof(*t->node));
	t->order = ss_alloc(room, sizeof(*t->order));
	t->x = ss_alloc(room, sizeof(*t->x));
	t->y = ss_alloc(room, sizeof(*t->y));
	if (t->node != NULL && t->order != NULL && t->x != NULL && t->y != NULL)
		return 1;
	ss_quadtree_free(t);
	return 0;
}

void
ss_quadtree_free(struct ss_quadtree *t)
{
	free(t->node);
	free(t->order);
	free(t->x);
	free(t->y);
	*t = (struct ss_quadtree){ 0 };
}

static void
swap_points(struct ss_quadtree *t, size_t a, size_t b)
{
	const uint32_t order = t->order[a];
	const float x = t->x[a], y = t->y[a];

	t->order[a] = t->order[b];
	t->x[a] = t->x[b];
	t->y[a] = t->y[b];
	t->order[b] = order;
	t->x[b] = x;
	t->y[b] = y;
}

/* Points with v <= middle before the others; returns where those begin. v: t->x or t->y. */
static size_t
split(struct ss_quadtree *t, const float *v, size_t begin, size_t end, float middle)
{
	while (begin < end) {
		if (v[begin] <= middle)
			begin++;
		else
			swap_points(t, begin, --end);
	}
	return begin;
}

/* The node of the points begin..end-1, and all within it, behind the nodes so far. */
static void
cut(struct ss_quadtree *t, size_t begin, size_t end, double angle)
{
	struct ss_box_node *node = &t->node[t->nodes++];
	float left = INFINITY, right = -INFINITY, low = INFINITY, high = -INFINITY, side;
	double x = 0, y = 0;

	for (size_t i = begin; i < end; i++) {
		left = t->x[i] < left ? t->x[i] : left;
		right = t->x[i] > right ? t->x[i] : right;
		low = t->y[i] < low ? t->y[i] : low;
		high = t->y[i] > high ? t->y[i] : high;
		x += (double)t->x[i];
		y += (double)t->y[i];
	}
	side = right - left > high - low ? right - left : high - low;
	node->count = (float)(end - begin);
	node->x = (float)(x / (double)(end - begin));
	node->y = (float)(y / (double)(end - begin));
	node->reach = (float)((double)side * (double)side / (angle * angle));
	node->begin = (uint32_t)begin;
	node->end = (uint32_t)end;
	node->leaf = end - begin <= LEAF || !(side > 0);
	if (!node->leaf) {
		/* the sum is halved first, so that it cannot be too large, and is below the greater of two */
		const float middle_x = left / 2 + right / 2, middle_y = low / 2 + high / 2;
		const size_t half = split(t, t->x, begin, end, middle_x < right ? middle_x : left);
		const size_t first = split(t, t->y, begin, half, middle_y < high ? middle_y : low);
		const size_t second = split(t, t->y, half, end, middle_y < high ? middle_y : low);
		const size_t border[] = { begin, first, half, second, end };

		for (int k = 0; k < 4; k++)
			if (border[k] < border[k + 1])
				cut(t, border[k], border[k + 1], angle);
	}
	node->next = (uint32_t)t->nodes;
}

void
ss_quadtree_build(struct ss_quadtree *t, const double *p, size_t n, double angle)
{
	SS_BUG_IF(n == 0 || n > t->room);
	for (size_t i = 0; i < n; i++) {
		t->order[i] = (uint32_t)i;
		t->x[i] = (float)p[2 * i];
		t->y[i] = (float)p[2 * i + 1];
	}
	t->nodes = 0;
	cut(t, 0, n, angle);
}

void
ss_quadtree_repel(const struct ss_quadtree *t, size_t i, double sum[3])
{
	const float px = t->x[i], py = t->y[i];
	double z = 0, fx = 0, fy = 0;

	for (size_t k = 0; k < t->nodes;) {
		const struct ss_box_node *b = &t->node[k];
		const float dx = px - b->x, dy = py - b->y, square = dx * dx + dy * dy;

		if (square > b->reach && (i < b->begin || i >= b->end)) {
			const float q = 1 / (1 + square), s = b->count * q;

			z += (double)s;
			fx += (double)(s * q * dx);
			fy += (double)(s * q * dy);
			k = b->next;
		} else if (b->leaf) {
			for (size_t j = b->begin; j < b->end; j++) {
				const float ex = px - t->x[j], ey = py - t->y[j];
				const float q = 1 / (1 + ex * ex + ey * ey);

				if (j == i)
					continue;
				z += (double)q;
				fx += (double)(q * q * ex);
				fy += (double)(q * q * ey);
			}
			k = b->next;
		} else {
			k++;
		}
	}
	sum[0] = z;
	sum[1] = fx;
	sum[2] = fy;
}
