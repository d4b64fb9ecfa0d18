/*
 * keras_names.c - the names that Keras gives to the weights of its residual networks
 *
 * keras.applications.resnet: conv1_conv and conv1_bn are the stem, convS_blockB_1_conv to _3_conv the convolutions of a block and
 * _0_conv that of its shortcut, each with its _bn; stages count from 2, blocks from 1. predictions is the classifier.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keras_names.h"

static const struct {
	const char *keras, *torch;
	bool norm;
} kinds[] = {
	{ "kernel", "weight", false }, { "bias", "bias", false }, { "gamma", "weight", true }, { "beta", "bias", true },
	{ "moving_mean", "running_mean", true }, { "moving_variance", "running_var", true }
};

/* What comes next in a name: a number of at most three digits behind `before`. */
static bool
take_number(const char **p, const char *before, unsigned *n)
{
	const size_t skip = strlen(before), digits = strncmp(*p, before, skip) == 0 ? strspn(*p + skip, "0123456789") : 0;

	if (digits < 1 || digits > 3)
		return false;
	*n = (unsigned)strtoul(*p + skip, NULL, 10);
	*p += skip + digits;
	return true;
}

bool
keras_name(const char *name, char to[KERAS_NAME], bool *kernel)
{
	const char *slash = strrchr(name, '/');
	const size_t n = slash == NULL ? 0 : strcspn(slash + 1, ":");
	unsigned stage, block, number;
	char layer[24];
	const char *p = layer;
	size_t k = 0;

	if (slash == NULL || (size_t)(slash - name) >= sizeof(layer) || (slash[1 + n] != '\0' && strcmp(slash + 1 + n, ":0") != 0))
		return false;
	while (k < sizeof(kinds) / sizeof(*kinds) && (strlen(kinds[k].keras) != n || strncmp(slash + 1, kinds[k].keras, n) != 0))
		k++;
	if (k == sizeof(kinds) / sizeof(*kinds))
		return false;
	snprintf(layer, sizeof(layer), "%.*s", (int)(slash - name), name);
	*kernel = k == 0;
	if (strcmp(layer, "predictions") == 0 || strcmp(layer, "probs") == 0) {
		snprintf(to, KERAS_NAME, "fc.%s", kinds[k].torch);
		return true;
	}
	if (strcmp(layer, kinds[k].norm ? "conv1_bn" : "conv1_conv") == 0) {
		snprintf(to, KERAS_NAME, "%s.%s", kinds[k].norm ? "bn1" : "conv1", kinds[k].torch);
		return true;
	}
	if (!take_number(&p, "conv", &stage) || !take_number(&p, "_block", &block) || !take_number(&p, "_", &number) ||
	    strcmp(p, kinds[k].norm ? "_bn" : "_conv") != 0 || stage < 2 || block < 1)
		return false;
	if (number == 0)
		snprintf(to, KERAS_NAME, "layer%u.%u.downsample.%d.%s", stage - 1, block - 1, kinds[k].norm, kinds[k].torch);
	else
		snprintf(to, KERAS_NAME, "layer%u.%u.%s%u.%s", stage - 1, block - 1, kinds[k].norm ? "bn" : "conv", number, kinds[k].torch);
	return true;
}
