/*
 * sample.c - the samples of a tar archive in WebDataset's manner
 *
 * That a sample has ended shows in the member behind it, so one member is always known ahead.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filelabels.h"
#include "keyset.h"
#include "sample.h"
#include "tarfile.h"

enum { LABEL_MAX = 32 };	/* bytes of a .cls */

struct ss_samples {
	struct ss_tar *tar;
	struct ss_member member;	/* known ahead */
	bool ahead;
	struct ss_keyset keys, parts;	/* that came; parts: of the sample at hand */
	uint64_t strange;
};

void
ss_sample_free(struct ss_sample *s)
{
	free(s->key);
	free(s->name);
	free(s->bytes);
	free(s->why);
	*s = (struct ss_sample){ .label = -1 };
}

int
ss_samples_open(struct ss_samples **out, const char *path, struct ss_err *e)
{
	struct ss_samples *t = calloc(1, sizeof(*t));
	int r;

	*out = NULL;
	if (t == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if ((r = ss_tar_open(&t->tar, path, e)) < 0)
		ss_samples_close(t);
	else
		*out = t;
	return r;
}

void
ss_samples_close(struct ss_samples *t)
{
	if (t == NULL)
		return;
	ss_tar_close(t->tar);
	ss_keyset_free(&t->keys);
	ss_keyset_free(&t->parts);
	free(t);
}

/* Bytes of a path that are its key; 0: it belongs to no sample. */
static size_t
key_length(const char *path)
{
	const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
	const char *dot = strchr(base, '.');
	const size_t n = strlen(path);

	if (dot == NULL || dot == base || (n >= 4 && strncmp(path, "__", 2) == 0 && strcmp(path + n - 2, "__") == 0))
		return 0;
	return (size_t)(dot - path);
}

/* 1: t->member is one of a sample. */
static int
look_ahead(struct ss_samples *t, struct ss_err *e)
{
	int r = 1;

	while (!t->ahead && (r = ss_tar_next(t->tar, &t->member, e)) > 0) {
		t->ahead = key_length(t->member.path) > 0;
		t->strange += !t->ahead;
	}
	return r;
}

/* The sample is of no use; the first reason counts. */
static void
reject(struct ss_sample *s, const struct ss_err *e)
{
	if (s->code != 0)
		return;
	s->why = strdup(e->text);
	s->code = s->why != NULL ? SS_EDATA : SS_EIO;
}

/* Names it as messages do: archive, member. */
static char *
full_name(const struct ss_samples *t)
{
	const char *archive = ss_tar_name(t->tar);
	const size_t n = strlen(archive) + strlen(t->member.path) + 3;
	char *name = malloc(n);

	if (name != NULL)
		snprintf(name, n, "%s: %s", archive, t->member.path);
	return name;
}

static int
take_image(struct ss_samples *t, struct ss_sample *s, const char *name, struct ss_err *e)
{
	struct ss_err why = SS_ERR_INIT;

	if (s->name != NULL)
		ss_fail(&why, SS_EDATA, "'%s': a second image, behind '%s'", name, s->name);
	else if (t->member.sparse)	/* no image has holes; they would cost memory for nothing */
		ss_fail(&why, SS_EDATA, "'%s': no image: a sparse file", name);
	else if (t->member.size > SS_SAMPLE_IMAGE_MAX)
		ss_fail(&why, SS_EDATA, "'%s': a file of %llu bytes; up to %d can be read", name,
		    (unsigned long long)t->member.size, SS_SAMPLE_IMAGE_MAX);
	if (why.text[0] != '\0') {
		reject(s, &why);
		return 0;
	}
	if ((s->name = strdup(name)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	s->length = (size_t)t->member.size;
	return ss_tar_take(t->tar, &t->member, name, SS_SAMPLE_IMAGE_MAX, &s->bytes, e);
}

static int
take_label(struct ss_samples *t, struct ss_sample *s, const char *name, struct ss_err *e)
{
	struct ss_err why = SS_ERR_INIT;
	unsigned char *bytes;
	char text[LABEL_MAX + 1] = "";
	int r = ss_tar_take(t->tar, &t->member, name, LABEL_MAX, &bytes, e);

	if (bytes != NULL)
		memcpy(text, bytes, t->member.size < LABEL_MAX ? (size_t)t->member.size : LABEL_MAX);
	free(bytes);
	if (r < 0)
		return r;
	const size_t before = strspn(text, " \t\r\n"), digits = strspn(text + before, "0123456789");
	const size_t behind = strspn(text + before + digits, " \t\r\n");

	if (digits == 0 || digits > 7 || before + digits + behind != t->member.size || strtol(text + before, NULL, 10) >= SS_FILE_CLASSES) {
		ss_fail(&why, SS_EDATA, "'%s': no label: a whole number below %d", name, SS_FILE_CLASSES);
		reject(s, &why);
	} else {
		s->label = (int32_t)strtol(text + before, NULL, 10);
	}
	return 0;
}

/* The member at hand becomes part of the sample; suffix is what stands behind the key. */
static int
take_part(struct ss_samples *t, struct ss_sample *s, const char *suffix, struct ss_err *e)
{
	const char *kind = strrchr(suffix, '.') + 1;
	char *name = full_name(t);
	int r = name == NULL ? ss_fail(e, SS_EIO, "out of memory") : ss_keyset_add(&t->parts, suffix, e);

	if (r == 0)
		r = ss_fail(e, SS_EDATA, "'%s': comes twice", name);
	else if (r > 0 && t->parts.keys > SS_SAMPLE_MEMBERS)
		r = ss_fail(e, SS_EDATA, "'%s': the sample has more than %d members", name, SS_SAMPLE_MEMBERS);
	else if (r > 0 && (strcasecmp(kind, "jpg") == 0 || strcasecmp(kind, "jpeg") == 0 || strcasecmp(kind, "png") == 0))
		r = take_image(t, s, name, e);
	else if (r > 0 && strcasecmp(kind, "cls") == 0)
		r = take_label(t, s, name, e);
	free(name);
	return r < 0 ? r : 0;
}

/* The key of the member at hand begins a sample. */
static int
begin(struct ss_samples *t, struct ss_sample *s, size_t length, struct ss_err *e)
{
	int r;

	ss_keyset_clear(&t->parts);
	if ((s->key = strndup(t->member.path, length)) == NULL)
		return ss_fail(e, SS_EIO, "out of memory");
	if ((r = ss_keyset_add(&t->keys, s->key, e)) == 0)
		return ss_fail(e, SS_EDATA, "'%s: %s': the members of sample '%s' do not stand together", ss_tar_name(t->tar),
		    t->member.path, s->key);
	return r < 0 ? r : 0;
}

int
ss_samples_next(struct ss_samples *t, struct ss_sample *s, struct ss_err *e)
{
	struct ss_err why = SS_ERR_INIT;
	int r;

	*s = (struct ss_sample){ .label = -1 };
	while ((r = look_ahead(t, e)) > 0) {
		const size_t length = key_length(t->member.path);

		if (s->key == NULL)
			r = begin(t, s, length, e);
		else if (strlen(s->key) != length || strncmp(s->key, t->member.path, length) != 0)
			break;
		t->ahead = false;
		if (r < 0 || (r = take_part(t, s, t->member.path + length, e)) < 0)
			break;
	}
	if (r < 0) {
		ss_sample_free(s);
		return r;
	}
	if (s->key != NULL && s->bytes == NULL) {
		if (s->name != NULL)
			ss_fail(&why, SS_EDATA, "'%s': no image: the file is empty", s->name);
		else
			ss_fail(&why, SS_EDATA, "'%s': sample '%s' has no image (.jpg, .jpeg, .png)", ss_tar_name(t->tar), s->key);
		reject(s, &why);
	}
	return s->key != NULL;
}

uint64_t
ss_samples_special(const struct ss_samples *t)
{
	return ss_tar_special(t->tar);
}

uint64_t
ss_samples_strange(const struct ss_samples *t)
{
	return t->strange;
}
