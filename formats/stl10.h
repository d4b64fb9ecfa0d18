/*
 * stl10.h - STL-10 in its official binary version
 */
#ifndef SS_STL10_H
#define SS_STL10_H

#include "source.h"

/*
 * path is a folder with the .bin files, one that holds the official folder or
 * archive, or the archive. Any split: SS_SPLIT_UNLABELED has no labels; in
 * SS_SPLIT_TRAIN_UNLABELED those behind the train images are -1.
 */
int ss_stl10_open(struct ss_source **out, const char *path, enum ss_source_split split, uint64_t limit,
    struct ss_err *e) SS_MUST_USE;

#endif
