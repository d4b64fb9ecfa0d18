/*
 * recipe_options.c - the options of ss-augment that change a recipe
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "recipe_options.h"
#include "tool.h"

enum { KERNEL_MAX = 255, THRESHOLD_MAX = 255 };
static const double STRENGTH_MAX = 10, TURN_MAX = 0.5;

/* Options that set two numbers of a recipe: a range, or chances for odd and even views. */
static const struct pair {
	const char *name, *argument, *what;
	size_t at;		/* in struct ss_recipe */
	double lo, hi;
	bool chances;
} PAIRS[] = {
#define AT(field) offsetof(struct ss_recipe, field)
	{ "crop-scale", "A,B", "crop's share of the area", AT(scale), 1e-4, 1, false },
	{ "crop-ratio", "A,B", "crop's width to height", AT(ratio), 0.01, 100, false },
	{ "flip", "P[,P]", "mirrored left to right", AT(mirror), 0, 1, true },
	{ "vflip", "P[,P]", "turned upside down", AT(upend), 0, 1, true },
	{ "jitter-p", "P[,P]", "colours jittered", AT(jitter), 0, 1, true },
	{ "gray", "P[,P]", "turned gray", AT(gray), 0, 1, true },
	{ "blur", "P[,P]", "blurred", AT(blur), 0, 1, true },
	{ "blur-sigma", "A,B", "blur's deviation in pixels", AT(sigma), 0.01, 100, false },
	{ "solarize", "P[,P]", "bright parts inverted", AT(solarize), 0, 1, true },
#undef AT
};
enum {
	CROP_SCALE, CROP_RATIO, FLIP, VFLIP, JITTER_P, GRAY, BLUR, BLUR_SIGMA, SOLARIZE,
	RECIPE = sizeof PAIRS / sizeof *PAIRS, LIST, FILTER, JITTER, KERNEL, THRESHOLD
};
static const char *const OTHERS[] = {
	"recipe", "list-recipes", "filter", "jitter", "blur-kernel", "solarize-threshold"
};

static struct {
	const struct ss_recipe *recipe;		/* NULL: the default */
	bool set[RECIPE_OPTIONS];
	double pair[RECIPE][2], jitter[SS_JITTERS];
	enum ss_filter filter;
	int kernel, threshold;
} given;

void
recipe_options_table(struct option *out)
{
	for (int i = 0; i < RECIPE_OPTIONS; i++) {
		out[i].name = i < RECIPE ? PAIRS[i].name : OTHERS[i - RECIPE];
		out[i].has_arg = i == LIST ? no_argument : required_argument;
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
	    "      --list-recipes     show what the recipes do and end\n", r->name, r->name);
	for (const struct pair *p = PAIRS; p < PAIRS + RECIPE; p++) {
		const double *v = (const double *)(const void *)((const char *)r + p->at);
		int column = fprintf(f, "      --%s %s", p->name, p->argument);

		fprintf(f, "%*s%s  [%.4g,%.4g]  %g..%g; %s\n", 25 - column, "",
		    p->chances ? "chance " : "numbers", v[0], v[1], p->lo, p->hi, p->what);
	}
	fprintf(f, "      --filter NAME      name     [%s]  %s, %s; for the crop\n"
	    "      --jitter B,C,S,H   numbers  [%g,%g,%g,%g]  0..%g, hue 0..%g\n"
	    "      --blur-kernel N    pixels   [%d]  0: Pillow's blur; odd, 1..%d: torchvision's\n"
	    "      --solarize-threshold N      [%d]  0..%d\n", ss_filter_name(r->filter),
	    ss_filter_name(SS_BILINEAR), ss_filter_name(SS_BICUBIC), r->strength[0], r->strength[1],
	    r->strength[2], r->strength[3], STRENGTH_MAX, TURN_MAX, r->kernel, KERNEL_MAX,
	    r->threshold, THRESHOLD_MAX);
}

/* Each recipe as the options that would make it. */
static _Noreturn void
list_recipes(void)
{
	const struct ss_recipe *r;

	for (int i = 0; (r = ss_recipe_number(i)) != NULL; i++) {
		printf("%s%s\n    %s\n", r->name,
		    strcmp(r->name, SS_RECIPE_DEFAULT) == 0 ? " (default)" : "", r->what);
		if (r->crop)
			printf("    --crop-scale %g,%g --crop-ratio %.4g,%.4g --filter %s\n",
			    r->scale[0], r->scale[1], r->ratio[0], r->ratio[1],
			    ss_filter_name(r->filter));
		if (r->mirror[0] > 0)
			printf("    --flip %g\n", r->mirror[0]);
		if (r->jitter[0] > 0)
			printf("    --jitter %g,%g,%g,%g --jitter-p %g\n", r->strength[0],
			    r->strength[1], r->strength[2], r->strength[3], r->jitter[0]);
		if (r->gray[0] > 0)
			printf("    --gray %g\n", r->gray[0]);
		if (r->blur[0] > 0)
			printf("    --blur %g,%g --blur-sigma %g,%g --blur-kernel %s\n", r->blur[0],
			    r->blur[1], r->sigma[0], r->sigma[1],
			    r->kernel == SS_KERNEL_TENTH ? "(a tenth of the size)" : "0");
		if (r->solarize[1] > 0)
			printf("    --solarize %g,%g --solarize-threshold %d\n", r->solarize[0],
			    r->solarize[1], r->threshold);
	}
	exit(tool_finish(NULL, NULL));
}

static void
take_pair(int i, const char *text)
{
	const struct pair *p = &PAIRS[i];
	char option[32];
	double *v = given.pair[i];
	int n;

	snprintf(option, sizeof option, "--%s", p->name);
	n = tool_double_list(option, text, p->lo, p->hi, v, 2);
	if (n == 1 && p->chances)
		v[1] = v[0];
	else if (n == 1 || (!p->chances && v[0] > v[1]))
		tool_die(TOOL_MISUSE, "%s: two numbers are needed, the lower first", option);
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
		take_pair(i, argument);
	}
	return true;
}

/* An option that changes how something is done that never is done is a mistake. */
static void
need_chance(int option, const double chance[2], int switched_on_by)
{
	if (given.set[option] && chance[0] <= 0 && chance[1] <= 0)
		tool_die(TOOL_MISUSE, "--%s has no effect: give --%s a chance too",
		    option < RECIPE ? PAIRS[option].name : OTHERS[option - RECIPE],
		    PAIRS[switched_on_by].name);
}

void
recipe_options_result(struct ss_recipe *r)
{
	*r = *(given.recipe != NULL ? given.recipe : ss_recipe_find(SS_RECIPE_DEFAULT));
	for (int i = 0; i < RECIPE; i++)
		if (given.set[i])
			memcpy((char *)r + PAIRS[i].at, given.pair[i], sizeof given.pair[i]);
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
