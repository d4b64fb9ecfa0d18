/*
 * protocol.c - published evaluations by name
 */
#include <stddef.h>

#include "eval/protocol.h"

#define TRUST	0.001
#define BETA2	0.999
#define GAMMA	0.1

/* What any protocol with steps may be changed to by hand. */
#define STEPS .beta2 = BETA2, .trust = TRUST
#define CONVERGENCE .l2 = SS_PROBE_L2, .tolerance = SS_PROBE_TOLERANCE, .max_iterations = SS_PROBE_ITERATIONS

const struct ss_probe_protocol ss_probe_protocols[] = {
	/* Steps are those of --solver, which are nobody's. */
	{ .name = "logistic", .about = "one minimum on standardised features, no learning rate",
	  .options = { CONVERGENCE, .scale = SS_SCALE_STANDARD, .steps = { STEPS, .optimiser = SS_SGD,
	      .momentum = 0.9, .schedule = { .base = 0.1, .decay = SS_COSINE, .gamma = GAMMA }, .batch = 256, .epochs = 30 } },
	  .label_fraction = 1 },
	/* main_lincls.py of MoCo, in SimSiam's article on CIFAR-10 */
	{ .name = "fair", .about = "SGD, rate 30, x 0.1 at epochs 60 and 80 of 100",
	  .options = { CONVERGENCE, .scale = SS_SCALE_NONE, .by_steps = true, .steps = { STEPS,
	      .optimiser = SS_SGD, .momentum = 0.9, .schedule = { .base = 30, .decay = SS_MILESTONES,
	      .milestone = { 60, 80 }, .milestones = 2, .gamma = GAMMA }, .init = SS_PROBE_NORMAL,
	      .batch = 256, .epochs = 100 } },
	  .label_fraction = 1 },
	/* main_lincls.py of SimSiam: learning rate 0.1 * 4096 / 256 */
	{ .name = "simsiam", .about = "LARC, rate 1.6 with batches of 4096, cosine, 90 epochs",
	  .options = { CONVERGENCE, .scale = SS_SCALE_NONE, .by_steps = true, .steps = { STEPS,
	      .optimiser = SS_LARC, .momentum = 0.9, .schedule = { .base = 1.6, .decay = SS_COSINE_EPOCH, .gamma = GAMMA },
	      .init = SS_PROBE_NORMAL, .batch = 4096, .epochs = 90 } },
	  .label_fraction = 1 },
	/* keras.io, "Self-supervised contrastive learning with SimSiam": its steps leave the last, partial batch out */
	{ .name = "keras", .about = "Keras's SGD, cosine from 0.03, 5 epochs",
	  .options = { CONVERGENCE, .scale = SS_SCALE_NONE, .by_steps = true, .steps = { STEPS,
	      .optimiser = SS_SGD_KERAS, .momentum = 0.9, .schedule = { .base = 0.03, .decay = SS_COSINE, .gamma = GAMMA },
	      .whole_batches = true, .init = SS_PROBE_GLOROT, .batch = 128, .epochs = 5, .patience = 5 } },
	  .label_fraction = 1 },
	/* SimSiam-TF: its early stopping looks at the test images, ours at a part of the training images */
	{ .name = "simsiam-tf", .about = "Adam, up to 100 epochs, the best on held-out records",
	  .options = { CONVERGENCE, .scale = SS_SCALE_NONE, .by_steps = true, .steps = { STEPS,
	      .optimiser = SS_ADAM, .momentum = 0.9, .schedule = { .base = 1e-3, .decay = SS_CONSTANT, .gamma = GAMMA },
	      .init = SS_PROBE_GLOROT, .batch = 64, .epochs = 100, .patience = 5 } },
	  .hold_out = 0.1, .label_fraction = 1 },
	/* "Towards self-supervised image understanding with SimCLR", likewise */
	{ .name = "simclr-report", .about = "the same, 35 epochs, a tenth of the labels",
	  .options = { CONVERGENCE, .scale = SS_SCALE_NONE, .by_steps = true, .steps = { STEPS,
	      .optimiser = SS_ADAM, .momentum = 0.9, .schedule = { .base = 1e-3, .decay = SS_CONSTANT, .gamma = GAMMA },
	      .init = SS_PROBE_GLOROT, .batch = 64, .epochs = 35, .patience = 2 } },
	  .hold_out = 0.1, .label_fraction = 0.1, .replace = true },
	{ .name = NULL }
};

const struct ss_knn_protocol ss_knn_protocols[] = {
	{ "wu", "Wu et al. 2018, and most figures on CIFAR-10", "backbone", 200, 0.1 },
	{ "lightly", "lightly's benchmark on CIFAR-10", "backbone", 200, 0.1 },
	{ "moco", "MoCo's notebook on CIFAR-10", "projector", 200, 0.1 },
	{ "dino", "DINO", "backbone", 20, 0.07 },
	{ "solo", "solo-learn's default", "backbone", 20, 0.07 },
	{ "article", "LearnOpenCV's article: the nearest one", "projector", 1, 0.1 },
	{ NULL, NULL, NULL, 0, 0 }
};
