/*
 * arch.c - the table of architectures
 *
 * resnet20..56: He et al. 2015 (arXiv 1512.03385), section 4.2: 6n+2 layers, option
 * A shortcuts without parameters. resnet18, 34: the same paper's networks with the
 * CIFAR stem (3x3, stride 1, no pooling) that the self-supervised literature uses.
 */
#include <string.h>

#include "nn/net.h"

const struct ss_arch ss_archs[] = {
	/* name       stem  stages  blocks          width                  projection */
	{ "resnet20",  16,  3,  { 3, 3, 3, 0 },  { 16, 32, 64, 0 },     false },
	{ "resnet32",  16,  3,  { 5, 5, 5, 0 },  { 16, 32, 64, 0 },     false },
	{ "resnet44",  16,  3,  { 7, 7, 7, 0 },  { 16, 32, 64, 0 },     false },
	{ "resnet56",  16,  3,  { 9, 9, 9, 0 },  { 16, 32, 64, 0 },     false },
	{ "resnet18",  64,  4,  { 2, 2, 2, 2 },  { 64, 128, 256, 512 }, true },
	{ "resnet34",  64,  4,  { 3, 4, 6, 3 },  { 64, 128, 256, 512 }, true },
	{ NULL, 0, 0, { 0 }, { 0 }, false }
};

const struct ss_arch *
ss_arch_find(const char *name)
{
	for (const struct ss_arch *a = ss_archs; a->name != NULL; a++)
		if (strcmp(a->name, name) == 0)
			return a;
	return NULL;
}
