/*
 * classifier.h - how good the outputs of a classifier are
 */
#ifndef SS_CLASSIFIER_H
#define SS_CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>

/*
 * outputs (n,classes), one number for each class before the softmax; label (n). predicted (n): the class with the largest
 * one, the lowest of equals. Returns the mean cross-entropy -log softmax(outputs)[label], in double; a label that is no
 * class costs infinitely much.
 */
double ss_classify(const float *outputs, const int32_t *label, size_t n, int classes, int32_t *predicted);

#endif
