/*
 * sst_header.c - the header of a tensor stream: types, tensors, history; as a struct and as text
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "sst_wire.h"

enum { LINE_MAX_BYTES = 4096 };	/* of a @HD or @TN line; the others are not looked into */

static const struct {
	const char *name;
	size_t size;
} types[SS_TYPES] = {
	[SS_U8] = { "u8", 1 }, [SS_I8] = { "i8", 1 }, [SS_U16] = { "u16", 2 }, [SS_I16] = { "i16", 2 },
	[SS_U32] = { "u32", 4 }, [SS_I32] = { "i32", 4 }, [SS_U64] = { "u64", 8 }, [SS_I64] = { "i64", 8 },
	[SS_F16] = { "f16", 2 }, [SS_BF16] = { "bf16", 2 }, [SS_F32] = { "f32", 4 }, [SS_F64] = { "f64", 8 },
};

size_t
ss_type_size(enum ss_type t)
{
	return types[t].size;
}

const char *
ss_type_name(enum ss_type t)
{
	return types[t].name;
}

int
ss_type_parse(const char *name)
{
	for (int i = 0; i < SS_TYPES; i++)
		if (strcmp(name, types[i].name) == 0)
			return i;
	return -1;
}

int
ss_tensor_varying(const struct ss_tensor *t)
{
	int n = 0;

	for (int k = 0; k < t->rank; k++)
		n += t->shape[k] == SS_VARIES;
	return n;
}

size_t
ss_tensor_elements(const struct ss_tensor *t)
{
	size_t bytes;

	if (ss_tensor_varying(t) > 0 || !wire_items_bytes(t, 1, NULL, &bytes))
		return 0;
	return bytes / ss_type_size(t->type);
}

void
ss_header_free(struct ss_header *h)
{
	free(h->lines);
	h->lines = NULL;
}

int
ss_header_copy(struct ss_header *to, const struct ss_header *from, struct ss_err *e)
{
	*to = *from;
	to->lines = strdup(from->lines == NULL ? "" : from->lines);
	return to->lines == NULL ? ss_fail(e, SS_EIO, "out of memory") : 0;
}

int
ss_header_find(const struct ss_header *h, const char *name)
{
	for (int i = 0; i < h->tensors; i++)
		if (strcmp(h->tensor[i].name, name) == 0)
			return i;
	return -1;
}

int
ss_header_add(struct ss_header *h, const char *name, enum ss_type type, int rank,
    const uint32_t *shape, struct ss_err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct ss_tensor t = { .type = type, .rank = rank };
	size_t n = strlen(name), bytes;

	if (n == 0 || n > SS_NAME_MAX || strspn(name, allowed) != n)
		return ss_fail(e, SS_EUSAGE, "bad tensor name '%.80s': 1 to %d of letters, digits, '_', '.', '-'",
		    name, SS_NAME_MAX);
	if (ss_header_find(h, name) >= 0)
		return ss_fail(e, SS_EUSAGE, "there are two tensors named '%s'", name);
	if (h->tensors == SS_MAX_TENSORS)
		return ss_fail(e, SS_EUSAGE, "more than %d tensors", SS_MAX_TENSORS);
	if (rank < 0 || rank > SS_MAX_RANK || (unsigned)type >= SS_TYPES)
		return ss_fail(e, SS_EUSAGE, "tensor '%s': bad rank or type", name);
	memcpy(t.name, name, n);
	for (int k = 0; k < rank; k++) {
		t.shape[k] = shape[k];
		if (shape[k] > INT32_MAX && shape[k] != SS_VARIES)
			return ss_fail(e, SS_EUSAGE, "tensor '%s': dimension over 2^31 - 1", name);
	}
	if (ss_tensor_varying(&t) == 0 && !wire_items_bytes(&t, 1, NULL, &bytes))
		return ss_fail(e, SS_EUSAGE, "tensor '%s': an item is larger than a frame may be", name);
	h->tensor[h->tensors++] = t;
	return 0;
}

/* What is wrong with a line of n bytes, or NULL. */
static const char *
check_line(const char *line, size_t n)
{
	if (n < 3 || line[0] != '@' || line[1] < 'A' || line[1] > 'Z' || line[2] < 'A' || line[2] > 'Z' ||
	    (n > 3 && line[3] != '\t'))
		return "does not begin with '@', two capitals and a tab";
	for (size_t i = 3, len; i < n; i += len) {
		len = line[i] == '\t' ? 1 : wire_utf8(line + i, n - i);
		if (len == 0)
			return "holds a control byte or is not UTF-8";
	}
	return NULL;
}

static int
append(struct ss_header *h, const char *line, size_t n, struct ss_err *e)
{
	size_t have = h->lines == NULL ? 0 : strlen(h->lines);
	char *p;

	if (n > SS_MAX_TEXT || have + n + 1 > SS_MAX_TEXT)
		return ss_fail(e, SS_EUSAGE, "text header would be longer than %zu bytes", SS_MAX_TEXT);
	p = realloc(h->lines, have + n + 2);
	if (p == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	memcpy(p + have, line, n);
	p[have + n] = '\n';
	p[have + n + 1] = '\0';
	h->lines = p;
	return 0;
}

int
ss_header_line(struct ss_header *h, const char *line, struct ss_err *e)
{
	const char *wrong = check_line(line, strlen(line));

	if (wrong == NULL && (strncmp(line, "@HD", 3) == 0 || strncmp(line, "@TN", 3) == 0))
		wrong = "is not for this function";
	if (wrong != NULL)
		return ss_fail(e, SS_EUSAGE, "header line '%.40s' %s", line, wrong);
	return append(h, line, strlen(line), e);
}

/* Appends a line that was built, or tells that it could not be. Frees it. */
static int
append_built(struct ss_header *h, struct wire_text *line, struct ss_err *e)
{
	int r = line->failed ? ss_fail(e, SS_EIO, "out of memory") : ss_header_line(h, line->p, e);

	free(line->p);
	return r;
}

int
ss_header_label(struct ss_header *h, uint64_t id, const char *name, struct ss_err *e)
{
	struct wire_text line = { 0 };
	char *escaped = ss_escape(name);

	if (escaped == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	wire_text_add(&line, "@LB\tID:%llu\tNM:%s", (unsigned long long)id, escaped);
	free(escaped);
	return append_built(h, &line, e);
}

/* The command as a shell would need it, so that it can be pasted; escaped. NULL: out of memory. */
static char *
command_line(const char *name, int argc, char *const *argv)
{
	struct wire_text t = { 0 };
	char *escaped = NULL;

	wire_text_add(&t, "%s", name);		/* not argv[0]: bytes do not depend on where the program lies */
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (*a != '\0' && a[strspn(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "0123456789_./=,:+@%-")] == '\0') {
			wire_text_add(&t, " %s", a);
			continue;
		}
		wire_text_add(&t, " '");
		for (; *a != '\0'; a++)
			wire_text_add(&t, *a == '\'' ? "'\\''" : "%c", *a);
		wire_text_add(&t, "'");
	}
	if (!t.failed)
		escaped = ss_escape(t.p);
	free(t.p);
	return escaped;
}

/* Looks through the chain of programs: the last ID (NULL: none), and the first free one of name, name.1 ... */
static int
look_at_chain(const struct ss_header *h, const char *name, char **last, long *suffix)
{
	size_t at = 0, n = strlen(name);
	char *line, *id, *end;
	long k;
	int r = 0;

	*last = NULL;
	*suffix = 0;
	while (r >= 0 && (r = ss_header_next(h, "@PG", &at, &line)) > 0) {
		r = ss_line_get(line, "ID", &id);
		free(line);
		if (r != 1)
			continue;
		if (strncmp(id, name, n) == 0) {
			k = id[n] == '\0' ? 0 : -1;
			if (id[n] == '.' && id[n + 1] >= '1' && id[n + 1] <= '9' && strlen(id + n) < 10) {
				k = strtol(id + n + 1, &end, 10);
				if (*end != '\0')
					k = -1;
			}
			if (k >= *suffix)
				*suffix = k + 1;
		}
		free(*last);
		*last = id;
	}
	return r < 0 ? r : 0;
}

int
ss_header_program(struct ss_header *h, const char *name, const char *version, int argc,
    char *const *argv, struct ss_err *e)
{
	struct wire_text line = { 0 };
	char *last = NULL, *previous = NULL, *cl = NULL, *tool = ss_escape(name);
	long suffix;

	if (tool == NULL || look_at_chain(h, tool, &last, &suffix) < 0 ||
	    (last != NULL && (previous = ss_escape(last)) == NULL) ||
	    (cl = command_line(name, argc, argv)) == NULL) {
		line.failed = true;
	} else {
		wire_text_add(&line, "@PG\tID:%s", tool);
		if (suffix > 0)
			wire_text_add(&line, ".%ld", suffix);
		if (previous != NULL)
			wire_text_add(&line, "\tPP:%s", previous);
		wire_text_add(&line, "\tPN:%s\tVN:%s\tCL:%s", tool, version, cl);
	}
	free(last), free(previous), free(cl), free(tool);
	return append_built(h, &line, e);
}

static void
add_tensor(struct wire_text *text, const struct ss_tensor *t)
{
	wire_text_add(text, "@TN\tNM:%s\tDT:%s\tSH:", t->name, ss_type_name(t->type));
	for (int k = 0; k < t->rank; k++)
		if (t->shape[k] == SS_VARIES)
			wire_text_add(text, k > 0 ? ",?" : "?");
		else
			wire_text_add(text, k > 0 ? ",%lu" : "%lu", (unsigned long)t->shape[k]);
	wire_text_add(text, "\n");
}

int
wire_text_format(const struct ss_header *h, char **text, size_t *bytes, struct ss_err *e)
{
	struct ss_header again = SS_HEADER_INIT;
	struct wire_text t = { 0 };
	char *dataset = ss_escape(h->dataset);
	int r;

	wire_text_add(&t, "@HD\tVN:%d.%d\t", SS_SST_MAJOR, SS_SST_MINOR);
	if (h->records == SS_UNKNOWN)
		wire_text_add(&t, "NS:*");
	else
		wire_text_add(&t, "NS:%llu", (unsigned long long)h->records);
	wire_text_add(&t, "\tEP:%lu\tE0:%lu", (unsigned long)h->epochs, (unsigned long)h->first_epoch);
	if (dataset != NULL && dataset[0] != '\0')
		wire_text_add(&t, "\tDS:%s", dataset);
	wire_text_add(&t, "\n");
	for (int i = 0; i < h->tensors; i++)
		add_tensor(&t, &h->tensor[i]);
	if (h->lines != NULL)
		wire_text_add(&t, "%s", h->lines);
	while (!t.failed && t.n % WIRE_UNIT != 0)
		wire_text_add(&t, "\n");
	if (dataset == NULL || t.failed)
		r = ss_fail(e, SS_EIO, "out of memory");
	else if (t.n > SS_MAX_TEXT)
		r = ss_fail(e, SS_EUSAGE, "text header would be longer than %zu bytes", SS_MAX_TEXT);
	else {			/* what a reader would refuse is not written */
		r = wire_text_parse(&again, t.p, t.n, SS_SST_MAJOR, SS_SST_MINOR, e);
		r = r == SS_EDATA ? SS_EUSAGE : r;
		ss_header_free(&again);
	}
	free(dataset);
	if (r < 0) {
		free(t.p);
		return r;
	}
	*text = t.p;
	*bytes = t.n;
	return 0;
}

static bool
parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (*s == '\0')
		return false;
	for (; *s >= '0' && *s <= '9'; s++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	*out = v;
	return *s == '\0' && v <= max;
}

/* A field of @HD or @TN must not be there twice: two readers could take different ones. */
static bool
repeated(const char *line)
{
	for (const char *p = strchr(line, '\t'); p != NULL; p = strchr(p + 1, '\t'))
		for (const char *q = strchr(p + 1, '\t'); q != NULL; q = strchr(q + 1, '\t'))
			if (strncmp(p + 1, q + 1, 2) == 0)
				return true;
	return false;
}

static int
parse_head(struct ss_header *h, const char *line, int major, int minor, struct ss_err *e)
{
	enum { VN, NS, EP, E0, DS, FIELDS };
	static const char *const key[FIELDS] = { "VN", "NS", "EP", "E0", "DS" };
	char *f[FIELDS] = { NULL }, version[32];
	const char *wrong = NULL;
	uint64_t v;
	int r = 0;

	for (int i = 0; i < FIELDS && r >= 0; i++)
		r = ss_line_get(line, key[i], &f[i]);
	if (r < 0) {
		r = ss_fail(e, r, "out of memory");
		goto done;
	}
	snprintf(version, sizeof(version), "%d.%d", major, minor);
	if (f[VN] == NULL || strcmp(f[VN], version) != 0)
		wrong = "VN of @HD is not the version of the preamble";
	if (f[NS] == NULL)
		wrong = "@HD has no NS";
	else if (strcmp(f[NS], "*") == 0)
		h->records = SS_UNKNOWN;
	else if (parse_u64(f[NS], SS_UNKNOWN - 1, &v))
		h->records = v;
	else
		wrong = "NS of @HD is not a number";
	if (f[EP] != NULL) {
		if (parse_u64(f[EP], UINT32_MAX, &v) && v > 0)
			h->epochs = (uint32_t)v;
		else
			wrong = "EP of @HD is not a number from 1";
	}
	if (f[E0] != NULL) {
		if (parse_u64(f[E0], UINT32_MAX, &v))
			h->first_epoch = (uint32_t)v;
		else
			wrong = "E0 of @HD is not a number";
	}
	if ((uint64_t)h->first_epoch + h->epochs - 1 > UINT32_MAX)
		wrong = "EP and E0 of @HD go beyond 32 bits";
	if (f[DS] != NULL) {
		if (strlen(f[DS]) <= SS_NAME_MAX)
			strcpy(h->dataset, f[DS]);
		else
			wrong = "DS of @HD is too long";
	}
	r = wrong == NULL ? 0 : ss_fail(e, SS_EDATA, "%s", wrong);
done:
	for (int i = 0; i < FIELDS; i++)
		free(f[i]);
	return r;
}

static bool
parse_shape(char *s, int *rank, uint32_t shape[SS_MAX_RANK])
{
	uint64_t v;
	char *comma;

	*rank = 0;
	if (*s == '\0')
		return true;
	do {
		comma = strchr(s, ',');
		if (comma != NULL)
			*comma = '\0';
		if (*rank == SS_MAX_RANK)
			return false;
		if (strcmp(s, "?") == 0)
			v = SS_VARIES;
		else if (!parse_u64(s, INT32_MAX, &v))
			return false;
		shape[(*rank)++] = (uint32_t)v;
		s = comma == NULL ? NULL : comma + 1;
	} while (s != NULL);
	return true;
}

static int
parse_tensor(struct ss_header *h, const char *line, struct ss_err *e)
{
	char *name = NULL, *dt = NULL, *sh = NULL;
	uint32_t shape[SS_MAX_RANK];
	int type, rank, r;

	if ((r = ss_line_get(line, "NM", &name)) < 0 || (r = ss_line_get(line, "DT", &dt)) < 0 ||
	    (r = ss_line_get(line, "SH", &sh)) < 0)
		r = ss_fail(e, r, "out of memory");
	else if (name == NULL || dt == NULL || sh == NULL)
		r = ss_fail(e, SS_EDATA, "@TN lacks NM, DT or SH");
	else if ((type = ss_type_parse(dt)) < 0)
		r = ss_fail(e, SS_EDATA, "element type '%.20s' is unknown", dt);
	else if (!parse_shape(sh, &rank, shape))
		r = ss_fail(e, SS_EDATA, "shape of tensor '%.64s' is bad", name);
	else
		r = ss_header_add(h, name, (enum ss_type)type, rank, shape, e);
	free(name), free(dt), free(sh);
	return r == SS_EUSAGE ? SS_EDATA : r;
}

int
wire_text_parse(struct ss_header *h, const char *text, size_t bytes, int major, int minor,
    struct ss_err *e)
{
	const char *wrong;
	char *lines;
	size_t used = 0;
	bool head = false;
	int number = 0, r = 0;

	if (bytes == 0 || text[bytes - 1] != '\n')
		return ss_fail(e, SS_EDATA, "text header does not end with a newline");
	while (bytes > 1 && text[bytes - 2] == '\n')
		bytes--;
	lines = h->lines = malloc(bytes + 1);
	if (lines == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	lines[0] = '\0';
	for (size_t at = 0, n; at < bytes && r == 0; at += n + 1) {
		char *line;

		number++;
		n = (size_t)((const char *)memchr(text + at, '\n', bytes - at) - (text + at));
		wrong = check_line(text + at, n);
		if (wrong == NULL && !head != (strncmp(text + at, "@HD", 3) == 0))
			wrong = head ? "is a second @HD" : "is not @HD";
		if (wrong != NULL)
			return ss_fail(e, SS_EDATA, "line %d of the text header %s", number, wrong);
		if (strncmp(text + at, "@HD", 3) != 0 && strncmp(text + at, "@TN", 3) != 0) {
			memcpy(lines + used, text + at, n + 1);
			used += n + 1;
			lines[used] = '\0';
			continue;
		}
		if (n > LINE_MAX_BYTES)
			return ss_fail(e, SS_EDATA, "line %d of the text header is too long", number);
		line = strndup(text + at, n);
		if (line == NULL)
			return ss_fail(e, SS_EIO, "out of memory");
		if (repeated(line))
			r = ss_fail(e, SS_EDATA, "line %d of the text header has a key twice", number);
		else if (head)
			r = parse_tensor(h, line, e);
		else
			r = parse_head(h, line, major, minor, e);
		head = true;
		free(line);
	}
	return r;
}
