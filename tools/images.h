/*
 * images.h - the images and labels of a whole stream in memory
 */
#ifndef SS_IMAGES_H
#define SS_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "nn/net.h"
#include "sst.h"

struct images {
	size_t n;
	int shape[3];		/* c, h, w */
	uint8_t *data;		/* n x c x h x w */
	int32_t *label;		/* n */
	uint32_t digest;	/* of the stream's records, as ss-info --digest prints it */
};

/*
 * Index of the stream's image tensor: u8 of one fixed shape (c,h,w), called `name`, or
 * "image" if name is NULL. Ends the tool if there is none. Fills shape.
 */
int images_tensor(const struct ss_reader *in, const char *name, int shape[3]);

/* Reads a labelled stream to its end. Ends the tool if that fails or the labels are missing. */
void images_read(struct images *im, const char *path);
/* Ends the tool if they have not the shape that the input of a network has. */
void images_expect(const struct images *im, const char *name, const struct ss_node *input);
void images_free(struct images *im);

#endif
