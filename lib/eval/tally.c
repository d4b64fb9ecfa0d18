/*
 * tally.c - how many predictions are right: in all, per class, and what for what
 */
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "eval/tally.h"

/* x with n items in place of `used`, the new ones 0; NULL if memory is short. */
static size_t *
grow(size_t *x, size_t used, size_t n)
{
	size_t *y = ss_alloc(n, sizeof(*y));

	if (y != NULL && used > 0)
		memcpy(y, x, used * sizeof(*y));
	if (y != NULL)
		free(x);
	return y;
}

static int
make_room(struct ss_tally *t, size_t labels)
{
	const size_t used = (size_t)t->labels, classes = t->pairs ? (size_t)t->classes : 0;
	size_t *of = grow(t->of, used, labels), *right = NULL, *confusion = NULL, pairs;

	if (of != NULL)
		t->of = of;
	right = grow(t->right, used, labels);
	if (right != NULL)
		t->right = right;
	if (ss_mul(labels, classes, &pairs))
		confusion = grow(t->confusion, used * classes, pairs);
	if (confusion != NULL)
		t->confusion = confusion;
	if (of == NULL || right == NULL || confusion == NULL)
		return -1;
	t->labels = (int)labels;
	return 0;
}

int
ss_tally_add(struct ss_tally *t, const int32_t *label, const int32_t *predicted, size_t n,
    struct ss_err *e)
{
	int32_t most = -1;

	for (size_t i = 0; i < n; i++)
		most = label[i] > most ? label[i] : most;
	if (most >= t->labels && (most == INT32_MAX || make_room(t, (size_t)most + 1) < 0))
		return ss_fail(e, SS_EIO, "out of memory for counts of %d labels and %d classes",
		    most, t->classes);
	for (size_t i = 0; i < n; i++) {
		const size_t y = (size_t)label[i];

		t->of[y]++;
		t->right[y] += predicted[i] == label[i];
		t->correct += predicted[i] == label[i];
		if (t->pairs)
			t->confusion[y * (size_t)t->classes + (size_t)predicted[i]]++;
	}
	t->total += n;
	return 0;
}

size_t
ss_tally_chance(const struct ss_tally *t)
{
	size_t most = 0;

	for (int i = 0; i < t->labels; i++)
		most = t->of[i] > most ? t->of[i] : most;
	return most;
}

void
ss_tally_free(struct ss_tally *t)
{
	free(t->of);
	free(t->right);
	free(t->confusion);
	*t = (struct ss_tally){ 0 };
}
