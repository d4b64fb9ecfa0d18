/*
 * unzip.h - members of a zip archive that may come from anybody
 *
 * Stored or deflated members of an archive of one disk, with or without 64-bit fields, as numpy.savez and
 * numpy.savez_compressed write them. The directory is what counts, and must end where its own end begins, so that a cut file or
 * one with something around it is refused; what a member unpacks to has its CRC-32 checked.
 */
#ifndef SS_UNZIP_H
#define SS_UNZIP_H

#include <stdint.h>

#include "base/err.h"

struct ss_unzip;

struct ss_unzip_member {
	char *name;			/* no control characters */
	uint64_t packed, bytes;		/* as it lies in the file, and unpacked */
	uint64_t offset;		/* of its local header */
	uint32_t crc;
	int method;
};

/*
 * Reads the whole file, which must be regular, and its directory. Members may not unpack to more than SS_UNZIP_RATIO times the
 * file in all: what is denser is no data of anybody's.
 */
#define SS_UNZIP_RATIO 100
int ss_unzip_open(struct ss_unzip **out, const char *path, struct ss_err *e) SS_MUST_USE;
void ss_unzip_free(struct ss_unzip *z);

size_t ss_unzip_count(const struct ss_unzip *z);
const struct ss_unzip_member *ss_unzip_at(const struct ss_unzip *z, size_t i);

/* Its bytes, which the archive owns; at any alignment. */
int ss_unzip_data(struct ss_unzip *z, size_t i, const unsigned char **data, struct ss_err *e) SS_MUST_USE;

#endif
