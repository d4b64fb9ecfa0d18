/*
 * export_events.c - ss-export of a training log for TensorBoard
 *
 * Every number of a row becomes a scalar of the row's step. The log knows no time of day,
 * so that its bytes repeat; the time of an event is its step, in seconds.
 */
#include <math.h>
#include <string.h>

#include "export.h"
#include "outputs.h"
#include "table.h"
#include "tfevents.h"

/* TensorBoard groups by what stands before the slash. Keys that are not here measure the output's health. */
static const struct {
	const char *prefix, *group;
} groups[] = {
	{ "loss", "train" }, { "lr", "train" }, { "epoch", "train" }, { "images_per_second", "train" },
	{ "accuracy", "train" }, { "knn", "eval" }, { "best", "eval" }, { "val", "eval" }, { "test", "eval" }
};

static const char *
group_of(const char *key)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strncmp(key, groups[i].prefix, strlen(groups[i].prefix)) == 0)
			return groups[i].group;
	return "health";
}

static void
write_column(FILE *f, const char *path, const struct ss_column *c, double step, double value)
{
	char tag[SS_TAG_MAX + 1];

	if (snprintf(tag, sizeof(tag), "%s/%s", group_of(c->name), c->name) >= (int)sizeof(tag))
		tool_die(TOOL_DAMAGED, "%s: the name '%.20s...' is longer than %d bytes", path, c->name, SS_TAG_MAX);
	ss_tfevents_scalar(f, step, (int64_t)step, tag, (float)value);
}

static void
write_row(FILE *f, const char *path, const struct ss_table *t, size_t row)
{
	const struct ss_column *steps = ss_table_find(t, "step"), *loss = ss_table_find(t, "loss");
	const double step = steps == NULL ? (double)NAN : steps->value[row];

	if (!(step >= 0 && step <= 0x1p53 && step == floor(step)))
		tool_die(TOOL_DAMAGED, "%s: row %zu has no whole number as its step", path, row + 1);
	for (int i = 0; i < t->columns; i++) {
		const struct ss_column *c = &t->column[i];

		/* the lines of the monitor repeat the epoch */
		if (c == steps || isnan(c->value[row]) ||
		    (strcmp(c->name, "epoch") == 0 && (loss == NULL || isnan(loss->value[row]))))
			continue;
		write_column(f, path, c, step, c->value[row]);
	}
}

void
export_events(const struct export *x, const char *path)
{
	const bool standard = x->output == NULL || strcmp(x->output, "-") == 0;
	const char *name = path == NULL || strcmp(path, "-") == 0 ? "standard input" : path;
	struct ss_err e = SS_ERR_INIT;
	struct ss_table t;
	FILE *f;
	int r;

	tool_check_input(path, "a log");
	r = ss_table_read(&t, path, &e);
	if (r < 0)
		tool_fail(r, &e);
	if (!standard)
		outputs_folder(x->output);
	f = outputs_stream(standard ? NULL : x->output, standard ? "-" : "events.out.tfevents.0000000000.ss-export",
	    "an event file");
	ss_tfevents_begin(f, 0);
	for (size_t row = 0; row < t.rows; row++)
		write_row(f, name, &t, row);
	ss_table_free(&t);
}
