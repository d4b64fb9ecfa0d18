/*
 * probe_settings.c - how a linear probe was trained, in words and for --json
 */
#include "probe_options.h"
#include "tool.h"

static void
print_steps(const struct probe_settings *to)
{
	const struct ss_probe_steps *s = &to->now.options.steps;
	const struct ss_schedule *k = &s->schedule;

	printf("%s, rate %g %s", ss_optimiser_names[s->optimiser], k->base, ss_decay_names[k->decay]);
	for (int i = 0; k->decay == SS_MILESTONES && i < k->milestones; i++)
		printf("%s%llu", i == 0 ? " " : ",", (unsigned long long)k->milestone[i]);
	if (k->decay == SS_MILESTONES)
		printf(" x %g", k->gamma);
	printf(", momentum %g, weight decay %g, batch %d, epochs %d, init %s, seed %llu", s->momentum,
	    s->weight_decay, s->batch, s->epochs, ss_probe_init_names[s->init], (unsigned long long)s->seed);
	if (s->patience > 0)
		printf(", patience %d", s->patience);
	if (to->validation != NULL)
		printf(", validation %s", to->validation);
	else if (to->now.hold_out > 0)
		printf(", held out %g", to->now.hold_out);
}

void
probe_settings_print(const struct probe_settings *to)
{
	const struct ss_probe_options *o = &to->now.options;

	if (o->by_steps) {
		printf("solver ");
		print_steps(to);
	} else {
		printf("solver L-BFGS over decorrelated features, stopped when the decrease still "
		    "expected is %g of the objective; l2 %g", o->tolerance, o->l2);
	}
	printf("; features %s", ss_scale_names[o->scale]);
	if (to->now.label_fraction < 1)
		printf("; labels %g%s%s", to->now.label_fraction, to->now.balanced ? " balanced" : "",
		    to->now.replace ? " with replacement" : "");
	printf("\nprotocol %s", to->now.name);
	if (to->changes[0] != '\0')
		printf(", but %s", to->changes);
	printf("\n");
}

static void
set_number(json_t *to, const char *name, double x)
{
	json_object_set_new(to, name, json_real(x));
}

static void
add_steps(json_t *to, const struct probe_settings *p)
{
	const struct ss_probe_steps *s = &p->now.options.steps;
	const struct ss_schedule *k = &s->schedule;
	json_t *list;

	json_object_set_new(to, "solver", json_string(ss_optimiser_names[s->optimiser]));
	set_number(to, "lr", k->base);
	json_object_set_new(to, "schedule", json_string(ss_decay_names[k->decay]));
	if (k->decay == SS_MILESTONES) {
		json_object_set_new(to, "milestones", list = json_array());
		for (int i = 0; i < k->milestones; i++)
			json_array_append_new(list, json_integer((json_int_t)k->milestone[i]));
		set_number(to, "gamma", k->gamma);
	}
	set_number(to, "momentum", s->momentum);
	set_number(to, "weight_decay", s->weight_decay);
	json_object_set_new(to, "batch", json_integer(s->batch));
	json_object_set_new(to, "epochs", json_integer(s->epochs));
	json_object_set_new(to, "init", json_string(ss_probe_init_names[s->init]));
	json_object_set_new(to, "patience", json_integer(s->patience));
	set_number(to, "hold_out", p->now.hold_out);
	json_object_set_new(to, "validation", p->validation == NULL ? json_null() : json_string(p->validation));
}

json_t *
probe_settings_json(const struct probe_settings *p)
{
	const struct ss_probe_options *o = &p->now.options;
	char seed[24];
	json_t *out = json_pack("{ssssss}", "protocol", p->now.name, "changes", p->changes, "scale",
	    ss_scale_names[o->scale]);

	if (o->by_steps) {
		add_steps(out, p);
	} else {
		json_object_set_new(out, "solver", json_string("L-BFGS over decorrelated features"));
		json_object_set_new(out, "stop",
		    json_string("decrease still expected <= tolerance * objective"));
		set_number(out, "tolerance", o->tolerance);
		set_number(out, "l2", o->l2);
	}
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)o->steps.seed);
	json_object_set_new(out, "seed", json_string(seed));	/* all 64 bits of it */
	set_number(out, "label_fraction", p->now.label_fraction);
	json_object_set_new(out, "balanced", json_boolean(p->now.balanced));
	json_object_set_new(out, "with_replacement", json_boolean(p->now.replace));
	return out;
}
