/*
 * npy_header.c - what the header of a .npy file says, versions 1 to 3
 *
 * A file is 93 'NUMPY', version, length of the header, the header (a Python
 * dictionary with the keys descr, fortran_order and shape, and nothing else),
 * then the elements. Only such dictionaries are understood, not Python. Fortran
 * order, big-endian elements, records and objects are refused.
 */
#include <string.h>

#include "npy_header.h"
#include "npy_write.h"

int
ss_npy_start(const unsigned char start[SS_NPY_START], const char *name, size_t *more, struct ss_err *e)
{
	static const unsigned char magic[6] = { 0x93, 'N', 'U', 'M', 'P', 'Y' };

	if (memcmp(start, magic, sizeof(magic)) != 0)
		return ss_fail(e, SS_EDATA, "'%s': not a .npy file: wrong magic at offset 0", name);
	if (start[6] < 1 || start[6] > 3)
		return ss_fail(e, SS_EDATA, "'%s': version %d of the .npy format is newer than this "
		    "program (at offset 6)", name, start[6]);
	*more = start[6] == 1 ? 2 : 4;
	return 0;
}

int
ss_npy_text_length(const unsigned char *length, size_t more, const char *name, size_t *bytes, struct ss_err *e)
{
	*bytes = 0;
	for (size_t i = 0; i < more; i++)
		*bytes |= (size_t)length[i] << (8 * i);
	if (*bytes > SS_NPY_TEXT_MAX)
		return ss_fail(e, SS_EDATA, "'%s': header of %zu bytes at offset %d, at most %d are read",
		    name, *bytes, SS_NPY_START, SS_NPY_TEXT_MAX);
	return 0;
}

static void
skip_space(const char **p)
{
	*p += strspn(*p, " \t\n");
}

static bool
take(const char **p, const char *token)
{
	skip_space(p);
	if (strncmp(*p, token, strlen(token)) != 0)
		return false;
	*p += strlen(token);
	return true;
}

/* 'text' or "text" */
static bool
take_string(const char **p, char *to, size_t size)
{
	skip_space(p);
	char quote = **p;

	if (quote != '\'' && quote != '"')
		return false;
	const char *end = strchr(*p + 1, quote);

	if (end == NULL || (size_t)(end - *p - 1) >= size)
		return false;
	memcpy(to, *p + 1, (size_t)(end - *p - 1));
	to[end - *p - 1] = '\0';
	*p = end + 1;
	return true;
}

/* (1, 2, 3) or (1,) or () */
static bool
take_shape(const char **p, struct ss_npy_head *h)
{
	if (!take(p, "("))
		return false;
	for (h->rank = 0; !take(p, ")"); ) {
		uint64_t n = 0;
		const char *digits;

		skip_space(p);
		for (digits = *p; **p >= '0' && **p <= '9'; ++*p)
			if (__builtin_mul_overflow(n, 10u, &n) ||
			    __builtin_add_overflow(n, (unsigned)(**p - '0'), &n))
				return false;
		if (*p == digits || h->rank == SS_MAX_RANK)
			return false;
		h->dim[h->rank++] = n;
		if (!take(p, ",") && !(skip_space(p), **p == ')'))
			return false;
	}
	return true;
}

int
ss_npy_parse(struct ss_npy_head *h, const char *text, const char *name, uint64_t offset, struct ss_err *e)
{
	const char *p = text;
	char key[32], descr[64] = "", word[2] = "";
	bool shape = false;

	if (!take(&p, "{"))
		goto bad;
	while (!take(&p, "}")) {
		if (!take_string(&p, key, sizeof(key)) || !take(&p, ":"))
			goto bad;
		if (strcmp(key, "descr") == 0) {
			skip_space(&p);
			if (*p == '[')
				return ss_fail(e, SS_EUSAGE, "'%s': records with fields are not supported", name);
			if (!take_string(&p, descr, sizeof(descr)))
				goto bad;
		} else if (strcmp(key, "fortran_order") == 0) {
			word[0] = take(&p, "False") ? 'C' : take(&p, "True") ? 'F' : '\0';
			if (word[0] == '\0')
				goto bad;
		} else if (strcmp(key, "shape") == 0) {
			if (!(shape = take_shape(&p, h)))
				goto bad;
		} else {
			goto bad;
		}
		if (!take(&p, ",") && !(skip_space(&p), *p == '}'))
			goto bad;
	}
	skip_space(&p);
	if (*p != '\0' || descr[0] == '\0' || word[0] == '\0' || !shape)
		goto bad;
	if (word[0] == 'F' && h->rank > 1)
		return ss_fail(e, SS_EUSAGE, "'%s': in Fortran order; save numpy.ascontiguousarray of it",
		    name);
	for (enum ss_type t = 0; t < SS_TYPES; t++)
		if (ss_npy_descr(t) != NULL && strcmp(descr, ss_npy_descr(t)) == 0) {
			h->type = t;
			return 0;
		}
	return ss_fail(e, SS_EUSAGE, "'%s': elements of type '%.60s' are not supported", name, descr);
bad:
	return ss_fail(e, SS_EDATA, "'%s': damaged .npy header at offset %llu", name,
	    (unsigned long long)(offset + (uint64_t)(p - text)));
}

