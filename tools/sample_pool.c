/*
 * sample_pool.c - the records of an epoch that may be chosen, and the choice
 */
#include <stdlib.h>

#include "base/shuffle.h"
#include "sample.h"
#include "sst_slice.h"

bool
sample_chooses(void)
{
	return sample.count >= 0 || sample.fraction >= 0;
}

void
sample_pool_open(struct sample_pool *p, const struct ss_header *h, bool hold)
{
	*p = (struct sample_pool){ .h = h, .hold = hold };
}

static void
make_chooser(struct sample_pool *p)
{
	const struct ss_choose_plan plan = {
		.seed = sample.seed, .balanced = sample.balanced, .replace = sample.replace,
		.count = sample.count >= 0 ? (uint64_t)sample.count : SS_CHOOSE_SHARE,
		.fraction = sample.fraction, .most = p->h->records
	};
	struct ss_err e = SS_ERR_INIT;

	if (ss_chooser_create(&p->chooser, &plan, &e) < 0)
		tool_fail(SS_EIO, &e);
}

static void
forget(struct sample_pool *p, struct sample_record *r)
{
	p->bytes -= r->bytes;
	free(r->packed);
	r->packed = NULL;
	r->bytes = 0;
}

/* A record that cannot be chosen any more is forgotten, unless those are wanted. */
static void
drop(void *arg, uint64_t place)
{
	struct sample_pool *p = arg;

	if (sample.rest)
		return;
	if (place == p->offered)
		p->offered = SIZE_MAX;
	forget(p, &p->record[place]);
}

static void
hold(struct sample_pool *p, struct sample_record *r, const struct ss_frame *one)
{
	struct ss_err e = SS_ERR_INIT;

	if (ss_record_pack(p->h, one, &r->packed, &r->bytes, &e) < 0)
		tool_fail(SS_EIO, &e);
	p->bytes += r->bytes;
	if (p->bytes >> 20 >= (size_t)sample.memory)
		tool_die(TOOL_FAILURE, "more than %lld MiB of records are to be held%s", sample.memory,
		    sample.shuffle ? ": see --memory" : ": see --memory, or give a file in place of a pipe");
}

void
sample_pool_add(struct sample_pool *p, const struct sample_filter *f, const struct ss_frame *one)
{
	const int32_t label = f->label >= 0 ? sample_label(f, one) : 0;
	struct ss_err e = SS_ERR_INIT;
	int r;

	if (p->n == p->room) {
		p->room += p->room / 2 + 1024;
		if ((p->record = realloc(p->record, p->room * sizeof(*p->record))) == NULL)
			tool_die(TOOL_FAILURE, "out of memory for %zu records", p->room);
	}
	p->record[p->n] = (struct sample_record){ .place = one->first };
	p->offered = p->n++;
	if (f->index >= 0)
		p->record[p->offered].index = sample_index(f, one);
	if (sample_chooses() && p->chooser == NULL)
		make_chooser(p);
	if (sample_chooses() && !(sample.balanced && label < 0)) {
		const size_t at = p->offered;

		r = ss_chooser_offer(p->chooser, p->record[at].index, label, at, drop, p, &e);
		if (r < 0)
			tool_fail(r, &e);
	} else if (sample_chooses() && !sample.rest) {
		return;		/* without a label it is of no class */
	}
	if (p->hold && p->offered != SIZE_MAX)
		hold(p, &p->record[p->offered], one);
}

/* How often each record was chosen: 0 to count; NULL: each once. */
static uint32_t *
choose(struct sample_pool *p)
{
	struct ss_err e = SS_ERR_INIT;
	struct ss_chosen *chosen;
	uint32_t *copies;
	int32_t label;
	size_t n;
	int r;

	if (!sample_chooses())
		return NULL;
	if (p->chooser == NULL)
		make_chooser(p);
	r = ss_chooser_finish(p->chooser, &chosen, &n, &label, &e);
	if (r == SS_EUSAGE && label >= 0)
		tool_die(TOOL_MISUSE, "label %d: %s", label, e.text);
	if (r < 0)
		tool_fail(r, &e);
	if ((copies = calloc(p->n + 1, sizeof(*copies))) == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu records", p->n);
	for (size_t i = 0; i < n; i++)
		copies[chosen[i].place] = chosen[i].copies;
	for (size_t i = 0; sample.rest && i < p->n; i++)
		copies[i] = copies[i] == 0;
	free(chosen);
	return copies;
}

static int
compare_picks(const void *a, const void *b)
{
	const struct sample_pick *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (x->record > y->record) - (x->record < y->record);
}

struct sample_pick *
sample_pool_choose(struct sample_pool *p, uint32_t epoch, size_t *picks, uint64_t *total)
{
	uint32_t *copies = choose(p);
	struct sample_pick *pick;
	size_t n = 0;

	*total = 0;
	*picks = 0;
	for (size_t i = 0; i < p->n; i++) {
		const uint32_t k = copies != NULL ? copies[i] : 1;

		*total += k;
		n += sample.shuffle ? k : k > 0;
	}
	if ((pick = calloc(n + 1, sizeof(*pick))) == NULL)
		tool_die(TOOL_FAILURE, "out of memory for %zu records", n);
	for (size_t i = 0; i < p->n; i++) {
		const uint32_t k = copies != NULL ? copies[i] : 1;
		const uint64_t index = p->record[i].index;

		for (uint32_t c = 0; sample.shuffle && c < k; c++)
			pick[(*picks)++] = (struct sample_pick){
				ss_shuffle_key(sample.seed, epoch, index, c), index, i, 1
			};
		if (!sample.shuffle && k > 0)
			pick[(*picks)++] = (struct sample_pick){ 0, index, i, k };
	}
	if (sample.shuffle && n > 0)
		qsort(pick, n, sizeof(*pick), compare_picks);
	free(copies);
	return pick;
}

void
sample_pool_empty(struct sample_pool *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->record[i].packed);
	free(p->record);
	ss_chooser_free(p->chooser);
	sample_pool_open(p, p->h, p->hold);
}
