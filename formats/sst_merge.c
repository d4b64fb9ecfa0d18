/*
 * sst_merge.c - one header of several, for programs that join streams
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sst_merge.h"
#include "sst_wire.h"

enum { DESCRIBED = 160 };	/* bytes for type and shape: eight dimensions of ten digits */

static const char *
describe(const struct ss_tensor *t, char to[DESCRIBED])
{
	int n = snprintf(to, DESCRIBED, "%s", ss_type_name(t->type));

	for (int k = 0; k < t->rank; k++)
		n += t->shape[k] == SS_VARIES ? snprintf(to + n, DESCRIBED - (size_t)n, k > 0 ? ",?" : " ?") :
		    snprintf(to + n, DESCRIBED - (size_t)n, k > 0 ? ",%lu" : " %lu", (unsigned long)t->shape[k]);
	return to;
}

int
ss_merge_check_tensors(struct ss_named_header a, struct ss_named_header b, struct ss_err *e)
{
	char x[DESCRIBED], y[DESCRIBED];

	for (int i = 0; i < a.h->tensors || i < b.h->tensors; i++) {
		const struct ss_tensor *s = &a.h->tensor[i], *t = &b.h->tensor[i];

		if (i == a.h->tensors || i == b.h->tensors)
			return ss_fail(e, SS_EUSAGE, "%s: has %d tensors, %s has %d", b.name, b.h->tensors,
			    a.name, a.h->tensors);
		if (strcmp(s->name, t->name) != 0)
			return ss_fail(e, SS_EUSAGE, "%s: tensor %d is '%s', in %s it is '%s'", b.name, i + 1,
			    t->name, a.name, s->name);
		if (strcmp(describe(s, x), describe(t, y)) != 0)
			return ss_fail(e, SS_EUSAGE, "%s: tensor '%s' is %s, in %s it is %s", b.name, t->name, y,
			    a.name, x);
	}
	return 0;
}

int
ss_merge_check_model(struct ss_named_header a, struct ss_named_header b, struct ss_err *e)
{
	static const struct { const char *key, *what; } keys[] = { { "TN", "tensor" }, { "LY", "layer" },
		{ "AR", "network" }, { "ST", "state of the network" }, { "MD", "model" } };
	size_t at = 0, bt = 0;
	char *x, *y, *v, *w;
	int r;

	do {
		x = y = NULL;
		r = ss_header_next(a.h, "@EM", &at, &x) < 0 || ss_header_next(b.h, "@EM", &bt, &y) < 0 ?
		    ss_fail(e, SS_EIO, "out of memory") : 0;
		if (r == 0 && (x == NULL) != (y == NULL))
			r = ss_fail(e, SS_EUSAGE, "%s: %s of what made its embeddings than %s", b.name,
			    y == NULL ? "says less" : "says more", a.name);
		for (size_t k = 0; r == 0 && x != NULL && k < sizeof(keys) / sizeof(*keys); k++) {
			v = w = NULL;
			if (ss_line_get(x, keys[k].key, &v) < 0 || ss_line_get(y, keys[k].key, &w) < 0)
				r = ss_fail(e, SS_EIO, "out of memory");
			else if ((v == NULL) != (w == NULL) || (v != NULL && strcmp(v, w) != 0))
				r = ss_fail(e, SS_EUSAGE, "%s: its embeddings are of %s %s, those of %s of %s",
				    b.name, keys[k].what, w == NULL ? "unknown" : w, a.name,
				    v == NULL ? "unknown" : v);
			free(v), free(w);
		}
		free(x), free(y);
	} while (r == 0 && x != NULL);
	return r;
}

static bool
has_line(const struct ss_header *h, const char *line)
{
	const size_t n = strlen(line);

	for (const char *p = h->lines; p != NULL && *p != '\0'; p += strcspn(p, "\n") + 1)
		if (strncmp(p, line, n) == 0 && p[n] == '\n')
			return true;
	return false;
}

/* 1: the first line of that tag whose ID is `id`, to be freed; 0 and NULL: there is none; SS_EIO and NULL out of memory. */
static int
find_id(const struct ss_header *h, const char *tag, const char *id, char **line)
{
	size_t at = 0;
	char *other;
	bool found;
	int r;

	while ((r = ss_header_next(h, tag, &at, line)) > 0) {
		r = ss_line_get(*line, "ID", &other);
		found = other != NULL && strcmp(other, id) == 0;
		free(other);
		if (found)
			return 1;
		free(*line);
		*line = NULL;
		if (r < 0)
			break;
	}
	return r;
}

char *
ss_line_set(const char *line, const char *key, const char *value)
{
	struct wire_text t = { 0 };
	char *escaped = ss_escape(value);
	bool done = false;

	if (escaped == NULL)
		return NULL;
	for (size_t n; *line != '\0'; line += n) {
		n = strcspn(line + 1, "\t") + 1;	/* a field with the TAB before it, or the tag */
		if (!done && line[0] == '\t' && strncmp(line + 1, key, 2) == 0 && line[3] == ':') {
			wire_text_add(&t, "\t%s:%s", key, escaped);
			done = true;
		} else {
			wire_text_add(&t, "%.*s", (int)n, line);
		}
	}
	if (!done)
		wire_text_add(&t, "\t%s:%s", key, escaped);
	free(escaped);
	if (!t.failed)
		return t.p;
	free(t.p);
	return NULL;
}

/* The IDs of b's programs, and those that they got. */
struct renamed {
	char *from, *to;
};

struct merge {
	struct ss_header *to;
	const char *a;
	struct ss_named_header b;
	struct renamed *id;
	size_t ids;
};

static int
merge_label(struct merge *m, const char *line, struct ss_err *e)
{
	char *id, *known = NULL, *name = NULL, *other = NULL;
	int r = ss_line_get(line, "ID", &id);

	if (r > 0)
		r = find_id(m->to, "@LB", id, &known);
	if (r < 0 || (known != NULL && (ss_line_get(line, "NM", &name) < 0 || ss_line_get(known, "NM", &other) < 0))) {
		r = ss_fail(e, SS_EIO, "out of memory");
	} else if (known == NULL) {
		r = ss_header_line(m->to, line, e);
	} else {
		r = 0;
		if (name == NULL || other == NULL || strcmp(name, other) != 0)
			r = ss_fail(e, SS_EUSAGE, "%s: label %s is '%s', in %s it is '%s'", m->b.name, id,
			    name == NULL ? "" : name, m->a, other == NULL ? "" : other);
	}
	free(id), free(known), free(name), free(other);
	return r;
}

/* An ID like this one that no program has: its number, if it ends in one, counts on. */
static char *
free_id(const struct ss_header *h, const char *id)
{
	const char *dot = strrchr(id, '.');
	const int stem = (int)(dot != NULL && dot[1] != '\0' && dot[strspn(dot + 1, "0123456789") + 1] == '\0' ?
	    (size_t)(dot - id) : strlen(id));
	struct wire_text t = { 0 };
	char *taken;

	for (unsigned long k = 1; ; k++) {
		t.n = 0;
		wire_text_add(&t, "%.*s.%lu", stem, id, k);
		if (t.failed) {
			free(t.p);
			return NULL;
		}
		switch (find_id(h, "@PG", t.p, &taken)) {
		case 0:
			return t.p;
		case 1:
			free(taken);
			break;
		default:
			free(t.p);
			return NULL;
		}
	}
}

/* Remembers that b's `from` is `to` now; takes both. */
static bool
remember(struct merge *m, char *from, char *to)
{
	struct renamed *p = from == NULL || to == NULL ? NULL : realloc(m->id, (m->ids + 1) * sizeof(*p));

	if (p == NULL) {
		free(from), free(to);
		return false;
	}
	m->id = p;
	m->id[m->ids++] = (struct renamed){ from, to };
	return true;
}

/* The line as it is to be: with the PP that its parent has now. free() it; NULL out of memory. */
static char *
with_parent(const struct merge *m, const char *line)
{
	const char *to = NULL;
	char *pp, *out;

	if (ss_line_get(line, "PP", &pp) < 0)
		return NULL;
	for (size_t i = 0; pp != NULL && to == NULL && i < m->ids; i++)
		if (strcmp(m->id[i].from, pp) == 0)
			to = m->id[i].to;
	out = to == NULL ? strdup(line) : ss_line_set(line, "PP", to);
	free(pp);
	return out;
}

static int
merge_program(struct merge *m, const char *line, struct ss_err *e)
{
	char *own = with_parent(m, line), *id, *taken = NULL, *other = NULL, *again;
	int r = ss_line_get(line, "ID", &id);

	if (own == NULL || r < 0 || (id != NULL && !has_line(m->to, own) && find_id(m->to, "@PG", id, &taken) < 0)) {
		r = ss_fail(e, SS_EIO, "out of memory");
	} else if (taken != NULL) {
		other = free_id(m->to, id);
		again = other == NULL ? NULL : ss_line_set(own, "ID", other);
		r = again == NULL ? ss_fail(e, SS_EIO, "out of memory") : ss_header_line(m->to, again, e);
		free(again);
	} else {
		r = has_line(m->to, own) ? 0 : ss_header_line(m->to, own, e);
	}
	if (r == 0 && id != NULL && !remember(m, strdup(id), strdup(other == NULL ? id : other)))
		r = ss_fail(e, SS_EIO, "out of memory");
	free(own), free(id), free(taken), free(other);
	return r;
}

int
ss_merge_lines(struct ss_header *to, const char *a, struct ss_named_header b, struct ss_err *e)
{
	struct merge m = { .to = to, .a = a, .b = b };
	size_t at = 0;
	char *line;
	int r = 1;

	if (strcmp(to->dataset, b.h->dataset) != 0)
		to->dataset[0] = '\0';
	while (r >= 0 && (r = ss_header_next(b.h, NULL, &at, &line)) != 0) {
		if (r < 0) {
			ss_fail(e, r, "out of memory");
			break;
		}
		if (strncmp(line, "@PG", 3) == 0)
			r = merge_program(&m, line, e);
		else if (has_line(to, line) || strncmp(line, "@EM", 3) == 0)
			r = 0;
		else if (strncmp(line, "@LB", 3) == 0)
			r = merge_label(&m, line, e);
		else
			r = ss_header_line(to, line, e);
		free(line);
	}
	for (size_t i = 0; i < m.ids; i++)
		free(m.id[i].from), free(m.id[i].to);
	free(m.id);
	return r;
}

/* Records that all streams have of an epoch, or SS_UNKNOWN. */
static uint64_t
records_of(const struct ss_header *const *from, int n, uint64_t epoch)
{
	uint64_t sum = 0;

	for (int i = 0; i < n; i++) {
		if (epoch < from[i]->first_epoch || epoch >= (uint64_t)from[i]->first_epoch + from[i]->epochs)
			continue;
		if (from[i]->records == SS_UNKNOWN || __builtin_add_overflow(sum, from[i]->records, &sum))
			return SS_UNKNOWN;
	}
	return sum;
}

void
ss_merge_epochs(struct ss_header *to, const struct ss_header *const *from, int n)
{
	uint64_t first = from[0]->first_epoch, end = 0;

	for (int i = 0; i < n; i++) {
		uint64_t after = (uint64_t)from[i]->first_epoch + from[i]->epochs;

		first = from[i]->first_epoch < first ? from[i]->first_epoch : first;
		end = after > end ? after : end;
	}
	to->first_epoch = (uint32_t)first;
	to->epochs = (uint32_t)(end - first);
	to->records = records_of(from, n, first);
	for (int i = 0; i < n; i++) {	/* the number changes only where a stream begins or ends */
		uint64_t after = (uint64_t)from[i]->first_epoch + from[i]->epochs;

		if (records_of(from, n, from[i]->first_epoch) != to->records ||
		    (after < end && records_of(from, n, after) != to->records))
			to->records = SS_UNKNOWN;
	}
}
