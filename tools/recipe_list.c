/*
 * recipe_list.c - shows what the recipes do
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image/recipe.h"
#include "recipe_list.h"
#include "tool.h"

static const char *gap;		/* what is between the last option and the next */

static void SS_PRINTF(1, 2)
option(const char *fmt, ...)
{
	va_list args;

	printf("%s --", gap);
	gap = "";
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
}

/* What follows goes to a line of its own. */
static void
new_line(void)
{
	gap = "\n   ";
}

/* Chances of all kinds, or one number if they are the same; nothing if there is no chance. */
static bool
chances(const char *name, const double p[SS_KINDS], int locals)
{
	const bool same = p[SS_ODD] == p[SS_EVEN] && (locals == 0 || p[SS_ODD] == p[SS_LOCAL]);

	if (!ss_ever(p))
		return false;
	option("%s %g", name, p[SS_ODD]);
	if (!same)
		printf(",%g", p[SS_EVEN]);
	if (!same && locals > 0)
		printf(",%g", p[SS_LOCAL]);
	return true;
}

/* Which of the operations are done, in their order. */
static void
print_order(const struct ss_recipe *r)
{
	const bool done[SS_OPERATIONS] = {
		[SS_CROP] = true, [SS_FLIP] = ss_ever(r->mirror) || ss_ever(r->upend),
		[SS_TRANSLATE] = ss_ever(r->translate), [SS_JITTER] = ss_ever(r->jitter),
		[SS_GRAY] = ss_ever(r->gray), [SS_BLUR] = ss_ever(r->blur),
		[SS_SOLARIZE] = ss_ever(r->solarize)
	};

	for (const enum ss_operation *op = r->order; *op != SS_END; op++)
		if (done[*op])
			printf("%s%s", op == r->order ? "    " : ", ", ss_operation_names[*op]);
}

static void
print_places(const struct ss_recipe *r)
{
	new_line();
	if (r->dialect != SS_TORCHVISION)
		option("dialect %s", ss_dialect_names[r->dialect]);
	if (r->batch > 0)
		option("per-batch %d", r->batch);
	if (r->locals > 0)
		option("views %d --local-views %d --local-scale %g,%g", r->views, r->locals,
		    r->local_scale[0], r->local_scale[1]);
	new_line();
	if (r->crop == SS_PART)
		option("crop-scale %g,%g --crop-ratio %g,%g", r->scale[0], r->scale[1],
		    r->ratio[0], r->ratio[1]);
	if (r->crop == SS_PADDED)
		option("crop-pad %d", r->border);
	if (r->crop == SS_CENTRE)
		option("crop-centre %d", r->shorter);
	if (r->filter != SS_BILINEAR)
		option("filter %s", ss_filter_name(r->filter));
	chances("flip", r->mirror, r->locals);
	chances("vflip", r->upend, r->locals);
	if (chances("translate", r->translate, r->locals))
		option("translate-by %g,%g", r->shift[0], r->shift[1]);
}

static void
print_colours(const struct ss_recipe *r)
{
	const double *contrast = r->range[SS_CONTRAST], *saturation = r->range[SS_SATURATION];

	new_line();
	if (chances("jitter-p", r->jitter, r->locals)) {
		option("jitter %g,%g,%g,%g", r->strength[0], r->strength[1], r->strength[2],
		    r->strength[3]);
		if (contrast[1] > 0)
			option("contrast %g,%g", contrast[0], contrast[1]);
		if (saturation[1] > 0)
			option("saturation %g,%g%s", saturation[0], saturation[1],
			    r->odds ? " --saturation-odds" : "");
	}
	chances("gray", r->gray, r->locals);
	new_line();
	if (chances("blur", r->blur, r->locals))
		option("blur-sigma %g,%g --blur-kernel %d", r->sigma[0], r->sigma[1], r->kernel);
	if (chances("solarize", r->solarize, r->locals))
		option("solarize-threshold %d", r->threshold);
}

_Noreturn void
recipe_list(bool in_full)
{
	const struct ss_recipe *r;

	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++) {
		const bool first = strcmp(r->name, SS_RECIPE_DEFAULT) == 0;

		if (!in_full) {
			printf("%-14s %s%s\n", r->name, r->what, first ? " (default)" : "");
			continue;
		}
		printf("%s%s\n    %s\n", r->name, first ? " (default)" : "", r->what);
		print_order(r);
		print_places(r);
		print_colours(r);
		printf("\n");
	}
	exit(tool_finish(NULL, NULL));
}
