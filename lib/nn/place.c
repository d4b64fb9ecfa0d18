/*
 * place.c - where the slots of a plan lie
 */
#include <stdlib.h>
#include <string.h>

#include "nn/emit.h"
#include "nn/place.h"

static bool
segment_is_by_images(const struct ss_plan *p, int segment)
{
	for (int i = 0; i < p->phases; i++)
		if (p->phase[i].segment == segment)
			return p->phase[i].kind < SS_PH_BY_IMAGES;
	return false;		/* between the passes, where the loss is */
}

static enum ss_place
choose_place(const struct ss_plan *p, const struct ss_slot *s, const struct ss_node *n, bool remade)
{
	if ((p->train && n->h * n->w == 1) || s->born < 0 || s->segments > SS_SLOT_SEGMENTS ||
	    !segment_is_by_images(p, s->born))
		return SS_ARENA;
	if (remade || s->segments == 1)
		return SS_REMADE;
	return p->train && s->image % 16 == 0 && s->writer >= 0 ? SS_FLUSHED : SS_ARENA;
}

/* Whether both lie in a thread's memory at the same time. */
static bool
meet(const struct ss_slot *a, const struct ss_slot *b)
{
	const int na = a->place == SS_FLUSHED ? 1 : a->segments, nb = b->place == SS_FLUSHED ? 1 : b->segments;

	for (int i = 0; i < na; i++)
		for (int k = 0; k < nb; k++)
			if (a->segment[i] == b->segment[k])
				return a->segments > 1 || b->segments > 1 ||
				    (a->first <= b->last && b->first <= a->last);
	return false;
}

enum { KINDS = 3 };

/* Slots of activations, of gradients, of activations made anew, node by node. */
static struct ss_slot *
slot_number(const struct ss_plan *p, int i)
{
	struct ss_slot *const kinds[KINDS] = { p->act, p->grad, p->again };

	return &kinds[i % KINDS][i / KINDS];
}

/* Those that lie with the threads. done: room for three of each node. */
static void
place_local(struct ss_plan *p, struct ss_slot **done)
{
	int n = 0;

	p->scratch_floats = p->kernel_floats = (p->kernel_floats + 15) / 16 * 16;
	for (int i = 0; i < KINDS * p->net->nodes; i++) {
		const int node = i / KINDS;
		struct ss_slot *s = slot_number(p, i);
		const size_t floats = (size_t)p->piece * s->image;
		bool moved = true;

		if (!s->used)
			continue;
		s->place = choose_place(p, s, &p->net->node[node], i % KINDS == 0 && ss_plan_remakes(p, node));
		if (s->place == SS_ARENA)
			continue;
		while (moved) {
			moved = false;
			for (int k = 0; k < n; k++) {
				const size_t other = (size_t)p->piece * done[k]->image;

				if (meet(s, done[k]) && s->local < done[k]->local + other &&
				    done[k]->local < s->local + floats) {
					s->local = (done[k]->local + other + 15) / 16 * 16;
					moved = true;
				}
			}
		}
		done[n++] = s;
		if (p->kernel_floats + s->local + floats > p->scratch_floats)
			p->scratch_floats = (p->kernel_floats + s->local + floats + 15) / 16 * 16;
	}
}

/* The copies to the arena. */
static void
place_flushes(struct ss_plan *p)
{
	for (int i = 0; i < p->phases; i++) {
		const struct ss_phase ph = p->phase[i];

		for (int k = 0; k < KINDS * p->net->nodes; k++) {
			struct ss_slot *s = slot_number(p, k);

			if (!s->used || s->place != SS_FLUSHED || s->writer != i || ph.segment != s->born)
				continue;
			memmove(&p->phase[i + 2], &p->phase[i + 1], (size_t)(p->phases - i - 1) * sizeof(ph));
			p->phase[i + 1] = (struct ss_phase){ .kind = k % KINDS == 1 ? SS_PH_FLUSH_GRAD : SS_PH_FLUSH,
				.node = k / KINDS, .segment = ph.segment };
			p->phases++;
			p->forward += i < p->forward;
			for (int m = 0; m < KINDS * p->net->nodes; m++) {	/* the places of later writers move up */
				struct ss_slot *o = slot_number(p, m);

				o->writer += o->writer > i;
			}
			s->writer = -1;
		}
	}
}

/* First fit by birth; returns the floats needed. */
static size_t
place_arena(struct ss_slot **slot, int n)
{
	size_t total = 0;

	for (int i = 1; i < n; i++)		/* insertion sort: by birth, large ones first */
		for (int j = i; j > 0; j--) {
			struct ss_slot *a = slot[j - 1], *b = slot[j];

			if (a->born < b->born || (a->born == b->born && a->floats >= b->floats))
				break;
			slot[j - 1] = b;
			slot[j] = a;
		}
	for (int i = 0; i < n; i++) {
		struct ss_slot *s = slot[i];
		size_t at = 0;
		bool moved;

		do {
			moved = false;
			for (int j = 0; j < i; j++) {
				const struct ss_slot *o = slot[j];

				if (o->dies < s->born || o->offset >= at + s->floats ||
				    o->offset + o->floats <= at)
					continue;
				at = (o->offset + o->floats + 15) / 16 * 16;
				moved = true;
			}
		} while (moved);
		s->offset = at;
		if (at + s->floats > total)
			total = at + s->floats;
	}
	return (total + 15) / 16 * 16;
}

/* All that lie in the arena; returns how many. */
static int
collect(const struct ss_plan *p, struct ss_slot **slot)
{
	int n = 0;

	for (int i = 0; i < p->net->nodes; i++)
		if (p->act[i].born >= 0 && p->act[i].place != SS_REMADE)
			slot[n++] = &p->act[i];
	for (int i = 0; i < p->net->nodes; i++)
		if (p->again[i].used && p->again[i].born >= 0 && p->again[i].place != SS_REMADE)
			slot[n++] = &p->again[i];
	for (int i = 0; i < p->net->nodes; i++) {
		if (p->grad[i].used && p->grad[i].born >= 0 && p->grad[i].place != SS_REMADE)
			slot[n++] = &p->grad[i];
		if (p->split[i].partial.used && p->split[i].partial.born >= 0)
			slot[n++] = &p->split[i].partial;
		for (int k = 0; k < SS_WINO_SLOTS; k++)
			if (p->steps[i].used && p->steps[i].slot[k].born >= 0)
				slot[n++] = &p->steps[i].slot[k];
	}
	return n;
}

int
ss_place(struct ss_plan *p)
{
	struct ss_slot **slot = calloc((4 + SS_WINO_SLOTS) * (size_t)p->net->nodes, sizeof(struct ss_slot *));

	if (slot == NULL)
		return -1;
	place_local(p, slot);
	place_flushes(p);
	p->act_floats = place_arena(slot, collect(p, slot));
	free(slot);
	return 0;
}
