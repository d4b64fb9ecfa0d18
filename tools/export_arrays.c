/*
 * export_arrays.c - ss-export for NumPy: a .npy file for each tensor, or one .npz
 *
 * How many records there are may be known at the end only. The header of a .npy file is
 * then written again; the members of a .npz wait in temporary files.
 */
#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "export.h"
#include "npy_write.h"
#include "npz.h"
#include "outputs.h"

static void
check_tensors(const struct export *x)
{
	for (int k = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];

		if (ss_tensor_varying(t) > 0)
			tool_die(TOOL_MISUSE, "%s: the dimensions of tensor '%s' vary from record to record, "
			    "those of an array do not: choose others with --tensor", ss_reader_name(x->in), t->name);
	}
}

/* Adds the records of a frame to each file. */
static void
write_frame(const struct export *x, const struct ss_frame *f, FILE *const *to, uint32_t *crc)
{
	for (int k = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];

		ss_npy_elements(to[k], t->type, f->data[x->tensor[k]],
		    f->records * ss_tensor_elements(t), crc == NULL ? NULL : &crc[k]);
	}
	export_progress(x);
}

void
export_npy(struct export *x)
{
	const uint64_t expected = export_expected(x);
	const bool folder = x->output == NULL || x->tensors > 1 || outputs_is_folder(x->output);
	char header[SS_NPY_HEADER], name[SS_NAME_MAX + sizeof(".npy")];
	FILE *to[SS_MAX_TENSORS] = { NULL };
	struct ss_frame f;
	size_t n;

	check_tensors(x);
	if (!folder && strcmp(x->output, "-") == 0 && expected == SS_UNKNOWN)
		tool_die(TOOL_MISUSE, "%s does not say how many records it has, and a .npy file must say so "
		    "at its beginning: name a file with -o", ss_reader_name(x->in));
	if (folder && x->output != NULL)
		outputs_folder(x->output);
	for (int k = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];

		snprintf(name, sizeof(name), "%s.npy", t->name);
		to[k] = outputs_stream(!folder ? NULL : x->output == NULL ? "." : x->output,
		    folder ? name : x->output, "an array");
		n = ss_npy_header(header, t, expected == SS_UNKNOWN ? 0 : expected);
		fwrite(header, 1, n, to[k]);
	}
	while (export_next(x, &f))
		write_frame(x, &f, to, NULL);
	for (int k = 0; k < x->tensors && x->done != expected; k++) {
		n = ss_npy_header(header, &x->h->tensor[x->tensor[k]], x->done);

		if (fseeko(to[k], 0, SEEK_SET) != 0 || fwrite(header, 1, n, to[k]) != n)
			tool_die(TOOL_FAILURE, "cannot write the number of records: %s", strerror(errno));
	}
}

/* A file without a name, on the disk that the output will be on. */
static FILE *
open_temporary(const char *output)
{
	const bool standard = output == NULL || strcmp(output, "-") == 0;
	const char *folder = getenv("TMPDIR");
	char *copy = strdup(standard ? "" : output), path[4096];
	FILE *f = NULL;
	int fd;

	if (copy == NULL)
		tool_die(TOOL_FAILURE, "out of memory");
	if (!standard)
		folder = dirname(copy);
	snprintf(path, sizeof(path), "%.4000s/.ss-export.XXXXXX", folder == NULL ? "/tmp" : folder);
	free(copy);
	fd = mkstemp(path);
	if (fd >= 0 && unlink(path) == 0)	/* at once: nothing is left behind, whatever happens */
		f = fdopen(fd, "w+");
	if (f == NULL)
		tool_die(TOOL_FAILURE, "cannot make a temporary file like '%s': %s", path, strerror(errno));
	return f;
}

static void
copy_file(FILE *to, FILE *from)
{
	static char block[1 << 16];
	size_t n;

	if (fflush(from) != 0 || ferror(from))
		tool_die(TOOL_FAILURE, "cannot write a temporary file: %s", strerror(errno));
	rewind(from);
	while ((n = fread(block, 1, sizeof(block), from)) > 0)
		fwrite(block, 1, n, to);
	if (ferror(from))
		tool_die(TOOL_FAILURE, "cannot read a temporary file: %s", strerror(errno));
	fclose(from);
}

void
export_npz(struct export *x)
{
	char header[SS_NPY_HEADER], name[SS_NAME_MAX + sizeof(".npy")];
	FILE *member[SS_MAX_TENSORS] = { NULL }, *to;
	uint32_t crc[SS_MAX_TENSORS] = { 0 };
	struct ss_err e = SS_ERR_INIT;
	struct ss_frame f;
	struct ss_zip *z;

	check_tensors(x);
	to = outputs_stream(NULL, x->output, "an archive");
	for (int k = 0; k < x->tensors; k++)
		member[k] = open_temporary(x->output);
	while (export_next(x, &f))
		write_frame(x, &f, member, crc);
	if (ss_zip_create(&z, to, &e) < 0)
		tool_fail(SS_EIO, &e);
	for (int k = 0; k < x->tensors; k++) {
		const struct ss_tensor *t = &x->h->tensor[x->tensor[k]];
		const size_t head = ss_npy_header(header, t, x->done);
		const uint64_t data = x->done * ss_tensor_elements(t) * ss_npy_element(t->type);

		snprintf(name, sizeof(name), "%s.npy", t->name);
		if (ss_zip_member(z, name, head + data, ss_npy_crc(header, head, crc[k], data), &e) < 0)
			tool_fail(SS_EIO, &e);
		fwrite(header, 1, head, to);
		copy_file(to, member[k]);
	}
	ss_zip_end(z);
}
