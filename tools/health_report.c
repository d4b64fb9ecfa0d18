/*
 * health_report.c - what ss-health found, and how it says so
 */
#include <math.h>

#include "base/size.h"
#include "health_report.h"
#include "report.h"

/* What the measures are called, in text and in JSON; the order is that of the table. */
enum { MEASURES = 6 };
static const char *const titles[MEASURES] = { "std ratio", "RankMe", "uniformity", "mean cosine", "mean norm",
	"dead features" };
static const char *const keys[MEASURES] = { "std_ratio", "rankme", "uniformity", "mean_cosine", "mean_norm", "dead" };

static double
value(const struct ss_health *h, int m)
{
	const double all[MEASURES] = { h->std_ratio, h->rank, h->uniformity, h->cosine, h->norm, (double)h->dead };

	return all[m];
}

static void
print_table(const struct health_report *r)
{
	char meaning[MEASURES][96];
	const double chance = ss_contrast_chance(r->n, r->batch);

	snprintf(meaning[0], sizeof(meaning[0]), "1 spread out, below %g collapsed", SS_STD_COLLAPSED);
	snprintf(meaning[1], sizeof(meaning[1]), "at most %zu; below %.3g few directions", ss_least(r->n, r->d),
	    ss_rank_least(r->n, r->d));
	snprintf(meaning[2], sizeof(meaning[2]), "-4 spread out, 0 all the same");
	snprintf(meaning[3], sizeof(meaning[3]), "0 spread out, 1 all the same");
	meaning[4][0] = '\0';
	snprintf(meaning[5], sizeof(meaning[5]), "of %zu", r->d);
	for (int v = 0; v < r->views; v++)
		printf("view %d: %s of %s, %zu records of %zu features\n", v + 1, r->view[v].tensor, r->view[v].stream,
		    r->n, r->d);
	for (int m = 0; m < MEASURES; m++) {
		printf("%-18s", titles[m]);
		for (int v = 0; v < r->views; v++) {
			const double x = value(&r->view[v].health, m);

			printf(" %9.*f", m == MEASURES - 1 ? 0 : 3, fabs(x) < 0.0005 ? 0 : x);	/* no -0.000 */
		}
		printf("%s%s\n", meaning[m][0] != '\0' ? "  " : "", meaning[m]);
	}
	if (r->views > 1)
		printf("%-18s %9.3f  0 views alike, 2 unrelated\n%-18s %9.3f  guessing %.4f, batches of %zu\n",
		    "alignment", r->alignment, "contrast accuracy", r->contrast, chance, ss_least(r->n, r->batch));
}

/* Which measure says so. */
static void
find_reason(const struct health_report *r, char *text, size_t size)
{
	const struct ss_health *h = &r->view[r->worst].health;

	switch (r->verdict) {
	case SS_VERDICT_CONSTANT:
	case SS_VERDICT_COLLAPSED:
		snprintf(text, size, "std ratio %.3f is below %g: all records have %s embedding", h->std_ratio,
		    r->verdict == SS_VERDICT_CONSTANT ? SS_STD_CONSTANT : SS_STD_COLLAPSED,
		    r->verdict == SS_VERDICT_CONSTANT ? "the same" : "nearly the same");
		break;
	case SS_VERDICT_DIMENSIONAL:
		snprintf(text, size, "RankMe %.2f is below %.3g, std ratio is %.3f: embeddings differ, but along few "
		    "directions only", h->rank, ss_rank_least(h->n, h->d), h->std_ratio);
		break;
	case SS_VERDICT_HEALTHY:
		snprintf(text, size, "std ratio %.3f is not below %g, RankMe %.2f not below %.3g", h->std_ratio,
		    SS_STD_COLLAPSED, h->rank, ss_rank_least(h->n, h->d));
	}
}

static const char *
advise(enum ss_verdict v)
{
	switch (v) {
	case SS_VERDICT_CONSTANT:
		return "look at the images (ss-grid) and at the normalisation of the input; train with a lower --lr";
	case SS_VERDICT_COLLAPSED:
		return "look at another layer (ss-embed --layer); train with a lower --lr, stronger augmentation, "
		    "and a method that keeps images apart (simclr, vicreg)";
	case SS_VERDICT_DIMENSIONAL:
		return "train with a lower --lr, stronger augmentation, a larger batch, or a method that "
		    "uncorrelates the channels (barlow, vicreg)";
	case SS_VERDICT_HEALTHY:
		break;
	}
	return NULL;
}

static void
print_json(const struct health_report *r, const char *reason)
{
	json_t *out = report_begin(true), *list = json_array();

	json_object_set_new(out, "records", json_integer((json_int_t)r->n));
	json_object_set_new(out, "features", json_integer((json_int_t)r->d));
	json_object_set_new(out, "views", list);
	for (int v = 0; v < r->views; v++) {
		json_t *o = json_pack("{ssss}", "stream", r->view[v].stream, "tensor", r->view[v].tensor);

		for (int m = 0; m < MEASURES; m++)
			json_object_set_new(o, keys[m], m == MEASURES - 1 ?
			    json_integer((json_int_t)r->view[v].health.dead) : json_real(value(&r->view[v].health, m)));
		json_object_set_new(o, "verdict", json_string(ss_verdict_name(ss_health_verdict(&r->view[v].health))));
		json_array_append_new(list, o);
	}
	if (r->views > 1) {
		json_object_set_new(out, "alignment", json_real(r->alignment));
		json_object_set_new(out, "contrast_accuracy", json_real(r->contrast));
		json_object_set_new(out, "chance", json_real(ss_contrast_chance(r->n, r->batch)));
		json_object_set_new(out, "batch", json_integer((json_int_t)ss_least(r->n, r->batch)));
	}
	json_object_set_new(out, "verdict", json_string(ss_verdict_name(r->verdict)));
	json_object_set_new(out, "reason", json_string(reason));
	report_print(out, 10);
}

void
health_report_print(const struct health_report *r, bool json)
{
	const char *advice = advise(r->verdict);
	char reason[256];

	find_reason(r, reason, sizeof(reason));
	if (json) {
		print_json(r, reason);
		return;
	}
	print_table(r);
	printf("verdict: %s", ss_verdict_name(r->verdict));
	if (r->views > 1 && r->verdict != SS_VERDICT_HEALTHY)
		printf(" in view %d", r->worst + 1);
	printf(" (%s)\n", reason);
	if (advice != NULL)
		printf("to try: %s\n", advice);
}
