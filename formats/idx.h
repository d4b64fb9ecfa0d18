/*
 * idx.h - images and labels in the IDX format of MNIST and Fashion-MNIST
 */
#ifndef SS_IDX_H
#define SS_IDX_H

#include "source.h"

/*
 * path is a folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and
 * the two t10k files, each plain or with .gz, or one file of images (then split
 * is SS_SPLIT_TRAIN for want of any). labels: a file of labels for such a file of images, or NULL.
 * A folder's labels must be there unless want_labels is false.
 */
int ss_idx_open(struct ss_source **out, const char *path, const char *labels, bool want_labels,
    enum ss_source_split split, uint64_t limit, struct ss_err *e) SS_MUST_USE;

#endif
