/*
 * subset.c - some of the records of a training set that is in memory: held out, or labelled
 */
#include <stdlib.h>

#include "base/size.h"
#include "eval/subset.h"

/* All records stay in memory anyway. */
static void
keep(void *arg, uint64_t place)
{
	(void)arg;
	(void)place;
}

int
ss_subset(uint32_t **out, size_t *count, const struct ss_records *r, const uint32_t *place, size_t m,
    struct ss_choose_plan plan, struct ss_err *e)
{
	struct ss_chooser *chooser;
	struct ss_chosen *chosen = NULL;
	int32_t label;
	size_t n = 0;
	int status;

	*out = NULL;
	*count = 0;
	plan.most = m;
	if ((status = ss_chooser_create(&chooser, &plan, e)) < 0)
		return status;
	for (size_t i = 0; status == 0 && i < m; i++)
		status = ss_chooser_offer(chooser, r->number == NULL ? place[i] : r->number[place[i]],
		    r->label[place[i]], place[i], keep, NULL, e);
	if (status == 0)
		status = ss_chooser_finish(chooser, &chosen, &n, &label, e);
	ss_chooser_free(chooser);
	if (status < 0)
		return status;
	for (size_t i = 0; i < n; i++)
		*count += chosen[i].copies;
	*out = ss_alloc(*count, sizeof(**out));
	if (*out == NULL) {
		free(chosen);
		return ss_fail(e, SS_EIO, "out of memory");
	}
	*count = 0;
	for (size_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < chosen[i].copies; k++)
			(*out)[(*count)++] = (uint32_t)chosen[i].place;
	free(chosen);
	return 0;
}

int
ss_hold_out(uint32_t **out, size_t *held, const struct ss_records *r, double share, uint64_t seed,
    struct ss_err *e)
{
	const struct ss_choose_plan plan = { .seed = seed, .count = SS_CHOOSE_SHARE, .fraction = share };
	uint32_t *place, *chosen;
	size_t at = 0, next = 0;
	int status;

	*out = NULL;
	if (r->n > UINT32_MAX)
		return ss_fail(e, SS_EUSAGE, "%zu records are too many", r->n);
	place = ss_alloc(r->n, sizeof(*place));
	if (place == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	for (size_t i = 0; i < r->n; i++)
		place[i] = (uint32_t)i;
	if ((status = ss_subset(&chosen, held, r, place, r->n, plan, e)) < 0) {
		free(place);
		return status;
	}
	for (size_t i = 0; i < r->n; i++) {
		if (next < *held && chosen[next] == i)
			next++;
		else
			place[at++] = (uint32_t)i;
	}
	for (size_t i = 0; i < *held; i++)
		place[at++] = chosen[i];
	free(chosen);
	*out = place;
	return 0;
}
