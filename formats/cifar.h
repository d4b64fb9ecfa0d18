/*
 * cifar.h - CIFAR-10 and CIFAR-100 in their official binary version
 */
#ifndef SS_CIFAR_H
#define SS_CIFAR_H

#include "source.h"

enum ss_cifar { SS_CIFAR10, SS_CIFAR100_FINE, SS_CIFAR100_COARSE };

/*
 * path is a folder with the .bin files, one that holds the official folder or
 * the official archive, or such an archive (.tar, .tar.gz). Of a limited source
 * only the files, or the archive's members, with the first records are needed.
 */
int ss_cifar_open(struct ss_source **out, const char *path, enum ss_cifar which,
    enum ss_source_split split, uint64_t limit, struct ss_err *e) SS_MUST_USE;

#endif
