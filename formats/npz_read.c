/*
 * npz_read.c - NumPy's archives of arrays
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "npy_header.h"
#include "npz.h"
#include "unzip.h"

struct entry {
	struct ss_st_tensor t;
	char problem[400];		/* "": none */
};

struct ss_npz {
	struct ss_unzip *zip;
	struct entry *entry;
	size_t n;
};

/* "x.npz(conv1.weight.npy)", for messages. */
static void
call_it(char *name, size_t size, const char *path, const char *member)
{
	snprintf(name, size, "%.300s(%.300s)", path, member);
}

/* The array that the bytes of a member are. */
static int
parse(struct entry *x, const unsigned char *p, size_t size, const char *name, struct ss_err *e)
{
	struct ss_st_tensor *t = &x->t;
	struct ss_npy_head h = { .rank = 0 };
	struct ss_err why = SS_ERR_INIT;
	size_t more, length, bytes;
	char *text;
	int r;

	if (size < SS_NPY_BEFORE)
		return ss_fail(e, SS_EDATA, "'%s': not a .npy file: %zu bytes", name, size);
	if ((r = ss_npy_start(p, name, &more, e)) < 0 ||
	    (r = ss_npy_text_length(p + SS_NPY_START, more, name, &length, e)) < 0)
		return r;
	if (length > size - SS_NPY_START - more)
		return ss_fail(e, SS_EDATA, "'%s': truncated in the header, which has %zu bytes", name, length);
	if ((text = strndup((const char *)p + SS_NPY_START + more, length)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	r = ss_npy_parse(&h, text, name, SS_NPY_START + more, &why);
	free(text);
	if (r == SS_EUSAGE) {
		snprintf(x->problem, sizeof(x->problem), "%.390s", why.text);
		return 0;
	}
	if (r < 0)
		return ss_fail(e, r, "%s", why.text);
	t->type = h.type;
	t->rank = h.rank;
	for (int i = 0; i < h.rank; i++)
		t->shape[i] = (size_t)h.dim[i];
	t->data = p + SS_NPY_START + more + length;
	size -= SS_NPY_START + more + length;
	if (!ss_st_bytes(t, &bytes) || bytes != size)
		return ss_fail(e, SS_EDATA, "'%s': its header and its %zu bytes of elements disagree", name, size);
	return 0;
}

/* Member i under the name that it has in the program. */
static int
take_member(struct ss_npz *z, const char *path, size_t i, struct ss_err *e)
{
	static const char suffix[] = ".npy", pickle[] = "data.pkl";
	const struct ss_unzip_member *m = ss_unzip_at(z->zip, i);
	const size_t n = strlen(m->name), tail = sizeof(suffix) - 1;
	const unsigned char *data;
	char name[640], *own;
	int r;

	call_it(name, sizeof(name), path, m->name);
	if (n >= sizeof(pickle) - 1 && strcmp(m->name + n - (sizeof(pickle) - 1), pickle) == 0)
		return ss_fail(e, SS_EDATA, "'%s' is what torch.save writes, a pickle, which runs as a program and is not read here: "
		    "save it with numpy.savez or as safetensors", path);
	if (n <= tail || strcmp(m->name + n - tail, suffix) != 0)
		return ss_fail(e, SS_EDATA, "'%s' is no .npy file, and so '%s' is not what numpy.savez writes", name, path);
	if ((own = strndup(m->name, n - tail)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	z->entry[i].t.name = own;
	z->n = i + 1;
	for (size_t k = 0; k < i; k++)
		if (strcmp(z->entry[k].t.name, own) == 0)
			return ss_fail(e, SS_EDATA, "'%s' is in the archive twice", name);
	if ((r = ss_unzip_data(z->zip, i, &data, e)) < 0)
		return r;
	return parse(&z->entry[i], data, (size_t)m->bytes, name, e);
}

int
ss_npz_open(struct ss_npz **out, const char *path, struct ss_err *e)
{
	struct ss_npz *z = calloc(1, sizeof(*z));
	size_t n = 0;
	int r;

	*out = NULL;
	if (z == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if ((r = ss_unzip_open(&z->zip, path, e)) == 0) {
		n = ss_unzip_count(z->zip);
		z->entry = calloc(n + 1, sizeof(*z->entry));
		if (z->entry == NULL)
			r = ss_fail(e, SS_EIO, "out of memory");
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		r = take_member(z, path, i, e);
	if (r < 0)
		ss_npz_free(z);
	else
		*out = z;
	return r;
}

void
ss_npz_free(struct ss_npz *z)
{
	if (z == NULL)
		return;
	for (size_t i = 0; i < z->n; i++)
		free((void *)(uintptr_t)z->entry[i].t.name);
	free(z->entry);
	ss_unzip_free(z->zip);
	free(z);
}

size_t
ss_npz_count(const struct ss_npz *z)
{
	return z->n;
}

const struct ss_st_tensor *
ss_npz_at(const struct ss_npz *z, size_t i)
{
	SS_BUG_IF(i >= z->n);
	return &z->entry[i].t;
}

const char *
ss_npz_problem(const struct ss_npz *z, size_t i)
{
	SS_BUG_IF(i >= z->n);
	return z->entry[i].problem[0] == '\0' ? NULL : z->entry[i].problem;
}
