/*
 * linkage.c - groups by complete linkage: every two members of a group are alike
 *
 * Two groups are linked if all pairs between them are there. When two are joined, only those stay linked to them that were
 * linked to both, by the lesser of the two cosines: so links are always complete, their number only falls, and pairs
 * that are not there never need to be thought of.
 *
 * Links stand in lists, one for each group, by rising number of the other group. The heap is the list of pairs itself, which
 * comes sorted; its cosines may be larger than those of the links, which is seen when one comes to its top.
 */
#include <stdlib.h>

#include "base/size.h"
#include "eval/linkage.h"

#define DEAD UINT32_MAX

struct link {
	double cosine;		/* of the least similar members */
	uint32_t to;		/* group: the number of its lowest member */
	uint32_t mate;		/* the same link in the other group's list, or DEAD */
};

struct graph {
	struct link *link;	/* (2 pairs) */
	size_t *start;		/* (n + 1): where each group's list begins */
	uint32_t *length;	/* (n) */
};

static int
by_group(const void *x, const void *y)
{
	const struct link *a = x, *b = y;

	return (a->to > b->to) - (a->to < b->to);
}

/* The link of two groups in the list of a, or NULL. */
static struct link *
find(const struct graph *g, uint32_t a, uint32_t b)
{
	const struct link key = { .to = b };
	struct link *l = bsearch(&key, g->link + g->start[a], g->length[a], sizeof(key), by_group);

	return l == NULL || l->mate == DEAD ? NULL : l;
}

static void
build(struct graph *g, const struct ss_pair *pair, size_t count, size_t n)
{
	for (size_t i = 0; i < count; i++) {
		g->length[pair[i].a]++;
		g->length[pair[i].b]++;
	}
	for (size_t i = 0; i < n; i++) {
		g->start[i + 1] = g->start[i] + g->length[i];
		g->length[i] = 0;
	}
	for (size_t i = 0; i < count; i++) {
		const uint32_t a = pair[i].a, b = pair[i].b;

		g->link[g->start[a] + g->length[a]++] = (struct link){ pair[i].cosine, b, 0 };
		g->link[g->start[b] + g->length[b]++] = (struct link){ pair[i].cosine, a, 0 };
	}
	for (size_t i = 0; i < n; i++)
		if (g->length[i] > 1)
			qsort(g->link + g->start[i], g->length[i], sizeof(*g->link), by_group);
	for (size_t i = 0; i < count; i++) {
		struct link *x = find(g, pair[i].a, pair[i].b), *y = find(g, pair[i].b, pair[i].a);

		x->mate = (uint32_t)(y - g->link);
		y->mate = (uint32_t)(x - g->link);
	}
}

/* Group b becomes a part of a, a < b. */
static void
join(struct graph *g, uint32_t a, uint32_t b)
{
	struct link *l = g->link, *p = l + g->start[a], *q = l + g->start[b], *to = p;
	const struct link *p_end = p + g->length[a], *q_end = q + g->length[b];

	while (p < p_end || q < q_end) {
		if (q == q_end || (p < p_end && p->to < q->to)) {
			if (p->mate != DEAD)
				l[p->mate].mate = DEAD;
			p++;
		} else if (p == p_end || q->to < p->to) {
			if (q->mate != DEAD)
				l[q->mate].mate = DEAD;
			q++;
		} else {
			const uint32_t mate = p->mate, other = q->mate;
			const double cosine = p->cosine < q->cosine ? p->cosine : q->cosine;

			if (other != DEAD)
				l[other].mate = DEAD;
			if (mate != DEAD && other != DEAD) {
				*to = (struct link){ cosine, p->to, mate };
				l[mate].cosine = cosine;
				l[mate].mate = (uint32_t)(to - l);
				to++;
			} else if (mate != DEAD) {
				l[mate].mate = DEAD;
			}
			p++;
			q++;
		}
	}
	g->length[a] = (uint32_t)(to - (l + g->start[a]));
	g->length[b] = 0;
}

/* Lets the pair at the top of a heap of n sink to its place. */
static void
sink(struct ss_pair *heap, size_t n)
{
	const struct ss_pair top = heap[0];
	size_t at = 0, child;

	for (; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && ss_pair_order(&heap[child + 1], &heap[child]) < 0)
			child++;
		if (ss_pair_order(&heap[child], &top) > 0)
			break;
		heap[at] = heap[child];
	}
	heap[at] = top;
}

static void
link_all(struct graph *g, struct ss_pair *heap, size_t n, uint32_t *group)
{
	while (n > 0) {
		const struct ss_pair top = heap[0];
		const struct link *l = find(g, top.a, top.b);

		if (l != NULL && l->cosine < top.cosine) {
			heap[0].cosine = l->cosine;
			sink(heap, n);
			continue;
		}
		if (l != NULL) {
			join(g, top.a, top.b);
			group[top.b] = top.a;
		}
		heap[0] = heap[--n];
		if (n > 0)
			sink(heap, n);
	}
}

int
ss_linkage(struct ss_pair *pair, size_t count, size_t n, uint32_t *group, struct ss_err *e)
{
	struct graph g = { 0 };
	int r = 0;

	if (count > DEAD / 2)
		return ss_fail(e, SS_EUSAGE, "%zu pairs are too many to group", count);
	g.link = ss_alloc(2 * count, sizeof(*g.link));
	g.start = ss_alloc(n + 1, sizeof(*g.start));
	g.length = ss_alloc(n, sizeof(*g.length));
	if (g.link == NULL || g.start == NULL || g.length == NULL) {
		r = ss_fail(e, SS_EIO, "out of memory for groups of %zu pairs", count);
		goto end;
	}
	build(&g, pair, count, n);
	for (size_t i = 0; i < n; i++)
		group[i] = (uint32_t)i;
	link_all(&g, pair, count, group);
	for (size_t i = 0; i < n; i++)		/* a group joins one of a lower number, which is done by now */
		group[i] = group[group[i]];
end:
	free(g.link);
	free(g.start);
	free(g.length);
	return r;
}
