/*
 * recipe_options.c - the options of ss-augment that change a recipe
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image/views.h"
#include "recipe_options.h"
#include "tool.h"

enum { KERNEL_MAX = 255, THRESHOLD_MAX = 255 };
static const double STRENGTH_MAX = 10, TURN_MAX = 0.5;

/* Options that set some numbers of a recipe: a range, or chances of each kind of views. */
static const struct numbers {
	const char *name, *argument, *what;
	size_t at;		/* in struct ss_recipe */
	double lo, hi;
	bool chances;
} NUMBERS[] = {
#define AT(field) offsetof(struct ss_recipe, field)
	{ "crop-scale", "A,B", "crop's share of the area", AT(scale), 1e-4, 1, false },
	{ "local-scale", "A,B", "the same of local views", AT(local_scale), 1e-4, 1, false },
	{ "crop-ratio", "A,B", "crop's width to height", AT(ratio), 0.01, 100, false },
	{ "flip", "P[,P[,P]]", "mirrored left to right", AT(mirror), 0, 1, true },
	{ "vflip", "P[,P[,P]]", "turned upside down", AT(upend), 0, 1, true },
	{ "jitter-p", "P[,P[,P]]", "colours jittered", AT(jitter), 0, 1, true },
	{ "gray", "P[,P[,P]]", "turned gray", AT(gray), 0, 1, true },
	{ "blur", "P[,P[,P]]", "blurred", AT(blur), 0, 1, true },
	{ "blur-sigma", "A,B", "blur's deviation in pixels", AT(sigma), 0.01, 100, false },
	{ "solarize", "P[,P[,P]]", "bright parts inverted", AT(solarize), 0, 1, true },
#undef AT
};
enum {
	CROP_SCALE, LOCAL_SCALE, CROP_RATIO, FLIP, VFLIP, JITTER_P, GRAY, BLUR, BLUR_SIGMA, SOLARIZE,
	RECIPE = sizeof NUMBERS / sizeof *NUMBERS, LIST, TWO_VIEWS, VIEWS, LOCALS, FILTER, JITTER, KERNEL,
	THRESHOLD
};
static const char *const OTHERS[] = {
	"recipe", "list-recipes", "two-views", "views", "local-views", "filter", "jitter",
	"blur-kernel", "solarize-threshold"
};

static struct {
	const struct ss_recipe *recipe;		/* NULL: the default */
	bool set[RECIPE_OPTIONS];
	double number[RECIPE][SS_KINDS], jitter[SS_JITTERS];
	int count[RECIPE];		/* of the numbers */
	enum ss_filter filter;
	int views, locals, kernel, threshold;
} given;

void
recipe_options_table(struct option *out)
{
	for (int i = 0; i < RECIPE_OPTIONS; i++) {
		out[i].name = i < RECIPE ? NUMBERS[i].name : OTHERS[i - RECIPE];
		out[i].has_arg = i == LIST || i == TWO_VIEWS ? no_argument : required_argument;
		out[i].flag = NULL;
		out[i].val = RECIPE_OPT_FIRST + i;
	}
}

void
recipe_options_usage(FILE *f)
{
	const struct ss_recipe *r = ss_recipe_find(SS_RECIPE_DEFAULT);

	fprintf(f, "what is done (defaults are those of the recipe; shown: %s):\n"
	    "      --recipe NAME      name     [%s]\n"
	    "      --list-recipes     show what the recipes do and end\n"
	    "      --two-views        make view1 and view2: --views 2\n"
	    "      --views N          number   [%d]  1..%d; a single view keeps the image's name\n"
	    "      --local-views N    number   [%d]  0..%d; smaller ones after these\n",
	    r->name, r->name, r->views, SS_VIEWS_MAX, r->locals, SS_VIEWS_MAX - 1);
	for (const struct numbers *p = NUMBERS; p < NUMBERS + RECIPE; p++) {
		const double *v = (const double *)(const void *)((const char *)r + p->at);
		int column = fprintf(f, "      --%s %s", p->name, p->argument);

		fprintf(f, "%*s%s  [%.4g,%.4g", 25 - column, "",
		    p->chances ? "chance " : "numbers", v[0], v[1]);
		if (p->chances)
			fprintf(f, ",%.4g", v[SS_LOCAL]);
		fprintf(f, "]  %g..%g; %s\n", p->lo, p->hi, p->what);
	}
	fprintf(f, "      --filter NAME      name     [%s]  %s, %s; for the crop\n"
	    "      --jitter B,C,S,H   numbers  [%g,%g,%g,%g]  0..%g, hue 0..%g\n"
	    "      --blur-kernel N    pixels   [%d]  0: Pillow's blur; odd, 1..%d: torchvision's\n"
	    "      --solarize-threshold N      [%d]  0..%d\n", ss_filter_name(r->filter),
	    ss_filter_name(SS_BILINEAR), ss_filter_name(SS_BICUBIC), r->strength[0], r->strength[1],
	    r->strength[2], r->strength[3], STRENGTH_MAX, TURN_MAX, r->kernel, KERNEL_MAX,
	    r->threshold, THRESHOLD_MAX);
}

/* An option with chances of all kinds, or one number if they are the same. */
static void
print_chances(const char *name, const double p[SS_KINDS], int locals)
{
	const bool same = p[SS_ODD] == p[SS_EVEN] && (locals == 0 || p[SS_ODD] == p[SS_LOCAL]);

	printf(" --%s %g", name, p[SS_ODD]);
	if (!same)
		printf(",%g", p[SS_EVEN]);
	if (!same && locals > 0)
		printf(",%g", p[SS_LOCAL]);
}

static bool
ever(const double p[SS_KINDS])
{
	return p[SS_ODD] > 0 || p[SS_EVEN] > 0;
}

/* Each recipe as the options that would make it. */
static _Noreturn void
list_recipes(void)
{
	const struct ss_recipe *r;

	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++) {
		printf("%s%s\n    %s\n   ", r->name,
		    strcmp(r->name, SS_RECIPE_DEFAULT) == 0 ? " (default)" : "", r->what);
		if (r->locals > 0)
			printf(" --views %d --local-views %d --local-scale %g,%g\n   ", r->views,
			    r->locals, r->local_scale[0], r->local_scale[1]);
		if (r->crop)
			printf(" --crop-scale %g,%g --crop-ratio %.4g,%.4g --filter %s\n   ",
			    r->scale[0], r->scale[1], r->ratio[0], r->ratio[1],
			    ss_filter_name(r->filter));
		if (ever(r->mirror))
			print_chances("flip", r->mirror, r->locals);
		if (ever(r->jitter)) {
			printf(" --jitter %g,%g,%g,%g", r->strength[0], r->strength[1],
			    r->strength[2], r->strength[3]);
			print_chances("jitter-p", r->jitter, r->locals);
		}
		if (ever(r->gray))
			print_chances("gray", r->gray, r->locals);
		if (ever(r->blur)) {
			printf("\n   ");
			print_chances("blur", r->blur, r->locals);
			printf(" --blur-sigma %g,%g --blur-kernel %s", r->sigma[0], r->sigma[1],
			    r->kernel == SS_KERNEL_TENTH ? "(a tenth of the size)" : "0");
		}
		if (ever(r->solarize)) {
			print_chances("solarize", r->solarize, r->locals);
			printf(" --solarize-threshold %d", r->threshold);
		}
		printf("\n");
	}
	exit(tool_finish(NULL, NULL));
}

static void
take_numbers(int i, const char *text)
{
	const struct numbers *p = &NUMBERS[i];
	char option[32];
	double *v = given.number[i];
	int n;

	snprintf(option, sizeof option, "--%s", p->name);
	n = tool_double_list(option, text, p->lo, p->hi, v, p->chances ? SS_KINDS : 2);
	if (!p->chances && (n == 1 || v[0] > v[1]))
		tool_die(TOOL_MISUSE, "%s: two numbers are needed, the lower first", option);
	if (n == 1) {
		v[SS_EVEN] = v[SS_LOCAL] = v[SS_ODD];
		n = SS_KINDS;
	}
	given.count[i] = n;
}

static void
take_jitter(const char *text)
{
	const int n = tool_double_list("--jitter", text, 0, STRENGTH_MAX, given.jitter, SS_JITTERS);

	if (n != SS_JITTERS)
		tool_die(TOOL_MISUSE,
		    "--jitter: four numbers are needed: brightness, contrast, saturation, hue");
	if (given.jitter[SS_HUE] > TURN_MAX)
		tool_die(TOOL_MISUSE, "--jitter: hue %g is not in 0..%g", given.jitter[SS_HUE],
		    TURN_MAX);
}

static void
take_filter(const char *text)
{
	given.filter = strcmp(text, ss_filter_name(SS_BICUBIC)) == 0 ? SS_BICUBIC : SS_BILINEAR;
	if (strcmp(text, ss_filter_name(given.filter)) != 0)
		tool_die(TOOL_MISUSE, "--filter: '%s' is neither %s nor %s", text,
		    ss_filter_name(SS_BILINEAR), ss_filter_name(SS_BICUBIC));
}

bool
recipe_option(int c, const char *argument)
{
	const int i = c - RECIPE_OPT_FIRST;

	if (i < 0 || i >= RECIPE_OPTIONS)
		return false;
	given.set[i] = true;
	switch (i) {
	case RECIPE:
		given.recipe = ss_recipe_find(argument);
		if (given.recipe == NULL)
			tool_die(TOOL_MISUSE,
			    "--recipe: there is no recipe '%s' (see --list-recipes)", argument);
		break;
	case LIST:
		list_recipes();
	case TWO_VIEWS:
		given.set[VIEWS] = true;
		given.views = 2;
		break;
	case VIEWS:
		given.views = (int)tool_int("--views", argument, 1, SS_VIEWS_MAX);
		break;
	case LOCALS:
		given.locals = (int)tool_int("--local-views", argument, 0, SS_VIEWS_MAX - 1);
		break;
	case FILTER:
		take_filter(argument);
		break;
	case JITTER:
		take_jitter(argument);
		break;
	case KERNEL:
		given.kernel = (int)tool_int("--blur-kernel", argument, 0, KERNEL_MAX);
		if (given.kernel != 0 && given.kernel % 2 == 0)
			tool_die(TOOL_MISUSE, "--blur-kernel: %d is not odd", given.kernel);
		break;
	case THRESHOLD:
		given.threshold = (int)tool_int("--solarize-threshold", argument, 0, THRESHOLD_MAX);
		break;
	default:
		take_numbers(i, argument);
	}
	return true;
}

/* An option that changes how something is done that never is done is a mistake. */
static void
need_chance(int option, const double chance[SS_KINDS], int switched_on_by)
{
	if (given.set[option] && chance[SS_ODD] <= 0 && chance[SS_EVEN] <= 0 && chance[SS_LOCAL] <= 0)
		tool_die(TOOL_MISUSE, "--%s has no effect: give --%s a chance too",
		    option < RECIPE ? NUMBERS[option].name : OTHERS[option - RECIPE],
		    NUMBERS[switched_on_by].name);
}

void
recipe_options_result(struct ss_recipe *r)
{
	*r = *(given.recipe != NULL ? given.recipe : ss_recipe_find(SS_RECIPE_DEFAULT));
	for (int i = 0; i < RECIPE; i++)
		if (given.set[i])
			memcpy((char *)r + NUMBERS[i].at, given.number[i],
			    (size_t)given.count[i] * sizeof(double));
	if (given.set[VIEWS])
		r->views = given.views;
	if (given.set[LOCALS])
		r->locals = given.locals;
	if (r->views + r->locals > SS_VIEWS_MAX)
		tool_die(TOOL_MISUSE, "%d views and %d local ones are more than %d", r->views,
		    r->locals, SS_VIEWS_MAX);
	if (given.set[LOCAL_SCALE] && r->locals == 0)
		tool_die(TOOL_MISUSE, "--local-scale has no effect: there are no --local-views");
	r->crop = r->crop || given.set[CROP_SCALE] || given.set[CROP_RATIO];
	if (given.set[JITTER])
		memcpy(r->strength, given.jitter, sizeof r->strength);
	if (given.set[FILTER])
		r->filter = given.filter;
	if (given.set[KERNEL])
		r->kernel = given.kernel;
	if (given.set[THRESHOLD])
		r->threshold = given.threshold;
	need_chance(JITTER, r->jitter, JITTER_P);
	need_chance(BLUR_SIGMA, r->blur, BLUR);
	need_chance(KERNEL, r->blur, BLUR);
	need_chance(THRESHOLD, r->solarize, SOLARIZE);
}
