/*
 * npy_write.c - tensors as arrays in NumPy's .npy and .npz formats
 *
 * Little-endian, C order, version 1.0 of the format: what numpy.save writes.
 */
#include <string.h>
#include <zlib.h>

#include "npy_write.h"

enum { WIDENED = 1024 };	/* elements of bf16 at a time */

static const char *const descr[SS_TYPES] = { [SS_U8] = "|u1", [SS_I8] = "|i1", [SS_U16] = "<u2",
	[SS_I16] = "<i2", [SS_U32] = "<u4", [SS_I32] = "<i4", [SS_U64] = "<u8", [SS_I64] = "<i8",
	[SS_F16] = "<f2", [SS_BF16] = NULL, [SS_F32] = "<f4", [SS_F64] = "<f8" };

const char *
ss_npy_descr(enum ss_type t)
{
	return descr[t];
}

size_t
ss_npy_element(enum ss_type t)
{
	return ss_type_size(t == SS_BF16 ? SS_F32 : t);
}

/* The dictionary; returns its length. A shape of one dimension has a comma behind it, as Python has it. */
static size_t
print_dictionary(char to[SS_NPY_HEADER], enum ss_type type, int rank, const uint64_t *shape)
{
	int n = snprintf(to, SS_NPY_HEADER, "{'descr': '%s', 'fortran_order': False, 'shape': (",
	    descr[type == SS_BF16 ? SS_F32 : type]);

	for (int k = 0; k < rank; k++)
		n += snprintf(to + n, SS_NPY_HEADER - (size_t)n, k == 0 ? "%llu," : k == 1 ? " %llu" : ", %llu",
		    (unsigned long long)shape[k]);
	n += snprintf(to + n, SS_NPY_HEADER - (size_t)n, "), }");
	return (size_t)n;
}

/* Before the dictionary: magic, version, length. */
enum { BEFORE = 10 };

/* In a header of `total` bytes: the rest of it is spaces and a newline. */
static void
put_header(char to[SS_NPY_HEADER], size_t total, const char *dictionary, size_t n)
{
	static const unsigned char magic[8] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0 };

	SS_BUG_IF(total > SS_NPY_HEADER || BEFORE + n + 1 > total);
	memset(to, ' ', total);
	memcpy(to, magic, sizeof(magic));
	to[8] = (char)((total - BEFORE) & 255);
	to[9] = (char)((total - BEFORE) >> 8);
	memcpy(to + BEFORE, dictionary, n);
	to[total - 1] = '\n';
}

size_t
ss_npy_header(char to[SS_NPY_HEADER], const struct ss_tensor *t, uint64_t records)
{
	char text[SS_NPY_HEADER];
	uint64_t shape[SS_MAX_RANK + 1] = { UINT64_MAX };
	size_t total;

	SS_BUG_IF(ss_tensor_varying(t) > 0);
	for (int k = 0; k < t->rank; k++)
		shape[k + 1] = t->shape[k];
	/* as long as the largest number of records would need */
	total = (BEFORE + print_dictionary(text, t->type, t->rank + 1, shape) + 1 + 63) / 64 * 64;
	shape[0] = records;
	put_header(to, total, text, print_dictionary(text, t->type, t->rank + 1, shape));
	return total;
}

size_t
ss_npy_array_header(char to[SS_NPY_HEADER], enum ss_type t, int rank, const size_t *shape)
{
	char text[SS_NPY_HEADER];
	uint64_t wide[SS_MAX_RANK];
	size_t n, total;

	SS_BUG_IF(rank < 0 || rank > SS_MAX_RANK);
	for (int k = 0; k < rank; k++)
		wide[k] = shape[k];
	n = print_dictionary(text, t, rank, wide);
	total = (BEFORE + n + 1 + 63) / 64 * 64;
	put_header(to, total, text, n);
	return total;
}

static void
write_bytes(FILE *f, const void *p, size_t n, uint32_t *crc)
{
	fwrite(p, 1, n, f);
	if (crc != NULL)
		*crc = (uint32_t)crc32_z(*crc, p, n);
}

void
ss_npy_elements(FILE *f, enum ss_type t, const void *data, size_t n, uint32_t *crc)
{
	unsigned char wide[WIDENED * 4] = { 0 };

	if (t != SS_BF16) {
		write_bytes(f, data, n * ss_type_size(t), crc);
		return;
	}
	for (size_t at = 0, k; at < n; at += k) {	/* bf16 is the upper half of an f32 */
		k = n - at < WIDENED ? n - at : WIDENED;
		for (size_t i = 0; i < k; i++)
			memcpy(wide + 4 * i + 2, (const unsigned char *)data + 2 * (at + i), 2);
		write_bytes(f, wide, 4 * k, crc);
	}
}

uint32_t
ss_npy_crc(const char *header, size_t n, uint32_t crc, uint64_t bytes)
{
	uLong head = crc32_z(0, (const unsigned char *)header, n);

	return (uint32_t)crc32_combine(head, crc, (z_off_t)bytes);
}
