/*
 * pictures.h - the tensors of a stream that are pictures, as images
 */
#ifndef SS_PICTURES_H
#define SS_PICTURES_H

#include <stdbool.h>

#include "image/image.h"
#include "sst.h"

/* u8 of 1 or 3 channels, rows, columns, the last two perhaps varying, and not empty. */
bool tool_is_picture(const struct ss_tensor *t);

/* Of the frame of data that was read last, counted from 0. */
unsigned long long tool_frame_number(const struct ss_reader *in);

/*
 * Points image[0 .. f->records - 1] at the items of that tensor; ends the tool if one is empty.
 * f is what was read last, or a part of it.
 */
void tool_pictures(const struct ss_reader *in, const struct ss_frame *f, int tensor,
    struct ss_image *image);

#endif
