/*
 * info_layers.h - the network of a model, node by node
 */
#ifndef SS_INFO_LAYERS_H
#define SS_INFO_LAYERS_H

#include <jansson.h>

#include "safetensors.h"

/*
 * A table of nodes with operator, output, parameters and multiply-adds, then sums; or the members "layers" and
 * "totals" of o. Nothing if the file does not describe a network.
 */
void info_layers_print(const struct ss_st *s);
void info_layers_json(const struct ss_st *s, json_t *o);

#endif
