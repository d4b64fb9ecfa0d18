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

/* The dictionary; returns its length. */
static size_t
print_dictionary(char to[SS_NPY_HEADER], const struct ss_tensor *t, uint64_t records)
{
	int n = snprintf(to, SS_NPY_HEADER, "{'descr': '%s', 'fortran_order': False, 'shape': (%llu,",
	    descr[t->type == SS_BF16 ? SS_F32 : t->type], (unsigned long long)records);

	for (int k = 0; k < t->rank; k++)
		n += snprintf(to + n, SS_NPY_HEADER - (size_t)n, k == 0 ? " %lu" : ", %lu",
		    (unsigned long)t->shape[k]);
	n += snprintf(to + n, SS_NPY_HEADER - (size_t)n, "), }");
	return (size_t)n;
}

size_t
ss_npy_header(char to[SS_NPY_HEADER], const struct ss_tensor *t, uint64_t records)
{
	static const unsigned char magic[8] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0 };
	const size_t before = sizeof(magic) + 2;
	char text[SS_NPY_HEADER];
	/* as long as the largest number of records would need; the rest is spaces and a newline */
	const size_t total = (before + print_dictionary(text, t, UINT64_MAX) + 1 + 63) / 64 * 64;
	const size_t n = print_dictionary(text, t, records);

	SS_BUG_IF(total > SS_NPY_HEADER || ss_tensor_varying(t) > 0);
	memset(to, ' ', total);
	memcpy(to, magic, sizeof(magic));
	to[8] = (char)((total - before) & 255);
	to[9] = (char)((total - before) >> 8);
	memcpy(to + before, text, n);
	to[total - 1] = '\n';
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
