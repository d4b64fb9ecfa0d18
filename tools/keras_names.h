/*
 * keras_names.h - the names that Keras gives to the weights of its residual networks
 */
#ifndef SS_KERAS_NAMES_H
#define SS_KERAS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { KERAS_NAME = 64 };

/*
 * torchvision's name for one of Keras' ("conv2_block1_0_conv/kernel:0" is "layer1.0.downsample.0.weight"; the ":0" may be missing).
 * false: it is none. *kernel: it is the window of a convolution, which Keras has as (height, width, inputs, outputs).
 */
bool keras_name(const char *name, char to[KERAS_NAME], bool *kernel);

#endif
