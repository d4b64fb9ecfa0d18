/*
 * model_match.h - which network the tensors of a file are the weights of
 */
#ifndef SS_MODEL_MATCH_H
#define SS_MODEL_MATCH_H

#include "nn/net.h"
#include "state_dict.h"

/* Whether the file has parameter or buffer p, in its shape; why not, if text is not NULL. */
enum { MATCH_TEXT = 512 };
bool match_tensor(const struct state_dict *d, const struct ss_param *p, char text[MATCH_TEXT]);

/*
 * Whether a tensor that the network does not use has a name as if it were of a backbone (layer5.0.conv1.weight, layer1.0.bias):
 * without it the file's network is another one. Counters of batches are not meant.
 */
bool match_belongs(const struct ss_net *net, const char *name);
bool match_counter(const char *name);

/*
 * The norm whose running mean can take the bias of that name ("conv1.bias") of a convolution that has none in the network, since
 * it comes behind that convolution, and nothing else does; -1: there is none.
 */
int match_bias(const struct ss_net *net, const char *name);

/*
 * The architecture whose backbone has just these tensors. Of several it is one whose name begins with "keras-" if the names are
 * Keras', and else one of the others; none, or still several, end the tool. *channels: of its images.
 */
const struct ss_arch *match_find(const struct state_dict *d, int *channels);

/* Channels of the images that the first convolution in the file takes, if it has that of `arch`; or the tool ends. */
int match_channels(const struct state_dict *d, const struct ss_arch *arch);

#endif
