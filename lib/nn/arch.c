/*
 * arch.c - the table of architectures
 *
 * resnet20..110: He et al. 2015 (arXiv 1512.03385), section 4.2: 6n+2 layers, option
 * A shortcuts without parameters. resnet18..152: the same paper's networks with the
 * CIFAR stem (3x3, stride 1, no pooling) that the self-supervised literature uses. resnet11v2..164v2: pre-activation
 * bottlenecks, 9n+2 layers, as in the Keras example of SimSiam: no norm behind the last block.
 * resnet18-imagenet..152: the first paper's networks for photographs as torchvision has them, the stride of a bottleneck
 * in its 3x3; resnet50-keras: as Keras has it.
 */
#include <string.h>

#include "nn/net.h"

#define HE(depth, n)	{ "resnet" #depth, SS_BASIC, 16, 3, { n, n, n, 0 }, { 16, 32, 64, 0 }, { 0 }, false }
#define V2(depth, n)	{ "resnet" #depth "v2", SS_PREACTIVATION, 16, 3, { n, n, n, 0 }, { 16, 64, 128, 0 }, { 64, 128, 256, 0 }, false }
#define WIDE(name, block, a, b, c, d, photos)						\
	{ "resnet" name, block, 64, 4, { a, b, c, d }, { 64, 128, 256, 512 }, { 0 }, photos }
#define FIVE(suffix, photos)								\
	WIDE("18" suffix, SS_BASIC_PROJECTION, 2, 2, 2, 2, photos),			\
	WIDE("34" suffix, SS_BASIC_PROJECTION, 3, 4, 6, 3, photos),			\
	WIDE("50" suffix, SS_BOTTLENECK, 3, 4, 6, 3, photos),				\
	WIDE("101" suffix, SS_BOTTLENECK, 3, 4, 23, 3, photos),				\
	WIDE("152" suffix, SS_BOTTLENECK, 3, 8, 36, 3, photos)

const struct ss_arch ss_archs[] = {
	HE(20, 3), HE(32, 5), HE(44, 7), HE(56, 9), HE(110, 18),
	FIVE("", false),
	V2(11, 1), V2(20, 2), V2(29, 3), V2(38, 4), V2(47, 5), V2(56, 6), V2(65, 7), V2(74, 8), V2(83, 9),
	V2(92, 10), V2(101, 11), V2(110, 12), V2(119, 13), V2(128, 14), V2(137, 15), V2(146, 16), V2(155, 17), V2(164, 18),
	FIVE("-imagenet", true), WIDE("50-keras", SS_BOTTLENECK_KERAS, 3, 4, 6, 3, true),
	{ NULL, SS_BASIC, 0, 0, { 0 }, { 0 }, { 0 }, false }
};

const struct ss_arch *
ss_arch_find(const char *name)
{
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}
