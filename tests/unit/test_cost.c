/*
 * test_cost - parameters and multiply-adds of networks and heads, as the papers and articles have them
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "nn/cost.h"
#include "nn/head.h"

static struct ss_net *
network(const char *arch, int side, const char *projector, const char *predictor)
{
	static const float mean[3] = { 0.5f, 0.5f, 0.5f }, std[3] = { 0.25f, 0.25f, 0.25f };
	struct ss_head heads[2];
	struct ss_err e = SS_ERR_INIT;
	struct ss_net *net;

	assert_int_equal(ss_head_parse(&heads[0], projector, &e), 0);
	assert_int_equal(ss_head_parse(&heads[1], predictor, &e), 0);
	assert_int_equal(ss_net_create(&net, ss_arch_find(arch), 3, side, side, mean, std, &heads[0], &heads[1], &e), 0);
	return net;
}

static void
check(const struct ss_net *net, const uint64_t params[SS_COST_PARTS])
{
	uint64_t sum = 0;

	for (int p = 0; p < SS_COST_PARTS; p++) {
		assert_int_equal(ss_part_cost(net, (enum ss_cost_part)p).params, params[p]);
		sum += params[p];
	}
	assert_int_equal(ss_net_count(net), sum);
}

/* SimSiam on CIFAR ResNets, projectors of 2 and of 3 layers; millions of multiply-adds to the table's last digit. */
static void
test_simsiam(void **state)
{
	static const struct { const char *arch; uint64_t params, two, three; double mmac; } known[] = {
		{ "resnet18", 11168832, 5251072, 9451520, 555.4 }, { "resnet34", 21276992, 5251072, 9451520, 1159.4 },
		{ "resnet50", 23500352, 8396800, 12597248, 1297.8 }, { "resnet101", 42492480, 8396800, 12597248, 2509.9 },
		{ "resnet152", 58136128, 8396800, 12597248, 3722.1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		for (int layers = 2; layers <= 3; layers++) {
			struct ss_net *net = network(known[i].arch, 32, layers == 2 ? "2048bnr,2048bN" :
			    "2048bnr,2048bnr,2048bN", "512bnr,2048b");
			const uint64_t params[SS_COST_PARTS] = { known[i].params,
				layers == 2 ? known[i].two : known[i].three, 2100736 };

			check(net, params);
			assert_true(fabs((double)ss_part_cost(net, SS_COST_BACKBONE).macs * 1e-6 - known[i].mmac) < 0.1);
			assert_int_equal(ss_part_cost(net, SS_COST_PREDICTOR).macs, 2 * 2048 * 512);
			ss_net_free(net);
		}
}

/* The Keras example's network and heads; and those of SimSiam-TF. */
static void
test_keras(void **state)
{
	static const uint64_t v2[SS_COST_PARTS] = { 565360, 4718592 + 2 * 4096, 1048576 + 1050624 + 1024 };
	static const uint64_t tf[SS_COST_PARTS] = { 23587712 - 53120, 31929344 - (23587712 - 53120), 2101248 - 1024 };
	struct ss_net *net = network("resnet20v2", 32, "2048nr,2048n", "512rn,2048b");

	(void)state;
	check(net, v2);
	assert_true(fabs((double)ss_part_cost(net, SS_COST_BACKBONE).macs * 1e-6 - 72.5) < 0.05);
	ss_net_free(net);
	net = network("resnet50-keras", 224, "2048rn,2048b", "512rn,2048b");
	check(net, tf);
	ss_net_free(net);
}

/* torchvision's networks at 224 pixels, multiply-adds of convolutions alone; and the SimCLR report's, whose 24,098,482 are trained. */
static void
test_photographs(void **state)
{
	static const struct { const char *arch; uint64_t params; double mmac; } known[] = {
		{ "resnet18-imagenet", 11176512, 1813.6 }, { "resnet34-imagenet", 21284672, 3663.2 },
		{ "resnet50-imagenet", 23508032, 4087.1 }, { "resnet101-imagenet", 42500160, 7799.3 },
		{ "resnet152-imagenet", 58143808, 11511.6 }, { "resnet50-keras", 23587712 - 53120, 3855.9 },
	};
	struct ss_net *net;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		const uint64_t params[SS_COST_PARTS] = { known[i].params, 0, 0 };

		net = network(known[i].arch, 224, "none", "none");
		check(net, params);
		assert_true(fabs((double)ss_part_cost(net, SS_COST_BACKBONE).macs * 1e-6 - known[i].mmac) < 0.1);
		ss_net_free(net);
	}
	net = network("resnet50-keras", 224, "256br,128br,50b", "none");
	check(net, (const uint64_t[]){ 23587712 - 53120, 524544 + 32896 + 6450, 0 });
	assert_int_equal(ss_net_count(net), 24098482);
	ss_net_free(net);
}

/* He et al.'s 0.27 and 1.7 million, and what larger images cost: four times as much, but for the heads. */
static void
test_sizes(void **state)
{
	struct ss_net *small = network("resnet20", 32, "512bnr,128b", "none"), *large = network("resnet20", 64, "512bnr,128b", "none");
	struct ss_net *deep = network("resnet110", 32, "none", "none");
	static const uint64_t he[SS_COST_PARTS] = { 269072, 33280 + 1024 + 65664, 0 }, he110[SS_COST_PARTS] = { 1727312, 0, 0 };
	uint64_t sum = 0;

	(void)state;
	check(small, he);
	check(large, he);
	check(deep, he110);
	/* 3x3: the stem, then 6 and 12 layers as each stage has pixels to the same product, two of them with stride 2 */
	assert_int_equal(ss_part_cost(small, SS_COST_BACKBONE).macs, 9 * 3 * 16 * 1024 + 16 * 9 * 16 * 16 * 1024 + 2 * 9 * 16 * 32 * 256);
	assert_int_equal(ss_part_cost(large, SS_COST_BACKBONE).macs, 4 * ss_part_cost(small, SS_COST_BACKBONE).macs);
	assert_int_equal(ss_part_cost(large, SS_COST_PROJECTOR).macs, 64 * 512 + 512 * 128);
	for (int i = 0; i < small->nodes; i++)
		sum += ss_node_cost(small, i).params;
	assert_int_equal(sum, ss_net_count(small));
	ss_net_free(small);
	ss_net_free(large);
	ss_net_free(deep);
}

static void
test_names(void **state)
{
	static const char *const want[] = { "|input", "conv1|conv 3x3", "bn1|norm, relu", "layer1.0.conv1|conv 3x3",
		"layer2.0.conv1|conv 3x3, stride 2", "layer2.0.bn2|norm, add, relu", "|every second pixel", "backbone|mean",
		"projector.0|dense", "projector.1|norm", "predictor.0|dense", "predictor.1|relu", "predictor.2|norm" };
	struct ss_net *net = network("resnet20", 32, "32bN", "8rn,32b");

	(void)state;
	for (size_t w = 0; w < sizeof(want) / sizeof(*want); w++) {
		bool found = false;

		for (int i = 0; i < net->nodes && !found; i++) {
			char name[SS_LAYER_MAX + 1], operator[64], both[160];

			ss_node_name(net, i, name);
			ss_node_operator(net, i, operator, sizeof(operator));
			snprintf(both, sizeof(both), "%s|%s", name, operator);
			found = strcmp(both, want[w]) == 0;
		}
		if (!found)
			fail_msg("no node '%s'", want[w]);
	}
	ss_net_free(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_simsiam),
		cmocka_unit_test(test_keras),
		cmocka_unit_test(test_photographs),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
