/*
 * head.h - projection and prediction heads as short text
 *
 * A head is its layers separated by commas, each a width and letters: b bias, n norm,
 * N norm without gamma and beta, r ReLU, behind the norm or before it as the letters are. "2048bnr,2048bN" is SimSiam's
 * projector for CIFAR; "none" is no head.
 */
#ifndef SS_HEAD_H
#define SS_HEAD_H

#include "nn/net.h"

#define SS_HEAD_TEXT 64
#define SS_HEAD_WIDTH_MAX 65536

/* SS_EUSAGE if the text is not a head that can be built. */
int ss_head_parse(struct ss_head *head, const char *text, struct ss_err *e) SS_MUST_USE;
void ss_head_print(const struct ss_head *head, char text[SS_HEAD_TEXT]);

#endif
