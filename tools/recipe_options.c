/*
 * recipe_options.c - the options of ss-augment that change a recipe
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "image/views.h"
#include "recipe_list.h"
#include "recipe_options.h"
#include "tool.h"

enum { KERNEL_MAX = 255, THRESHOLD_MAX = 255, BATCH_MAX = 1 << 20 };
static const double STRENGTH_MAX = 10, TURN_MAX = 0.5;

#define AT(field) offsetof(struct ss_recipe, field)

/* Options that set some numbers of a recipe: a range, or chances of each kind of views. */
static const struct numbers {
	const char *name, *argument, *what;
	size_t at;		/* in struct ss_recipe */
	double lo, hi;
	bool chances;
} NUMBERS[] = {
	{ "crop-scale", "A,B", "crop's share of the area", AT(scale), 1e-4, 1, false },
	{ "local-scale", "A,B", "the same of local views", AT(local_scale), 1e-4, 1, false },
	{ "crop-ratio", "A,B", "crop's width to height", AT(ratio), 0.01, 100, false },
	{ "flip", "P[,P[,P]]", "mirrored left to right", AT(mirror), 0, 1, true },
	{ "vflip", "P[,P[,P]]", "turned upside down", AT(upend), 0, 1, true },
	{ "translate", "P[,P[,P]]", "shifted, down and right", AT(translate), 0, 1, true },
	{ "translate-by", "A,B", "shares of height and width", AT(shift), 0, 1, false },
	{ "jitter-p", "P[,P[,P]]", "colours jittered", AT(jitter), 0, 1, true },
	{ "contrast", "A,B", "its factor, if not by --jitter", AT(range[SS_CONTRAST]), 0, 100, false },
	{ "saturation", "A,B", "the same of saturation", AT(range[SS_SATURATION]), 0, 100, false },
	{ "gray", "P[,P[,P]]", "turned gray", AT(gray), 0, 1, true },
	{ "blur", "P[,P[,P]]", "blurred", AT(blur), 0, 1, true },
	{ "blur-sigma", "A,B", "blur's deviation in pixels", AT(sigma), 0.01, 100, false },
	{ "solarize", "P[,P[,P]]", "bright parts inverted", AT(solarize), 0, 1, true },
};

/* Options that set a whole number. */
static const struct integer {
	const char *name, *what;
	size_t at;
	int lo, hi;
} INTEGERS[] = {
	{ "views", "a single view keeps the image's name", AT(views), 1, SS_VIEWS_MAX },
	{ "local-views", "smaller ones after these", AT(locals), 0, SS_VIEWS_MAX - 1 },
	{ "crop-pad", "crop without scaling, after a black border", AT(border), 0, SIDE_MAX },
	{ "crop-centre", "the middle, after scaling the shorter side; 0: to 8/7", AT(shorter), 0,
	    SIDE_MAX },
	{ "blur-kernel", "pixels, odd; 0: Pillow's blur, -1: a tenth of the size", AT(kernel),
	    SS_KERNEL_TENTH, KERNEL_MAX },
	{ "solarize-threshold", "bright is what is not below", AT(threshold), 0, THRESHOLD_MAX },
	{ "per-batch", "records that share their draws; 0: none do", AT(batch), 0, BATCH_MAX },
};
#undef AT

enum {
	CROP_SCALE, LOCAL_SCALE, CROP_RATIO, FLIP, VFLIP, TRANSLATE, TRANSLATE_BY, JITTER_P, CONTRAST,
	SATURATION, GRAY, BLUR, BLUR_SIGMA, SOLARIZE,
	RANGES = sizeof NUMBERS / sizeof *NUMBERS,
	VIEWS = RANGES, LOCALS, CROP_PAD, CROP_CENTRE, KERNEL, THRESHOLD, BATCH,
	RECIPE = RANGES + sizeof INTEGERS / sizeof *INTEGERS,
	LIST, TWO_VIEWS, DIALECT, FILTER, JITTER, ODDS
};
static const char *const OTHERS[] = {
	"recipe", "list-recipes", "two-views", "dialect", "filter", "jitter", "saturation-odds"
};

static struct {
	const struct ss_recipe *recipe;		/* NULL: the default */
	bool set[RECIPE_OPTIONS];
	double number[RANGES][SS_KINDS], jitter[SS_JITTERS];
	int count[RANGES];			/* of the numbers */
	int integer[RECIPE - RANGES];
	int dialect, filter;
} given;

static const char *
name_of(int option)
{
	if (option < RANGES)
		return NUMBERS[option].name;
	return option < RECIPE ? INTEGERS[option - RANGES].name : OTHERS[option - RECIPE];
}

void
recipe_options_table(struct option *out)
{
	for (int i = 0; i < RECIPE_OPTIONS; i++) {
		const bool alone = i == LIST || i == TWO_VIEWS || i == ODDS;

		out[i].name = name_of(i);
		out[i].has_arg = alone ? no_argument : required_argument;
		out[i].flag = NULL;
		out[i].val = RECIPE_OPT_FIRST + i;
	}
}

void
recipe_options_usage(FILE *f)
{
	const struct ss_recipe *r = ss_recipe_find(SS_RECIPE_DEFAULT);

	fprintf(f, "what is done (defaults are those of the recipe; shown: %s):\n"
	    "      --recipe NAME      name     [%s]  help: show them and end\n"
	    "      --list-recipes     show all that the recipes do and end\n"
	    "      --two-views        make view1 and view2: --views 2\n"
	    "      --dialect NAME     name     [%s]  %s, %s, %s, %s\n"
	    "      --filter NAME      name     [%s]  %s, %s; for the crop\n",
	    r->name, r->name, ss_dialect_names[r->dialect], ss_dialect_names[SS_TORCHVISION],
	    ss_dialect_names[SS_TF], ss_dialect_names[SS_TF_CLAMP], ss_dialect_names[SS_TF_BYTES],
	    ss_filter_name(r->filter), ss_filter_name(SS_BILINEAR), ss_filter_name(SS_BICUBIC));
	fprintf(f,
	    "      --jitter B,C,S,H   numbers  [%g,%g,%g,%g]  0..%g, hue 0..%g\n"
	    "      --saturation-odds  the factor is x / (1 - x) of the x drawn\n",
	    r->strength[0], r->strength[1], r->strength[2], r->strength[3], STRENGTH_MAX, TURN_MAX);
	for (const struct integer *p = INTEGERS; p < INTEGERS + (RECIPE - RANGES); p++) {
		const int v = *(const int *)(const void *)((const char *)r + p->at);
		int column = fprintf(f, "      --%s N", p->name);

		fprintf(f, "%*snumber   [%d]  %d..%d; %s\n", column < 25 ? 25 - column : 1, "", v,
		    p->lo, p->hi, p->what);
	}
	for (const struct numbers *p = NUMBERS; p < NUMBERS + RANGES; p++) {
		const double *v = (const double *)(const void *)((const char *)r + p->at);
		int column = fprintf(f, "      --%s %s", p->name, p->argument);

		fprintf(f, "%*s%s  [%.4g,%.4g", column < 25 ? 25 - column : 1, "",
		    p->chances ? "chance " : "numbers", v[0], v[1]);
		if (p->chances)
			fprintf(f, ",%.4g", v[SS_LOCAL]);
		fprintf(f, "]  %g..%g; %s\n", p->lo, p->hi, p->what);
	}
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
take_integer(int i, const char *text)
{
	const struct integer *p = &INTEGERS[i - RANGES];
	char option[32];
	int *v = &given.integer[i - RANGES];

	snprintf(option, sizeof option, "--%s", p->name);
	*v = (int)tool_int(option, text, p->lo, p->hi);
	if (i == KERNEL && *v > 0 && *v % 2 == 0)
		tool_die(TOOL_MISUSE, "%s: %d is not odd", option, *v);
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

/* Number of a name among n, or the end. */
static int
take_name(const char *option, const char *text, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(text, names[i]) == 0)
			return i;
	tool_die(TOOL_MISUSE, "%s: there is no '%s' (see --help)", option, text);
}

bool
recipe_option(int c, const char *argument)
{
	const char *const filters[] = { ss_filter_name(SS_BILINEAR), ss_filter_name(SS_BICUBIC) };
	const int i = c - RECIPE_OPT_FIRST;

	if (i < 0 || i >= RECIPE_OPTIONS)
		return false;
	given.set[i] = true;
	switch (i) {
	case RECIPE:
		if (strcmp(argument, "help") == 0)
			recipe_list(false);
		given.recipe = ss_recipe_find(argument);
		if (given.recipe == NULL)
			tool_die(TOOL_MISUSE,
			    "--recipe: there is no recipe '%s' (see --recipe help)", argument);
		break;
	case LIST:
		recipe_list(true);
	case TWO_VIEWS:
		given.set[VIEWS] = true;
		given.integer[VIEWS - RANGES] = 2;
		break;
	case DIALECT:
		given.dialect = take_name("--dialect", argument, ss_dialect_names, SS_DIALECTS);
		break;
	case FILTER:
		given.filter = take_name("--filter", argument, filters, 2);
		break;
	case JITTER:
		take_jitter(argument);
		break;
	case ODDS:
		break;
	default:
		if (i < RANGES)
			take_numbers(i, argument);
		else
			take_integer(i, argument);
	}
	return true;
}

/* An option that changes how something is done that never is done is a mistake. */
static void
need(int option, bool done, int switched_on_by)
{
	if (given.set[option] && !done)
		tool_die(TOOL_MISUSE, "--%s has no effect without --%s", name_of(option),
		    name_of(switched_on_by));
}

/* What cannot be, whatever it came from. */
static void
check(const struct ss_recipe *r)
{
	const bool tf = r->dialect != SS_TORCHVISION;

	if (r->views + r->locals > SS_VIEWS_MAX)
		tool_die(TOOL_MISUSE, "%d views and %d local ones are more than %d", r->views,
		    r->locals, SS_VIEWS_MAX);
	if (given.set[CROP_SCALE] + given.set[CROP_PAD] + given.set[CROP_CENTRE] > 1)
		tool_die(TOOL_MISUSE,
		    "--crop-scale, --crop-pad and --crop-centre exclude each other");
	if (tf && r->filter == SS_BICUBIC)
		tool_die(TOOL_MISUSE, "the dialect %s has no bicubic filter",
		    ss_dialect_names[r->dialect]);
	if (tf && ss_ever(r->blur) && r->kernel == SS_KERNEL_PILLOW)
		tool_die(TOOL_MISUSE, "the dialect %s has no blur of --blur-kernel 0",
		    ss_dialect_names[r->dialect]);
	if (r->odds && !(r->range[SS_SATURATION][1] > 0 && r->range[SS_SATURATION][1] < 1))
		tool_die(TOOL_MISUSE, "--saturation-odds needs a --saturation below 1");
	need(LOCAL_SCALE, r->locals > 0, LOCALS);
	need(TRANSLATE_BY, ss_ever(r->translate), TRANSLATE);
	for (int i = 0; i < 3; i++)
		need((int[]){ JITTER, CONTRAST, SATURATION }[i], ss_ever(r->jitter), JITTER_P);
	need(BLUR_SIGMA, ss_ever(r->blur), BLUR);
	need(KERNEL, ss_ever(r->blur), BLUR);
	need(THRESHOLD, ss_ever(r->solarize), SOLARIZE);
}

void
recipe_options_result(struct ss_recipe *r)
{
	*r = *(given.recipe != NULL ? given.recipe : ss_recipe_find(SS_RECIPE_DEFAULT));
	if (given.set[JITTER]) {
		memcpy(r->strength, given.jitter, sizeof r->strength);
		memset(r->range, 0, sizeof r->range);
		r->odds = false;
	}
	for (int i = 0; i < RANGES; i++)
		if (given.set[i])
			memcpy((char *)r + NUMBERS[i].at, given.number[i],
			    (size_t)given.count[i] * sizeof(double));
	for (int i = RANGES; i < RECIPE; i++)
		if (given.set[i])
			memcpy((char *)r + INTEGERS[i - RANGES].at, &given.integer[i - RANGES],
			    sizeof(int));
	if (given.set[CROP_SCALE] || given.set[CROP_RATIO])
		r->crop = SS_PART;
	else if (given.set[CROP_PAD])
		r->crop = SS_PADDED;
	else if (given.set[CROP_CENTRE])
		r->crop = SS_CENTRE;
	if (given.set[DIALECT])
		r->dialect = (enum ss_dialect)given.dialect;
	if (given.set[FILTER])
		r->filter = (enum ss_filter)given.filter;
	r->odds = r->odds || given.set[ODDS];
	check(r);
}
