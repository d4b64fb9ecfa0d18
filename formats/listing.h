/*
 * listing.h - the files below a folder, in an order that does not depend on the file system
 */
#ifndef SS_LISTING_H
#define SS_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct ss_listing {
	char **path;			/* relative to the folder, sorted bytewise */
	size_t files, room;
	uint64_t hidden, special;	/* left out: names with a dot in front; neither file nor folder */
};
#define SS_LISTING_INIT { 0 }

/*
 * Adds the files below folder/below (below "": the folder itself), behind those that
 * are there. Symbolic links are followed; a link to a file that is not there counts as a
 * file, one that leads back to a folder above it is an error (SS_EIO). All paths are
 * relative to folder.
 */
int ss_listing_add(struct ss_listing *l, const char *folder, const char *below,
    struct ss_err *e) SS_MUST_USE;
void ss_listing_free(struct ss_listing *l);

/* a/b, or b where a is "", malloc'd; NULL: out of memory. */
char *ss_path_join(const char *a, const char *b);

#endif
