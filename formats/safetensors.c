/*
 * safetensors.c - reader and writer of safetensors files; safetensors.md has the rules
 *
 * Reads whole files into memory, writes them from the caller's pointers. It knows
 * nothing of networks: which tensors make a model is the business of its callers.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/size.h"
#include "outfile.h"
#include "json.h"
#include "safetensors.h"

#define META		"__metadata__"
#define CRC_PREFIX	"ss.crc32."
#define HEADER_CRC	"ss.header.crc32"

enum {
	LENGTH_BYTES = 8,	/* the u64 before the header */
	CRC_DIGITS = 8
};

/* A tensor and where the file says that its data are. */
struct entry {
	struct ss_st_tensor t;
	uint64_t begin, end;
	size_t order;		/* in the header, to sort empty tensors */
	json_t *json;		/* its object; parse_pairs adds the checksum to it */
};

struct ss_st {
	char *path;
	json_t *root;		/* owns the names, keys and values */
	struct entry *entry;
	size_t entries;
	struct ss_st_pair *pair;
	size_t pairs;
	bool checked;
	void *data;
};

static const char *const DTYPE[SS_TYPES] = {
	[SS_U8] = "U8", [SS_I8] = "I8", [SS_U16] = "U16", [SS_I16] = "I16",
	[SS_U32] = "U32", [SS_I32] = "I32", [SS_U64] = "U64", [SS_I64] = "I64",
	[SS_F16] = "F16", [SS_BF16] = "BF16", [SS_F32] = "F32", [SS_F64] = "F64"
};

bool
ss_st_bytes(const struct ss_st_tensor *t, size_t *bytes)
{
	*bytes = ss_type_size(t->type);
	for (int i = 0; i < t->rank; i++)
		if (!ss_mul(*bytes, t->shape[i], bytes))
			return false;
	return true;
}

static bool
has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The strings of our checksums: just eight digits, or it is not one of ours. */
static bool
parse_crc(const char *s, uint32_t *crc)
{
	if (strlen(s) != CRC_DIGITS || strspn(s, "0123456789abcdef") != CRC_DIGITS)
		return false;
	*crc = (uint32_t)strtoul(s, NULL, 16);
	return true;
}

/*
 * Where the digits of the header's own checksum stand. The key with its bare quotes
 * cannot occur within another JSON string, where quotes are escaped.
 */
static char *
header_crc_digits(char *header)
{
	static const char key[] = "\"" HEADER_CRC "\":\"";
	char *p = strstr(header, key);

	return p == NULL ? NULL : p + sizeof(key) - 1;
}

static uint32_t
header_crc(const unsigned char length[LENGTH_BYTES], const char *header, size_t n)
{
	uint32_t c = (uint32_t)crc32_z(0, length, LENGTH_BYTES);

	return (uint32_t)crc32_z(c, (const unsigned char *)header, n);
}

static void
put_u64(unsigned char *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t
get_u64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Just n bytes. */
static int
read_all(const char *path, int fd, void *buf, size_t n, struct ss_err *e)
{
	char *p = buf;
	ssize_t r;

	while (n > 0) {
		r = read(fd, p, n < (1u << 30) ? n : (1u << 30));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return ss_fail_errno(e, SS_EIO, "cannot read '%s'", path);
		if (r == 0)
			return ss_fail(e, SS_EDATA, "'%s' is truncated: it ended %zu bytes early",
			    path, n);
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

/* A number of the header that must be a size. */
static bool
get_size(const json_t *j, uint64_t *v)
{
	if (!json_is_integer(j) || json_integer_value(j) < 0)
		return false;
	*v = (uint64_t)json_integer_value(j);
	return true;
}

/* One tensor of the header; data is the number of bytes behind it. */
static int
parse_entry(struct entry *n, const char *path, const char *name, const json_t *j, uint64_t data,
    struct ss_err *e)
{
	const json_t *dtype = json_object_get(j, "dtype");
	const json_t *shape = json_object_get(j, "shape");
	const json_t *offsets = json_object_get(j, "data_offsets");
	uint64_t dim;
	size_t bytes, rank;
	int type;

	if (!json_is_string(dtype) || !json_is_array(shape) || json_array_size(offsets) != 2 ||
	    json_object_size(j) != 3)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s' does not have just dtype, shape "
		    "and data_offsets", path, name);
	for (type = 0; type < SS_TYPES; type++)
		if (strcmp(DTYPE[type], json_string_value(dtype)) == 0)
			break;
	if (type == SS_TYPES)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s' has the unsupported dtype '%s'",
		    path, name, json_string_value(dtype));
	rank = json_array_size(shape);
	if (rank > SS_MAX_RANK)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s' has %zu dimensions; at most %d are "
		    "supported", path, name, rank, SS_MAX_RANK);
	n->t = (struct ss_st_tensor){ .name = name, .type = (enum ss_type)type, .rank = (int)rank };
	for (size_t i = 0; i < rank; i++) {
		if (!get_size(json_array_get(shape, i), &dim) || dim > SIZE_MAX)
			return ss_fail(e, SS_EDATA, "'%s': tensor '%s': bad dimension %zu", path,
			    name, i);
		n->t.shape[i] = (size_t)dim;
	}
	if (!get_size(json_array_get(offsets, 0), &n->begin) ||
	    !get_size(json_array_get(offsets, 1), &n->end) || n->begin > n->end || n->end > data)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s': data_offsets outside of the file's "
		    "%" PRIu64 " bytes of data", path, name, data);
	if (!ss_st_bytes(&n->t, &bytes) || bytes != n->end - n->begin)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s': shape and data_offsets disagree",
		    path, name);
	return 0;
}

static int
by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* The tensors, sorted by place, without holes. */
static int
parse_tensors(struct ss_st *s, uint64_t data, struct ss_err *e)
{
	uint64_t at = 0;
	const char *name;
	json_t *j;
	int r;

	s->entry = calloc(json_object_size(s->root) + 1, sizeof(*s->entry));
	if (s->entry == NULL)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", s->path);
	json_object_foreach(s->root, name, j) {
		if (strcmp(name, META) == 0)
			continue;
		s->entry[s->entries].order = s->entries;
		s->entry[s->entries].json = j;
		if ((r = parse_entry(&s->entry[s->entries], s->path, name, j, data, e)) < 0)
			return r;
		s->entries++;
	}
	qsort(s->entry, s->entries, sizeof(*s->entry), by_place);
	for (size_t i = 0; i < s->entries; i++) {
		if (s->entry[i].begin != at)
			return ss_fail(e, SS_EDATA, "'%s': %s before tensor '%s'", s->path,
			    s->entry[i].begin > at ? "a hole" : "an overlap", s->entry[i].t.name);
		at = s->entry[i].end;
	}
	if (at != data)
		return ss_fail(e, SS_EDATA, "'%s': %" PRIu64 " bytes behind the last tensor",
		    s->path, data - at);
	return 0;
}

/* The metadata, and whether all of the file is under checksums. */
static int
parse_pairs(struct ss_st *s, struct ss_err *e)
{
	json_t *meta = json_object_get(s->root, META), *tensor, *j;
	const char *key, *name;
	size_t sums = 0;
	uint32_t crc;

	if (meta == NULL)
		return 0;
	if (!json_is_object(meta))
		return ss_fail(e, SS_EDATA, "'%s': " META " is not an object", s->path);
	s->pair = calloc(json_object_size(meta) + 1, sizeof(*s->pair));
	if (s->pair == NULL)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", s->path);
	json_object_foreach(meta, key, j) {
		if (!json_is_string(j))
			return ss_fail(e, SS_EDATA, "'%s': " META " '%s' is not a string", s->path,
			    key);
		if (strcmp(key, HEADER_CRC) == 0) {
			s->checked = true;
		} else if (has_prefix(key, CRC_PREFIX)) {
			name = key + strlen(CRC_PREFIX);
			tensor = strcmp(name, META) == 0 ? NULL : json_object_get(s->root, name);
			if (tensor == NULL || !parse_crc(json_string_value(j), &crc))
				return ss_fail(e, SS_EDATA, "'%s': bad checksum '%s'", s->path,
				    key);
			if (json_object_set(tensor, CRC_PREFIX, j) < 0)
				return ss_fail(e, SS_EIO, "cannot read '%s': out of memory",
				    s->path);
			sums++;
		} else {
			s->pair[s->pairs].key = key;
			s->pair[s->pairs].value = json_string_value(j);
			s->pairs++;
		}
	}
	if (sums > 0 && !s->checked)
		return ss_fail(e, SS_EDATA, "'%s': the checksum of the header is missing", s->path);
	if (s->checked && sums != s->entries)
		return ss_fail(e, SS_EDATA, "'%s': checksums for %zu of %zu tensors", s->path, sums,
		    s->entries);
	return 0;
}

/* The header's checksum over itself; its digits are counted as zeros. */
static int
check_header(const struct ss_st *s, const unsigned char length[LENGTH_BYTES], char *header,
    size_t n, struct ss_err *e)
{
	char *digits, kept[CRC_DIGITS + 1] = "";
	uint32_t want, have;

	if (!s->checked)
		return 0;
	digits = header_crc_digits(header);
	if (digits != NULL && strlen(digits) > CRC_DIGITS) {
		memcpy(kept, digits, CRC_DIGITS);
		memset(digits, '0', CRC_DIGITS);
	}
	have = header_crc(length, header, n);
	if (!parse_crc(kept, &want) || want != have)
		return ss_fail(e, SS_EDATA, "'%s': the header is damaged, or was rewritten without "
		    "its checksum (%s, found %08" PRIx32 ")", s->path, kept, have);
	return 0;
}

/* The data, each tensor at a multiple of 64, and their checksums. */
static int
read_data(struct ss_st *s, int fd, struct ss_err *e)
{
	size_t bytes, at = 0, total = 0;
	uint32_t want = 0, have;
	const char *sum;
	int r;

	for (size_t i = 0; i < s->entries; i++) {
		bytes = (size_t)(s->entry[i].end - s->entry[i].begin);
		if (bytes > SIZE_MAX - 64 || !ss_add(total, ss_round64(bytes), &total))
			return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", s->path);
	}
	s->data = ss_alloc(total, 1);
	if (s->data == NULL)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory for %zu bytes", s->path,
		    total);
	for (size_t i = 0; i < s->entries; i++) {
		struct entry *n = &s->entry[i];
		char *p = (char *)s->data + at;

		bytes = (size_t)(n->end - n->begin);
		n->t.data = p;
		at += ss_round64(bytes);
		if ((r = read_all(s->path, fd, p, bytes, e)) < 0)
			return r;
		if (!s->checked)
			continue;
		sum = json_string_value(json_object_get(n->json, CRC_PREFIX));
		SS_BUG_IF(sum == NULL || !parse_crc(sum, &want));	/* parse_pairs saw to it */
		have = (uint32_t)crc32_z(0, (const unsigned char *)p, bytes);
		if (have != want)
			return ss_fail(e, SS_EDATA, "'%s': tensor '%s' is damaged: CRC-32 %08"
			    PRIx32 ", found %08" PRIx32, s->path, n->t.name, want, have);
	}
	return 0;
}

static int
read_file(struct ss_st *s, int fd, struct ss_err *e)
{
	unsigned char length[LENGTH_BYTES];
	char *header = NULL;
	struct ss_err why = SS_ERR_INIT;
	uint64_t n, size;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return ss_fail_errno(e, SS_EIO, "cannot read '%s'", s->path);
	if (!S_ISREG(st.st_mode))
		return ss_fail(e, SS_EIO, "cannot read '%s': not a regular file", s->path);
	size = (uint64_t)st.st_size;
	if (size < LENGTH_BYTES)
		return ss_fail(e, SS_EDATA, "'%s' is not a safetensors file: it has %" PRIu64
		    " bytes", s->path, size);
	if ((r = read_all(s->path, fd, length, sizeof(length), e)) < 0)
		return r;
	if (memcmp(length, "\x89SST", 4) == 0)
		return ss_fail(e, SS_EDATA, "'%s' is a tensor stream, not a safetensors file",
		    s->path);
	n = get_u64(length);
	if (n < 2 || n > SS_ST_MAX_HEADER)
		return ss_fail(e, SS_EDATA, "'%s' is not a safetensors file: a header of %" PRIu64
		    " bytes", s->path, n);
	if (n > size - LENGTH_BYTES)
		return ss_fail(e, SS_EDATA, "'%s' is truncated: a header of %" PRIu64 " bytes in a "
		    "file of %" PRIu64, s->path, n, size);
	if ((header = malloc((size_t)n + 1)) == NULL)
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", s->path);
	header[n] = '\0';
	if ((r = read_all(s->path, fd, header, (size_t)n, e)) < 0)
		goto out;
	r = header[0] == '{' ? ss_json_parse(&s->root, header, (size_t)n, &why) : SS_EDATA;
	if (r == SS_EDATA)
		ss_fail(e, r, "'%s' is not a safetensors file: the header is not a JSON object%s%s", s->path,
		    header[0] == '{' ? ": " : "", why.text);
	else if (r < 0)
		ss_fail(e, r, "cannot read '%s': %s", s->path, why.text);
	if (r < 0)
		goto out;
	if ((r = parse_tensors(s, size - LENGTH_BYTES - n, e)) == 0 &&
	    (r = parse_pairs(s, e)) == 0 &&
	    (r = check_header(s, length, header, (size_t)n, e)) == 0)
		r = read_data(s, fd, e);
out:
	free(header);
	return r;
}

int
ss_st_open(struct ss_st **out, const char *path, struct ss_err *e)
{
	struct ss_st *s = calloc(1, sizeof(*s));
	int fd, r;

	if (s == NULL || (s->path = strdup(path)) == NULL) {
		ss_st_free(s);
		return ss_fail(e, SS_EIO, "cannot read '%s': out of memory", path);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);	/* never waits for a FIFO */
	if (fd < 0) {
		r = ss_fail_errno(e, SS_EIO, "cannot open '%s'", path);
	} else {
		r = read_file(s, fd, e);
		close(fd);
	}
	if (r < 0) {
		ss_st_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void
ss_st_free(struct ss_st *s)
{
	if (s == NULL)
		return;
	free(s->data);
	free(s->pair);
	free(s->entry);
	json_decref(s->root);
	free(s->path);
	free(s);
}

const char *
ss_st_path(const struct ss_st *s)
{
	return s->path;
}

size_t
ss_st_count(const struct ss_st *s)
{
	return s->entries;
}

const struct ss_st_tensor *
ss_st_at(const struct ss_st *s, size_t i)
{
	SS_BUG_IF(i >= s->entries);
	return &s->entry[i].t;
}

const struct ss_st_tensor *
ss_st_find(const struct ss_st *s, const char *name)
{
	for (size_t i = 0; i < s->entries; i++)
		if (strcmp(s->entry[i].t.name, name) == 0)
			return &s->entry[i].t;
	return NULL;
}

/* "F32 [16,3,3,3]" for messages. */
static void
describe(char *buf, size_t size, enum ss_type type, int rank, const size_t *shape)
{
	size_t n = (size_t)snprintf(buf, size, "%s [", DTYPE[type]);

	for (int i = 0; i < rank && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%zu", i > 0 ? "," : "", shape[i]);
	if (n < size)
		snprintf(buf + n, size - n, "]");
}

int
ss_st_expect(const struct ss_st *s, const char *name, enum ss_type type, int rank,
    const size_t *shape, const void **data, struct ss_err *e)
{
	const struct ss_st_tensor *t = ss_st_find(s, name);
	char want[256], have[256];

	describe(want, sizeof(want), type, rank, shape);
	if (t == NULL)
		return ss_fail(e, SS_EDATA, "'%s' has no tensor '%s' (%s)", s->path, name, want);
	describe(have, sizeof(have), t->type, t->rank, t->shape);
	if (strcmp(want, have) != 0)
		return ss_fail(e, SS_EDATA, "'%s': tensor '%s' is %s, expected %s", s->path, name,
		    have, want);
	*data = t->data;
	return 0;
}

size_t
ss_st_pairs(const struct ss_st *s)
{
	return s->pairs;
}

const struct ss_st_pair *
ss_st_pair(const struct ss_st *s, size_t i)
{
	SS_BUG_IF(i >= s->pairs);
	return &s->pair[i];
}

const char *
ss_st_meta(const struct ss_st *s, const char *key)
{
	for (size_t i = 0; i < s->pairs; i++)
		if (strcmp(s->pair[i].key, key) == 0)
			return s->pair[i].value;
	return NULL;
}

bool
ss_st_checked(const struct ss_st *s)
{
	return s->checked;
}

uint32_t
ss_st_digest(const struct ss_st *s)
{
	uLong crc = 0;

	for (size_t i = 0; i < ss_st_count(s); i++) {
		const struct ss_st_tensor *t = ss_st_at(s, i);
		size_t bytes = 0;

		(void)ss_st_bytes(t, &bytes);
		crc = crc32_z(crc, (const unsigned char *)t->name, strlen(t->name) + 1);
		crc = crc32_z(crc, t->data, bytes);
	}
	return (uint32_t)crc;
}

/* A text that grows; after a failure (out of memory) it stays failed. */
struct text {
	char *p;
	size_t n, size;
	bool failed;
};

static void
put(struct text *x, const char *s, size_t n)
{
	size_t size = x->size;
	char *p;

	while (!x->failed && size - x->n <= n)
		if (!ss_add(size, size + 1024, &size))
			x->failed = true;
	if (!x->failed && size > x->size) {
		if ((p = realloc(x->p, size)) == NULL) {
			x->failed = true;
		} else {
			x->p = p;
			x->size = size;
		}
	}
	if (x->failed)
		return;
	memcpy(x->p + x->n, s, n);
	x->n += n;
	x->p[x->n] = '\0';
}

static void SS_PRINTF(2, 3)
putf(struct text *x, const char *fmt, ...)
{
	char buf[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	SS_BUG_IF(n < 0 || (size_t)n >= sizeof(buf));	/* numbers only */
	put(x, buf, (size_t)n);
}

/* The inside of a JSON string. */
static void
put_escaped(struct text *x, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putf(x, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			putf(x, "\\u%04x", (unsigned char)*s);
		else
			put(x, s, 1);
	}
}

static void
put_string(struct text *x, const char *s)
{
	put(x, "\"", 1);
	put_escaped(x, s);
	put(x, "\"", 1);
}

static void
put_tensor(struct text *x, const struct ss_st_tensor *t, uint64_t begin, uint64_t end)
{
	putf(x, ",");
	put_string(x, t->name);
	putf(x, ":{\"dtype\":\"%s\",\"shape\":[", DTYPE[t->type]);
	for (int i = 0; i < t->rank; i++)
		putf(x, "%s%zu", i > 0 ? "," : "", t->shape[i]);
	putf(x, "],\"data_offsets\":[%" PRIu64 ",%" PRIu64 "]}", begin, end);
}

/* The header, padded, with all checksums, behind the eight bytes of its length. */
static int
make_header(struct text *x, const char *path, const struct ss_st_tensor *t, size_t tensors,
    const struct ss_st_pair *pair, size_t pairs, struct ss_err *e)
{
	static const char zeros[LENGTH_BYTES];
	char digits[CRC_DIGITS + 1];
	struct ss_err why = SS_ERR_INIT;
	json_t *j;
	int r;
	size_t bytes, begin = 0, end;

	put(x, zeros, sizeof(zeros));
	putf(x, "{\"" META "\":{\"" HEADER_CRC "\":\"00000000\"");
	for (size_t i = 0; i < pairs; i++) {
		if (strcmp(pair[i].key, HEADER_CRC) == 0 || has_prefix(pair[i].key, CRC_PREFIX))
			return ss_fail(e, SS_EUSAGE, "cannot write '%s': the key '%s' is reserved",
			    path, pair[i].key);
		putf(x, ",");
		put_string(x, pair[i].key);
		putf(x, ":");
		put_string(x, pair[i].value);
	}
	for (size_t i = 0; i < tensors; i++) {
		if (t[i].rank < 0 || t[i].rank > SS_MAX_RANK || !ss_st_bytes(&t[i], &bytes) ||
		    *t[i].name == '\0' || strcmp(t[i].name, META) == 0)
			return ss_fail(e, SS_EUSAGE, "cannot write '%s': bad shape or name of "
			    "tensor '%s'", path, t[i].name);
		putf(x, ",\"" CRC_PREFIX);
		put_escaped(x, t[i].name);
		putf(x, "\":\"%08" PRIx32 "\"", (uint32_t)crc32_z(0, t[i].data, bytes));
	}
	putf(x, "}");
	for (size_t i = 0; i < tensors; i++, begin = end) {
		if (!ss_st_bytes(&t[i], &bytes) || !ss_add(begin, bytes, &end) || end > INT64_MAX)
			return ss_fail(e, SS_EUSAGE, "cannot write '%s': too large", path);
		put_tensor(x, &t[i], begin, end);
	}
	putf(x, "}");
	while (!x->failed && x->n % 64 != 0)
		put(x, " ", 1);
	if (x->failed)
		return ss_fail(e, SS_EIO, "cannot write '%s': out of memory", path);
	if (x->n - LENGTH_BYTES > SS_ST_MAX_HEADER)
		return ss_fail(e, SS_EUSAGE, "cannot write '%s': a header of %zu bytes", path,
		    x->n - LENGTH_BYTES);

	/* Names and values came from outside: what our reader would refuse is not written. */
	r = ss_json_parse(&j, x->p + LENGTH_BYTES, x->n - LENGTH_BYTES, &why);
	if (r < 0)
		return ss_fail(e, r == SS_EDATA ? SS_EUSAGE : r, "cannot write '%s': %s%s", path,
		    r == SS_EDATA ? "bad name or metadata: " : "", why.text);
	json_decref(j);
	put_u64((unsigned char *)x->p, x->n - LENGTH_BYTES);
	snprintf(digits, sizeof(digits), "%08" PRIx32,
	    header_crc((unsigned char *)x->p, x->p + LENGTH_BYTES, x->n - LENGTH_BYTES));
	memcpy(header_crc_digits(x->p + LENGTH_BYTES), digits, CRC_DIGITS);
	return 0;
}

int
ss_st_write(const char *path, const struct ss_st_tensor *tensor, size_t tensors,
    const struct ss_st_pair *pair, size_t pairs, struct ss_err *e)
{
	struct ss_outfile *o = NULL;
	struct text x = { NULL, 0, 0, false };
	size_t bytes;
	int r;

	if (tensors == 0)
		return ss_fail(e, SS_EUSAGE, "cannot write '%s': no tensors", path);
	if ((r = make_header(&x, path, tensor, tensors, pair, pairs, e)) < 0)
		goto out;
	if ((r = ss_outfile_open(&o, path, e)) < 0)
		goto out;
	r = ss_outfile_write(o, x.p, x.n, e);
	for (size_t i = 0; i < tensors && r == 0; i++) {
		SS_BUG_IF(!ss_st_bytes(&tensor[i], &bytes));	/* make_header saw to it */
		r = ss_outfile_write(o, tensor[i].data, bytes, e);
	}
	if (r < 0)
		ss_outfile_discard(o);
	else
		r = ss_outfile_commit(o, e);
out:
	free(x.p);
	return r;
}
